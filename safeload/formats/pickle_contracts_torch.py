"""Contracts for what torch.save writes: tensors, parameters, storages, dtypes, devices.

A tensor is accepted only as a strided range that lies inside its storage. The check is torch's own
(`offset + sum((size - 1) * stride) < numel`), in Python's unbounded integers, so that nothing can wrap
around. A tensor whose bits ask for a conjugate or a negation becomes a record: its bytes alone are another
tensor. What is no strided tensor stands in `pickle_contracts_torch_special` and `_sparse`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import INT64_MAX, Contract, Refused, is_int, is_literal, listed
from safeload.formats.pickle_trace import (
    DeviceValue,
    DtypeValue,
    GlobalRef,
    InertRecord,
    LayoutValue,
    OrderedDictValue,
    SizeValue,
    StorageRef,
    TensorSpec,
    TextValue,
)
from safeload.formats.tensors import ITEM_BITS

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Arguments, Key, Scene

_STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
}  # fmt: skip
QUANTIZED = {"QInt8Storage": "qint8", "QUInt8Storage": "quint8", "QInt32Storage": "qint32"}
"""Storage types of quantised tensors. Those of several elements per byte are not among them."""
_LAYOUTS = frozenset(
    {
        "torch.strided", "torch.sparse_coo", "torch.sparse_csr", "torch.sparse_csc", "torch.sparse_bsr",
        "torch.sparse_bsc",
    }
)  # fmt: skip
_DEVICE_KINDS = frozenset({"cpu", "cuda", "mps", "xpu", "xla", "hpu", "npu", "meta"})
UNTYPED = "untyped"
"""The `storage` of UntypedStorage's contract: bytes without a dtype."""


def persistent_storage(pid: object, scene: Scene) -> StorageRef:
    """The storage behind a persistent id, the same object for the same key.

    Raises:
        Refused: it is not exactly `("storage", StorageType, key, location, numel)`.
    """
    if type(pid) is not tuple or len(pid) != 5:
        raise Refused("a persistent id is no tuple of five")
    tag, kind, key, location, numel = pid
    if type(tag) is not str or tag != "storage":
        raise Refused("a persistent id does not start with 'storage'")
    contract = kind.contract if type(kind) is GlobalRef else None
    dtype = contract.storage if isinstance(contract, Contract) else None
    quantized = contract.quantized if isinstance(contract, Contract) else None
    if quantized is not None:
        dtype = quantized.removeprefix("q")
    if dtype is None:
        raise Refused("a persistent id names no storage type")
    if type(key) is not str or len(key) > 20 or not (key.isascii() and key.isdigit()):
        raise Refused("a storage key is not made of digits")
    if type(numel) is not int or not 0 <= numel <= INT64_MAX:
        raise Refused("a storage's number of elements is no count")
    known = scene.storages.get(key)
    untyped = dtype == UNTYPED
    if untyped:
        dtype = "uint8"
    if known is not None:
        if (
            known.dtype != dtype
            or known.numel != numel
            or known.location != location
            or untyped is not (key in scene.untyped)
            or quantized != scene.quantized.get(key)
        ):
            raise Refused(f"storage {key} is described twice, differently")
        return known
    if type(location) is not str or len(location) > 64 or not location.isprintable():
        raise Refused("a storage's location is no device name")
    if untyped:
        scene.untyped.add(key)
    if quantized is not None:
        scene.quantized[key] = quantized
    ref = scene.storages[key] = StorageRef(dtype, key, location, numel)
    return ref


def legacy_storage(pid: object, scene: Scene) -> object:
    """The same for the format before zip, whose persistent ids have a sixth field: a view of the storage.

    A class of a whole module comes as `("module", class, file, source)`. torch gives back the class, after
    comparing the source with its own to warn of changes; the texts are dropped here.

    Raises:
        Refused: it is neither that nor exactly `("storage", StorageType, key, location, numel, None)`.
    """
    if type(pid) is tuple and len(pid) == 4 and type(pid[0]) is str and pid[0] == "module":
        contract = listed(pid[1])
        if (
            contract is None
            or not contract.record
            or not all(type(text) in (str, type(None)) for text in pid[2:])
        ):
            raise Refused("a persistent id names no class of a pack, with its file and source")
        return pid[1]
    if type(pid) is not tuple or len(pid) != 6:
        raise Refused("a persistent id is no tuple of six")
    if pid[5] is not None:
        # A key of its own for a part of another storage: torch's writers have left it None for years.
        raise Refused("a storage is a view of another one")
    return persistent_storage(pid[:5], scene)


def check_hooks(value: object) -> None:
    """Hold the backward hooks of a tensor to none.

    Raises:
        Refused: there are some, or it is no OrderedDict.
    """
    if type(value) is not OrderedDictValue or value or value.metadata is not None:
        raise Refused("backward hooks are no empty OrderedDict")
    value.sealed = True


