"""`generate` against the reference: the same words from the same files, prompts, settings and seeds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
import transformers

import safeload
from safeload.errors import UsageError
from tests.forge.decoders import SIZES, reference, texts
from tests.forge.encoders import save

if TYPE_CHECKING:
    from pathlib import Path

CAUSAL = "AutoModelForCausalLM"
CHANGES: dict[str, dict[str, Any]] = {
    "gpt2": {},
    "llama": {},
    "mistral": {"sliding_window": 4},
    "qwen2": {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1},
    "qwen3": {},
}
GREEDY: tuple[dict[str, Any], ...] = (
    {"max_new_tokens": 40},
    {"max_new_tokens": 40, "eos_token_id": None},
    {"max_new_tokens": 20, "use_cache": False, "eos_token_id": [5, 9]},
    {"max_length": 20, "min_new_tokens": 6, "pad_token_id": 4},
    {"max_new_tokens": 12, "min_length": 15, "suppress_tokens": [3, 4, 5]},
    {"max_new_tokens": 12, "no_repeat_ngram_size": 2},
    {"max_new_tokens": 12, "repetition_penalty": 1.7},
)
SAMPLED: tuple[dict[str, Any], ...] = (
    {"max_new_tokens": 20},
    {"max_new_tokens": 20, "temperature": 1.5, "top_k": 0},
    {"max_new_tokens": 20, "top_p": 0.6},
    {"max_new_tokens": 20, "min_p": 0.2, "eos_token_id": None},
    {
        "max_new_tokens": 12, "temperature": 0.7, "top_k": 5, "top_p": 0.8, "min_p": 0.05,
        "repetition_penalty": 1.3, "num_return_sequences": 3,
    },
)  # fmt: skip
PROMPTS = (
    texts(left=True),
    {"input_ids": texts(left=True)["input_ids"]},  # where the padding is follows from its id
    {"input_ids": texts(padded=False)["input_ids"][:1]},
)


def _pair(kind: str, folder: Path, **settings: Any) -> tuple[Any, Any]:
    """The model as we and as they load it, with some settings in its generation_config.json."""
    save(reference(kind, CAUSAL, **CHANGES[kind]), folder)
    if settings:
        path = folder / "generation_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))
    return (
        safeload.AutoModelForCausalLM.from_pretrained(folder),
        transformers.AutoModelForCausalLM.from_pretrained(folder),
    )


def _written(model: Any, prompts: Any, settings: dict[str, Any], seed: int = 4) -> torch.Tensor:
    torch.manual_seed(seed)
    written: torch.Tensor = model.generate(**prompts, **settings)
    return written


@pytest.mark.filterwarnings("ignore::UserWarning")  # of the reference, about lengths
@pytest.mark.parametrize("kind", SIZES)
def test_same_words(kind: str, tmp_path: Path) -> None:
    """Greedily, and by sampling with one seed: batches with padding in front, and single prompts."""
    ours, theirs = _pair(kind, tmp_path)
    cases = [*GREEDY, *({"do_sample": True, **settings} for settings in SAMPLED)]
    ends = set()
    for settings in cases:
        for prompts in PROMPTS:
            expected = _written(theirs, prompts, settings)
            written = _written(ours, prompts, settings)
            assert written.dtype is torch.int64
            assert torch.equal(written, expected), settings
            ends.add(written.shape[1])
    # texts that all went on to the same length would say nothing about where they end
    assert len(ends) > 3


def test_the_seed_matters(tmp_path: Path) -> None:
    """Sampling does sample."""
    ours, _ = _pair("llama", tmp_path)
    settings = {"max_new_tokens": 12, "do_sample": True}
    first, again, other = (_written(ours, PROMPTS[0], settings, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("stated", "settings"),
    [
        ({"max_new_tokens": 5}, {}),
        ({"max_length": 30}, {}),
        ({"eos_token_id": [7, 11], "pad_token_id": 12, "max_new_tokens": 30}, {}),
        ({"eos_token_id": None, "max_new_tokens": 30}, {}),
        ({"do_sample": True, "temperature": 0.6, "top_k": 9, "top_p": 0.95, "max_new_tokens": 9}, {}),
        ({"do_sample": True, "temperature": 0.6, "max_new_tokens": 9}, {"do_sample": False}),
        ({"repetition_penalty": 1.5, "max_new_tokens": 9}, {"max_new_tokens": 14}),
        ({"early_stopping": True, "length_penalty": 2.0, "num_beams": 1, "typical_p": 1.0}, {}),
    ],
)
def test_settings_of_the_file(stated: dict[str, Any], settings: dict[str, Any], tmp_path: Path) -> None:
    """generation_config.json counts where the call says nothing, its stop conditions included."""
    ours, theirs = _pair("llama", tmp_path, **stated)
    for name, value in stated.items():
        if name in ours.generation_config.to_dict():
            assert getattr(ours.generation_config, name) == value
    assert torch.equal(_written(ours, PROMPTS[0], settings), _written(theirs, PROMPTS[0], settings))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_settings_of_an_older_config(tmp_path: Path) -> None:
    """Without a generation_config.json, the fields of config.json count, as they once did."""
    folder = save(reference("llama", CAUSAL), tmp_path)
    (folder / "generation_config.json").unlink()
    path = folder / "config.json"
    path.write_text(
        json.dumps(
            {**json.loads(path.read_text()), "eos_token_id": [4, 9], "max_length": 25, "do_sample": True}
        )
    )
    ours = safeload.AutoModelForCausalLM.from_pretrained(folder)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(folder)
    assert ours.generation_config.eos_token_id == theirs.generation_config.eos_token_id
    assert ours.generation_config.do_sample
    assert torch.equal(_written(ours, PROMPTS[0], {}), _written(theirs, PROMPTS[0], {}))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_scores_and_logits(tmp_path: Path) -> None:
    """What each word was chosen by, where it is asked for, and the cache that goes on from there."""
    ours, theirs = _pair("gpt2", tmp_path)
    wishes = {"output_scores": True, "output_logits": True, "return_dict_in_generate": True}
    settings = {"max_new_tokens": 6, "repetition_penalty": 1.4, **wishes}
    torch.manual_seed(0)
    found, expected = ours.generate(**PROMPTS[0], **settings), theirs.generate(**PROMPTS[0], **settings)
    assert torch.equal(found.sequences, expected.sequences)
    for name in ("scores", "logits"):
        assert len(found[name]) == len(expected[name])
        for left, right in zip(found[name], expected[name], strict=True):
            assert (left - right).abs().max().item() <= 1e-5
    assert found.past_key_values.get_seq_length() == found.sequences.shape[1] - 1
    mask = torch.cat((PROMPTS[0]["attention_mask"], torch.ones(3, 6, dtype=torch.long)), 1)
    on = {"max_new_tokens": 3, "attention_mask": mask}
    further = ours.generate(found.sequences, past_key_values=found.past_key_values, **on)
    assert torch.equal(further, ours.generate(found.sequences, **on))


def test_a_text_from_nothing(tmp_path: Path) -> None:
    """Without a prompt a text starts with the model's first word."""
    ours, theirs = _pair("llama", tmp_path)
    settings = {"max_new_tokens": 8}
    assert torch.equal(_written(ours, {}, settings), _written(theirs, {}, settings))
    with pytest.raises(UsageError, match="bos_token_id"):
        ours.generate(bos_token_id=None, **settings)


