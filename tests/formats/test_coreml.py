"""formats.coreml: custom and linked models are found at any depth."""

from __future__ import annotations

import pytest

from safeload.errors import FormatError
from safeload.formats import coreml
from safeload.formats.coreml import CoreMl, parse_coreml
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from tests.forge.protobuf import block, number


def parse(data: bytes) -> CoreMl:
    return parse_coreml(BytesView(data), DEFAULT_LIMITS)


def model(*parts: bytes) -> bytes:
    """A model of version 4."""
    return number(1, 4) + block(2, block(1, block(1, "in"))) + b"".join(parts)


CUSTOM = block(500, block(10, "MyLayer"))
NETWORK = block(1, block(1, "l") + CUSTOM)


def test_layers_that_are_classes_of_an_application() -> None:
    """In a network, in a branch of one, in a model of a pipeline."""
    assert parse(model(block(500, NETWORK))).custom == ("MyLayer",)
    branch = block(1, block(605, block(1, NETWORK)))
    assert parse(model(block(403, branch))).custom == ("MyLayer",)
    pipeline = block(202, block(1, model(block(303, NETWORK))))
    record = parse(model(pipeline))
    assert (record.custom, record.kinds) == (("MyLayer",), ("neuralNetworkRegressor", "pipeline"))


def test_custom_and_linked_models() -> None:
    """A model that is a class, and one that lies elsewhere."""
    assert parse(model(block(555, block(10, "MyModel")))).custom == ("MyModel",)
    file = block(1, block(1, "other.mlmodelc")) + block(2, block(1, "/tmp"))
    assert parse(model(block(556, block(1, file)))).linked == ("/tmp", "other.mlmodelc")


def test_a_plain_network() -> None:
    """Layers of Core ML's own name nothing."""
    record = parse(model(block(500, block(1, block(100, b"\xff")))))
    assert (record.version, record.custom, record.linked) == (4, (), ())


@pytest.mark.parametrize(
    ("data", "error"),
    [(block(500, b""), coreml.NoModel), (model(block(777, b"")), coreml.UnlistedField)],
)
def test_each_way_to_be_wrong(data: bytes, error: type[FormatError]) -> None:
    """No version, and a kind of model that is not known."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert type(caught.value) is error