def check_extent(offset: object, shape: object, stride: object, numel: int, rank: int) -> None:
    """Check that a strided range lies inside a storage of `numel` elements.

    Raises:
        Refused: it does not, or it is described by anything but counts.
    """
    if type(offset) is not int or not 0 <= offset <= INT64_MAX:
        raise Refused("a storage offset is no count")
    if not isinstance(shape, tuple) or not isinstance(stride, tuple) or len(shape) != len(stride):
        raise Refused("sizes and strides are no tuples of one length")
    if len(shape) > rank:
        raise Refused(f"a tensor has {len(shape)} dimensions")
    last = offset
    count = 1
    for size, step in zip(shape, stride, strict=True):
        if type(size) is not int or type(step) is not int or not 0 <= size <= INT64_MAX >= step >= 0:
            raise Refused("a size or stride is no count")
        last += (size - 1) * step
        count *= size
    if count > INT64_MAX:
        raise Refused("a tensor has more elements than an int64 counts")
    if count and last >= numel:
        raise Refused(f"a tensor reaches element {last} of a storage of {numel}")
    if not count and offset > numel:
        raise Refused(f"an empty tensor starts at element {offset} of a storage of {numel}")


def _tensor(  # noqa: PLR0917 - positional for speed: once per tensor
    storage: StorageRef, dtype: str, numel: int, args: Arguments, requires_grad: object, rank: int
) -> TensorSpec:
    """A tensor after the check of its extent; `numel` is the storage's size in elements of `dtype`."""
    _storage, offset, shape, stride, *_ = args
    if type(requires_grad) is not bool:
        raise Refused("requires_grad is no bool")
    check_extent(offset, shape, stride, numel, rank)
    return tuple.__new__(TensorSpec, (storage, dtype, offset, shape, stride, requires_grad, False))


def rebuild_tensor_v2(args: Arguments, scene: Scene) -> object:
    """`_rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks, metadata=None)`."""
    count = len(args)
    if count not in {6, 7}:
        raise Refused("takes six arguments, and metadata of the tensor")
    storage = args[0]
    if type(storage) is not StorageRef or storage.key in scene.untyped or storage.key in scene.quantized:
        raise Refused("the first argument is no typed storage")
    check_hooks(args[5])
    tensor = _tensor(storage, storage.dtype, storage.numel, args, args[4], scene.tensor_rank)
    return tensor if count == 6 else _with_bits(tensor, args[6])


_BITS = frozenset({"conj", "neg"})
_COMPLEX = frozenset({"complex32", "complex64", "complex128"})


def _with_bits(tensor: TensorSpec, metadata: object) -> object:
    """A tensor with metadata: `{"conj": True}` and `{"neg": True}`, lazily applied to what is read."""
    if metadata is None:
        return tensor
    bits = metadata if isinstance(metadata, dict) and type(metadata) is dict else {"": None}
    if not _BITS.issuperset(bits) or not all(type(bit) is bool for bit in bits.values()):
        raise Refused("the metadata of a tensor is more than the bits conj and neg")
    if not any(bits.values()):
        return tensor
    if bits.get("conj") and tensor.dtype not in _COMPLEX:
        raise Refused("a tensor of real numbers is marked as conjugate")
    return InertRecord("torch.Tensor with conj or neg bit", (tensor, dict(bits)))


def _rebuild_tensor(args: Arguments, scene: Scene) -> object:
    if len(args) != 4:
        raise Refused("takes four arguments")
    storage = args[0]
    if type(storage) is not StorageRef or storage.key in scene.untyped or storage.key in scene.quantized:
        raise Refused("the first argument is no typed storage")
    return _tensor(storage, storage.dtype, storage.numel, args, False, scene.tensor_rank)  # noqa: FBT003 - as above


def _rebuild_tensor_v3(args: Arguments, scene: Scene) -> object:
    if len(args) not in (7, 8):
        raise Refused("takes seven arguments, and metadata of the tensor")
    storage, dtype = args[0], args[6]
    if type(storage) is not StorageRef or storage.key not in scene.untyped:
        raise Refused("the first argument is no untyped storage")
    if type(dtype) is not DtypeValue:
        raise Refused("the seventh argument is no dtype of a known size")
    check_hooks(args[5])
    numel = storage.numel * 8 // ITEM_BITS[dtype.name]
    tensor = _tensor(storage, dtype.name, numel, args, args[4], scene.tensor_rank)
    return tensor if len(args) == 7 else _with_bits(tensor, args[7])


def rebuild_parameter(args: Arguments, _scene: Scene) -> object:
    """`_rebuild_parameter(tensor, requires_grad, hooks)`."""
    if len(args) != 3 or type(args[1]) is not bool:
        raise Refused("takes a tensor, a bool and hooks")
    if isinstance(args[0], InertRecord) and args[0].name.startswith("torch.Tensor "):
        check_hooks(args[2])
        return InertRecord(args[0].name, args)  # of a tensor that is no plain one
    if type(args[0]) is not TensorSpec:
        raise Refused("takes a tensor, a bool and hooks")
    check_hooks(args[2])
    data = args[0]
    return data._replace(requires_grad=args[1], parameter=True)


