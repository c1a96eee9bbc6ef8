"""What a child says about one file, as it crosses the pipe: written there, checked here.

The child is untrusted: it has read hostile bytes. Its answer can name no other file, no fact that needs
more than this file, no place outside it and no coverage, format or kind that does not exist; an answer
with anything else in it is refused as a whole. What it says about its own file cannot be checked, which
is why a load judges again what it hands out (docs/adr/0008-isolation-all.md).
"""

from __future__ import annotations

import json
import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from safeload.core import Coverage, Fact, Location
from safeload.errors import FormatError
from safeload.formats.families import FORMATS
from safeload.formats.pickle_trace import CallUse, GlobalUse, StreamStatus, Trace
from safeload.formats.shard_index import ShardIndex
from safeload.formats.tensors import ITEM_BITS, TensorEntry
from safeload.formats.tokenizer_config import VOCABULARY_FILES, TokenizerConfig
from safeload.isolation import frames
from safeload.record import record
from safeload.scanners import FACT_KINDS, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from safeload.core import Artifact, Json

OURS = frozenset(
    {
        "artifact.coverage", "index.incomplete", "load.new-head",
        "load.unexpected", "pickle.second-reader", "source.ambiguous", "weights.twins",
    }
)  # fmt: skip
"""Facts that a child cannot state: they need more than one file, or are about what it says itself."""
MOST_BODY = 64 << 20
MOST_STREAMS = 10_000
MOST_TEXT = 4_096
MOST_DEPTH = 16
MOST_FACTS = 100_000
MOST_MEMBERS = 400_000
_WORD = re.compile(r"[a-z0-9][a-z0-9.+-]{0,39}")


class AnswerRefused(FormatError):
    """A child's answer that is none: the file counts as malformed."""


class Told(NamedTuple):
    """What a child says about its file, typed."""

    format: str | None
    coverage: Coverage
    reason: str
    members: tuple[tuple[Location, int, str | None, Coverage, str], ...]
    facts: tuple[Fact, ...]
    streams: tuple[Stream, ...]
    record: object | None


@record
class Offered:
    """What a child says its file holds, and wants of others: for comparison with them, never for loading."""

    tensors: Mapping[str, TensorEntry] | None
    """Tensors in it, where it is a file of tensors."""
    claims: Mapping[str, tuple[tuple[int, int], ...]]
    """Ranges of files beside it that are values of its tensors."""
    needs: tuple[str, ...]
    """Files beside it that have to be there."""


# --- in the child -------------------------------------------------------------------------------


def encode(
    file: Artifact,
    *,
    members: Iterable[Artifact],
    facts: Iterable[Fact],
    streams: Iterable[Stream],
    record: object | None,
    most_stream: int,
) -> tuple[dict[str, Json], bytes]:
    """The answer about one file: a result, and raw bytes that begin with the rest of it as JSON.

    Raises:
        FrameError: it is longer than an answer may be.
    """
    data: list[bytes] = []
    body: dict[str, Json] = {
        "file": [file.format, file.coverage.value, file.reason],
        "members": [
            [list(item.location.members), item.size, item.format, item.coverage.value, item.reason]
            for item in members
        ],
        "facts": [
            [fact.kind, _written(fact.location), _plain(fact.data)] for fact in facts if fact.kind not in OURS
        ],
        "streams": [_stream(stream, data, most_stream) for stream in streams],
        "record": _record(record),
    }
    text = json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(text) > MOST_BODY:
        raise frames.FrameError(f"an answer of {len(text)} bytes exceeds {MOST_BODY}")
    return {"body-bytes": len(text)}, b"".join([text, *data])


def _written(place: Location) -> list[Json]:
    return [list(place.members), place.offset, place.key]


