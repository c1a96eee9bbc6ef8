"""TensorFlow and Flax checkpoints as torch names and layouts: pure renaming, no data is touched.

Transcribes how transformers 4 wrote `tf_model.h5` (Keras' `save_weights`, or one flat file per shard) and
`flax_model.msgpack`, and how it read them into torch:

    TensorFlow  `<layer>/<model>/bert/encoder/layer_._0/attention/self/query/kernel:0`
    Flax        `bert.encoder.layer.0.attention.self.query.kernel`
    torch       `bert.encoder.layer.0.attention.self.query.weight`

A kernel of two dimensions is stored transposed, one of a convolution with its channels last. The result
is the same bytes under another shape and stride, so nothing is copied here. Names that both frameworks
share with torch are left as they are: what fits no parameter is reported as unexpected, as always.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import FormatError
from safeload.formats.tensors import TensorEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeload.formats.hdf5 import Hdf5
    from safeload.formats.msgpack import Msgpack

_SCOPE = re.compile(r"/[^/]*___([^/]*)/")
"""`/mlm___cls/`: Keras put a variable of `cls` under another layer's name."""
_LAST = {"kernel": "weight", "embeddings": "weight", "gamma": "weight", "beta": "bias",
         "moving_mean": "running_mean", "moving_variance": "running_var"}  # fmt: skip
_LAST_FLAX = {"kernel": "weight", "scale": "weight", "embedding": "weight"}
_KERNEL_AXES = {2: (1, 0), 3: (2, 1, 0), 4: (3, 2, 0, 1)}
"""Where each axis of torch's weight stands in a kernel: dense, convolution in one and in two dimensions."""


class NotKerasWeights(FormatError):
    """An HDF5 file that is not what `save_weights` of Keras writes."""


class NamesCollide(FormatError):
    """Two tensors whose names mean the same parameter."""


class InPieces(FormatError):
    """An array that Flax has cut into pieces, between which other bytes stand."""


def from_tensorflow(record: Hdf5) -> tuple[dict[str, TensorEntry], dict[str, list[TensorEntry]]]:
    """Tensors of a Keras weight file by their torch names, and further copies of some of them.

    Keras writes a variable once for each layer that uses it, so tied embeddings stand in the file twice.
    Which copy a reader takes is its own affair: whoever loads the tensor has to find them equal.

    Raises:
        FormatError: the file has another layout, or two names mean the same.
    """
    layers = record.attributes.get("", {}).get("layer_names")
    if not isinstance(layers, (tuple, list)):
        raise NotKerasWeights("the file has no layer_names, which Keras writes for weights")
    found: dict[str, TensorEntry] = {}
    copies: dict[str, list[TensorEntry]] = {}
    variables: dict[str, str] = {}
    for path, entry in record.tensors.items():
        # a shard of transformers has its variables under their own names, without a layer in front
        name = path if path in layers else path.partition("/")[2]
        levels = _SCOPE.sub(r"/\1/", name.partition(":")[0]).replace("_._", "/").split("/")
        levels = [level for level in (levels if path in layers else levels[1:]) if level]
        if not levels:
            raise NotKerasWeights(f"{visible(path)} is no name of a variable")
        again = _named(levels, _LAST)
        if variables.get(again) == name and (found[again].dtype, found[again].shape) == (
            entry.dtype,
            _turned(entry, levels).shape,
        ):
            copies.setdefault(again, []).append(_turned(entry, levels))
            continue
        _add(found, levels, _LAST, entry)
        variables[again] = name
    return found, copies


def from_flax(record: Msgpack) -> dict[str, TensorEntry]:
    """Tensors of a Flax checkpoint by their torch names.

    Raises:
        FormatError: an array lies in pieces, or two names mean the same.
    """
    if record.chunked:
        raise InPieces(f"{visible(next(iter(record.chunked)))} has more than 2**30 bytes and lies in pieces")
    found: dict[str, TensorEntry] = {}
    for path, entry in record.tensors.items():
        levels = path.split(".")
        # a train state, or variables with their collection: what the model itself calls params
        _add(found, levels[1:] if levels[0] == "params" else levels, _LAST_FLAX, entry)
    return found


def _named(levels: Sequence[str], last: Mapping[str, str]) -> str:
    """The torch name."""
    return ".".join([*levels[:-1], last.get(levels[-1], levels[-1])])


def _add(
    found: dict[str, TensorEntry], levels: Sequence[str], last: Mapping[str, str], entry: TensorEntry
) -> None:
    name = _named(levels, last)
    if name in found:
        raise NamesCollide(f"two tensors are both called {visible(name)}")
    found[name] = _turned(entry, levels)


def _turned(entry: TensorEntry, levels: Sequence[str]) -> TensorEntry:
    """A kernel with the axes of torch's weight. What is no kernel, or has another rank, stays as it is.

    Of a weight norm in TensorFlow only the lengths stand differently: along the first axis, not the last.
    The biases of GPT-2 have a first axis there, and no other framework's biases have two.
    """
    if levels[-1] == "bias" and len(entry.shape) == 2 and entry.shape[0] == 1:
        return TensorEntry(entry.dtype, entry.shape[1:], entry.offset)
    if levels[-1] == "weight_g" and len(entry.shape) == 3 and entry.shape[1:] == (1, 1):
        return TensorEntry(entry.dtype, entry.shape[::-1], entry.offset)
    axes = _KERNEL_AXES.get(len(entry.shape)) if levels[-1] == "kernel" else None
    if axes is None:
        return entry
    stride = [1] * len(entry.shape)
    for axis in range(len(entry.shape) - 1, 0, -1):
        stride[axis - 1] = stride[axis] * max(entry.shape[axis], 1)
    return TensorEntry(
        entry.dtype,
        tuple(entry.shape[axis] for axis in axes),
        entry.offset,
        tuple(stride[axis] for axis in axes),
    )
