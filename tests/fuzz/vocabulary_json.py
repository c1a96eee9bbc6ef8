"""Any bytes in the place of a vocab.json give tokens with unique ids, in one language or several.

Or a FormatError. Bytes that are no JSON choose tokens, ids and languages.
"""

from __future__ import annotations

import json

from safeload.errors import FormatError
from safeload.formats.json_strict import parse_json
from safeload.formats.tokenizer_json import LONGEST_TOKEN
from safeload.formats.view import BytesView
from safeload.formats.vocabulary import Vocabulary, parse_vocab_json
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

LIMITS = replace(DEFAULT_LIMITS, vocab_bytes=1 << 14, vocab_entries=500)
TOKENS = ("a", "|", "<pad>", "", "sch", "\n", "é", "x" * 50)
IDS = (0, 1, 2, 3, 2**31, -1, 0.5, "1", None, True, [0], {})


def seeds() -> list[bytes]:
    """Letters, letters of several languages, and bytes that choose some."""
    letters = {token: index for index, token in enumerate(["<pad>", "|", *"abcdefgh"])}
    return [
        json.dumps(letters).encode(),
        json.dumps({"deu": letters, "eng": {"a": 0}}).encode(),
        bytes(range(1, 120, 7)),
    ]


def read(data: bytes) -> object:
    """The record, or the error that is allowed."""
    try:
        parse_json(data, LIMITS)
    except FormatError:
        data = json.dumps(_chosen(data[:60])).encode()
    try:
        return parse_vocab_json(BytesView(data), LIMITS)
    except FormatError as error:
        return error


def _chosen(data: bytes) -> object:
    languages: dict[str, dict[str, object]] = {"x": {}}
    for place, byte in enumerate(data):
        if byte > 240:
            languages[str(place)] = {}
        # a byte in eight chooses an id of any kind, the others the next one
        index: object = IDS[byte % len(IDS)] if byte % 8 == 7 else place
        list(languages.values())[-1][f"{TOKENS[byte % len(TOKENS)]}{byte >> 3}"] = index
    return languages["x"] if len(languages) == 1 else languages


def check(_data: bytes, result: object) -> None:
    """Ids are unique in each vocabulary and in range, and tokens no longer than allowed."""
    if isinstance(result, FormatError):
        return
    assert isinstance(result, Vocabulary)
    assert not (result.ids and result.languages)
    for ids in (result.ids, *result.languages.values()):
        assert len(set(ids.values())) == len(ids)
        assert all(type(index) is int and 0 <= index < 2**32 for index in ids.values())
        assert all(len(token) <= LONGEST_TOKEN for token in ids)


def deep(result: object) -> bool:
    """Whether a vocabulary with tokens came out."""
    return isinstance(result, Vocabulary) and bool(result.ids or result.languages)
