"""From encodings of the tokenizers library to the lists of a BatchEncoding, and what counts as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import tokenizers


class Rows:
    """Which lists a call returns, and how to make them from encodings."""

    __slots__ = ("_fields", "overflow")

    def __init__(
        self, *, type_ids: bool, mask: bool, special_mask: bool, offsets: bool, length: bool, overflow: bool
    ) -> None:
        wanted = (
            ("input_ids", "ids", True),
            ("token_type_ids", "type_ids", type_ids),
            ("attention_mask", "attention_mask", mask),
            ("special_tokens_mask", "special_tokens_mask", special_mask),
            ("offset_mapping", "offsets", offsets),
            ("length", "", length),
        )
        self._fields = [(name, attribute) for name, attribute, on in wanted if on]
        self.overflow = overflow

    def collect(
        self, encodings: Sequence[tokenizers.Encoding]
    ) -> tuple[dict[str, list[Any]], list[tokenizers.Encoding]]:
        """The lists by name, and the encodings with what overflowed behind each."""
        flat: list[tokenizers.Encoding] = []
        origin: list[int] = []
        for index, encoding in enumerate(encodings):
            parts = [encoding, *encoding.overflowing] if self.overflow else [encoding]
            flat.extend(parts)
            origin.extend([index] * len(parts))
        data: dict[str, list[Any]] = {
            name: [getattr(part, attribute) if attribute else len(part) for part in flat]
            for name, attribute in self._fields
        }
        if self.overflow:
            data["overflow_to_sample_mapping"] = origin
        return data, flat


def is_text(value: object) -> bool:
    """A string, or lists of strings up to three deep, told from the first element of each."""
    for _ in range(4):
        if isinstance(value, str):
            return True
        if not isinstance(value, list | tuple):
            return False
        if not value:
            return True
        value = value[0]
    return False


def plain(value: Any) -> Any:  # noqa: ANN401 - ids, lists of ids, arrays, tensors
    """Arrays and tensors as lists, and lists of them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple) and value and not isinstance(value[0], int):
        return [plain(item) for item in value]
    return value
