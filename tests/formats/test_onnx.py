"""formats.onnx: whole structure, values as many as dimensions say, and places outside the file."""

from __future__ import annotations

import numpy as np
import onnx as theirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from safeload.errors import FormatError, LimitExceeded
from safeload.formats import onnx, protobuf
from safeload.formats.onnx import Onnx, parse_onnx
from safeload.formats.onnx_schema import SCHEMA, TYPES
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.record import replace
from tests.forge.onnx import attribute, dims, entry, external, floats, graph, model, node, tensor
from tests.forge.protobuf import block, fixed32, number


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Onnx:
    return parse_onnx(BytesView(data), limits)


def holding(*tensors: bytes) -> bytes:
    """A model with these tensors."""
    return model(graph(node("Add"), initializers=tensors))


def test_the_table_is_that_of_the_reference() -> None:
    """Each field of each message has the number, name and wire type of the `onnx` package's descriptors."""
    wires = {1: 1, 2: 5, 3: 0, 4: 0, 5: 0, 9: 2, 11: 2, 12: 2, 14: 0}
    for name, fields in SCHEMA.items():
        descriptor = getattr(theirs, name).DESCRIPTOR
        assert {number: field for number, (field, _) in fields.items()} == {
            field.number: field.name for field in descriptor.fields
        }
        for field in descriptor.fields:
            kind = fields[field.number][1]
            ours = protobuf._WIRE.get(kind, 2)
            assert ours == wires[field.type], (name, field.name)
            if field.message_type is not None and kind != protobuf.SKIP:
                assert kind.rstrip("*") == field.message_type.name
                assert field.is_repeated == kind.endswith("*")
    assert {kind: name for kind, (name, _, _) in TYPES.items()} == {
        value: name for name, value in theirs.TensorProto.DataType.items() if value
    }


def test_an_honest_model_of_the_reference() -> None:
    """Operators of subgraphs, opsets, metadata and tensors of every plain type."""
    types = ["f4", "u1", "i1", "u2", "i2", "i4", "i8", "?", "f2", "f8", "u4", "u8", "c8", "c16"]
    tensors = [numpy_helper.from_array(np.zeros((2, 3), kind), kind) for kind in types]
    tensors.append(helper.make_tensor("typed", theirs.TensorProto.FLOAT16, [2], [1.0, 2.0]))
    tensors.append(helper.make_tensor("wide", theirs.TensorProto.COMPLEX64, [2], [1j, 2j]))
    tensors.append(helper.make_tensor("text", theirs.TensorProto.STRING, [2], [b"a", b"b"]))
    tensors.append(helper.make_tensor("none", theirs.TensorProto.FLOAT, [0, 4], []))
    inner = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "inner", [], [])
    nodes = [helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner)]
    built = helper.make_model(helper.make_graph(nodes, "g", [], [], tensors), producer_name="forge")
    helper.set_model_props(built, {"k": "v"})
    record = parse(built.SerializeToString())
    assert record.operators == {("", "If"), ("", "Identity")}
    assert (record.producer, record.metadata, record.external) == ("forge", {"k": "v"}, ())
    assert record.opsets[""] == built.opset_import[0].version


def test_operators_of_every_place() -> None:
    """Functions, attributes of nodes and training graphs hold nodes, too."""
    inner = attribute("g", block(6, graph(node("A", "d"))))
    many = attribute("g", block(11, graph(node("B"))), block(11, graph(node("C"))))
    function = block(1, "F") + block(10, "mine") + block(7, node("D"))
    training = block(1, graph(node("E"))) + block(2, graph(node("G")))
    record = parse(
        model(
            graph(node("Loop", "", inner, many), node("F", "mine")), block(25, function), block(20, training)
        )
    )
    assert {name for _, name in record.operators} == {"Loop", "A", "B", "C", "F", "D", "E", "G"}
    assert record.functions == {("mine", "F")}


def test_places_outside() -> None:
    """Ranges come with their file; where no length is given, it follows from the dimensions."""
    first = external("a", 4, location="w/x.bin", offset=4096, length=16)
    record = parse(holding(first, external("b", 2, location="w/x.bin"), external("c", 0, location="y")))
    assert record.claims == {"w/x.bin": ((4096, 4112), (0, 8)), "y": ((0, 0),)}


