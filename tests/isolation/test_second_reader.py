"""fickling's reading of real and hostile streams, and its comparison with our own trace."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.isolation import fickling_task
from safeload.isolation.second_reader import SecondReading, _reading, canonical, compare, second_reader
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

TORCH_GLOBALS = {
    ("collections", "OrderedDict"),
    ("torch", "FloatStorage"),
    ("torch", "LongStorage"),
    ("torch._utils", "_rebuild_tensor_v2"),
}
TORCH_CALLS = {"collections.OrderedDict", "torch._utils._rebuild_tensor_v2"}
HOSTILE = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."


def torch_stream(protocol: int) -> bytes:
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    file = io.BytesIO()
    torch.save(model.state_dict(), file, pickle_protocol=protocol)
    with zipfile.ZipFile(file) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        return archive.read(name)


def reading(**fields) -> SecondReading:
    return SecondReading(**{"status": "ran", "detail": "", **fields})


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_agrees_on_what_torch_saves(protocol):
    """An honest state dict of each protocol is read to the end, and our globals are all it sees."""
    seen = second_reader(torch_stream(protocol), DEFAULT_LIMITS)
    assert (seen.status, seen.detail) == ("ran", "")
    assert set(seen.imports) == TORCH_GLOBALS
    assert compare(seen, TORCH_GLOBALS, TORCH_CALLS) == ("agreed", ())


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value", [{1, 2}, frozenset("a"), b"\xff", bytearray(b"a"), range(3), 1j, OrderedDict(a=1)]
)
def test_agrees_on_plain_values_under_either_name(protocol, value):
    """Protocols 0 to 2 write Python 2 names; our trace holds the names that CPython maps them to."""
    stream = pickle.dumps(value, protocol)
    seen = fickling_task.read(stream)
    pairs = {canonical(module, name) for module, name in seen["imports"]}
    named = reading(imports=tuple(map(tuple, seen["imports"])), calls=tuple(seen["calls"]))
    assert compare(named, pairs, {".".join(pair) for pair in pairs}) == ("agreed", ())


def test_explains_a_command():
    """The decompilation shows a person what the stream would do."""
    seen = second_reader(HOSTILE, DEFAULT_LIMITS)
    assert seen.source == "from posix import system\n_var0 = system('id')\nresult = _var0"
    assert seen.imports == (("posix", "system"),)
    assert seen.calls == ("system",)


def test_a_lacking_import_or_call_is_a_disagreement():
    """The second reader can only take something away, and says what."""
    seen = second_reader(HOSTILE, DEFAULT_LIMITS)
    assert compare(seen, {("os", "getcwd")}, set()) == ("disagreed", ("posix.system", "system()"))
    assert compare(seen, {("posix", "system")}, set()) == ("disagreed", ("system()",))
    assert compare(seen, {("posix", "system")}, {"posix.system"}) == ("agreed", ())
    assert compare(seen, {("posix", "system")}) == ("agreed", ())


def test_a_broken_stream_is_never_agreement():
    """What CPython would have run before the break is still seen, but no agreement is claimed."""
    seen = second_reader(HOSTILE[:-1] + b"\xff", DEFAULT_LIMITS)
    assert seen.status == "did-not-run"
    assert compare(seen, {("posix", "system")}, {"posix.system"}) == ("did-not-run", ())
    assert compare(seen, set(), set())[0] == "disagreed"


@pytest.mark.parametrize(
    ("stream", "fact"),
    [
        (b"", "the stream is empty"),
        (b"garbage", "stopped at byte 0"),
        (b"N.garbage", "stopped at byte 2"),
        (b"\x80\x02h\x09.", "it warned: Warning: malformed pickle file"),
        (b"(" * 20_000 + b".", "could not interpret"),
        (b"0.", "could not interpret"),
        (b"\x80\x02Nq\x00" + b"h\x00" * 100 + b".", "could not interpret"),
        (b"Pid\n.", "could not interpret"),
    ],
)
def test_where_it_gave_up_is_said(stream, fact):
    """An empty program, a warning or an exception of the library means: did not run."""
    seen = second_reader(stream, DEFAULT_LIMITS)
    assert seen.status == "did-not-run"
    assert fact in seen.detail


def test_stacked_streams_are_all_read():
    """Legacy torch files hold several streams: a command in the last one is seen."""
    seen = second_reader(pickle.dumps(1) + HOSTILE, DEFAULT_LIMITS)
    assert seen.status == "ran"
    assert seen.imports == (("posix", "system"),)


def test_a_program_that_is_endless_when_written_out_is_read_but_not_printed():
    """2**60 shared tuples, and a list that holds itself, cost neither time nor memory."""
    stream = b"\x80\x02)" + b"2\x86" * 60 + b"cposix\nsystem\n)R."
    seen = second_reader(stream, DEFAULT_LIMITS)
    assert seen.status == "ran"
    assert seen.imports == (("posix", "system"),)
    seen = second_reader(b"\x80\x02" + b")" + b"2\x86" * 60 + b".", DEFAULT_LIMITS)
    assert seen.source.startswith("# not decompiled")
    assert second_reader(b"\x80\x02]q\x00h\x00a.", DEFAULT_LIMITS).status == "ran"


def test_a_long_stream_is_not_sent():
    """The bound is checked before a process is started."""
    limits = replace(DEFAULT_LIMITS, second_reader_bytes=1)
    seen = second_reader(b"N.", limits)
    assert (seen.status, seen.detail) == ("did-not-run", "the stream has 2 bytes, more than 1")


@given(stream=st.binary(max_size=60) | st.binary(max_size=60).map(lambda body: HOSTILE[:-1] + body))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_reading(stream):
    """The task lets no exception of the library out, and reports in the shape that the parent checks."""
    result = fickling_task.read(stream)
    seen = _reading({"result": result, "room": []}, len(stream))
    assert "other types" not in seen.detail


@pytest.mark.parametrize(
    "change",
    [
        {"imports": [["os"]]},
        {"imports": [["os", 1]]},
        {"imports": {"os": "system"}},
        {"calls": ["a", 1]},
        {"problem": None},
        {"source": 1},
        {"severity": []},
        {"consumed": "1"},
    ],
)
def test_an_answer_of_another_shape_is_no_reading(change):
    """The child is not trusted with the types of its answer."""
    good = {"imports": [], "calls": [], "problem": "", "source": "", "severity": "", "consumed": 2}
    assert _reading({"result": good, "room": []}, 2).status == "ran"
    assert _reading({"result": {**good, **change}, "room": []}, 2).status == "did-not-run"


def test_an_answer_about_fewer_bytes_is_no_agreement():
    """Where fickling sees another end of the stream, it did not read what we read."""
    good = {"imports": [], "calls": [], "problem": "", "source": "", "severity": "", "consumed": 1}
    assert _reading({"result": good, "room": []}, 2).detail == "it read 1 of 2 bytes"
