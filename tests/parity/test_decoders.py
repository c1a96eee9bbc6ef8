"""Every decoder of text against the reference: same files, same inputs, same numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import safetensors
import torch
import transformers
from safetensors.torch import load_file, save_file

import safeload
from tests.forge.decoders import HEADS, SIZES, VOCABULARY, reference, texts
from tests.forge.encoders import save

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 1e-5
CAUSAL, TEXTS = "AutoModelForCausalLM", "AutoModelForSequenceClassification"
_LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
_ROPES: dict[str, dict[str, object]] = {
    "theta": {"rope_parameters": {"rope_type": "default", "rope_theta": 50.0}},
    "linear": {"rope_parameters": {"rope_type": "linear", "rope_theta": 100.0, "factor": 3.0}},
    "llama3": {"rope_parameters": {"rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, **_LLAMA3}},
    "yarn": {
        "rope_parameters": {
            "rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "original_max_position_embeddings": 32,
        }
    },
    "yarn, all of it": {
        "rope_parameters": {
            "rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "original_max_position_embeddings": 32,
            "beta_fast": 4.0, "beta_slow": 0.5, "mscale": 0.7, "mscale_all_dim": 1.3, "truncate": False,
        }
    },
    "yarn, scaled": {
        "rope_parameters": {
            "rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "original_max_position_embeddings": 32,
            "attention_factor": 0.8,
        }
    },
}  # fmt: skip
_HEADS_OF_KEYS: dict[str, dict[str, object]] = {
    "one key head": {"num_key_value_heads": 1},
    "all key heads": {"num_key_value_heads": 4, "hidden_act": "gelu"},
}
_WINDOW = {"use_sliding_window": True, "sliding_window": 4}
_WINDOWS: dict[str, dict[str, object]] = {
    "upper layers over a window": {**_WINDOW, "max_window_layers": 1},
    "layer types": {
        **_WINDOW,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    },
    "window that is off": {"use_sliding_window": False, "sliding_window": 4, "max_window_layers": 0},
}
VARIANTS: dict[str, dict[str, dict[str, object]]] = {
    "gpt2": {
        "plain": {},
        "scaled by layer": {"scale_attn_by_inverse_layer_idx": True, "activation_function": "relu"},
        "not scaled": {"scale_attn_weights": False, "layer_norm_epsilon": 1e-2},
        "inner": {"n_inner": 20, "n_head": 1, "reorder_and_upcast_attn": True},
        "untied": {"tie_word_embeddings": False},
    },
    "llama": {
        "plain": {},
        **_ROPES,
        **_HEADS_OF_KEYS,
        "biases": {"attention_bias": True, "mlp_bias": True, "rms_norm_eps": 1e-2},
        "width of a head": {"head_dim": 12},
        "tied": {"tie_word_embeddings": True},
    },
    "mistral": {
        "plain": {},
        **_HEADS_OF_KEYS,
        "window": {"sliding_window": 4},
        "window of one": {"sliding_window": 1},
        "wide window": {"sliding_window": 4096, "head_dim": 6},
    },
    "qwen2": {"plain": {}, **_WINDOWS, "yarn": _ROPES["yarn"], "tied": {"tie_word_embeddings": True}},
    "qwen3": {"plain": {}, **_WINDOWS, **_HEADS_OF_KEYS, "biases": {"attention_bias": True}},
}
CASES = [
    pytest.param(kind, head, changes, id=f"{kind}-{head}-{variant}")
    for kind in SIZES
    for variant, changes in VARIANTS[kind].items()
    for head in (HEADS if variant == "plain" else (CAUSAL,))
]


def _pair(kind: str, head: str, folder: Path, **changes: Any) -> tuple[Any, Any]:
    theirs = reference(kind, head, **changes)
    save(theirs, folder)
    return getattr(safeload, head).from_pretrained(folder), theirs


def _assert_same(ours: Any, theirs: Any, mask: torch.Tensor | None = None) -> None:
    """Equal but for rounding where there is no padding; the caches are compared by what they lead to."""
    names = [key for key in theirs if key != "cross_attentions"]
    assert list(ours) == names
    for key in names:
        if key == "past_key_values":
            continue
        found, expected = ours[key], theirs[key]
        pairs = [(found, expected)]
        if isinstance(expected, tuple):
            assert len(found) == len(expected)
            pairs = list(zip(found, expected, strict=True))
        for left, right in pairs:
            assert left.shape == right.shape
            apart = (left - right).abs()
            if mask is not None and apart.dim() == 3:
                apart = apart[mask.bool()]
            elif mask is not None and apart.dim() == 4:
                apart = apart * mask[:, None, :, None]
            assert apart.max().item() <= TOLERANCE, key


@pytest.mark.parametrize(("kind", "head", "changes"), CASES)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_same_numbers(
    kind: str, head: str, changes: dict[str, object], attention: str, tmp_path: Path
) -> None:
    """Logits and hidden states of padded batches equal the reference's, in both ways of attention."""
    theirs = reference(kind, head, **changes)
    save(theirs, tmp_path)
    theirs.set_attn_implementation(attention)
    ours = getattr(safeload, head).from_pretrained(tmp_path, attn_implementation=attention)
    assert not ours.training
    with torch.no_grad():
        for inputs in (texts(), texts(left=True), texts(padded=False), {"input_ids": texts()["input_ids"]}):
            if head == TEXTS and "attention_mask" not in inputs:
                continue
            expected = theirs(**inputs, output_hidden_states=True)
            _assert_same(ours(**inputs, output_hidden_states=True), expected, inputs.get("attention_mask"))
            # outputs that are all nothing would be equal, too
            assert expected.hidden_states[-1].abs().mean() > 0.1


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("head", HEADS)
def test_same_names(kind: str, head: str, tmp_path: Path) -> None:
    """Our state dict has the reference's names, and the file's but for tied copies; all are loaded."""
    theirs = reference(kind, head)
    save(theirs, tmp_path)
    ours, info = getattr(safeload, head).from_pretrained(tmp_path, output_loading_info=True)
    assert set(ours.state_dict()) == set(theirs.state_dict())
    tied = set(ours.tied) if theirs.config.tie_word_embeddings else set()
    with safetensors.safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(ours.state_dict()) - tied
    assert not any(info.values())
    assert ours.num_parameters() == theirs.num_parameters()