def test_own_steps_and_ends(tmp_path: Path) -> None:
    """A caller's functions on scores, and on whether a text is done."""
    ours, theirs = _pair("llama", tmp_path)

    def never_even(_: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return scores.masked_fill(torch.arange(scores.shape[1]) % 2 == 0, -torch.inf)

    def long_enough(ids: torch.Tensor, _: Any) -> torch.Tensor:
        return torch.full((len(ids),), ids.shape[1] >= 15)

    more = {"logits_processor": [never_even], "stopping_criteria": [long_enough], "max_new_tokens": 20}
    written = _written(ours, PROMPTS[0], more)
    assert torch.equal(written, _written(theirs, PROMPTS[0], more))
    assert written.shape[1] == 15
    assert bool((written[:, 11:] % 2 == 1).all())


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"num_beams": 4}, "num_beams=4 is refused: generate does greedy search and sampling only"),
        ({"stop_strings": ["x"]}, "stop_strings"),
        ({"custom_generate": "attacker/repo"}, "custom_generate='attacker/repo' is refused"),
        ({"trust_remote_code": True}, "trust_remote_code is no setting"),
        ({"assistant_model": object()}, "no setting"),
        ({"max_new_token": 5}, "no setting"),
        ({"max_new_tokens": 0}, "may have 11"),
        ({"max_length": 11}, "may have 11"),
        ({"max_new_tokens": "5"}, "text"),
        ({"max_new_tokens": -5}, "outside"),
        ({"temperature": 0.0, "do_sample": True}, "temperature is above 0"),
        ({"temperature": float("nan"), "do_sample": True}, "outside"),
        ({"top_p": 0.0, "do_sample": True}, "top_p is above 0"),
        ({"top_p": 1.5}, "outside"),
        ({"top_k": -1, "do_sample": True}, "top_k is 0 or more"),
        ({"repetition_penalty": 0.0}, "above 0"),
        ({"num_return_sequences": 2}, "needs do_sample"),
        ({"eos_token_id": [2] * 100_000}, "more than"),
        ({"attention_mask": torch.ones(3, 4)}, "attention_mask is"),
        ({"input_ids": torch.ones(1, 4, dtype=torch.long)}, "once"),
        ({"generation_config": {"max_length": 5}}, "takes a safeload GenerationConfig"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], reason: str, tmp_path: Path) -> None:
    """A setting that is not done is named, never passed over."""
    ours, _ = _pair("llama", tmp_path)
    with pytest.raises(UsageError, match=reason):
        ours.generate(PROMPTS[0]["input_ids"], **settings)
    for prompts in (torch.ones(4), torch.ones(2, 0), torch.ones(2, 3)):
        with pytest.raises(UsageError, match="input_ids are whole numbers"):
            ours.generate(prompts)


