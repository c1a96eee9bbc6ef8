"""Which tensor goes where, from headers alone."""

from __future__ import annotations

from typing import Any

import pytest

from safeload.architectures import find
from safeload.architectures.base.config import Config
from safeload.errors import FormatError, UsageError
from safeload.formats.gguf import parse_gguf
from safeload.formats.model_config import interpret
from safeload.formats.msgpack import parse_msgpack
from safeload.formats.tensors import TensorEntry
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.resolver import weights
from safeload.resolver.load_report import Mismatch
from safeload.resolver.weights import (
    BackboneIncomplete,
    DtypeMismatch,
    NamesCollide,
    NewHeadTooLarge,
    NoTensors,
    Plan,
    ShapeMismatch,
    Source,
    plan_load,
)
from tests.forge.flax import pack, params
from tests.forge.gguf import small_model

SIZES: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": 11,
    "hidden_size": 4,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 6,
    "max_position_embeddings": 5,
}
WORDS = "bert.embeddings.word_embeddings.weight"


def _model(auto_class: str, **changes: Any) -> Any:
    return find("bert").classes[auto_class](Config(interpret({**SIZES, **changes})))


def _tensors(model: Any, *, without: tuple[str, ...] = ()) -> dict[str, Source]:
    """A header with every parameter of the model but tied copies and those left out."""
    return {
        name: Source(path="f", entry=TensorEntry("float32", tuple(value.shape), index * 1000))
        for index, (name, value) in enumerate(model.named_parameters())
        if name not in model.tied and name not in without
    }


def _plan(model: Any, tensors: dict[str, Source], **options: Any) -> Plan:
    return plan_load(model, tensors, find("bert"), **options)


def _entry(*shape: int, dtype: str = "float32", offset: int = 0) -> Source:
    return Source(path="f", entry=TensorEntry(dtype, shape, offset))


def test_a_fitting_checkpoint() -> None:
    """Every tensor goes to the parameter of its name, and the report has nothing to say."""
    model = _model("AutoModelForSequenceClassification")
    plan = _plan(model, _tensors(model))
    assert set(plan.sources) == {name for name, _ in model.named_parameters()}
    report = plan.report
    assert (report.missing, report.unexpected, report.mismatched, report.renamed) == ((), (), (), ())
    assert report.loaded == len(plan.sources)


@pytest.mark.parametrize(
    "name", [WORDS, "bert.encoder.layer.0.attention.self.query.bias", "bert.embeddings.LayerNorm.weight"]
)
def test_no_backbone_tensor_may_be_missing(name: str) -> None:
    """One missing tensor of the backbone is an error that names it; it never starts at random."""
    model = _model("AutoModelForSequenceClassification")
    with pytest.raises(BackboneIncomplete, match=name):
        _plan(model, _tensors(model, without=(name,)), ignore_mismatched=True)


def test_no_backbone_tensor_may_have_another_shape() -> None:
    """A transposed or shortened backbone tensor is an error, whatever the caller allows."""
    model = _model("AutoModel")
    tensors = {**_tensors(model), "embeddings.word_embeddings.weight": _entry(4, 11)}
    with pytest.raises(ShapeMismatch, match=r"\[4, 11\] in the checkpoint and \[11, 4\] by the config"):
        _plan(model, tensors, ignore_mismatched=True)


@pytest.mark.parametrize("dtype", ["int64", "int8", "bool", "complex64", "float8_e4m3fn"])
def test_parameters_are_floating(dtype: str) -> None:
    """A tensor of another kind than the four floating types is no parameter."""
    model = _model("AutoModel")
    tensors = {**_tensors(model), "pooler.dense.bias": _entry(4, dtype=dtype)}
    with pytest.raises(DtypeMismatch, match=dtype):
        _plan(model, tensors)


def test_a_head_may_be_new() -> None:
    """A missing head is planned as new, and every tensor of it is named."""
    model = _model("AutoModelForSequenceClassification")
    plan = _plan(model, _tensors(model, without=("classifier.weight", "classifier.bias")))
    assert plan.report.missing == plan.report.new_head == ("classifier.bias", "classifier.weight")


def test_a_head_of_another_size() -> None:
    """A head in another shape needs the caller's word, and is reported with both shapes."""
    model = _model("AutoModelForSequenceClassification", num_labels=3)
    tensors = {**_tensors(model), "classifier.weight": _entry(2, 4), "classifier.bias": _entry(2)}
    with pytest.raises(UsageError, match="ignore_mismatched_sizes"):
        _plan(model, tensors)
    plan = _plan(model, tensors, ignore_mismatched=True)
    assert plan.report.mismatched == (
        Mismatch(name="classifier.weight", found=(2, 4), wanted=(3, 4)),
        Mismatch(name="classifier.bias", found=(2,), wanted=(3,)),
    )
    assert plan.report.missing == ()
    assert plan.report.new_head == ("classifier.bias", "classifier.weight")
    assert "classifier.weight" not in plan.sources