@pytest.mark.parametrize("kind", SIZES)
def test_same_attentions(kind: str, tmp_path: Path) -> None:
    """Asked for attentions, both compute them step by step and agree on them."""
    ours, theirs = _pair(kind, "AutoModel", tmp_path)
    theirs.set_attn_implementation("eager")
    inputs = texts()
    with torch.no_grad():
        _assert_same(
            ours(**inputs, output_attentions=True),
            theirs(**inputs, output_attentions=True),
            inputs["attention_mask"],
        )


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("gpt2", {}),
        ("llama", {}),
        ("mistral", {"sliding_window": 4}),
        ("qwen2", _WINDOWS["layer types"]),
        ("qwen3", {}),
    ],
)
@pytest.mark.parametrize("left", [False, True])
def test_cache_changes_nothing(kind: str, changes: dict[str, object], left: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """A text in pieces, with the keys and values of the pieces before, is the text as a whole."""
    ours, theirs = _pair(kind, CAUSAL, tmp_path, **changes)
    inputs = texts(left=left, padded=left)
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    with torch.no_grad():
        whole = ours(ids, attention_mask=mask, use_cache=False)
        assert whole.past_key_values is None
        cache, their_cache, start = None, None, 0
        for end in (5, 6, 9, 10, 11):  # several new positions at once, and single ones
            given = {"attention_mask": mask[:, :end], "use_cache": True}
            piece = ours(ids[:, start:end], past_key_values=cache, **given)
            their_piece = theirs(ids[:, start:end], past_key_values=their_cache, **given)
            keep = mask[:, start:end].bool()
            for expected in (whole.logits[:, start:end], their_piece.logits):
                assert (piece.logits - expected)[keep].abs().max().item() <= TOLERANCE
            cache, their_cache, start = piece.past_key_values, their_piece.past_key_values, end
    assert cache is not None
    assert cache.get_seq_length() == 11
    assert len(cache) == 3
    assert all(key.shape[2] == 11 for key, _ in cache)


@pytest.mark.parametrize("kind", SIZES)
def test_other_inputs(kind: str, tmp_path: Path) -> None:
    """Embeddings for ids, positions, some logits only, labels, tuples."""
    ours, theirs = _pair(kind, CAUSAL, tmp_path)
    ids = texts(padded=False)["input_ids"]
    labels = ids.masked_fill(torch.rand(ids.shape, generator=torch.Generator().manual_seed(5)) < 0.3, -100)
    with torch.no_grad():
        for inputs in (
            {"inputs_embeds": torch.randn(2, 5, 32)},
            {"input_ids": ids, "position_ids": torch.arange(20, 31)[None]},
            {"input_ids": ids, "logits_to_keep": 2},
            {"input_ids": ids, "labels": labels},
            {"input_ids": ids, "use_cache": False},
        ):
            _assert_same(ours(**inputs), theirs(**inputs))
        pair = ours(ids, return_dict=False)
        assert isinstance(pair, tuple)
        assert torch.equal(pair[0], ours(ids).logits)
        if kind == "gpt2":
            segments = {"token_type_ids": ids.flip(0)}
            _assert_same(ours(ids, **segments), theirs(ids, **segments))
    with pytest.raises(ValueError, match="exactly one"):
        ours()
    with pytest.raises(ValueError, match="attention_mask is"):
        ours(ids, attention_mask=torch.ones(3, 4))
    with pytest.raises(TypeError, match="what a call returned"):
        ours(ids, past_key_values=())


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize(
    ("labels", "changes"),
    [
        (torch.tensor([2, 0, 1]), {"num_labels": 3}),
        (torch.tensor([0.5, -1.0, 2.0]), {"num_labels": 1}),
        (torch.rand(3, 4), {"num_labels": 4}),
    ],
)
def test_decisions(kind: str, labels: torch.Tensor, changes: dict[str, object], tmp_path: Path) -> None:
    """Each kind of label gives the reference's loss; padding may stand on either side."""
    ours, theirs = _pair(kind, TEXTS, tmp_path, **changes)
    with torch.no_grad():
        for left in (False, True):
            inputs = texts(left=left)
            _assert_same(ours(**inputs, labels=labels), theirs(**inputs, labels=labels))


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_decisions_need_to_know_the_padding(kind: str, tmp_path: Path) -> None:
    """Without a padding id one text is decided by its last position, and several are refused, as there."""
    ours, theirs = _pair(kind, TEXTS, tmp_path, pad_token_id=None)
    ids = texts(padded=False)["input_ids"]
    with torch.no_grad():
        _assert_same(ours(ids[:1]), theirs(ids[:1]))
        for model in (ours, theirs):
            with pytest.raises(ValueError, match="pad"):
                model(ids)


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("head", HEADS[1:])
def test_same_gradients_in_training(kind: str, head: str, tmp_path: Path) -> None:
    """With dropout on and the same seed, loss and every gradient equal the reference's."""
    changes = {"attn_pdrop": 0.2} if kind == "gpt2" else {"attention_dropout": 0.2}
    ours, theirs = _pair(kind, head, tmp_path, **changes)
    inputs = texts()
    labels = (inputs["input_ids"] % 2).masked_fill(inputs["attention_mask"] == 0, -100)
    labels = torch.tensor([0, 1, 1]) if head == TEXTS else labels
    losses = []
    for model in (ours.train(), theirs.train()):
        torch.manual_seed(3)
        loss = model(**inputs, labels=labels).loss
        loss.backward()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], abs=TOLERANCE)
    expected = dict(theirs.named_parameters(remove_duplicate=False))
    for name, value in ours.named_parameters():
        assert (value.grad - expected[name].grad).abs().max().item() <= 2 * TOLERANCE, name


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("head", HEADS)
def test_saved_by_us_read_by_them(kind: str, head: str, tmp_path: Path) -> None:
    """What we save, transformers reads, and computes the same with."""
    ours, theirs = _pair(kind, head, tmp_path / "theirs")
    ours.save_pretrained(tmp_path / "ours")
    again, info = getattr(transformers, head).from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    with torch.no_grad():
        _assert_same(ours(**texts()), again.eval()(**texts()), texts()["attention_mask"])
    if head == CAUSAL:
        assert again.generation_config.eos_token_id == theirs.generation_config.eos_token_id == 2


