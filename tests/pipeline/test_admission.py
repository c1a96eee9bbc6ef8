"""What an admission chooses, and that nothing else comes up in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

import safeload
from safeload.core import Role, Scope
from safeload.errors import PolicyDenied
from safeload.pipeline import admit
from tests.forge.checkpoints import tiny_bert

MODEL = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))


def two_formats(folder):
    """A checkpoint as safetensors, and other weights of the same shapes as a pickle."""
    tiny_bert(folder)
    tensors = safetensors.torch.load((folder / "model.safetensors").read_bytes())
    torch.save({name: value + 7 for name, value in tensors.items()}, folder / "pytorch_model.bin")
    return folder


def test_a_dangling_link_brings_up_no_other_weights(tmp_path):
    """A Hub cache that lacks a blob: the load is refused, and the pickle beside it is not taken instead."""
    folder = two_formats(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("blob-that-is-gone")
    with pytest.raises(PolicyDenied) as caught:
        safeload.AutoModel.from_pretrained(folder)
    assert {str(reason.finding.location) for reason in caught.value.decision.denials} == {"model.safetensors"}


@pytest.mark.parametrize("text", ["{", '{"weight_map": 5}', '{"weight_map": {"a": "b"}, "weight_map": {}}'])
def test_a_broken_index_brings_up_no_other_weights(tmp_path, text):
    """A shard index that cannot be read is refused, and the pickle beside it is not taken instead."""
    folder = two_formats(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(text)
    with pytest.raises(safeload.errors.SafeloadError, match=r"model\.safetensors\.index\.json"):
        safeload.AutoModel.from_pretrained(folder)


def test_a_shard_that_cannot_be_read_is_named(tmp_path):
    """A link to nowhere among the shards denies, and the decision says which."""
    folder = tiny_bert(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    tensors = safetensors.torch.load((folder / "model-1.safetensors").read_bytes())
    names = dict.fromkeys(tensors, "model-1.safetensors") | {"more": "model-2.safetensors"}
    (folder / "model-2.safetensors").symlink_to("gone")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    with pytest.raises(PolicyDenied) as caught:
        admit(folder, scope=MODEL)
    assert "model-2.safetensors" in {
        reason.finding.location.artifact for reason in caught.value.decision.denials
    }


def test_a_refused_load_gives_its_memory_back(tmp_path):
    """Who keeps the exception of a refused load keeps no sealed weights with it."""
    folder = tiny_bert(tmp_path / "model")
    tensors = safetensors.torch.load((folder / "model.safetensors").read_bytes())
    tensors["large"] = torch.zeros(5 << 18)
    safetensors.torch.save_file(tensors, folder / "model.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(PolicyDenied) as caught:
        admit(folder, scope=MODEL)
    assert caught.value.decision.denials
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_weights_larger_than_the_memory_are_refused_before_they_are_copied(tmp_path):
    """A sparse file of a petabyte ends in a refusal, not in the kernel's."""
    folder = tiny_bert(tmp_path / "model")
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(1 << 43)
    with pytest.raises(PolicyDenied, match="bytes of memory, and there are"):
        admit(folder, scope=MODEL)
