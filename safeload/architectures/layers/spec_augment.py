"""Which frames or features training hides: spans at random places (SpecAugment).

Park et al., https://arxiv.org/abs/1904.08779, in the form of wav2vec2: a number of spans of one length,
each row with its own, which may overlap. numpy's global generator draws them, in the order in which the
reference does, so that `numpy.random.seed` repeats a training run of either.

    1. one number rounds the count of spans up or down
    2. for each row, as many different starts as spans, among the places where a span fits
    3. a row that is shorter than the others has fewer spans: the missing ones repeat its first, and one
       without any hides the last place, which is padding
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from safeload.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def hidden_spans(
    rows: int,
    length: int,
    probability: float,
    span: int,
    *,
    least: int = 0,
    lengths: Sequence[int] | None = None,
) -> Tensor:
    """True for the hidden places, of shape rows, length.

    Args:
        rows: how many rows.
        length: places in a row.
        probability: share of the places that spans start to cover; overlaps cover less.
        span: places in a span.
        least: fewest spans in a row.
        lengths: places that are no padding, for each row.

    Raises:
        ValueError: a span is longer than a row.
        MissingExtra: numpy is not installed.
    """
    numpy = _numpy()
    if span > length:
        raise ValueError(f"a span of {span} places does not fit into {length}: use longer sounds")
    rounding = float(numpy.random.rand(1)[0])

    def count(places: int) -> int:
        wanted = max(int(probability * places / span + rounding), least)
        wanted = min(wanted, length // span)
        return min(wanted, max(places - (span - 1), 0))

    hidden = torch.zeros((rows, length), dtype=torch.bool)
    most = count(length)
    if not most:
        return hidden
    offsets = torch.arange(span)
    for row, places in enumerate([length] * rows if lengths is None else lengths):
        starts = numpy.random.choice(numpy.arange(places - (span - 1)), count(places), replace=False)
        chosen = torch.as_tensor(starts, dtype=torch.long)
        if len(chosen) < most and not len(chosen):
            chosen = torch.tensor([length - 1])
        places_of = (chosen[:, None] + offsets).clamp(max=length - 1)
        hidden[row, places_of.flatten()] = True
    return hidden


def _numpy() -> Any:  # noqa: ANN401 - a module
    try:
        import numpy as np
    except ImportError:
        raise MissingExtra("training with SpecAugment", "numpy", "torch") from None
    return np
