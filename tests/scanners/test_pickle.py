"""Raw pickle files: facts, streams, what stands behind STOP."""

from __future__ import annotations

from safeload.core import Coverage, Location
from safeload.formats.pickle_trace import Trace
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
    assert result.facts[-1].data == {"count": 300}


def test_packs_come_from_the_subject() -> None:
    """A record is listed where the policy says so."""
    data = assemble("GLOBAL", ("argparse", "Namespace"), "EMPTY_TUPLE", "NEWOBJ", "STOP")
    assert scanned(data).facts
    assert not scanned(data, frozenset({"trainer"})).facts


def test_too_large_is_said_without_reading() -> None:
    """Over the budget of bytes: LIMIT_EXCEEDED."""
    subject = Subject(view=BytesView(HARMLESS), location=Location(artifact="a"), format="pickle")
    result = scan(subject, replace(DEFAULT_LIMITS, pickle_bytes=4))
    assert result.coverage is Coverage.LIMIT_EXCEEDED
