"""`generate`: a text word by word, greedily or by sampling, with the keys and values of what was said.

With the same seed, sampling gives the reference's words: the steps, their order and the draw are the same.
A setting that would change the text and is not done here is refused, never passed over. A length that a
file asks for ends at the model's positions; a caller may ask for any.

Shapes: B batch, T positions so far, V vocabulary.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from safeload.architectures.base.decoder_outputs import GenerateDecoderOnlyOutput
from safeload.architectures.base.generation import DEFAULTS, GenerationConfig
from safeload.architectures.base.scores import steps_of
from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from safeload.architectures.base.scores import Step

_INPUTS = frozenset({"attention_mask", "position_ids", "token_type_ids", "past_key_values", "input_ids"})


@dataclass(slots=True, kw_only=True)
class _Text:
    """What was said, and what the next call of the model needs: each of shape B, T."""

    ids: Tensor
    mask: Tensor | None
    positions: Tensor
    segments: Tensor | None
    cache: Any = None

    def inputs(self, *, cached: bool) -> dict[str, Any]:
        """Arguments of the next call: all positions, or those that the cache has not seen."""
        new = self.ids.shape[1] - (self.cache.get_seq_length() if self.cache is not None else 0)
        given = {
            "input_ids": self.ids[:, -new:],
            "attention_mask": self.mask,
            "position_ids": self.positions[:, -new:],
            "past_key_values": self.cache,
            "use_cache": cached,
        }
        if self.segments is not None:
            given["token_type_ids"] = self.segments[:, -new:]
        return given

    def add(self, word_B: Tensor) -> None:
        """One more position."""
        self.ids = torch.cat((self.ids, word_B[:, None]), 1)
        self.positions = torch.cat((self.positions, self.positions[:, -1:] + 1), 1)
        if self.mask is not None:
            self.mask = torch.cat((self.mask, self.mask.new_ones(len(word_B), 1)), 1)
        if self.segments is not None:
            self.segments = torch.cat((self.segments, self.segments[:, -1:]), 1)


class Generator:
    """What a model with a head over the vocabulary can do besides."""

    config: Any
    generation_config: GenerationConfig
    """The model's own settings, which those of a call come before."""

    def can_generate(self) -> bool:
        """True."""
        return True

    @torch.no_grad()
    def generate(
        self,
        inputs: Tensor | None = None,
        generation_config: GenerationConfig | None = None,
        logits_processor: Sequence[Step] | None = None,
        stopping_criteria: Sequence[Callable[[Tensor, Any], Any]] | None = None,
        **settings: Any,  # noqa: ANN401 - settings and inputs have many types
    ) -> Tensor | GenerateDecoderOnlyOutput:
        """Token ids of the prompts and of what follows them, of shape B, T.

        Args:
            inputs: token ids of the prompts, padded on the left; also as `input_ids`. Without them, a text
                starts with the model's first word.
            generation_config: settings for this call.
            logits_processor: functions from ids so far and scores to scores.
            stopping_criteria: functions from ids so far and scores to whether each text, or all, is done.
            **settings: single settings, such as `max_new_tokens`, `do_sample` and `temperature`, and
                `attention_mask`.

        Raises:
            UsageError: a setting that cannot be, or that is not done here.
        """
        given = {name: settings.pop(name) for name in sorted(_INPUTS & settings.keys())}
        asked, stated = self._complete(generation_config, settings)
        text, prompt = self._prompt(inputs, given, asked)
        longest = self._longest(asked, stated, prompt)
        eos = _ids(asked.eos_token_id, text.ids)
        padding = None if text.mask is None else (text.mask != 0).int().argmax(1)
        steps = steps_of(asked, prompt=prompt, eos=eos, padding_B=padding, own=logits_processor or ())
        pad = _padding(asked)
        going_B = torch.ones(len(text.ids), dtype=torch.bool, device=text.ids.device)
        scores, logits = [], []
        while True:
            inputs_of_step = text.inputs(cached=asked.use_cache)
            output: Any = self(**inputs_of_step, logits_to_keep=1, return_dict=True)  # type: ignore[operator]
            text.cache = output.past_key_values
            raw_BV = output.logits[:, -1].to(torch.float32, copy=True)
            scores_BV = raw_BV
            for step in steps:
                scores_BV = step(text.ids, scores_BV)
            if asked.output_scores:
                scores.append(scores_BV)
            if asked.output_logits:
                logits.append(raw_BV)
            if asked.do_sample:
                word_B = torch.multinomial(scores_BV.softmax(-1), num_samples=1).squeeze(1)
            else:
                word_B = scores_BV.argmax(-1)
            if eos is not None:
                word_B = word_B.where(going_B, pad)
            text.add(word_B)
            if eos is not None:
                going_B = going_B & ~torch.isin(word_B, eos)
            for criterion in stopping_criteria or ():
                going_B = going_B & ~torch.as_tensor(
                    criterion(text.ids, scores or None), device=going_B.device
                )
            if text.ids.shape[1] >= longest or not bool(going_B.any()):
                break
        if not asked.return_dict_in_generate:
            return text.ids
        return GenerateDecoderOnlyOutput(
            sequences=text.ids,
            scores=tuple(scores) if asked.output_scores else None,
            logits=tuple(logits) if asked.output_logits else None,
            past_key_values=text.cache,
        )

    def _complete(
        self, given: GenerationConfig | None, settings: dict[str, Any]
    ) -> tuple[GenerationConfig, set[str]]:
        """The call's settings, else those of `given`, else the model's; and which ones the caller stated."""
        if given is not None and not isinstance(given, GenerationConfig):
            raise UsageError("generation_config= takes a safeload GenerationConfig")
        asked = copy.deepcopy(self.generation_config)
        stated = {name for name, value in settings.items() if value is not None}
        if given is not None:
            stated |= set(given.to_dict())
            asked.update(**given.to_dict())
            asked.leave_undone(given.undone)
        if "max_length" in stated and "max_new_tokens" not in stated:
            # the caller's limit in one measure comes before the model's own in the other
            asked.max_new_tokens = None
        asked.update(**settings)
        if asked.undone:
            raise UsageError(
                f"the model's settings ask for {', '.join(asked.undone)}, and generate does greedy search "
                "and sampling only; pass None for each to do without"
            )
        for name, value in DEFAULTS.items():
            if name != "max_length" and getattr(asked, name) is None:
                setattr(asked, name, value)
        if asked.num_return_sequences > 1 and not asked.do_sample:
            raise UsageError("num_return_sequences above 1 needs do_sample=True: the likeliest text is one")
        return asked, stated

    def _prompt(
        self, inputs: Tensor | None, given: dict[str, Any], asked: GenerationConfig
    ) -> tuple[_Text, int]:
        """The start of each text, repeated for each continuation that is asked for."""
        named = given.get("input_ids")
        if inputs is not None and named is not None:
            raise UsageError("give the prompts once, as inputs or as input_ids")
        ids = inputs if named is None else named
        device = self.device  # type: ignore[attr-defined]  # a model's
        if ids is None:
            first = asked.bos_token_id[0] if isinstance(asked.bos_token_id, list) else asked.bos_token_id
            if first is None or first < 0:
                raise UsageError("give input_ids: the model's settings name no bos_token_id to start with")
            ids = torch.tensor([[first]], device=device)
        if ids.dim() != 2 or not ids.shape[1] or not len(ids) or ids.is_floating_point():
            raise UsageError(f"input_ids are whole numbers of shape batch, positions, not {list(ids.shape)}")
        ids = ids.long()
        mask = given.get("attention_mask")
        if mask is None:
            mask = _mask_of(ids, asked)
        elif mask.shape != ids.shape:
            raise UsageError(f"attention_mask is {list(mask.shape)}, and input_ids are {list(ids.shape)}")
        positions = given.get("position_ids")
        if positions is None:
            positions = (mask.long().cumsum(-1) - 1).masked_fill(mask == 0, 0)
        whole = bool((mask == 1).all())
        text = _Text(
            ids=ids,
            mask=None if whole else mask,
            positions=positions.expand(len(ids), -1),
            segments=given.get("token_type_ids"),
            cache=given.get("past_key_values"),
        )
        copies = asked.num_return_sequences
        if copies > 1:
            if text.cache is not None:
                raise UsageError("past_key_values and num_return_sequences do not go together")
            for name in ("ids", "mask", "positions", "segments"):
                value = getattr(text, name)
                setattr(text, name, None if value is None else value.repeat_interleave(copies, 0))
        return text, ids.shape[1]

    def _longest(self, asked: GenerationConfig, stated: set[str], prompt: int) -> int:
        """Positions of the finished text at most."""
        positions = int(self.config.max_position_embeddings)
        if asked.max_new_tokens is not None:
            longest = prompt + asked.max_new_tokens
            own = "max_new_tokens" in stated
        elif asked.max_length is not None:
            longest = asked.max_length
            own = "max_length" in stated
        else:
            longest = prompt + DEFAULTS["max_length"]
            own = False
        if not own:
            longest = min(longest, positions)
        if prompt >= longest:
            raise UsageError(
                f"the prompt has {prompt} positions, and the text may have {longest}: pass max_new_tokens"
            )
        return int(longest)


def _ids(value: Any, like: Tensor) -> Tensor | None:  # noqa: ANN401 - one id, or a list of them
    values = value if isinstance(value, list) else [value]
    usable = [item for item in values if item is not None and item >= 0]
    return torch.tensor(usable, device=like.device) if usable else None


def _padding(asked: GenerationConfig) -> int:
    """What stands behind a text that is done: the padding, else the first id that ends a text."""
    for value in (asked.pad_token_id, asked.eos_token_id):
        for item in value if isinstance(value, list) else (value,):
            if item is not None and item >= 0:
                return int(item)
    return 0


def _mask_of(ids: Tensor, asked: GenerationConfig) -> Tensor:
    """Where the padding is, if its id means nothing else."""
    padding, eos = _ids(asked.pad_token_id, ids), _ids(asked.eos_token_id, ids)
    if padding is None or (eos is not None and bool(torch.isin(eos, padding).any())):
        return torch.ones_like(ids)
    return ids.ne(padding[0]).long()
