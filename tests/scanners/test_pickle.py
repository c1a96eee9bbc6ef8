"""Raw pickle files: facts, streams, what stands behind STOP."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Location
from safeload.formats.pickle_trace import StreamStatus, Trace
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.scanners import FACT_KINDS, ScanResult, Subject
from safeload.scanners.pickle import scan
from tests.forge.pickle_assembler import assemble, call

HARMLESS = b"\x80\x02}X\x01\0\0\0aK\x01s."


def scanned(data: bytes, packs: frozenset[str] = frozenset()) -> ScanResult:
    subject = Subject(view=BytesView(data), location=Location(artifact="a.pkl"), format="pickle", packs=packs)
    result = scan(subject, DEFAULT_LIMITS)
    assert {fact.kind for fact in result.facts} <= set(FACT_KINDS)
    return result


def test_harmless_stream_states_nothing(sealed) -> None:
    """No fact, full coverage, the trace as record and the stream for the second reader."""
    with sealed():
        result = scanned(HARMLESS)
    assert result.facts == ()
    assert result.coverage is Coverage.SCANNED
    assert isinstance(result.record, Trace)
    assert result.record.value == {"a": 1}
    assert [stream.data for stream in result.streams] == [HARMLESS]


def test_an_import_is_a_fact_with_its_byte() -> None:
    """Module, name, opcode and what the gadget does."""
    (fact,) = scanned(call("os", "system", "id")).facts
    assert fact.kind == "pickle.global"
    assert str(fact.location) == "a.pkl at byte 2"
    assert dict(fact.data) == {
        "module": "os",
        "name": "system",
        "known": True,
        "what": "runs a shell command or starts a program",
        "opcode": "GLOBAL",
    }


def test_a_refused_call_and_a_break_are_facts() -> None:
    """The call comes with the reason, the break with its error's name."""
    result = scanned(b"ccollections\nOrderedDict\nN\x85R\xff")
    assert [fact.kind for fact in result.facts] == ["pickle.call", "pickle.malformed"]
    assert result.facts[0].data["callable"] == "collections.OrderedDict"
    assert result.facts[1].data["error"] == "InvalidOpcode"
    assert result.coverage is Coverage.MALFORMED


def test_further_streams_are_run_with_absolute_offsets() -> None:
    """A scanner that stops at the first STOP misses the second stream."""
    result = scanned(HARMLESS + call("os", "system", "id"))
    assert [fact.kind for fact in result.facts] == ["pickle.trailing", "pickle.global"]
    assert result.facts[0].data == {"size": 24, "pickle": True}
    assert result.facts[1].location.offset == len(HARMLESS) + 2
    assert [len(stream.data) for stream in result.streams] == [len(HARMLESS), 24]


def test_bytes_behind_stop_that_are_no_stream() -> None:
    """They are still stated: no loader accounts for them."""
    result = scanned(HARMLESS + b"\xff\xff")
    assert [dict(fact.data) for fact in result.facts] == [{"size": 2, "pickle": False}]


def test_many_streams_end() -> None:
    """A file of nothing but STOP opcodes and NONE is not walked for ever."""
    assert len(scanned(b"N." * 10_000).streams) == 16


def test_findings_are_bounded() -> None:
    """Beyond the budget they are counted."""
    data = b"".join(f"cm{n}\nf\n0".encode() for n in range(500)) + b"N."
    result = scanned(data)
    assert len(result.facts) == DEFAULT_LIMITS.pickle_findings + 1
    assert result.facts[-1].data == {"count": 300, "known": 0}


def test_gadgets_are_never_cut_away() -> None:
    """A gadget behind more unlisted globals than are reported is reported, and others stand back."""
    data = b"".join(f"cm{n}\nf\n0".encode() for n in range(500)) + b"cos\nsystem\n0N."
    result = scanned(data)
    assert len(result.facts) == DEFAULT_LIMITS.pickle_findings + 1
    assert result.facts[-2].data["name"] == "system"
    assert result.facts[-1].data == {"count": 301, "known": 0}


def test_more_gadgets_than_are_reported() -> None:
    """Beyond the budget they are counted as what they are."""
    data = b"".join(f"cos\nf{n}\n0".encode() for n in range(500)) + b"N."
    assert scanned(data).facts[-1].data == {"count": 300, "known": 300}


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04cmy\nname\n)R\x8c\x06system\x93.",
        b"\x80\x02" + b"cdecimal\nDecimal\n(N\x85tR0" * 300 + b"cbuiltins\ngetattr\n(cmy\nC\nX\x01\0\0\0xtR.",
    ],
    ids=["a computed name", "getattr behind refused calls"],
)
def test_every_dangerous_stream_has_its_finding(data: bytes) -> None:
    """What makes a stream dangerous is among the facts, whatever stands in front of it."""
    result = scanned(data, frozenset({"trainer"}))
    assert result.streams[0].trace.status is StreamStatus.DANGEROUS
    assert any(fact.data.get("known") for fact in result.facts)


def test_a_member_of_an_unlisted_enum_is_no_gadget() -> None:
    """Python 3.11 writes members as a call of getattr; the enum is unlisted, and that is all."""
    data = b"\x80\x02cbuiltins\ngetattr\n(cmy\nColour\nX\x03\0\0\0REDtR."
    result = scanned(data, frozenset({"trainer"}))
    assert result.streams[0].trace.status is StreamStatus.UNLISTED
    assert [fact.data["name"] for fact in result.facts] == ["Colour"]


def test_packs_come_from_the_subject() -> None:
    """A record is listed where the policy says so."""
    listed = ("transformers.training_args", "TrainingArguments")
    data = assemble("GLOBAL", listed, "EMPTY_TUPLE", "NEWOBJ", "STOP")
    assert scanned(data).facts
    assert not scanned(data, frozenset({"trainer"})).facts


def test_too_large_is_said_without_reading() -> None:
    """Over the budget of bytes: LIMIT_EXCEEDED."""
    subject = Subject(view=BytesView(HARMLESS), location=Location(artifact="a"), format="pickle")
    result = scan(subject, replace(DEFAULT_LIMITS, pickle_bytes=4))
    assert result.coverage is Coverage.LIMIT_EXCEEDED
