"""LayoutLMv2 files that are older, incomplete or hostile. Models are ours, saved and read back."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import safetensors.torch
import torch

import safeload
from safeload.errors import FormatError, PolicyDenied, UsageError
from safeload.formats.config_fields.layoutlmv2 import DETECTRON
from safeload.formats.field_values import FieldTypeWrong, ValueNotListed
from safeload.formats.model_config import interpret
from safeload.resolver.weights import BackboneIncomplete, ShapeMismatch
from tests.forge.detectron import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL: dict[str, Any] = {
    "vocab_size": 61,
    "hidden_size": 12,
    "coordinate_size": 2,
    "shape_size": 2,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "max_position_embeddings": 50,
}
NORMS = [name for name in shapes() if name.endswith("norm.running_var")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An untrained model, once for all: a checkpoint has 350 MB."""
    folder = tmp_path_factory.mktemp("layoutlmv2")
    torch.manual_seed(0)
    config = safeload.AutoConfig.for_model("layoutlmv2", **SMALL)
    safeload.AutoModel.from_config(config).save_pretrained(folder)
    yield folder
    shutil.rmtree(folder)


def _write(folder: Path, **changes: Any) -> Path:
    """A folder with a config, and one tensor."""
    (folder / "config.json").write_text(json.dumps({"model_type": "layoutlmv2", **SMALL, **changes}))
    (folder / "model.safetensors").write_bytes(safetensors.torch.save({"pooler.dense.bias": torch.ones(12)}))
    return folder


def test_files_of_transformers_4(saved: Path, tmp_path: Path) -> None:
    """Pixel statistics, counters of norms and positions are left out, and said; the prefix is added."""
    tensors = {
        f"layoutlmv2.{name}": value
        for name, value in safetensors.torch.load_file(saved / "model.safetensors").items()
    }
    extra = {
        "layoutlmv2.embeddings.position_ids": torch.arange(50)[None],
        "layoutlmv2.visual.pixel_mean": torch.zeros(3, 1, 1),
        "layoutlmv2.visual.pixel_std": torch.ones(3, 1, 1),
        **{
            f"layoutlmv2.visual.backbone.{name.replace('running_var', 'num_batches_tracked')}": torch.tensor(
                7
            )
            for name in NORMS
        },
    }
    assert len(NORMS) == 104
    segment = {"layoutlmv2.visual_segment_embedding": torch.ones(12)}
    safetensors.torch.save_file({**tensors, **extra, **segment}, tmp_path / "model.safetensors")
    shutil.copy(saved / "config.json", tmp_path)
    model = safeload.AutoModel.from_pretrained(tmp_path)
    assert set(model.load_report.ignored) == set(extra)
    assert model.load_report.unexpected == tuple(segment)
    assert model.load_report.unknown == ()
    answers = safeload.AutoModelForDocumentQuestionAnswering.from_pretrained(tmp_path)
    assert answers.load_report.missing == ("qa_outputs.bias", "qa_outputs.weight")
    assert torch.equal(answers.layoutlmv2.visual_segment_embedding, torch.ones(12))
    assert answers.config.has_visual_segment_embedding
    (tmp_path / "model.safetensors").unlink()


def test_a_new_segment_is_said(saved: Path) -> None:
    """A checkpoint without it starts one for questions, as part of the new head."""
    model = safeload.AutoModelForQuestionAnswering.from_pretrained(saved)
    assert "layoutlmv2.visual_segment_embedding" in model.load_report.new_head
    mean = torch.tensor([103.53, 116.28, 123.675])
    assert torch.equal(model.layoutlmv2.visual.pixel_mean.flatten(), mean)


