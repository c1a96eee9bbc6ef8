"""What stands between a model's logits and the choice of a word, in the order of the reference.

Repetition penalty: Keskar et al., https://arxiv.org/abs/1909.05858. Top-k: Fan et al.,
https://arxiv.org/abs/1805.04833. Top-p: Holtzman et al., https://arxiv.org/abs/1904.09751. Min-p: Nguyen
et al., https://arxiv.org/abs/2407.01082.

Shapes: B batch, T positions so far, V vocabulary.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import torch

from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from torch import Tensor

    from safeload.architectures.base.generation import GenerationConfig

    Step: TypeAlias = Callable[[Tensor, Tensor], Tensor]
    """Ids so far and scores of the next word -> scores."""


def steps_of(
    settings: GenerationConfig,
    *,
    prompt: int,
    eos: Tensor | None,
    padding_B: Tensor | None,
    own: Iterable[Step] = (),
) -> list[Step]:
    """The steps that the settings ask for.

    Args:
        settings: complete ones.
        prompt: positions of the prompt.
        eos: ids that end a text.
        padding_B: positions of padding in front of each prompt, which repeat nothing.
        own: the caller's, behind what shapes the scores and in front of what narrows the choice.

    Raises:
        UsageError: a value that no choice can be made with.
    """
    steps: list[Step] = []
    if settings.repetition_penalty != 1.0:
        if settings.repetition_penalty <= 0:
            raise UsageError("repetition_penalty is above 0")
        steps.append(partial(_less_of_the_same, settings.repetition_penalty, padding_B))
    if settings.no_repeat_ngram_size:
        steps.append(partial(_no_run_twice, settings.no_repeat_ngram_size))
    fresh = settings.min_new_tokens
    least = settings.min_length if fresh is None else prompt + fresh
    if eos is not None and least > prompt:
        steps.append(partial(_no_end_before, least, eos))
    if settings.suppress_tokens:
        steps.append(partial(_never, settings.suppress_tokens))
    steps.extend(own)
    if settings.do_sample:
        steps.extend(_narrowing(settings))
    return steps


def _narrowing(settings: GenerationConfig) -> list[Step]:
    """Of sampling only: the likeliest word stays the likeliest."""
    steps: list[Step] = []
    if settings.temperature <= 0:
        raise UsageError("temperature is above 0; for the likeliest word, pass do_sample=False")
    if settings.top_k < 0:
        raise UsageError("top_k is 0 or more")
    if settings.top_p <= 0:
        raise UsageError("top_p is above 0")
    if settings.temperature != 1.0:
        steps.append(lambda _, scores: scores / settings.temperature)
    if settings.top_k:
        steps.append(partial(_top_k, settings.top_k))
    if settings.top_p < 1.0:
        steps.append(partial(_top_p, settings.top_p))
    if settings.min_p is not None:
        steps.append(partial(_min_p, settings.min_p))
    return steps


def _less_of_the_same(penalty: float, padding_B: Tensor | None, ids_BT: Tensor, scores_BV: Tensor) -> Tensor:
    """Words that were said lose: their scores are divided, or multiplied where they are negative."""
    words = scores_BV.shape[1]
    if padding_B is not None:
        places = torch.arange(ids_BT.shape[1], device=ids_BT.device)
        ids_BT = ids_BT.masked_fill(places[None] < padding_B[:, None], words)
    said = torch.zeros(len(ids_BT), words + 1, dtype=torch.bool, device=scores_BV.device)
    said.scatter_(1, ids_BT, True)  # noqa: FBT003 - torch's own order
    lower = torch.where(scores_BV < 0, scores_BV * penalty, scores_BV / penalty)
    return torch.where(said[:, :words], lower, scores_BV)


def _no_run_twice(length: int, ids_BT: Tensor, scores_BV: Tensor) -> Tensor:
    """No run of `length` words is said twice."""
    held = ids_BT.shape[1]
    if held < length:
        return scores_BV
    runs_BRN = ids_BT.unfold(1, length, 1)
    begun_BN = ids_BT[:, held - length + 1 :]
    begins_BR = (runs_BRN[..., :-1] == begun_BN[:, None]).all(-1)
    banned = torch.zeros(len(ids_BT), scores_BV.shape[1] + 1, dtype=torch.bool, device=scores_BV.device)
    banned.scatter_(1, runs_BRN[..., -1].masked_fill(~begins_BR, scores_BV.shape[1]), True)  # noqa: FBT003
    return scores_BV.masked_fill(banned[:, :-1], -math.inf)


def _no_end_before(least: int, eos: Tensor, ids_BT: Tensor, scores_BV: Tensor) -> Tensor:
    if ids_BT.shape[1] >= least:
        return scores_BV
    return scores_BV.index_fill(1, eos[eos < scores_BV.shape[1]], -math.inf)


def _never(words: list[int] | int, _: Tensor, scores_BV: Tensor) -> Tensor:
    banned = torch.tensor(words if isinstance(words, list) else [words], device=scores_BV.device)
    return scores_BV.index_fill(1, banned[(banned >= 0) & (banned < scores_BV.shape[1])], -math.inf)


def _top_k(count: int, _: Tensor, scores_BV: Tensor) -> Tensor:
    """The `count` likeliest words, and those that are as likely as the last of them."""
    best = scores_BV.topk(min(count, scores_BV.shape[1]))[0]
    return scores_BV.masked_fill(scores_BV < best[:, -1:], -math.inf)


def _top_p(mass: float, _: Tensor, scores_BV: Tensor) -> Tensor:
    """The fewest words that hold this share of the probability, one at least."""
    ordered, order = scores_BV.sort(descending=False)
    gone = ordered.softmax(-1).cumsum(-1) <= 1 - mass
    gone[:, -1:] = False
    return scores_BV.masked_fill(gone.scatter(1, order, gone), -math.inf)


def _min_p(share: float, _: Tensor, scores_BV: Tensor) -> Tensor:
    """Words that are at least this share as likely as the likeliest."""
    chances = scores_BV.softmax(-1)
    best = chances.amax(-1, keepdim=True)
    # of words that are equally likely as the best one stays
    gone = (chances < share * best).scatter(1, chances.argmax(-1, keepdim=True), False)  # noqa: FBT003
    return scores_BV.masked_fill(gone, -math.inf)