def _plain(value: object) -> Json:
    """Data of a fact as JSON writes it; a float that JSON lacks as its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    if hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    assert hasattr(value, "__iter__")  # noqa: S101  facts hold JSON
    return [_plain(item) for item in value]


def _stream(stream: Stream, data: list[bytes], most: int) -> Json:
    trace = stream.trace
    # a stream that is too long for the second reader stays here
    content = stream.data if len(stream.data) <= most else b""
    data.append(content)
    return {
        "place": _written(stream.location),
        "bytes": len(content),
        "status": trace.status.value,
        "globals": [
            [use.module, use.name, use.offset, use.opcode, use.listed, use.gadget, use.count, use.written]
            for use in trace.globals
        ],
        "rejected": [
            [use.callable, use.opcode, use.offset, use.why, use.gadget] for use in trace.rejected_calls
        ],
        "calls": dict(trace.calls),
        "numbers": [
            trace.opcodes, trace.protocol, trace.end, trace.trailing, trace.truncated_findings,
            trace.truncated_gadgets,
        ],
        "error": None if trace.error is None else str(trace.error),
    }  # fmt: skip


def _record(record: object | None) -> Json:
    """Of a record what `relations` and `claims` compare with other files, and nothing else."""
    if isinstance(record, ShardIndex):
        return {"index": dict(record.weight_map), "total": _plain(record.metadata.get("total_size"))}
    if isinstance(record, TokenizerConfig):
        named = {key: record.values.get(key) for key in VOCABULARY_FILES}
        return {"settings": {key: value for key, value in named.items() if isinstance(value, str)}}
    tensors = getattr(record, "tensors", None)
    claims: Mapping[str, Iterable[tuple[int, int]]] = getattr(record, "claims", {})
    needs: Iterable[str] = getattr(record, "needs", ())
    offered: dict[str, Json] = {
        "tensors": None if tensors is None else [_tensor(name, entry) for name, entry in tensors.items()],
        "claims": {name: [list(pair) for pair in ranges] for name, ranges in claims.items()},
        "needs": sorted(set(needs)),
    }
    return offered if tensors is not None or claims or offered["needs"] else None


def _tensor(name: str, entry: TensorEntry) -> Json:
    stride = None if entry.stride is None else list(entry.stride)
    return [name, entry.dtype, list(entry.shape), entry.offset, stride]


# --- in the parent ------------------------------------------------------------------------------


def decode(message: Mapping[str, Json], payload: bytes, path: str, size: int) -> Told:
    """What the answer says about the file `path` of `size` bytes.

    Raises:
        AnswerRefused: it is no answer about this file.
    """
    try:
        result = message.get("result")
        length = _number(_table(result)["body-bytes"], MOST_BODY)
        prefix = length.to_bytes(frames.PREFIX_BYTES, "big")
        body = frames.decode(prefix + payload[:length], MOST_BODY)
        return _Decoder(path, size).told(body, memoryview(payload)[length:])
    except frames.FrameError as error:
        raise AnswerRefused(f"the child's answer {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerRefused(f"the child's answer has another shape: {type(error).__name__}") from None


class _Decoder:
    """Checks each value of one answer. Raises KeyError, TypeError and ValueError for what is wrong."""

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        self._sizes: dict[tuple[str, ...], int] = {(): size}

    def told(self, body: Mapping[str, Json], data: memoryview) -> Told:
        if body.keys() != {"file", "members", "facts", "streams", "record"}:
            raise ValueError
        kind, coverage, reason = _list(body["file"], 3)
        members = tuple(self._member(item) for item in _rows(body["members"], MOST_MEMBERS))
        told = Told(
            format=_format(kind),
            coverage=Coverage(_text(coverage)),
            reason=_text(reason, MOST_TEXT * 4),
            members=members,
            facts=tuple(self._fact(item) for item in _rows(body["facts"], MOST_FACTS)),
            streams=self._streams(_rows(body["streams"], MOST_STREAMS), data),
            record=self._record(body["record"]),
        )
        if (told.coverage is Coverage.SCANNED) != (not told.reason):
            raise ValueError
        return told

    def _member(self, item: Json) -> tuple[Location, int, str | None, Coverage, str]:
        names, size, kind, coverage, reason = _list(item, 5)
        members = tuple(_text(name, MOST_TEXT) for name in _rows(names, 16))
        if not members:
            raise ValueError
        number = _number(size)
        self._sizes[members] = max(number, self._sizes.get(members, 0))
        place = Location(artifact=self._path, members=members)
        return place, number, _word(kind), Coverage(_text(coverage)), _text(reason, MOST_TEXT * 4)

    def _place(self, item: Json) -> Location:
        names, offset, key = _list(item, 3)
        members = tuple(_text(name, MOST_TEXT) for name in _rows(names, 16))
        if members not in self._sizes:
            raise ValueError
        at = None if offset is None else _number(offset, self._sizes[members])
        return Location(
            artifact=self._path, members=members, offset=at, key=None if key is None else _text(key, 1 << 20)
        )

    def _fact(self, item: Json) -> Fact:
        kind, place, data = _list(item, 3)
        name = _text(kind)
        if name not in FACT_KINDS or name in OURS:
            raise ValueError
        _bounded(data)
        return Fact(kind=name, location=self._place(place), data=_table(data))

    def _streams(self, rows: Sequence[Json], data: memoryview) -> tuple[Stream, ...]:
        streams = []
        for row in rows:
            item = _table(row)
            length = _number(item["bytes"], len(data))
            content, data = bytes(data[:length]), data[length:]
            streams.append(Stream(location=self._place(item["place"]), data=content, trace=_trace(item)))
        if data:
            raise ValueError
        return tuple(streams)

    def _record(self, value: Json) -> object | None:
        if value is None:
            return None
        item = _table(value)
        if item.keys() == {"index", "total"}:
            return _index(item["index"], item["total"])
        if item.keys() == {"settings"}:
            settings = _table(item["settings"])
            if not settings.keys() <= VOCABULARY_FILES.keys():
                raise ValueError
            values = {key: _text(named, MOST_BODY) for key, named in settings.items()}
            return TokenizerConfig(values=MappingProxyType(values), templates=())
        if item.keys() != {"tensors", "claims", "needs"}:
            raise ValueError
        rows = item["tensors"]
        return Offered(
            tensors=None if rows is None else MappingProxyType(self._tensors(rows)),
            claims=MappingProxyType(_claims(item["claims"])),
            needs=tuple(_text(name) for name in _rows(item["needs"], MOST_MEMBERS)),
        )

    def _tensors(self, rows: Json) -> dict[str, TensorEntry]:
        tensors = {}
        for row in _rows(rows, MOST_MEMBERS):
            name, dtype, shape, offset, stride = _list(row, 5)
            if dtype not in ITEM_BITS:
                raise ValueError
            tensors[_text(name, 1 << 16)] = TensorEntry(
                _text(dtype),
                tuple(_number(size) for size in _rows(shape, 64)),
                _number(offset, self._sizes[()]),
                None if stride is None else tuple(_number(step) for step in _rows(stride, 64)),
            )
        return tensors


def _index(weight_map: Json, total: Json) -> ShardIndex:
    named = {_text(key, 1 << 16): _text(shard) for key, shard in _table(weight_map).items()}
    _bounded(total)
    return ShardIndex(
        weight_map=MappingProxyType(named),
        shards=tuple(sorted(set(named.values()))),
        metadata=MappingProxyType({} if total is None else {"total_size": total}),
    )


def _claims(value: Json) -> dict[str, tuple[tuple[int, int], ...]]:
    """Ranges of other files: of a name that leads elsewhere nothing comes, since no file is called so.

    A false one gains nothing: whoever wrote the file could have claimed the same in an honest model.
    """
    claims = {}
    for name, ranges in _table(value).items():
        pairs = [_list(pair, 2) for pair in _rows(ranges, MOST_MEMBERS)]
        claims[_text(name)] = tuple((_number(begin, 1 << 70), _number(end, 1 << 70)) for begin, end in pairs)
    if any(begin > end for ranges in claims.values() for begin, end in ranges):
        raise ValueError
    return claims


def _trace(item: Mapping[str, Json]) -> Trace:
    opcodes, protocol, end, trailing, findings, gadgets = (_number(n) for n in _list(item["numbers"], 6))
    error = item["error"]
    return Trace(
        StreamStatus(_text(item["status"])),
        None,
        tuple(_global(row) for row in _rows(item["globals"], MOST_FACTS)),
        tuple(_call(row) for row in _rows(item["rejected"], MOST_FACTS)),
        MappingProxyType({_text(key): _number(count) for key, count in _table(item["calls"]).items()}),
        MappingProxyType({}),
        opcodes,
        protocol,
        end,
        trailing,
        None if error is None else FormatError(_text(error, MOST_TEXT)),
        findings,
        gadgets,
    )


def _global(row: Json) -> GlobalUse:
    module, name, offset, opcode, listed, gadget, count, written = _list(row, 8)
    return GlobalUse(
        _text(module, 1 << 16), _text(name, 1 << 16), _number(offset), _text(opcode), _flag(listed),
        _or_none(gadget), _number(count), _or_none(written),
    )  # fmt: skip


def _call(row: Json) -> CallUse:
    callable_name, opcode, offset, why, gadget = _list(row, 5)
    return CallUse(
        _text(callable_name, 1 << 16), _text(opcode), _number(offset), _text(why, 1 << 16), _or_none(gadget)
    )


def _table(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _rows(value: Json, most: int) -> Sequence[Json]:
    if not isinstance(value, list):
        raise TypeError
    if len(value) > most:
        raise ValueError
    return value


def _list(value: Json, length: int) -> Sequence[Json]:
    rows = _rows(value, length)
    if len(rows) != length:
        raise ValueError
    return rows


def _text(value: Json, most: int = MOST_TEXT) -> str:
    if not isinstance(value, str):
        raise TypeError
    if len(value) > most:
        raise ValueError
    return value


def _or_none(value: Json) -> str | None:
    return None if value is None else _text(value, 1 << 17)


def _number(value: Json, most: int = 1 << 63) -> int:
    if type(value) is not int:
        raise TypeError
    if not 0 <= value <= most:
        raise ValueError
    return value


def _flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _format(value: Json) -> str | None:
    if value is None:
        return None
    if value not in FORMATS:
        raise ValueError
    return _text(value)


def _word(value: Json) -> str | None:
    """The format of a member: any word, since grammars of containers have names of their own for parts."""
    if value is None:
        return None
    if _WORD.fullmatch(_text(value)) is None:
        raise ValueError
    return _text(value)


def _bounded(value: Json) -> None:
    """Data of a fact nests a little; rules and reports need not care how deep."""
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
        ]
        if not level:
            return
    raise ValueError
