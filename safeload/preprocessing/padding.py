"""What `padding`, `truncation` and `max_length` of a call mean together, and padding after the fact."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.preprocessing.batch_encoding import BatchEncoding

if TYPE_CHECKING:
    from safeload.preprocessing.tokenizer import Tokenizer

PADDING = ("longest", "max_length", "do_not_pad")
TRUNCATION = ("only_first", "only_second", "longest_first", "do_not_truncate")
_NO_LIMIT = int(1e20)
"""A `model_max_length` above this means that there is none."""


class Plan(NamedTuple):
    """What a call does about lengths."""

    padding: str
    truncation: str
    max_length: int | None
    pad_to_multiple_of: int | None = None


def plan(
    tokenizer: Tokenizer,
    *,
    padding: bool | str = False,
    truncation: bool | str | None = None,
    max_length: int | None = None,
    pad_to_multiple_of: int | None = None,
    verbose: bool = True,
) -> Plan:
    """The plan for one call.

    Raises:
        ValueError: an unknown strategy, padding without a padding token, or a truncation length that is
            not a multiple of what is padded to.
    """
    if max_length is not None and padding is False and truncation is None:
        truncation = "longest_first"  # a length alone asks for truncation
    cut = {True: "longest_first", False: "do_not_truncate", None: "do_not_truncate"}.get(
        truncation,  # type: ignore[arg-type]  # a string falls through
        str(getattr(truncation, "value", truncation)),
    )
    fill = {True: "longest", False: "do_not_pad"}.get(
        padding,  # type: ignore[arg-type]  # same
        str(getattr(padding, "value", padding)),
    )
    if fill not in PADDING:
        raise ValueError(f"padding is {padding!r}, and can be True, False, {', '.join(PADDING)}")
    if cut not in TRUNCATION:
        raise ValueError(f"truncation is {truncation!r}, and can be True, False, {', '.join(TRUNCATION)}")
    if verbose and padding is True and max_length is not None and cut == "do_not_truncate":
        warnings.warn(
            "max_length does nothing with padding=True and no truncation; padding='max_length' pads to it",
            stacklevel=3,
        )
    if max_length is None and (fill == "max_length" or cut != "do_not_truncate"):
        if tokenizer.model_max_length > _NO_LIMIT:
            fill = "do_not_pad" if fill == "max_length" else fill
            cut = "do_not_truncate"
        else:
            max_length = int(tokenizer.model_max_length)
    if fill != "do_not_pad" and tokenizer.pad_token_id is None:
        raise ValueError(
            "there is no padding token: set tokenizer.pad_token, for example to tokenizer.eos_token"
        )
    if (
        cut != "do_not_truncate"
        and fill != "do_not_pad"
        and pad_to_multiple_of
        and max_length is not None
        and max_length % pad_to_multiple_of
    ):
        raise ValueError(f"max_length {max_length} is not a multiple of {pad_to_multiple_of}")
    return Plan(fill, cut, max_length, pad_to_multiple_of)


def pad_encoded(
    tokenizer: Tokenizer,
    encoded: Any,  # noqa: ANN401 - a mapping, or a list of mappings
    steps: Plan,
    *,
    padding_side: str | None,
    return_attention_mask: bool | None,
    return_tensors: str | None,
) -> BatchEncoding:
    """Pad one encoded text, or a batch.

    Raises:
        ValueError: see `Tokenizer.pad`.
    """
    if isinstance(encoded, list | tuple) and encoded and isinstance(encoded[0], Mapping):
        encoded = {key: [example[key] for example in encoded] for key in encoded[0]}
    main = tokenizer.model_input_names[0]
    if not isinstance(encoded, Mapping) or main not in encoded:
        raise ValueError(f"give encodings that have {main}")
    data = dict(encoded)
    mask = "attention_mask" in tokenizer.model_input_names
    mask = mask if return_attention_mask is None else return_attention_mask
    if data[main] is None or len(data[main]) == 0:
        return BatchEncoding({**data, "attention_mask": []} if return_attention_mask else data)
    kind = _kind(data[main])
    if kind is not None:
        return_tensors = return_tensors or kind
        data = {key: _listed(value) for key, value in data.items()}
    side = padding_side or tokenizer.padding_side
    if side not in {"left", "right"}:
        raise ValueError(f"padding_side is {side!r}, and can be 'left' or 'right'")
    single = not isinstance(data[main][0], list | tuple)
    batch = {key: [value] for key, value in data.items()} if single else data
    count = len(batch[main])
    if any(len(value) != count for value in batch.values()):
        raise ValueError("the lists have different numbers of rows")
    length = steps.max_length
    if steps.padding == "longest":
        length = max(len(row) for row in batch[main])
    if length is not None and steps.pad_to_multiple_of:
        length = -(-length // steps.pad_to_multiple_of) * steps.pad_to_multiple_of
    rows = [
        _pad_row(
            tokenizer,
            {key: value[index] for key, value in batch.items()},
            None if steps.padding == "do_not_pad" else length,
            side,
            mask=mask,
        )
        for index in range(count)
    ]
    if single:
        return BatchEncoding(rows[0], tensor_type=return_tensors)
    return BatchEncoding({key: [row[key] for row in rows] for key in rows[0]}, tensor_type=return_tensors)


def _pad_row(
    tokenizer: Tokenizer, row: dict[str, Any], length: int | None, side: str, *, mask: bool
) -> dict[str, Any]:
    main = tokenizer.model_input_names[0]
    ids = row[main]
    if mask and "attention_mask" not in row:
        row["attention_mask"] = [1] * len(ids)
    missing = 0 if length is None else max(0, length - len(ids))
    if not missing:
        return row
    filled = {main: tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id}
    filled["special_tokens_mask"] = 1
    filled.update(tokenizer.fillings)
    if mask:
        filled["attention_mask"] = 0
    for key, value in filled.items():
        if key in row:
            filling = [value] * missing
            row[key] = [*row[key], *filling] if side == "right" else [*filling, *row[key]]
    return row


def _kind(value: Any) -> str | None:  # noqa: ANN401 - lists, arrays, tensors
    """`pt` or `np` where the first element is a tensor or an array, or numbers of one."""
    first = value[0]
    while isinstance(first, list | tuple) and first:
        first = first[0]
    module = type(first).__module__.partition(".")[0]
    return {"torch": "pt", "numpy": "np"}.get(module)


def _listed(value: Any) -> Any:  # noqa: ANN401 - same
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value