def test_the_pooler_is_a_head() -> None:
    """Files of masked language models have no pooler: the backbone then gets a new one, and says so."""
    model = _model("AutoModel")
    plan = _plan(model, _tensors(model, without=("pooler.dense.weight", "pooler.dense.bias")))
    assert plan.report.new_head == ("pooler.dense.bias", "pooler.dense.weight")


def test_a_few_bytes_cannot_ask_for_gigabytes() -> None:
    """A new head larger than the whole checkpoint is refused before it gets memory."""
    model = _model("AutoModel", hidden_size=131_072, num_attention_heads=1, num_hidden_layers=0, vocab_size=1)
    tensors = _tensors(model, without=("pooler.dense.weight", "pooler.dense.bias"))
    with pytest.raises(NewHeadTooLarge, match="17180000256 elements"):
        _plan(model, tensors)


def test_base_prefix() -> None:
    """The prefix is added for a head on a bare backbone, and taken off for a bare backbone."""
    bare, headed = _model("AutoModel"), _model("AutoModelForSequenceClassification")
    plan = _plan(headed, _tensors(bare))
    assert set(plan.report.missing) == {"classifier.weight", "classifier.bias"}
    plan = _plan(bare, _tensors(headed))
    assert plan.report.unexpected == ("classifier.bias", "classifier.weight")
    assert plan.report.unknown == ()


def test_names_of_older_files() -> None:
    """Old norms have gamma and beta for weight and bias; position_ids hold nothing and are let go."""
    model = _model("AutoModel")
    tensors = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for key, value in _tensors(model).items()
    }
    tensors["bert.embeddings.position_ids"] = _entry(1, 5, dtype="int64")
    plan = _plan(model, tensors)
    assert ("embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight") in plan.report.renamed
    assert plan.report.ignored == ("bert.embeddings.position_ids",)
    assert plan.report.unexpected == ()


@pytest.mark.parametrize(
    "second",
    ["bert.embeddings.LayerNorm.weight", "embeddings.LayerNorm.gamma", "bert.embeddings.LayerNorm.gamma"],
)
def test_two_tensors_for_one_parameter(second: str) -> None:
    """Which of two tensors is loaded must not be left to order: both names together are an error."""
    model = _model("AutoModel")
    with pytest.raises(NamesCollide):
        _plan(model, {**_tensors(model), second: _entry(4)})


def test_left_over_tensors() -> None:
    """What no head of the architecture knows is told apart from another task's head."""
    model = _model("AutoModelForSequenceClassification")
    extra = ("cls.predictions.bias", "bert.encoder.layer.1.output.dense.bias", "__proto__")
    plan = _plan(model, {**_tensors(model), **{name: _entry(4) for name in extra}})
    assert plan.report.unexpected == tuple(sorted(extra))
    assert plan.report.unknown == ("__proto__", "bert.encoder.layer.1.output.dense.bias")


DECODER = "cls.predictions.decoder.weight"


def test_tied_parameters() -> None:
    """A tied pair may stand in the file under either name or both, and is missing under neither."""
    model = _model("AutoModelForMaskedLM")
    both = {**_tensors(model), DECODER: _entry(11, 4), "cls.predictions.decoder.bias": _entry(11)}
    for tensors in (
        both,
        {key: value for key, value in both.items() if key not in model.tied},
        {key: value for key, value in both.items() if key not in model.tied.values()},
    ):
        plan = _plan(model, tensors)
        assert plan.report.missing == ()
        assert set(plan.sources) >= {WORDS, "cls.predictions.bias"}
    with pytest.raises(BackboneIncomplete, match=WORDS):
        _plan(model, {key: value for key, value in both.items() if key not in (WORDS, DECODER)})


def test_untied_parameters() -> None:
    """Where the config does not tie, the output layer is a head of its own."""
    model = _model("AutoModelForMaskedLM", tie_word_embeddings=False)
    tensors = _tensors(model)
    assert _plan(model, tensors).report.new_head == tuple(sorted(model.tied))


@pytest.mark.parametrize("data", [small_model(), pack(params())])
def test_only_layouts_of_torch_are_loaded(data: bytes) -> None:
    """Tensors of GGUF and Flax under a name of torch are not those of a state dict."""
    parsed: Any = (parse_gguf if data[:4] == b"GGUF" else parse_msgpack)(BytesView(data), DEFAULT_LIMITS)
    assert parsed.tensors
    with pytest.raises(NoTensors):
        weights._sources("model.safetensors", parsed)


def test_every_error_is_a_format_error() -> None:
    """What a checkpoint can be blamed for is a FormatError."""
    assert all(
        issubclass(error, FormatError)
        for error in (BackboneIncomplete, DtypeMismatch, NamesCollide, ShapeMismatch)
    )