_OWN = frozenset({"data", "grad", "names", "requires_grad", "volatile", "real", "imag", "retain_grad"})
"""Attributes of a tensor that do something when they are set."""


def check_attributes(state: object, scene: Scene) -> None:
    """Hold the attributes of a tensor or parameter to literals under names that mean nothing to torch.

    torch sets each with `setattr`. They are not kept.

    Raises:
        Refused: there is another kind of value or name among them.
    """
    parts = state if isinstance(state, tuple) and type(state) is tuple and len(state) == 2 else (state,)
    for part in parts:
        if part is None:
            continue
        if not isinstance(part, dict) or type(part) is not dict:
            raise Refused("the state of a tensor is no dict of attributes")
        scene.charge(len(part))
        for name in part:
            if type(name) is not str or name in _OWN or name.startswith("__") or name.endswith("hooks"):
                raise Refused("the state of a tensor sets more than attributes of its own")
        if not is_literal(part, scene):
            raise Refused("the state of a tensor holds more than literals")


def _rebuild_from_type(args: Arguments, scene: Scene) -> object:
    """`_rebuild_from_type_v2(function, type, args, state)`: the state is literal and goes nowhere."""
    if len(args) != 4:
        raise Refused("takes four arguments")
    function, kind = listed(args[0]), listed(args[1])
    if function is None or not function.tensor_builder or function.call is None:
        raise Refused("wraps a function that builds no tensor")
    if kind is None or not kind.tensor_type:
        raise Refused("restores a type other than Tensor and Parameter")
    if not isinstance(args[2], tuple) or type(args[2]) is not tuple:
        raise Refused("arguments are no tuple")
    check_attributes(args[3], scene)
    return function.call(args[2], scene)


def _size(args: Arguments, scene: Scene) -> object:
    sizes = args[0] if len(args) == 1 else None
    if not isinstance(sizes, (tuple, list)):
        raise Refused("takes one tuple of sizes")
    scene.charge(len(sizes))
    if len(sizes) > scene.tensor_rank or not all(map(is_int, sizes)):
        raise Refused("a size is no count")
    return SizeValue(size for size in sizes if isinstance(size, int))


def _device(args: Arguments, _scene: Scene) -> object:
    name = args[0] if args else None
    if isinstance(name, str) and len(args) <= 2 and (len(args) == 1 or is_int(args[1], 0, 127)):
        kind, colon, number = name.partition(":")
        index = args[1] if len(args) == 2 else None
        if colon and index is None and re.fullmatch(r"0|[1-9][0-9]{0,2}", number) and int(number) < 128:
            index = int(number)
        elif colon:
            kind = ""
        if kind in _DEVICE_KINDS:
            return DeviceValue(kind, index if isinstance(index, int) else None)
    raise Refused("takes a device name and an index")


def _layout(args: Arguments, _scene: Scene) -> object:
    name = args[0] if len(args) == 1 else None
    if isinstance(name, str) and name in _LAYOUTS:
        return LayoutValue(name)
    raise Refused("takes the name of a layout")


def _version(args: Arguments, _scene: Scene) -> object:
    text = args[0] if len(args) == 1 else None
    if isinstance(text, str) and re.fullmatch(r"[0-9A-Za-z.+_-]{1,64}", text):
        return TextValue(text)
    raise Refused("takes one version")


_REBUILD_FROM_TYPE = Contract(call=_rebuild_from_type)

CONTRACTS: dict[Key, Contract] = {
    ("torch._utils", "_rebuild_tensor"): Contract(call=_rebuild_tensor, tensor_builder=True),
    ("torch._utils", "_rebuild_tensor_v2"): Contract(call=rebuild_tensor_v2, tensor_builder=True),
    ("torch._utils", "_rebuild_tensor_v3"): Contract(call=_rebuild_tensor_v3, tensor_builder=True),
    ("torch._utils", "_rebuild_parameter"): Contract(call=rebuild_parameter, tensor_builder=True),
    ("torch._tensor", "_rebuild_from_type_v2"): _REBUILD_FROM_TYPE,
    ("torch.tensor", "_rebuild_from_type_v2"): _REBUILD_FROM_TYPE,
    ("torch._tensor", "_rebuild_from_type"): _REBUILD_FROM_TYPE,
    ("torch.tensor", "_rebuild_from_type"): _REBUILD_FROM_TYPE,
    ("torch", "Tensor"): Contract(tensor_type=True),
    ("torch.nn.parameter", "Parameter"): Contract(tensor_type=True),
    ("torch.storage", "UntypedStorage"): Contract(storage=UNTYPED),
    ("torch", "Size"): Contract(call=_size),
    ("torch", "device"): Contract(call=_device),
    ("torch.serialization", "_get_layout"): Contract(call=_layout),
    ("torch.torch_version", "TorchVersion"): Contract(call=_version, new=_version),
}
CONTRACTS.update(
    {
        (module, name): Contract(storage=dtype)
        for module in ("torch", "torch.cuda")
        for name, dtype in _STORAGES.items()
    }
)
CONTRACTS.update({("torch", name): Contract(value=DtypeValue(name)) for name in ITEM_BITS})
