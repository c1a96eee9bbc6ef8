"""scanners.data_format, tfrecord, sentencepiece, tf_checkpoint, tflite, coreml: named, read or refused."""

from __future__ import annotations

import base64
import struct

import pytest

from safeload.core import Coverage, Location
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.families import TABLES, UNREAD, UNREAD_PROGRAMS
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.scanners import (
    ScanResult,
    Subject,
    coreml,
    data_format,
    sentencepiece,
    tf_checkpoint,
    tflite,
    tfrecord,
)
from tests.forge.protobuf import block, number
from tests.forge.sentencepiece import small_model, vocabulary
from tests.forge.tensorflow import header, index, small_index
from tests.forge.tensorflow import tfrecord as records
from tests.forge.tflite import model as tflite_model


def subject(data: bytes, kind: str, name: str = "file") -> Subject:
    return Subject(view=BytesView(data), location=Location(artifact=name), format=kind)


def kinds(result: ScanResult) -> list[str]:
    return [fact.kind for fact in result.facts]


@pytest.mark.parametrize("kind", sorted(UNREAD))
def test_data_that_nobody_reads(kind: str) -> None:
    """Named, unknown, and not loadable."""
    result = data_format.scan(subject(b"", kind), DEFAULT_LIMITS)
    assert (result.coverage, kinds(result)) == (Coverage.UNRECOGNISED, ["format.not-loadable"])


@pytest.mark.parametrize("kind", sorted(UNREAD_PROGRAMS))
def test_formats_that_hold_code(kind: str) -> None:
    """Named as programs, each with its reason."""
    result = data_format.scan(subject(b"", kind), DEFAULT_LIMITS)
    assert (result.coverage, kinds(result)) == (Coverage.UNRECOGNISED, ["format.executable"])
    assert result.facts[0].data["detail"]


def parquet(footer: bytes) -> bytes:
    return b"PAR1" + bytes(40) + footer + struct.pack("<I", len(footer)) + b"PAR1"


def arrow(footer: bytes) -> bytes:
    return b"ARROW1\0\0" + bytes(40) + footer + struct.pack("<I", len(footer)) + b"ARROW1"


SQLITE = b"SQLite format 3\0" + struct.pack(">H", 4096) + bytes(4096 - 18)
WEIGHTS = bytes(128)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"CBM1" + struct.pack("<I", 40) + bytes(40), "catboost"),
        (b"\xba\x16\x4f\x2f" + struct.pack("<2i", 12, 100), "fasttext"),
        (b"2 3\n" + b"ab " + bytes(12) + b"c " + bytes(11), "word2vec"),
        (parquet(b"schema"), "parquet"),
        (arrow(b"schema"), "arrow"),
        (SQLITE, "sqlite"),
        (WEIGHTS, "coreml-weights"),
    ],
)
def test_tables(data: bytes, kind: str) -> None:
    """Tables whose frame fits are scanned, and not loadable; cut short they are broken."""
    assert kind in TABLES
    result = data_format.scan(subject(data, kind), DEFAULT_LIMITS)
    assert (result.coverage, kinds(result)) == (Coverage.SCANNED, ["format.not-loadable"])
    with pytest.raises(FormatError):
        data_format.scan(subject(data[:-1], kind), DEFAULT_LIMITS)


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1PAR1", b"PAR1\xff\xff\xff\xffPAR1", b"PAR1" + bytes(9)])
def test_a_footer_that_does_not_fit(data: bytes) -> None:
    """No room for a length, a length past the beginning, another end."""
    with pytest.raises(FormatError):
        data_format.scan(subject(data, "parquet"), DEFAULT_LIMITS)


@pytest.mark.parametrize("shift", range(3))
def test_arrow_types_that_are_unpickled(shift: int) -> None:
    """CVE-2023-47248: https://nvd.nist.gov/vuln/detail/CVE-2023-47248. In the schema, and in base64 of it."""
    name = b"ARROW:extension:name" + bytes(4) + b"arrow.py_extension_type" + bytes(40)
    packed = base64.b64encode(bytes(shift) + name)
    for data, kind in ((arrow(name), "arrow"), (parquet(b"ARROW:schema" + packed + b"x"), "parquet")):
        result = data_format.scan(subject(data, kind), DEFAULT_LIMITS)
        assert kinds(result) == ["format.not-loadable", "format.executable"]


