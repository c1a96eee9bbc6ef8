"""Scanners of plain documents, programs, pointers and shard indexes; and the real checkpoint's kinds."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Location
from safeload.errors import FormatError
from safeload.formats.identify import identify
from safeload.formats.shard_index import ShardIndex, path_problem
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import (
    ScanResult,
    Subject,
    json_document,
    lfs_pointer,
    media,
    program,
    shard_index,
    text,
)

INDEX = "model.safetensors.index.json"


def subject(data: bytes, name: str = "file") -> Subject:
    view = BytesView(data)
    return Subject(view=view, location=Location(artifact=name), format=identify(view, name).format or "")


def index(shards: str) -> ScanResult:
    return shard_index.scan(subject(shards.encode(), INDEX), DEFAULT_LIMITS)


def test_text_is_read_to_its_end() -> None:
    """Text is SCANNED; a NUL or a byte that is not UTF-8 behind the identified part is a FormatError."""
    good = "Ünïcode\n".encode() * 20_000
    assert text.scan(subject(good), DEFAULT_LIMITS).coverage is Coverage.SCANNED
    for tail in (b"\x00", b"\xff", b"\xc3"):
        with pytest.raises(FormatError):
            text.scan(subject(good + tail), DEFAULT_LIMITS)


def test_programs_are_facts() -> None:
    """A native binary is named, with the fact of its kind."""
    [fact] = program.scan(subject(b"\x7fELF\x02", "a.so"), DEFAULT_LIMITS).facts
    assert (fact.kind, fact.data["format"]) == ("code.native", "elf")


def test_media_is_named_only() -> None:
    """A picture is SCANNED without a fact."""
    result = media.scan(subject(b"\x89PNG\r\n\x1a\n", "a.png"), DEFAULT_LIMITS)
    assert (result.coverage, result.facts) == (Coverage.SCANNED, ())


def test_a_pointer_is_not_clean() -> None:
    """A pointer in place of weights ends as UNRECOGNISED, with the reason."""
    data = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"
    found = subject(data, "model.safetensors")
    assert found.format in lfs_pointer.FORMATS
    result = lfs_pointer.scan(found, DEFAULT_LIMITS)
    assert result.coverage is Coverage.UNRECOGNISED
    assert "missing" in result.reason


def test_json_documents() -> None:
    """A document is read strictly and its behaviour keys are facts."""
    result = json_document.scan(subject(b'{"a": [{"_target_": "os.system"}]}'), DEFAULT_LIMITS)
    assert [fact.location.key for fact in result.facts] == ["a.0._target_"]
    with pytest.raises(FormatError):
        json_document.scan(subject(b'{"a": 1, "a": 2}'), DEFAULT_LIMITS)


def test_not_a_number_in_a_log() -> None:
    """Training logs hold NaN and infinities; behaviour keys beside them are found all the same."""
    data = b'{"log": [{"grad_norm": NaN, "loss": -Infinity, "x": 1e999}], "auto_map": {"a": "b"}}'
    result = json_document.scan(subject(data), DEFAULT_LIMITS)
    assert [fact.kind for fact in result.facts] == ["config.remote-code"]


def test_text_of_unknown_encoding() -> None:
    """It is read to its end, and nothing but a NUL shows that it is no text."""
    data = b"caf\xe9 au lait\n" * 10_000
    assert text.scan(subject(data), DEFAULT_LIMITS).coverage is Coverage.SCANNED
    with pytest.raises(FormatError):
        text.scan(subject(data + b"\0"), DEFAULT_LIMITS)


def test_an_honest_index() -> None:
    """Shards with plain names of the index's own kind: a record, no fact."""
    result = index('{"metadata": {}, "weight_map": {"b": "m-2.safetensors", "a": "m-1.safetensors"}}')
    assert result.facts == ()
    assert isinstance(result.record, ShardIndex)
    assert result.record.shards == ("m-1.safetensors", "m-2.safetensors")
    assert dict(result.record.weight_map) == {"b": "m-2.safetensors", "a": "m-1.safetensors"}


@pytest.mark.parametrize(
    "name",
    ["../x.safetensors", "/x.safetensors", "a/x.safetensors", "a\\\\x.safetensors", "x.bin", "x", "",
     ".safetensors", "x.safetensors\\n", "x.safetensors\\u0000", "\\u00e9.safetensors", "x.SAFETENSORS",
     "C:x.safetensors"],
)  # fmt: skip
def test_an_index_that_leads_elsewhere(name: str) -> None:
    """A shard name that is no plain name of a .safetensors file is a fact, and resolves nothing."""
    result = index(f'{{"weight_map": {{"a": "{name}"}}}}')
    assert [fact.kind for fact in result.facts] == ["index.path"]
    assert result.record is None


def test_the_kind_of_an_index_is_its_own() -> None:
    """A pickle index names .bin files, a safetensors index names .safetensors files."""
    assert path_problem("x.bin", "bin") is None
    assert path_problem("x.bin", "safetensors") is not None


@pytest.mark.parametrize("data", ["[]", "{}", '{"weight_map": []}', '{"weight_map": {"a": 1}}', "{"])
def test_what_is_no_index(data: str) -> None:
    """JSON of another shape is a FormatError."""
    with pytest.raises(FormatError):
        index(data)
