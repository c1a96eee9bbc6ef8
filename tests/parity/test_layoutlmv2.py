"""LayoutLMv2, its picture's backbone included, against the reference: same files, same pages, same numbers.

transformers builds it upon the stand-in of `tests.forge.detectron`, since detectron2 is on no index.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import safetensors
import safetensors.torch
import torch
import transformers

import safeload
from tests.forge.detectron import FPN, stand_in
from tests.forge.vision import randomised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOLERANCE = 1e-5
SMALL: dict[str, Any] = {
    "vocab_size": 61,
    "hidden_size": 36,
    "coordinate_size": 7,
    "shape_size": 4,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 60,
}
HEADS = (
    "AutoModel",
    "AutoModelForSequenceClassification",
    "AutoModelForTokenClassification",
    "AutoModelForDocumentQuestionAnswering",
)
VARIANTS: dict[str, dict[str, Any]] = {
    "separate projections, with a segment": {"fast_qkv": False, "has_visual_segment_embedding": True},
    "no distances": {"has_relative_attention_bias": False, "has_spatial_attention_bias": False},
    "other buckets and cells": {
        "rel_pos_bins": 8, "max_rel_pos": 5, "rel_2d_pos_bins": 12, "max_rel_2d_pos": 700,
        "image_feature_pool_shape": [3, 5, 256], "layer_norm_eps": 1e-3, "hidden_act": "relu",
        "type_vocab_size": 3, "num_hidden_layers": 1,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def backbone() -> Iterator[FPN]:
    """One backbone of full size for all models of the reference: 88 million numbers."""
    made = FPN()
    with stand_in(made):
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that is gone after the test: a checkpoint has 350 MB."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def reference(backbone: FPN, auto_class: str, **changes: Any) -> Any:
    """A model of the reference with everything but the backbone drawn anew."""
    config = transformers.AutoConfig.for_model("layoutlmv2", **{**SMALL, **changes})
    kept = {name: value.clone() for name, value in backbone.state_dict().items()}
    model = getattr(transformers, auto_class).from_config(config)
    # the reference starts buffers and parameters anew, and so does `randomised`
    visual = getattr(model, "layoutlmv2", model).visual
    means = visual.pixel_mean.clone(), visual.pixel_std.clone()
    randomised(model)
    backbone.load_state_dict(kept)
    visual.pixel_mean, visual.pixel_std = means
    return model


def page(edge: int = 64, *, words: int = 11) -> dict[str, torch.Tensor]:
    """Two pages, of which the second is padded."""
    generator = torch.Generator().manual_seed(5)
    starts = torch.randint(0, 600, (2, words, 2), generator=generator)
    ends = starts + torch.randint(0, 401, (2, words, 2), generator=generator)
    ids = torch.randint(1, 61, (2, words), generator=generator)
    mask = torch.ones_like(ids)
    ids[1, 6:], mask[1, 6:] = 0, 0
    return {
        "input_ids": ids,
        "bbox": torch.cat([starts, ends], -1),
        "image": torch.randint(0, 256, (2, 3, edge, edge), generator=generator, dtype=torch.uint8),
        "attention_mask": mask,
        "token_type_ids": (torch.arange(words) > 4).long().expand(2, -1),
    }


def labels(auto_class: str) -> dict[str, torch.Tensor]:
    if auto_class == "AutoModelForSequenceClassification":
        return {"labels": torch.tensor([1, 0])}
    if auto_class == "AutoModelForTokenClassification":
        return {"labels": torch.tensor([[0, 1, -100, 1, 0, 1, 0, 1, 0, 1, 1]]).repeat(2, 1)}
    if auto_class == "AutoModelForDocumentQuestionAnswering":
        return {"start_positions": torch.tensor([0, 3]), "end_positions": torch.tensor([[2], [99]])}
    return {}


def assert_same(ours: Any, theirs: Any) -> None:
    assert list(ours) == list(theirs)
    for key, expected in theirs.items():
        pairs = (
            zip(ours[key], expected, strict=True) if isinstance(expected, tuple) else [(ours[key], expected)]
        )
        for left, right in pairs:
            assert left.shape == right.shape
            assert (left - right).abs().max().item() <= TOLERANCE, key


@pytest.mark.parametrize("auto_class", HEADS)
def test_same_numbers_and_names(backbone: FPN, auto_class: str, folder: Path) -> None:
    """Logits, hidden states, attentions and loss of a padded batch; all names of the file, and no other."""
    theirs = reference(backbone, auto_class)
    theirs.save_pretrained(folder)
    ours, info = getattr(safeload, auto_class).from_pretrained(folder, output_loading_info=True)
    assert not any(info.values())
    with safetensors.safe_open(folder / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(ours.state_dict()) == set(theirs.state_dict())
    assert ours.num_parameters() == theirs.num_parameters()
    inputs = {**page(), **labels(auto_class), "output_hidden_states": True}
    with torch.no_grad():
        assert_same(ours(**inputs), theirs(**inputs))
        if auto_class == "AutoModel":
            # without a mask, and in the size that the image processor makes
            inputs = {name: value[:1] for name, value in page(224).items() if "mask" not in name}
            del inputs["token_type_ids"]
            assert_same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants(backbone: FPN, variant: str, folder: Path) -> None:
    """What a config may change, and attentions, computed step by step."""
    theirs = reference(backbone, "AutoModelForTokenClassification", num_labels=5, **VARIANTS[variant])
    theirs.save_pretrained(folder)
    ours = safeload.AutoModelForTokenClassification.from_pretrained(folder)
    assert set(ours.state_dict()) == set(theirs.state_dict())
    with torch.no_grad():
        inputs = {**page(), "output_attentions": True}
        assert_same(ours(**inputs), theirs(**inputs))
        assert_same(ours(**page()), theirs(**page()))


def test_saved_and_read_by_the_reference(backbone: FPN, folder: Path) -> None:
    """What we write, transformers reads with nothing missing or left over, and computes the same from."""
    theirs = reference(backbone, "AutoModel", has_visual_segment_embedding=True)
    theirs.save_pretrained(folder / "theirs")
    ours = safeload.AutoModel.from_pretrained(folder / "theirs")
    ours.save_pretrained(folder / "ours")
    again, info = transformers.AutoModel.from_pretrained(folder / "ours", output_loading_info=True)
    assert not any(info.values())
    with torch.no_grad():
        assert_same(ours(**page()), again.eval()(**page()))


def test_gradients(backbone: FPN, folder: Path) -> None:
    """Training moves what it moves there: neither norms, tables of distances, stem nor first stage."""
    theirs = reference(backbone, "AutoModelForTokenClassification")
    theirs.save_pretrained(folder)
    ours = safeload.AutoModelForTokenClassification.from_pretrained(folder)
    inputs = {**page(), **labels("AutoModelForTokenClassification")}
    ours(**inputs).loss.backward()
    theirs(**inputs).loss.backward()
    found, wanted = dict(ours.named_parameters()), dict(theirs.named_parameters())
    assert set(found) == set(wanted)
    # detectron2 freezes the first two, which a stand-in does not know
    frozen = ("layoutlmv2.visual.backbone.bottom_up.stem.", "layoutlmv2.visual.backbone.bottom_up.res2.")
    for name, value in found.items():
        theirs_too = wanted[name].grad
        if name.startswith(frozen):
            assert not value.requires_grad
            assert value.grad is None
        elif theirs_too is None:
            assert value.grad is None, name
        else:
            assert value.grad is not None, name
            scale = max(1.0, theirs_too.abs().max().item())
            assert (value.grad - theirs_too).abs().max().item() <= 1e-4 * scale, name
