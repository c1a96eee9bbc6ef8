"""Files that others claim: accounted for as a whole, or not at all. Through the whole pipeline."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import pytest

from safeload.pipeline import audit
from tests.forge.onnx import external, graph, model, node
from tests.forge.tensorflow import asset, saved_model, small_index
from tests.forge.tensorflow import graph as tf_graph
from tests.forge.tensorflow import node as tf_node

if TYPE_CHECKING:
    from pathlib import Path

DATA = bytes(range(128, 256)) * 4
"""512 bytes of no format."""


class Result(NamedTuple):
    """What an audit said."""

    kinds: dict[str, tuple[str | None, str]]
    """Path to format and coverage."""
    denials: set[str]
    reasons: dict[str, str]
    messages: list[str]


def look(folder: Path, **files: bytes) -> Result:
    """Audit a folder of these files; two underscores in a name stand for a dot."""
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    decision = audit(folder, policy="default").decision
    return Result(
        {item.location.name: (item.format, item.coverage.value) for item in decision.artifacts},
        {reason.finding.rule for reason in decision.denials},
        {item.location.name: item.reason for item in decision.artifacts},
        [reason.finding.message for reason in decision.denials],
    )


def onnx(*places: tuple[int, int], location: str = "w.data") -> bytes:
    """A model whose tensors are so many floats at such offsets."""
    tensors = (
        external(f"t{at}", size, location=location, offset=offset, length=4 * size)
        for at, (offset, size) in enumerate(places)
    )
    return model(graph(node("Add"), initializers=tuple(tensors)))


def test_values_of_an_onnx_model(tmp_path: Path) -> None:
    """Ranges that cover the file, in any order, make it raw tensor data; nothing is denied."""
    found = look(tmp_path, m__onnx=onnx((256, 64), (0, 64)), w__data=DATA)
    assert found.kinds["w.data"] == ("raw-tensor", "scanned")
    assert found.denials == set()


def test_large_values_are_not_read_in_a_hurry(tmp_path: Path) -> None:
    """Under `--quick` a claimed file that is not kept in memory ends as not read."""
    size = 5 << 20
    with (tmp_path / "w.data").open("wb") as file:
        file.write(DATA)
        file.truncate(size)
    (tmp_path / "m.onnx").write_bytes(onnx((0, size // 4)))
    for quick, coverage in ((False, "scanned"), (True, "not-read")):
        (found,) = (
            item
            for item in audit(tmp_path, policy="default", quick=quick).artifacts
            if item.format == "raw-tensor"
        )
        assert found.coverage.value == coverage


def test_two_models_share_a_file(tmp_path: Path) -> None:
    """What one leaves, the other takes; the same range may serve both."""
    large = DATA * 400
    both = look(
        tmp_path, a__onnx=onnx((0, 30_000)), b__onnx=onnx((120_000, len(large) // 4 - 30_000)), w__data=large
    )
    assert both.kinds["w.data"] == ("raw-tensor", "scanned")
    (tmp_path / "b.onnx").unlink()
    alone = look(tmp_path)
    assert alone.kinds["w.data"] == (None, "unrecognised")
    assert "belong to no tensor" in alone.reasons["w.data"]
    assert "artifact.unrecognised" in alone.denials


def test_without_a_claim(tmp_path: Path) -> None:
    """The same bytes beside a model that does not name them are unrecognised."""
    found = look(tmp_path, m__onnx=onnx((0, 128), location="other.data"), w__data=DATA, other__data=DATA)
    assert found.kinds["w.data"] == (None, "unrecognised")


@pytest.mark.parametrize(("offset", "size"), [(0, 129), (512, 1), (1 << 40, 1)])
def test_a_range_past_the_end(tmp_path: Path, offset: int, size: int) -> None:
    """A tensor that reaches behind the file is said, and the file is not accounted for."""
    found = look(tmp_path, m__onnx=onnx((0, 128), (offset, size)), w__data=DATA)
    assert {"index.incomplete", "artifact.unrecognised"} <= found.denials


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    """Values that are not there are said."""
    found = look(tmp_path, m__onnx=onnx((0, 1)))
    assert found.messages == ["the file is missing: w.data"]


def test_a_pickle_stays_a_pickle(tmp_path: Path) -> None:
    """Whoever claims it: a stream that would run is judged as that."""
    stream = b"cos\nsystem\n(S'echo marker'\ntR.".ljust(512, b"\0")
    found = look(tmp_path, m__onnx=onnx((0, 128)), w__data=stream)
    assert found.kinds["w.data"][0] == "pickle"
    assert "pickle.dangerous-global" in found.denials


def test_a_program_stays_a_program(tmp_path: Path) -> None:
    """A library that is claimed as values is a library."""
    found = look(tmp_path, m__onnx=onnx((0, 128)), w__data=b"\x7fELF".ljust(512, b"\0"))
    assert "code.native-binary" in found.denials


def test_an_escape_claims_nothing(tmp_path: Path) -> None:
    """A model with one place outside the folder accounts for no file at all."""
    places = (external("a", 128, location="w.data"), external("b", 1, location="../x"))
    found = look(tmp_path, m__onnx=model(graph(node("Add"), initializers=places)), w__data=DATA)
    assert {"index.path-escape", "artifact.unrecognised"} <= found.denials


def test_shards_of_a_tensorflow_checkpoint(tmp_path: Path) -> None:
    """The index names them by its own name."""
    (tmp_path / "model.data-00000-of-00001").write_bytes(DATA[:32])
    found = look(tmp_path, model__index=small_index())
    assert found.kinds["model.data-00000-of-00001"] == ("raw-tensor", "scanned")
    assert found.denials == set()
    (tmp_path / "model.data-00000-of-00001").write_bytes(DATA[:31])
    found = look(tmp_path)
    assert "a tensor ends at byte 32 of a file of 31 bytes: model.data-00000-of-00001" in found.messages
    assert "ends at byte 32 of 31" in found.reasons["model.data-00000-of-00001"]


def test_assets_of_a_saved_model(tmp_path: Path) -> None:
    """A file that the graph opens has to be there, in its own folder."""
    data = saved_model(tf_graph(tf_node("Add")), asset("vocab.txt"))
    assert look(tmp_path, saved_model__pb=data).messages == ["the file is missing: assets/vocab.txt"]
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "vocab.txt").write_text("a\n")
    assert look(tmp_path).denials == set()


IR = (
    b'<?xml version="1.0"?>\n<net name="m" version="11">\n<layers>\n'
    b'<layer id="0" name="w" type="Const" version="%s">\n'
)
CONST = b'<data element_type="f32" shape="64" offset="%d" size="256" />\n'


def test_values_of_an_openvino_network(tmp_path: Path) -> None:
    """The XML says which bytes of the file beside it are values; an extension's layers are code."""
    xml = IR % b"opset1" + CONST % 0 + CONST % 256 + b"</layer></layers></net>\n"
    found = look(tmp_path, m__xml=xml, m__bin=DATA)
    assert found.kinds == {"m.bin": ("raw-tensor", "scanned"), "m.xml": ("text", "scanned")}
    assert found.denials == set()
    foreign = look(tmp_path, m__xml=xml.replace(b"opset1", b"acme_opset"))
    assert foreign.denials == {"format.executable"}


def test_other_xml_claims_nothing(tmp_path: Path) -> None:
    """A document that is no network leaves the file beside it as it is."""
    found = look(tmp_path, m__xml=b"<svg>" + CONST % 0 + CONST % 256 + b"</svg>\n", m__bin=DATA)
    assert found.kinds["m.bin"] == (None, "unrecognised")


def test_padding_is_shorter_than_an_alignment(tmp_path: Path) -> None:
    """What lies between tensors may be padding up to the largest alignment, and no more."""
    small = look(tmp_path, m__onnx=onnx((0, 1), (65_536, 1)), w__data=DATA * 128 + struct.pack("<f", 1))
    assert small.kinds["w.data"] == ("raw-tensor", "scanned")
    large = look(tmp_path, m__onnx=onnx((0, 1), (65_540, 1)), w__data=DATA * 128 + bytes(8))
    assert large.kinds["w.data"] == (None, "unrecognised")
