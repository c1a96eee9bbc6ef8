"""TensorFlow, Flax and pickled checkpoints of wav2vec2 and hubert give what the torch checkpoint gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

import safeload
from tests.forge import foreign, speech

if TYPE_CHECKING:
    from pathlib import Path


def _pickled(model: Any, folder: Path) -> Path:
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


WRITERS: dict[str, Any] = {
    "tf": (foreign.tensorflow, {"from_tf": True}),
    "flax": (foreign.flax, {"from_flax": True}),
    "pickle": (_pickled, {"use_safetensors": False}),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("layout", ["base", "large"])
@pytest.mark.parametrize(
    ("kind", "auto_class"), [(kind, head) for kind, heads in speech.HEADS.items() for head in heads]
)
def test_the_same_numbers(tmp_path: Path, kind: str, auto_class: str, layout: str, writer: str) -> None:
    """Every parameter arrives in its place and the right way round, and none is new or left over."""
    theirs = speech.reference(kind, auto_class, **(speech.LARGE if layout == "large" else {}))
    write, arguments = WRITERS[writer]
    write(theirs, tmp_path)
    load = getattr(safeload, auto_class).from_pretrained
    ours, info = load(tmp_path, output_loading_info=True, **arguments)
    assert not any(info.values())
    with torch.no_grad():
        found, expected = ours(**speech.batch())[0], theirs(**speech.batch())[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    assert all(parameter.is_contiguous() for parameter in ours.parameters())