@pytest.mark.parametrize(
    "rope",
    [
        {},
        {"rope_theta": 50.0},
        {"rope_theta": 100, "rope_scaling": None},
        {"rope_theta": 100.0, "rope_scaling": {"type": "linear", "factor": 3.0}},
        {"rope_theta": 100.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, **_LLAMA3}},
        {"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}},
        {"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "rope_theta": 500.0}},
    ],
)
def test_older_configs(rope: dict[str, object], tmp_path: Path) -> None:
    """Rotary positions as writers before transformers 5 noted them."""
    save(reference("llama", CAUSAL), tmp_path)
    stated = json.loads((tmp_path / "config.json").read_text())
    del stated["rope_parameters"]
    (tmp_path / "config.json").write_text(json.dumps({**stated, **rope}))
    ours = safeload.AutoModelForCausalLM.from_pretrained(tmp_path)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    with torch.no_grad():
        _assert_same(ours(**texts()), theirs(**texts()), texts()["attention_mask"])


@pytest.mark.parametrize("prefix", [True, False])
def test_older_files(prefix: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """GPT-2 with and without `transformer.` before each name, and with the masks that were stored once."""
    ours, theirs = _pair("gpt2", CAUSAL, tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    names = {name: name if prefix else name.removeprefix("transformer.") for name in tensors}
    older = {names[name]: value for name, value in tensors.items()}
    start = "transformer." if prefix else ""
    older[f"{start}h.0.attn.bias"] = torch.ones(1, 1, 8, 8, dtype=torch.uint8)
    older[f"{start}h.1.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(older, path, {"format": "pt"})
    for head in HEADS:
        model, info = getattr(safeload, head).from_pretrained(tmp_path, output_loading_info=True)
        assert not info["unexpected_keys"]
        assert model.load_report.ignored == (f"{start}h.0.attn.bias", f"{start}h.1.attn.masked_bias")
    with torch.no_grad():
        again = safeload.AutoModelForCausalLM.from_pretrained(tmp_path)
        _assert_same(again(**texts()), theirs(**texts()), texts()["attention_mask"])
        assert torch.equal(again(**texts()).logits, ours(**texts()).logits)
    assert again.lm_head.weight is again.transformer.wte.weight


def test_stored_angles_are_ignored(tmp_path: Path) -> None:
    """Older llamas stored the angles of their positions, which follow from the config."""
    _, theirs = _pair("llama", CAUSAL, tmp_path)
    path = tmp_path / "model.safetensors"
    stored = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.full((4,), 9.0)}
    save_file({**load_file(path), **stored}, path, {"format": "pt"})
    ours = safeload.AutoModelForCausalLM.from_pretrained(tmp_path)
    assert ours.load_report.ignored == tuple(stored)
    with torch.no_grad():
        _assert_same(ours(**texts()), theirs(**texts()), texts()["attention_mask"])


def test_a_backbone_gets_a_new_head(tmp_path: Path) -> None:
    """An untied head over the vocabulary is new where the file has none, and said so."""
    save(reference("llama", "AutoModel"), tmp_path)
    model = safeload.AutoModelForCausalLM.from_pretrained(tmp_path)
    assert model.load_report.new_head == ("lm_head.weight",)


@pytest.mark.parametrize("kind", SIZES)
def test_untrained(kind: str) -> None:
    """`from_config` starts norms at one and weights around nothing, and a forward pass works."""
    config = safeload.AutoConfig.for_model(kind, **{**SIZES[kind], "num_labels": 3})
    torch.manual_seed(0)
    model = safeload.AutoModelForCausalLM.from_config(config)
    assert model.training
    for name, value in model.named_parameters():
        if name.endswith("bias"):
            assert not value.any(), name
        elif value.dim() == 1:
            assert bool((value == 1).all()), name
        else:
            assert 0.001 < value.std().item() < 0.05, name
    assert model(**texts()).logits.shape == (3, 11, VOCABULARY)


def test_half_precision(tmp_path: Path) -> None:
    """In bfloat16 the angles stay in full precision, as there."""
    theirs = reference("llama", CAUSAL).to(torch.bfloat16)
    save(theirs, tmp_path)
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    ours = safeload.AutoModelForCausalLM.from_pretrained(tmp_path)
    assert ours.dtype is torch.bfloat16
    inputs = texts(padded=False)
    with torch.no_grad():
        assert (ours(**inputs).logits - again(**inputs).logits).abs().max().item() <= TOLERANCE


def test_longer_than_the_model_is_refused(tmp_path: Path) -> None:
    """Learned positions end, and the error names both numbers."""
    ours, _ = _pair("gpt2", "AutoModel", tmp_path, n_positions=10)
    with pytest.raises(ValueError, match="position 10, and the model has 10"):
        ours(**texts())


def test_no_compiler_was_imported(tmp_path: Path) -> None:
    """Loading, writing and sampling import neither transformers nor torch's compiler."""
    save(reference("qwen3", CAUSAL), tmp_path)
    program = (
        "import sys, torch, safeload\n"
        f"model = safeload.AutoModelForCausalLM.from_pretrained({str(tmp_path)!r})\n"
        "ids = torch.tensor([[0, 5, 6], [7, 8, 9]])\n"
        "model.generate(ids, max_new_tokens=3, do_sample=True, top_p=0.9, repetition_penalty=1.2)\n"
        "print([name for name in ('torch._dynamo', 'transformers', 'sympy') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
