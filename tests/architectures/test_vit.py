"""vit and deit: what a hostile config asks for is refused before anything has memory."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file

import safeload
from safeload.errors import FormatError, PolicyDenied, UsageError
from safeload.formats.model_config import interpret
from tests.forge.encoders import save
from tests.forge.vision import VIT, pixels, reference

if TYPE_CHECKING:
    from pathlib import Path

CLASSIFIER = "AutoModelForImageClassification"


def _checkpoint(folder: Path, **fields: Any) -> Path:
    """A tiny checkpoint whose config says something else."""
    save(reference("vit", CLASSIFIER), folder)
    stated = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**stated, **fields}))
    return folder


@pytest.mark.parametrize(
    "fields",
    [
        {"patch_size": 0},
        {"patch_size": -8},
        {"patch_size": [8, 0]},
        {"patch_size": [8, 8, 8]},
        {"patch_size": True},
        {"image_size": 10**9},
        {"image_size": "24"},
        {"image_size": [24]},
        {"image_size": 24.0},
        {"num_channels": 0},
        {"num_channels": 10**9},
        {"hidden_size": 10**9},
        {"hidden_size": 33},
        {"num_attention_heads": 0},
        {"num_hidden_layers": 10**9},
        {"intermediate_size": 10**12},
        {"encoder_stride": 10**6},
        {"pooler_output_size": 0},
        {"pooler_act": "os.system"},
        {"hidden_act": "eval"},
        {"num_labels": 10**9},
        {"qkv_bias": "yes"},
        {"layer_norm_eps": "1e-12"},
    ],
)
def test_a_field_that_cannot_be(fields: dict[str, Any], tmp_path: Path) -> None:
    """A number outside its bounds, another type, a name outside the list: the audit denies it already."""
    _checkpoint(tmp_path, **fields)
    with pytest.raises(FormatError):
        interpret({"model_type": "vit", **VIT, **fields})
    tracemalloc.start()
    with pytest.raises(PolicyDenied, match=r"artifact\.malformed|limits\.exceeded"):
        safeload.AutoModelForImageClassification.from_pretrained(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("fields", "error", "reason"),
    [
        ({"image_size": 16_000, "patch_size": 1}, FormatError, "position_embeddings|projection"),
        ({"image_size": 4}, UsageError, "image_size 4 is below patch_size 8"),
        ({"image_size": [24, 4]}, UsageError, r"image_size \[24, 4\] is below patch_size 8"),
        ({"num_hidden_layers": 1_000}, FormatError, "lacks"),
        ({"num_hidden_layers": 1}, None, ""),
        ({"hidden_size": 1 << 16}, UsageError, "in the checkpoint"),
        ({"qkv_bias": False}, None, ""),
    ],
)
def test_a_config_that_the_weights_contradict(
    fields: dict[str, Any], error: type[Exception] | None, reason: str, tmp_path: Path
) -> None:
    """Within bounds, the headers of the weights have the last word, and what is left over is told."""
    _checkpoint(tmp_path, **fields)
    if error is None:
        model = safeload.AutoModelForImageClassification.from_pretrained(tmp_path)
        assert model.load_report.unknown
        return
    with pytest.raises(error, match=reason):
        safeload.AutoModelForImageClassification.from_pretrained(tmp_path)


def test_a_new_head_of_any_size(tmp_path: Path) -> None:
    """A few bytes of config cannot ask for a decoder larger than the checkpoint and a generous bound."""
    _checkpoint(tmp_path, encoder_stride=1_024)
    with pytest.raises(FormatError, match="a new head of"):
        safeload.AutoModelForMaskedImageModeling.from_pretrained(tmp_path)


def test_published_fields_are_known() -> None:
    """The config of google/vit-base-patch16-224 has no field that the table lacks."""
    published = {
        "architectures": ["ViTForImageClassification"], "attention_probs_dropout_prob": 0.0,
        "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "hidden_size": 768,
        "id2label": {"0": "tench, Tinca tinca"}, "image_size": 224, "initializer_range": 0.02,
        "intermediate_size": 3072, "label2id": {"tench, Tinca tinca": 0}, "layer_norm_eps": 1e-12,
        "model_type": "vit", "num_attention_heads": 12, "num_channels": 3, "num_hidden_layers": 12,
        "patch_size": 16, "qkv_bias": True, "transformers_version": "4.13.0.dev0",
    }  # fmt: skip
    assert interpret(published).unknown == ()


def test_as_a_pickle(tmp_path: Path) -> None:
    """The same tensors in pytorch_model.bin give the same logits."""
    theirs = save(reference("vit", CLASSIFIER), tmp_path)
    plain = safeload.AutoModelForImageClassification.from_pretrained(theirs)
    torch.save(load_file(tmp_path / "model.safetensors"), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    other = safeload.AutoModelForImageClassification.from_pretrained(tmp_path)
    with torch.no_grad():
        assert torch.equal(plain(pixels()).logits, other(pixels()).logits)
