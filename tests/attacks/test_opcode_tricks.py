"""Opcode-level tricks against scanners that do not keep the unpickler's stack (scanners' own issue trackers).

Each test: what the unpickler would do, and that the trace says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload.formats.packs import PACKS
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus, Trace
from safeload.limits import DEFAULT_LIMITS
from safeload.pipeline import audit
from tests.forge.audits import audited
from tests.forge.pickle_assembler import Operand, assemble, call

if TYPE_CHECKING:
    from pathlib import Path

ALL = frozenset(PACKS)
BAD = (StreamStatus.DANGEROUS, StreamStatus.UNLISTED)


def run(*listing: Operand) -> Trace:
    return run_pickle(assemble(*listing), DEFAULT_LIMITS, packs=ALL)


def names(trace: Trace) -> list[str]:
    return [f"{use.module}.{use.name}" for use in trace.globals]


@pytest.mark.parametrize(
    "listing",
    [
        ("SHORT_BINUNICODE", "system", "MEMOIZE", "POP", "SHORT_BINUNICODE", "os", "BINGET", 0),
        ("SHORT_BINUNICODE", "os", "DUP", "POP", "SHORT_BINUNICODE", "system", "BININT1", 0, "POP"),
        ("SHORT_BINUNICODE", "os", "BINPUT", 7, "BINPUT", 9, "POP", "SHORT_BINUNICODE", "system", "BINPUT", 1,
         "POP", "BINGET", 9, "BINGET", 1),
        ("MARK", "SHORT_BINUNICODE", "x", "POP_MARK", "SHORT_BINUNICODE", "os",
         "SHORT_BINUNICODE", "system", "MARK",
         "POP"),
    ],
)  # fmt: skip
def test_GHSA_9gvj_pp9x_gcfr_operands_through_the_memo(listing: tuple[Operand, ...]) -> None:  # noqa: N802 - identifier
    """STACK_GLOBAL takes its operands from the stack, not from the opcodes before it (picklescan #22)."""
    trace = run("PROTO", 4, *listing, "STACK_GLOBAL", "SHORT_BINUNICODE", "id", "TUPLE1", "REDUCE", "STOP")
    assert trace.status is StreamStatus.DANGEROUS
    assert names(trace) == ["os.system"]


def test_modelscan_85_build_on_a_function() -> None:
    """BUILD with slot state sets attributes on an imported function (modelscan #85, #330)."""
    trace = run("GLOBAL", ("collections", "OrderedDict"), "NONE", "EMPTY_DICT", "SHORT_BINUNICODE", "a",
                "GLOBAL", ("os", "system"), "SETITEM", "TUPLE2", "BUILD", "STOP")  # fmt: skip
    assert trace.status is StreamStatus.DANGEROUS
    assert trace.rejected_calls[0].opcode == "BUILD"
    alone = run("GLOBAL", ("collections", "OrderedDict"), "NONE", "EMPTY_DICT", "TUPLE2", "BUILD", "STOP")
    assert alone.status is StreamStatus.UNLISTED


def test_modelscan_331_names_built_at_run_time() -> None:
    """A name that is the result of a call reaches everything."""
    trace = run("PROTO", 4, "SHORT_BINUNICODE", "os", "GLOBAL", ("builtins", "str"),
                "SHORT_BINUNICODE", "system",
                "TUPLE1", "REDUCE", "STACK_GLOBAL", "STOP")  # fmt: skip
    assert trace.status is StreamStatus.DANGEROUS
    assert "result of another call" in trace.rejected_calls[-1].why


@pytest.mark.parametrize("name", ["abc.sys.modules", "OrderedDict.fromkeys", "abc"])
def test_GHSA_5j3x_jp52_966f_dotted_names(name: str) -> None:  # noqa: N802 - identifier
    """From protocol 4 on a dotted name walks attributes out of an allowed module."""
    trace = run(
        "PROTO", 4, "SHORT_BINUNICODE", "collections", "SHORT_BINUNICODE", name, "STACK_GLOBAL", "STOP"
    )
    assert trace.status in BAD
    assert names(trace) == [f"collections.{name}"]


@pytest.mark.parametrize("identifier", ["GHSA-mxhj-88fx-4pcv", "GHSA-mhc9-48gj-9gp3"])
def test_calls_whose_result_is_dropped(identifier: str) -> None:
    """OBJ and POP, or a BUILD behind it, hide a call from a decompiler; the trace counts opcodes that run."""
    for tail in (("POP", "NONE"), ("EMPTY_DICT", "BUILD"), ("POP", "NONE", "EMPTY_TUPLE", "POP")):
        trace = run("MARK", "GLOBAL", ("os", "system"), "SHORT_BINUNICODE", "id", "OBJ", *tail, "STOP")
        assert trace.status is StreamStatus.DANGEROUS, identifier
        assert names(trace) == ["os.system"]


def test_GHSA_cffv_grgg_g429_unknown_is_never_inert() -> None:  # noqa: N802 - identifier
    """One decision point: a benign stream around an unknown import does not outvote it."""
    benign = [part for n in range(200) for part in ("SHORT_BINUNICODE", f"k{n}", "BININT1", 1)]
    trace = run("EMPTY_DICT", "MARK", *benign, "GLOBAL", ("some.module", "name"), "NONE", "SETITEMS", "STOP")
    assert trace.status is StreamStatus.UNLISTED
    assert names(trace) == ["some.module.name"]


@pytest.mark.parametrize(
    "stream",
    [
        assemble("PROTO", 4, "FRAME", 2, "NONE", "BINUNICODE", "abcdef", "STOP"),
        assemble("PROTO", 4, "FRAME", 40, "FRAME", 2, "NONE", "POP") + b"N." + b" " * 40,
        assemble("PROTO", 4, "FRAME", 9, "NONE", "STOP") + b"cos\nsystem\n",
    ],
)
def test_fickling_317_frames_that_lie(stream: bytes) -> None:
    """Crossed, nested and open frames: two readers would see different bytes."""
    trace = run_pickle(stream, DEFAULT_LIMITS)
    assert trace.status is StreamStatus.MALFORMED
    assert trace.error is not None
    assert trace.error.code == "FrameViolation"


@pytest.mark.parametrize(
    "stream",
    [
        b"cos\nsystem\n(S'id'\ntR.",
        b"(S'id'\nios\nsystem\n.",
        b"(cos\nsystem\nVid\no.",
        b"cos\nsystem\n)}\x92.",
        b"cos\nsystem\nU\x02id\x85\x81.",
    ],
)
def test_CVE_2025_10155_no_protocol_byte(stream: bytes) -> None:  # noqa: N802 - identifier
    """Protocol 0 and 1 streams, and every opcode that calls."""
    trace = run_pickle(stream, DEFAULT_LIMITS, packs=ALL)
    assert trace.status is StreamStatus.DANGEROUS
    assert names(trace) == ["os.system"]


@pytest.mark.parametrize(("opcode", "code"), [("EXT1", 7), ("EXT2", 300), ("EXT4", 70_000)])
def test_modelaudit_623_extensions(opcode: str, code: int) -> None:
    """The extension registry is the process's own: what a code means is not in the stream."""
    trace = run(opcode, code, "EMPTY_TUPLE", "REDUCE", "STOP")
    assert trace.status is StreamStatus.UNLISTED
    assert trace.rejected_calls[0].callable == f"extension {code}"


@pytest.mark.parametrize(
    "listing",
    [
        ("PERSID", "os.system"),
        ("SHORT_BINUNICODE", "anything", "BINPERSID"),
        ("SHORT_BINUNICODE", "module", "NONE", "NONE", "TUPLE3", "BINPERSID"),
    ],
)
def test_persistent_ids_other_than_storages(listing: tuple[Operand, ...]) -> None:
    """What they mean is the loader's affair, so only torch's storages are known."""
    for persistent in ("torch", "none"):
        trace = run_pickle(assemble(*listing, "STOP"), DEFAULT_LIMITS, persistent=persistent)
        assert trace.status is StreamStatus.UNLISTED
        assert trace.rejected_calls[0].callable == "a persistent id"


def test_out_of_band_buffers() -> None:
    """NEXT_BUFFER asks for data from elsewhere; READONLY_BUFFER on bytes changes nothing."""
    assert run("NEXT_BUFFER", "STOP").status is StreamStatus.MALFORMED
    assert run("SHORT_BINBYTES", b"a", "READONLY_BUFFER", "STOP").inert


@pytest.mark.parametrize("module", [" os", "os ", "os\r", "\tos", "ös", "o\x00s"])
def test_picklescan_26_odd_names(module: str) -> None:
    """Blanks, carriage returns and other letters are part of a name for the unpickler, and never listed."""
    trace = run_pickle(assemble("GLOBAL", (module, "system"), "STOP"), DEFAULT_LIMITS)
    assert trace.status in BAD
    assert trace.globals[0].module == module
    assert run_pickle(b"c\xffos\nsystem\n.", DEFAULT_LIMITS).status is StreamStatus.MALFORMED


@pytest.mark.parametrize("stream", [b"h\x05.", b"]NNs.", b"(K\x01K\x02\x93.", b"N\x93.", b"}}}u."])
def test_streams_that_crashed_scanners(stream: bytes) -> None:
    """A memo index that is missing and operands of the wrong type end in a verdict."""
    assert run_pickle(stream, DEFAULT_LIMITS).status is not StreamStatus.INERT


def test_nullifai_payload_before_a_break() -> None:
    """The payload runs before the unpickler notices the broken bytes, so the break does not hide it."""
    trace = run_pickle(call("os", "system", "id")[:-1] + b"\xff\xff", DEFAULT_LIMITS)
    assert trace.status is StreamStatus.DANGEROUS
    assert trace.error is not None
    assert names(trace) == ["os.system"]


@pytest.mark.parametrize(
    "listing",
    [
        ("GLOBAL", ("builtins", "getattr"), "GLOBAL", ("collections", "OrderedDict"),
         "SHORT_BINUNICODE", "fromkeys",
         "TUPLE2", "REDUCE"),
        ("GLOBAL", ("builtins", "getattr"), "GLOBAL", ("transformers.trainer_utils", "HubStrategy"),
         "SHORT_BINUNICODE", "__class__", "TUPLE2", "REDUCE"),
        ("GLOBAL", ("copyreg", "_reconstructor"), "GLOBAL", ("argparse", "Namespace"),
         "GLOBAL", ("builtins", "dict"),
         "NONE", "TUPLE3", "REDUCE"),
        ("GLOBAL", ("argparse", "Namespace"), "EMPTY_TUPLE", "NEWOBJ", "EMPTY_TUPLE", "REDUCE"),
        ("GLOBAL", ("_codecs", "encode"), "SHORT_BINUNICODE", "x", "SHORT_BINUNICODE", "rot13",
         "TUPLE2", "REDUCE"),
        ("GLOBAL", ("numpy", "dtype"), "SHORT_BINUNICODE", "O8", "TUPLE1", "REDUCE"),
    ],
)  # fmt: skip
def test_listed_names_under_another_use(listing: tuple[Operand, ...]) -> None:
    """Known names are accepted argument by argument: resolvers, records as callables, codecs, dtypes."""
    trace = run(*listing, "STOP")
    assert trace.status in BAD
    assert trace.rejected_calls


def test_a_gadget_behind_many_names(tmp_path: Path) -> None:
    """More unlisted names than are reported in front of os.system: the report names os.system."""
    names = b"".join(b"cm%d\nf\n0" % number for number in range(500))
    outcome = audited(tmp_path, b"\x80\x02" + names + b"cos\nsystem\n(X\x01\0\0\0xtR.")
    assert "os.system" in outcome.imports
    assert "pickle.dangerous-global" in outcome.rules
    assert "pickle.readers-disagree" not in outcome.rules


def test_second_readings_have_a_budget(tmp_path: Path) -> None:
    """Long streams that are refused anyway are not read by the slower reader, and that is said."""
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02cm\nf\n0" + b"N0" * 150_000 + b"N.")
    (reading,) = (fact for fact in audit(tmp_path).facts if fact.kind == "pickle.second-reader")
    assert reading.data["status"] == "did-not-run"
    assert "more than the 10000 read twice" in str(reading.data["detail"])