def test_a_settings_object(tmp_path: Path) -> None:
    """`GenerationConfig` for one call, for a load, and as the model's own."""
    folder = save(reference("llama", CAUSAL), tmp_path)
    settings = safeload.GenerationConfig(max_new_tokens=3, eos_token_id=None)
    model = safeload.AutoModelForCausalLM.from_pretrained(folder, generation_config=settings)
    assert model.generation_config == settings
    assert model.generation_config is not settings
    assert model.generate(PROMPTS[0]["input_ids"]).shape == (3, 14)
    other = safeload.GenerationConfig(max_new_tokens=5)
    assert model.generate(PROMPTS[0]["input_ids"], generation_config=other).shape == (3, 16)
    assert model.generate(PROMPTS[0]["input_ids"], max_length=12).shape == (3, 12)
    assert model.generation_config == settings
    with pytest.raises(UsageError, match="writes no text"):
        safeload.AutoModel.from_pretrained(folder, generation_config=settings)
    with pytest.raises(UsageError, match=r"takes a safeload\.GenerationConfig"):
        safeload.AutoModelForCausalLM.from_pretrained(folder, generation_config={"max_length": 3})
    with pytest.raises(UsageError, match=r"set model\.generation_config"):
        safeload.AutoModelForCausalLM.from_config(model.config, generation_config=settings)


def test_settings_come_back(tmp_path: Path) -> None:
    """What is saved with a model is what both read."""
    ours, _ = _pair("llama", tmp_path / "theirs")
    ours.generation_config.update(do_sample=True, temperature=0.5, eos_token_id=[2, 3])
    assert [str(path).rsplit("/", 1)[-1] for path in ours.save_pretrained(tmp_path / "ours")] == [
        "config.json",
        "model.safetensors",
        "generation_config.json",
    ]
    again = safeload.AutoModelForCausalLM.from_pretrained(tmp_path / "ours")
    assert again.generation_config == ours.generation_config
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "ours")
    assert theirs.generation_config.temperature == 0.5
    assert theirs.generation_config.eos_token_id == [2, 3]
