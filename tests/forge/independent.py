"""Other readers of weight files: what they find is compared with what we found.

Run as a program in a process of its own (`python -m tests.forge.independent FOLDER...`): it unpickles.
It prints one JSON line per folder: tensor name -> type, shape and SHA-256 of the elements in order, or
the exception that the reader ended with. The process is sealed: no file is written, nothing is started
and nothing connects, or the process ends with status 3.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch

FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.",
    "socket.",
    "shutil.",
    "os.remove",
)

Tensors = dict[str, list[object]]


def summary(tensor: torch.Tensor) -> list[object]:
    """Type, shape and digest of the elements, row by row."""
    import torch

    flat = tensor.detach().contiguous().reshape(-1)
    data = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    return [str(tensor.dtype).removeprefix("torch."), list(tensor.shape), hashlib.sha256(data).hexdigest()]


def read(folder: Path) -> Tensors:
    """Every tensor of the weight files of a folder."""
    import torch
    from safetensors.torch import load_file

    found: Tensors = {}
    for file in sorted(folder.iterdir()):
        if file.suffix == ".safetensors":
            found |= {key: summary(tensor) for key, tensor in load_file(file).items()}
        elif file.suffix == ".bin":
            state = torch.load(file, map_location="cpu", weights_only=False)
            found |= {key: summary(tensor) for key, tensor in state.items()}
    return found


def read_all(folders: Iterable[Path]) -> list[Tensors]:
    """The same for many folders, in one sealed process."""
    command = [sys.executable, "-m", "tests.forge.independent", *map(str, folders)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=Path(__file__).parents[2])
    return [json.loads(line) for line in done.stdout.splitlines()]


def seal(event: str, args: tuple[object, ...]) -> None:
    """The audit hook: what a stream must not be able to do, it cannot do here."""
    writes = event == "open" and isinstance(args[1], str) and any(letter in args[1] for letter in "wax+")
    if event.startswith(FORBIDDEN) or writes:
        os.write(2, f"{event} {args!r:.200}\n".encode())
        os._exit(3)


def main() -> None:
    """Read the folders named on the command line."""
    import safetensors.torch
    import torch

    assert safetensors.torch.load_file
    assert torch.load
    sys.addaudithook(seal)
    for folder in sys.argv[1:]:
        try:
            line = json.dumps(read(Path(folder)))
        except Exception as error:  # noqa: BLE001  whatever it is, it is compared with what we found
            line = json.dumps({"error": [type(error).__name__, str(error)[:200]]})
        print(line)


if __name__ == "__main__":
    main()
