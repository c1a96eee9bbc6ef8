"""The closed tables of architectures, activations and Auto names."""

from __future__ import annotations

import pkgutil

import pytest
import torch
import transformers

import safeload
import safeload.architectures
from safeload.architectures import MODEL_TYPES, find
from safeload.architectures.base.config import Config
from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.modules import Embedding, LayerNorm, Linear, initialise
from safeload.errors import UsageError
from safeload.formats.config_fields import TABLES
from safeload.formats.config_fields import _field as fields
from safeload.formats.model_config import interpret
from safeload.resolver import auto
from safeload.resolver.memory import FLOATS


def test_folder_and_tables_agree() -> None:
    """The files of the folder, the table of architectures and the config tables name the same types."""
    files = {entry.name for entry in pkgutil.iter_modules(safeload.architectures.__path__)}
    assert files - {"base", "layers"} == {name.replace("-", "_") for name in MODEL_TYPES}
    assert set(MODEL_TYPES) == set(TABLES)
    for model_type in MODEL_TYPES:
        assert find(model_type).model_type == model_type
    assert find("os.system") is None


def test_supported_auto_classes_are_those_with_an_architecture() -> None:
    """What the message of an unsupported class offers is what some architecture has."""
    served = {name for model_type in MODEL_TYPES for name in find(model_type).classes}
    assert served | {
        "AutoConfig",
        "AutoTokenizer",
        "AutoImageProcessor",
        "AutoFeatureExtractor",
        "AutoProcessor",
    } == set(auto.SUPPORTED)


def test_every_auto_name_of_the_reference_can_be_imported() -> None:
    """Each Auto class of transformers is here, and no other."""
    theirs = {
        name
        for name in dir(transformers)
        if name.startswith("AutoModel")
        or name in {"AutoBackbone", "AutoConfig", "AutoFeatureExtractor", "AutoImageProcessor"}
        or name in {"AutoProcessor", "AutoVideoProcessor"}
    }
    ours = {name for name in auto.__all__ if name.startswith("Auto")}
    assert ours == theirs
    for name in sorted(ours):
        assert getattr(safeload, name).__name__ == name


@pytest.mark.parametrize("name", sorted(set(auto.__all__) - set(auto.SUPPORTED) - {"SUPPORTED"}))
def test_unsupported_classes_say_so(name: str) -> None:
    """A class that nothing serves names what is supported, whichever way it is used."""
    unsupported = getattr(auto, name)
    for use in (unsupported, lambda: unsupported.from_pretrained("x"), lambda: unsupported.from_config(1)):
        with pytest.raises(
            UsageError, match=f"^{name} is not supported yet; supported: AutoConfig, AutoModel,"
        ):
            use()


def test_activations() -> None:
    """The names that a config may use are implemented, and compute what the reference computes."""
    assert set(ACTIVATIONS) == fields.ACTIVATIONS
    x = torch.linspace(-12, 12, 101)
    for name, function in ACTIVATIONS.items():
        expected = transformers.activations.ACT2FN[name](x)
        assert (function(x) - expected).abs().max().item() <= 1e-6, name


def test_dtypes() -> None:
    """The types that a config may name are the types that a parameter may have."""
    assert set(FLOATS) == fields.DTYPES


@pytest.mark.parametrize(
    ("model_type", "changes", "reason"),
    [
        ("bert", {"is_decoder": True}, "decoder"),
        ("bert", {"add_cross_attention": True}, "cross-attention"),
        ("bert", {"position_embedding_type": "relative_key"}, "only absolute"),
        ("distilbert", {"is_decoder": True}, "decoder"),
        ("bert", {}, None),
        ("distilbert", {}, None),
    ],
)
def test_what_cannot_be_built_is_refused(
    model_type: str, changes: dict[str, object], reason: str | None
) -> None:
    """A config whose results we would get wrong is refused with a reason."""
    refused = find(model_type).refuse(Config(interpret({"model_type": model_type, **changes})))
    assert refused is None if reason is None else reason in refused


def test_modules_have_no_initialiser() -> None:
    """Layers are built without memory, and `initialise` gives the reference's start values."""
    layers = (Linear(3, 4), Embedding(5, 3, padding=1), LayerNorm(3, eps=1e-5))
    assert all(value.is_meta for layer in layers for value in layer.parameters())
    assert Embedding(5, 3, padding=-1).padding_idx is None
    torch.manual_seed(0)
    weight = initialise(Linear(300, 400), "weight", torch.empty(400, 300), 0.02)
    assert weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert not initialise(Linear(3, 4), "bias", torch.ones(4), 0.02).any()
    assert initialise(LayerNorm(3, eps=1e-5), "weight", torch.zeros(3), 0.02).tolist() == [1, 1, 1]
    rows = initialise(Embedding(5, 3, padding=1), "weight", torch.ones(5, 3), 0.02)
    assert not rows[1].any()
    assert rows[0].any()
