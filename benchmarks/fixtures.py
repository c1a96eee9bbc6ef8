"""Checkpoints to measure with, made once under .bench/ by the libraries that write real ones.

Each is written by a process of its own (`python -m benchmarks.fixtures NAME`), so that the runner
stays small: the memory of a parent shows up in that of its children. A fixture is renamed into place
when it is complete.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent / ".bench"
MIB = 1 << 20
BIG_TENSORS = 75
BIG_TENSOR_ITEMS = 4 * MIB
"""75 tensors of 4 Mi float32 are 1.2 GB (1.26e9 bytes)."""
WORDS = 30_000


def path(name: str) -> Path:
    """The fixture of this name, made if it does not exist yet."""
    target = ROOT / name
    if not target.exists():
        print(f"making .bench/{name}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "benchmarks.fixtures", name], check=True)
    return target


def tokenizer_small(folder: Path) -> None:
    """A WordPiece tokenizer of 30,000 entries as transformers saves it, with a small model beside it."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    letters = [chr(ord("a") + index) for index in range(26)]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [a + b + c + d for a in letters for b in letters for c in letters for d in "aeiou"]
    vocabulary = special + letters + [f"##{letter}" for letter in letters] + words
    BertTokenizer(vocab={word: index for index, word in enumerate(vocabulary[:WORDS])}).save_pretrained(
        folder
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=WORDS, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    BertModel(config).save_pretrained(folder)


def tokenizer_big(folder: Path) -> None:
    """The same tokenizer in a repository of 1.2 GB."""
    shutil.copytree(path("tokenizer-small"), folder, dirs_exist_ok=True)
    (folder / "model.safetensors").unlink()
    for file in path("shards").glob("model*"):
        (folder / file.name).hardlink_to(file)


def bert_safetensors(folder: Path) -> None:
    """bert-base with random weights, 110 M parameters."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    BertModel(BertConfig()).save_pretrained(folder)


def bert_bin(folder: Path) -> None:
    """The same weights as pytorch_model.bin."""
    import torch
    from transformers import BertModel

    source = path("bert-safetensors")
    shutil.copy(source / "config.json", folder)
    torch.save(BertModel.from_pretrained(source).state_dict(), folder / "pytorch_model.bin")


def many_tensors(folder: Path) -> None:
    """A torch archive of 20,000 small tensors."""
    import torch

    state = {f"model.layers.{index}.weight": torch.randn(8) for index in range(20_000)}
    torch.save(state, folder / "pytorch_model.bin")


def big_bin(folder: Path) -> None:
    """A state dict of 1.2 GB."""
    import torch

    state = {f"model.layers.{index}.weight": torch.randn(BIG_TENSOR_ITEMS) for index in range(BIG_TENSORS)}
    torch.save(state, folder / "pytorch_model.bin")


def shards(folder: Path) -> None:
    """A checkpoint of 1.2 GB in four safetensors shards, with its index and config."""
    import torch
    from safetensors.torch import save_file

    shutil.copy(path("bert-safetensors") / "config.json", folder)
    weight_map = {}
    for shard in range(4):
        name = f"model-{shard + 1:05d}-of-00004.safetensors"
        keys = [f"model.layers.{index}.weight" for index in range(shard, BIG_TENSORS, 4)]
        save_file({key: torch.randn(BIG_TENSOR_ITEMS) for key in keys}, folder / name, {"format": "pt"})
        weight_map.update(dict.fromkeys(keys, name))
    index = {"metadata": {"total_size": BIG_TENSORS * BIG_TENSOR_ITEMS * 4}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


FOLDERS = 20


def small_files(folder: Path) -> None:
    """300 files, none above 40 kB: twenty small models with all that training leaves beside them."""
    import pickle
    from collections import OrderedDict

    import torch
    from safetensors.torch import save_file

    for number in range(FOLDERS):
        home = folder / f"model-{number:02d}"
        home.mkdir()
        torch.manual_seed(number)
        state = OrderedDict(
            (f"encoder.layer.{layer}.{part}.weight", torch.randn(16, 8))
            for layer in range(6)
            for part in ("query", "key", "value", "output")
        )
        save_file(dict(state), home / "model.safetensors", {"format": "pt"})
        torch.save(state, home / "pytorch_model.bin")
        moments = {index: {"step": torch.tensor(3.0), "exp_avg": torch.zeros(16)} for index in range(8)}
        torch.save({"state": moments, "param_groups": [{"lr": 1e-4, "params": [0]}]}, home / "optimizer.pt")
        torch.save({"base_lrs": [1e-4], "last_epoch": 3}, home / "scheduler.pt")
        (home / "metrics.pkl").write_bytes(
            pickle.dumps([{"loss": 1 / (n + 1), "step": n} for n in range(200)])
        )
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{n}" for n in range(1_000))]
        (home / "vocab.txt").write_text("\n".join(words) + "\n")
        documents = {
            "config.json": {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 8,
                            "num_hidden_layers": 6, "num_attention_heads": 2, "vocab_size": len(words)},
            "generation_config.json": {"bos_token_id": 0, "eos_token_id": 1, "max_length": 128},
            "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 512},
            "special_tokens_map.json": {"unk_token": "[UNK]", "pad_token": "[PAD]"},
            "trainer_state.json": {"log_history": [{"loss": 1 / (n + 1), "step": n} for n in range(300)]},
            "all_results.json": {"eval_accuracy": 0.9, "epoch": 3.0},
        }  # fmt: skip
        for name, value in documents.items():
            (home / name).write_text(json.dumps(value, indent=2))
        (home / "README.md").write_text("# A small model\n\n" + "It was trained on prose.\n" * 50)
        (home / "log.txt").write_text("step 1 loss 0.5\n" * 200)
        (home / ".gitattributes").write_text("*.safetensors filter=lfs diff=lfs merge=lfs -text\n")


def signed_clone(folder: Path) -> None:
    """A clone of 1,000 files of 10 kB in one signed commit, a trust store, and gpg's public keyring."""
    from tests.forge.git import git, repository
    from tests.forge.keys import keyring, sign_head
    from tests.forge.trust import write_store

    for keys in keyring():
        keys.key("good")
        text = json.dumps({"text": "x" * 10_000})
        names = [f"part-{number % 10}/{number:04}.json" for number in range(1_000)]
        repository(folder / "bert", {name: text.replace("text", name).encode() for name in names})
        sign_head(folder / "bert", keys, "good")
        git(folder / "bert", "repack", "-q", "-a", "-d")
        write_store(folder / "trust", keys, "good")
        (folder / "keyring").mkdir(mode=0o700)
        (folder / "keyring" / "pubring.kbx").write_bytes((keys.home / "pubring.kbx").read_bytes())


def signed_big(folder: Path) -> None:
    """The 1.2 GB of `shards` as the LFS files of one signed commit, and a trust store."""
    from tests.forge.git import git, repository
    from tests.forge.hub_git import pointer_to
    from tests.forge.keys import keyring, sign_head
    from tests.forge.trust import write_store

    for keys in keyring():
        keys.key("good")
        files = sorted(path("shards").iterdir())
        contents = {
            file.name: pointer_to(_sha256(file), file.stat().st_size)
            if file.suffix == ".safetensors"
            else file.read_bytes()
            for file in files
        }
        repository(folder / "bert", contents)
        sign_head(folder / "bert", keys, "good")
        git(folder / "bert", "repack", "-q", "-a", "-d")
        write_store(folder / "trust", keys, "good")
        for file in files:
            (folder / "bert" / file.name).unlink()
            shutil.copy(file, folder / "bert")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


MAKERS: dict[str, Callable[[Path], None]] = {
    "tokenizer-small": tokenizer_small,
    "tokenizer-big": tokenizer_big,
    "bert-safetensors": bert_safetensors,
    "bert-bin": bert_bin,
    "many-tensors": many_tensors,
    "big-bin": big_bin,
    "shards": shards,
    "small-files": small_files,
    "signed-clone": signed_clone,
    "signed-big": signed_big,
}


def main(name: str) -> None:
    """Make one fixture, whole or not at all."""
    ROOT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".making-") as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        MAKERS[name](folder)
        folder.rename(ROOT / name)


if __name__ == "__main__":
    main(sys.argv[1])
