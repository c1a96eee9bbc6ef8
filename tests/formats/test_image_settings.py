"""The settings of image processors: the closed table, types, bounds, and the budget."""

from __future__ import annotations

from typing import Any

import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats.image_settings import (
    KINDS,
    MODEL_TYPES,
    NAMES,
    SettingOutOfBounds,
    SettingTypeWrong,
    SizeUnusable,
    TooManyPixels,
    kind_named,
    settings_of,
)

VIT, CLIP = KINDS["ViTImageProcessor"], KINDS["CLIPImageProcessor"]


@pytest.mark.parametrize("name", KINDS)
def test_defaults_are_the_references(name: str) -> None:
    """A file that says nothing means what it means to the reference."""
    theirs = getattr(transformers, f"{name}Pil")().to_dict()
    ours = settings_of(KINDS[name], {})
    for key, value in theirs.items():
        if key in NAMES:
            assert ours[key] == (list(value) if isinstance(value, tuple) else value), key
    assert {key for key, value in ours.items() if value is not None} - theirs.keys() <= {"default_to_square"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ViTImageProcessor", "ViTImageProcessor"),
        ("ViTImageProcessorFast", "ViTImageProcessor"),
        ("ViTImageProcessorPil", "ViTImageProcessor"),
        ("ViTFeatureExtractor", "ViTImageProcessor"),
        ("DeiTFeatureExtractor", "DeiTImageProcessor"),
        ("CLIPFeatureExtractor", "CLIPImageProcessor"),
        ("CLIPImageProcessorFast", "CLIPImageProcessor"),
        ("BeitImageProcessor", None),
        ("BertForSequenceClassification", None),
        ("os.system", None),
        ("", None),
    ],
)
def test_names_of_classes(name: str, kind: str | None) -> None:
    """Each class under the names it has had, and no other name."""
    found = kind_named(name)
    assert (found.name if found else None) == kind


def test_model_types_are_the_references() -> None:
    """Each model_type of the table has the class that the reference gives it."""
    mapping = transformers.models.auto.image_processing_auto.IMAGE_PROCESSOR_MAPPING_NAMES
    for model_type, name in MODEL_TYPES.items():
        assert mapping[model_type]["torchvision"] == name, model_type


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (VIT, 32, {"height": 32, "width": 32}),
        (CLIP, 32, {"shortest_edge": 32}),
        (CLIP, [30, 40], {"height": 30, "width": 40}),
        (VIT, {"shortest_edge": 3, "longest_edge": 5}, {"shortest_edge": 3, "longest_edge": 5}),
        (VIT, {"max_height": 3, "max_width": 5}, {"max_height": 3, "max_width": 5}),
    ],
)
def test_forms_of_a_size(kind: Any, value: Any, expected: dict[str, int]) -> None:
    """One number, a pair, or edges by name."""
    assert settings_of(kind, {"size": value})["size"] == expected


def test_what_is_not_known_is_dropped() -> None:
    """A name outside the table changes nothing, and null stays what it is."""
    found = settings_of(VIT, {"auto_map": {"a": "b"}, "patch_size": 7, "do_resize": None, "size": None})
    assert found.keys() == NAMES
    assert found == {**settings_of(VIT, {}), "do_resize": None, "size": None}
    assert settings_of(CLIP, {"use_square_size": True})["size"] == {"height": 224, "width": 224}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"do_resize": "yes"}, SettingTypeWrong),
        ({"do_resize": 1}, SettingTypeWrong),
        ({"resample": True}, SettingTypeWrong),
        ({"resample": 6}, SettingOutOfBounds),
        ({"resample": -1}, SettingOutOfBounds),
        ({"rescale_factor": "1"}, SettingTypeWrong),
        ({"rescale_factor": 1e300}, SettingOutOfBounds),
        ({"rescale_factor": float("nan")}, SettingOutOfBounds),
        ({"image_mean": []}, SettingOutOfBounds),
        ({"image_mean": [0.5] * 1025}, SettingOutOfBounds),
        ({"image_mean": [[0.5]]}, SettingTypeWrong),
        ({"image_std": 0}, SettingOutOfBounds),
        ({"image_std": [1, 1, 0.0]}, SettingOutOfBounds),
        ({"size": 0}, SettingOutOfBounds),
        ({"size": -5}, SettingOutOfBounds),
        ({"size": 1 << 40}, SettingOutOfBounds),
        ({"size": 2.5}, SettingTypeWrong),
        ({"size": {"height": "224", "width": 224}}, SettingTypeWrong),
        ({"size": {}}, SizeUnusable),
        ({"size": {"height": 224}}, SizeUnusable),
        ({"size": {"longest_edge": 224}}, SizeUnusable),
        ({"size": [1, 2, 3]}, SizeUnusable),
        ({"crop_size": {"shortest_edge": 3}}, SizeUnusable),
        ({"size": [4_097, 4_096]}, TooManyPixels),
        ({"pad_size": 16_000}, TooManyPixels),
        ({"data_format": "first"}, SettingTypeWrong),
    ],
)
def test_values_that_cannot_be(values: dict[str, Any], error: type[FormatError]) -> None:
    """Each way to be wrong has its class, and none gets memory."""
    with pytest.raises(error):
        settings_of(VIT, values)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["height", "width", "shortest_edge", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(st.sampled_from(sorted(NAMES)), _JSON, max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_values(kind: str, values: dict[str, Any]) -> None:
    """Any JSON gives settings of the table or a FormatError, and settings are read again as they are."""
    try:
        found = settings_of(KINDS[kind], values)
    except FormatError:
        return
    assert settings_of(KINDS[kind], found) == found