def test_an_attribute_may_hold_a_tensor_outside() -> None:
    """A place is found wherever a tensor may stand."""
    inner = attribute("t", block(5, external("a", 1, location="../x")))
    assert list(parse(model(graph(node("Constant", "", inner)))).claims) == ["../x"]
    sparse = block(1, external("v", 1, location="/abs"))
    assert list(parse(model(graph(node("A")) + block(15, sparse))).claims) == ["/abs"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (number(1, 8), onnx.NoGraph),
        (block(7, b""), onnx.NoGraph),
        (holding(tensor("t", kind=99)), onnx.UnknownTensorType),
        (holding(tensor("t", kind=0)), onnx.UnknownTensorType),
        (holding(tensor("t", dims(-1))), onnx.BadDimension),
        (holding(tensor("t", dims(1 << 62, 4))), onnx.BadDimension),
        (holding(tensor("t", dims(1 << 62, 4, 0))), onnx.BadDimension),
        (holding(tensor("t", dims(2))), onnx.DataLengthMismatch),
        (holding(tensor("t", dims(2), block(9, bytes(7)))), onnx.DataLengthMismatch),
        (holding(tensor("t", dims(2), fixed32(4, 1))), onnx.DataLengthMismatch),
        (holding(tensor("t", dims(1), block(7, b"\x01"))), onnx.DataLengthMismatch),
        (holding(tensor("t", dims(1), block(9, b"a"), kind=8)), onnx.DataLengthMismatch),
        (holding(tensor("t", dims(1), block(9, bytes(4)), fixed32(4, 1))), onnx.DataInTwoPlaces),
        (holding(tensor("t", dims(1), block(9, bytes(4)), number(14, 1))), onnx.DataInTwoPlaces),
        (
            holding(tensor("t", dims(1), block(9, bytes(4)), block(13, entry("location", "x")))),
            onnx.DataInTwoPlaces,
        ),
        (holding(tensor("t", dims(1), number(14, 1))), onnx.BadExternalData),
        (holding(external("t", 1, offset=0)), onnx.BadExternalData),
        (holding(external("t", 1, location="x", offset=-1)), onnx.BadExternalData),
        (holding(external("t", 1, location="x", length="0x4")), onnx.BadExternalData),
        (holding(external("t", 1, location="x", length=5)), onnx.DataLengthMismatch),
        (
            holding(tensor("t", dims(1), block(13, entry("location", "x")) * 2, number(14, 1))),
            onnx.BadExternalData,
        ),
        (
            holding(tensor("t", dims(1), block(13, entry("location", "x")), number(14, 1), kind=8)),
            onnx.BadExternalData,
        ),
        (holding(external("t", 1, location="x", mode="rw")), onnx.UnlistedField),
        (model(None, number(99, 1)), onnx.UnlistedField),
    ],
)
def test_each_way_to_be_wrong(data: bytes, error: type[FormatError]) -> None:
    """Models with one thing wrong."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert type(caught.value) is error


def test_too_many_tensors_outside() -> None:
    """The budget of tensors holds for those outside."""
    with pytest.raises(LimitExceeded):
        parse(holding(*[external("t", 1, location="x")] * 3), replace(DEFAULT_LIMITS, safetensors_tensors=2))


def test_graphs_in_graphs() -> None:
    """Subgraphs nest as deep as the budget, and no deeper; nothing recurses."""
    inner = graph(node("A"))
    for _ in range(60):
        inner = graph(node("Loop", "", attribute("g", block(6, inner))))
    with pytest.raises(protobuf.MessagesTooDeep):
        parse(model(inner))


@given(st.lists(st.sampled_from(["f4", "i8", "u1", "f2", "?"]), max_size=4), st.integers(0, 5), st.data())
@settings(max_examples=60, deadline=None)
def test_every_cut_of_an_honest_model(kinds: list[str], size: int, choice: st.DataObject) -> None:
    """The whole parses as the reference reads it; a part of it parses or is a FormatError."""
    tensors = [numpy_helper.from_array(np.zeros((size, 2), kind), str(at)) for at, kind in enumerate(kinds)]
    nodes = [helper.make_node("Add", ["a", "b"], ["c"], domain="com.x", alpha=1.5, axes=[1, 2])]
    data = helper.make_model(helper.make_graph(nodes, "g", [], [], tensors)).SerializeToString()
    assert parse(data).operators == {("com.x", "Add")}
    try:
        parse(data[: choice.draw(st.integers(0, len(data)))])
    except FormatError:
        return


def test_floats_of_the_forge_are_those_of_the_reference() -> None:
    """The forge's own encoder is read by the reference as it was meant."""
    read = theirs.TensorProto.FromString(floats("w", 1.0, 2.5))
    assert numpy_helper.to_array(read).tolist() == [1.0, 2.5]