def test_what_a_page_needs(saved: Path) -> None:
    """Boxes and a picture, edges within the tables, sizes that the pyramid can halve."""
    model = safeload.AutoModel.from_pretrained(saved)
    ids, image = torch.ones(1, 2, dtype=torch.long), torch.zeros(1, 3, 32, 32)
    boxes = torch.tensor([[[0, 0, 10, 10]] * 2])
    with pytest.raises(ValueError, match="give bbox= and image="):
        model(ids, image=image)
    with pytest.raises(ValueError, match="give bbox= and image="):
        model(ids, boxes)
    with pytest.raises(ValueError, match="exactly one of"):
        model(None, boxes, image)
    with pytest.raises(ValueError, match="60 positions, and the model has 50"):
        model(torch.ones(1, 60, dtype=torch.long), boxes, image)
    with pytest.raises(ValueError, match="multiples of 32"):
        model(ids, boxes, image[..., :30])
    for wrong in ([0, 0, 2000, 10], [10, 0, 0, 10]):
        with pytest.raises(IndexError, match="edges of boxes are from 0 to 1000"):
            model(ids, torch.tensor([[wrong] * 2]), image)
    output = model(ids, boxes, image, return_dict=False)
    assert output[0].shape == (1, 2 + 49, 12)
    embeds = model.get_input_embeddings()(ids)
    other = model(bbox=boxes, image=image, inputs_embeds=embeds)
    assert torch.equal(output[0], other.last_hidden_state)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"image_feature_pool_shape": [7, 7, 512]}, "rows, columns and 256"),
        ({"image_feature_pool_shape": [7]}, "rows, columns and 256"),
        ({"image_feature_pool_shape": [1024, 1024, 256]}, "more than positions"),
        ({"coordinate_size": 3}, "are not hidden_size 12"),
        ({"max_2d_position_embeddings": 1000}, "edges go up to 1000"),
        ({"rel_pos_bins": 1024, "max_rel_pos": 256}, "max_rel_pos 256"),
        ({"rel_2d_pos_bins": 64, "max_rel_2d_pos": 16}, "max_rel_2d_pos 16"),
        ({"is_decoder": True}, "it is a decoder"),
    ],
)
def test_configs_that_cannot_be_built(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    """Each is refused with its reason, before a weight is read."""
    with pytest.raises(UsageError, match=reason):
        safeload.AutoModel.from_pretrained(_write(tmp_path, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"detectron2_config_args": {"MODEL.RESNETS.DEPTH": 50}},
        {"detectron2_config_args": {"MODEL.RESNETS.STRIDE_IN_1X1": 0}},
        {"detectron2_config_args": {"MODEL.PIXEL_MEAN": [0, 0, 0]}},
        {"detectron2_config_args": {"__class__.x": 1}},
        {"detectron2_config_args": [1]},
        {"rel_pos_bins": 2},
        {"max_rel_pos": 1 << 40},
        {"image_feature_pool_shape": [1 << 20, 1, 256]},
        {"image_feature_pool_shape": [7] * 100},
        {"num_hidden_layers": 10**9},
        {"coordinate_size": 0},
    ],
)
def test_fields_outside_their_bounds(changes: dict[str, Any], tmp_path: Path) -> None:
    """The file is malformed, and the checkpoint denied."""
    with pytest.raises(FormatError):
        interpret({"model_type": "layoutlmv2", **SMALL, **changes})
    with pytest.raises(PolicyDenied):
        safeload.AutoModel.from_pretrained(_write(tmp_path, **changes))


def test_what_detectron_settings_may_say() -> None:
    """What the reference writes, or some of it; the errors of other values name the field."""
    for value in (None, {}, dict(DETECTRON), {"MODEL.RESNETS.DEPTH": 101}):
        interpret({"model_type": "layoutlmv2", "detectron2_config_args": value})
    for value, error in (({"MODEL.RESNETS.DEPTH": True}, ValueNotListed), ("x", FieldTypeWrong)):
        with pytest.raises(error, match="detectron2_config_args"):
            interpret({"model_type": "layoutlmv2", "detectron2_config_args": value})


def test_sizes_that_the_file_does_not_have(tmp_path: Path) -> None:
    """A large model on a file of one tensor ends with the shapes, without memory."""
    large = {"hidden_size": 1 << 16, "coordinate_size": 1 << 13, "shape_size": 1 << 14,
             "num_hidden_layers": 3, "intermediate_size": 1 << 17, "vocab_size": 1 << 24}  # fmt: skip
    with pytest.raises(ShapeMismatch):
        safeload.AutoModel.from_pretrained(_write(tmp_path, **large))
    with pytest.raises(BackboneIncomplete):
        safeload.AutoModel.from_pretrained(_write(tmp_path))