def test_records_of_a_log() -> None:
    """Walked to the end; a log is no data set, and a data set is not loadable."""
    data = records(b"a", b"", b"abc" * 9)
    assert tfrecord.scan(subject(data, "tfrecord", "events.out.tfevents.1"), DEFAULT_LIMITS).facts == ()
    assert kinds(tfrecord.scan(subject(data, "tfrecord", "x"), DEFAULT_LIMITS)) == ["format.not-loadable"]
    for broken in (data[:-1], data + b"\0", data[:8] + b"\0" + data[9:], data + bytes(16)):
        with pytest.raises(FormatError):
            tfrecord.scan(subject(broken, "tfrecord"), DEFAULT_LIMITS)
    with pytest.raises(LimitExceeded):
        tfrecord.scan(subject(data, "tfrecord"), replace(DEFAULT_LIMITS, tfrecord_records=2))


def test_a_vocabulary() -> None:
    """Scanned without a fact; a later version's field is unknown."""
    result = sentencepiece.scan(subject(small_model(), "sentencepiece"), DEFAULT_LIMITS)
    assert (result.coverage, result.facts) == (Coverage.SCANNED, ())
    newer = sentencepiece.scan(subject(vocabulary() + block(9, b""), "sentencepiece"), DEFAULT_LIMITS)
    assert newer.coverage is Coverage.UNRECOGNISED


def test_an_index() -> None:
    """Scanned, with a record that claims the shards of its own name; newer ones are unknown."""
    result = tf_checkpoint.scan(
        subject(small_index(), "tf-checkpoint-index", "a/ckpt-1.index"), DEFAULT_LIMITS
    )
    assert list(result.record.claims) == ["ckpt-1.data-00000-of-00001"]  # type: ignore[attr-defined]
    newer = index(head=header() + number(9, 1))
    found = tf_checkpoint.scan(subject(newer, "tf-checkpoint-index", "x.index"), DEFAULT_LIMITS)
    assert (found.coverage, found.record) == (Coverage.UNRECOGNISED, None)


@pytest.mark.parametrize(
    ("names", "details"),
    [
        ((), []),
        (("FlexErf", "TFLite_Detection_PostProcess"), []),
        (("FlexReadFile",), ["the operator FlexReadFile reads files"]),
        (("FlexMine",), ["the operator FlexMine is native code of an application"]),
        (("Mine",), ["the operator Mine is native code of an application"]),
    ],
)
def test_operators_outside_tflite(names: tuple[str, ...], details: list[str]) -> None:
    """Those of TensorFlow are judged as such, those of an application are code."""
    result = tflite.scan(subject(tflite_model(*names), "tflite"), DEFAULT_LIMITS)
    assert [fact.data.get("detail") for fact in result.facts[1:]] == details


def test_classes_and_models_outside_core_ml() -> None:
    """A custom model is a program, a linked one leads elsewhere, a plain one is neither."""
    head = number(1, 4)
    custom = coreml.scan(subject(head + block(555, block(10, "Mine")), "coreml"), DEFAULT_LIMITS)
    assert kinds(custom) == ["format.not-loadable", "format.executable"]
    place = block(1, block(1, block(1, "x")))
    assert kinds(coreml.scan(subject(head + block(556, place), "coreml"), DEFAULT_LIMITS))[1:] == [
        "config.redirect"
    ]
    assert len(kinds(coreml.scan(subject(head + block(900, b""), "coreml"), DEFAULT_LIMITS))) == 1
    newer = coreml.scan(subject(head + block(999, b""), "coreml"), DEFAULT_LIMITS)
    assert newer.coverage is Coverage.UNRECOGNISED
