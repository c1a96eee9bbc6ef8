"""Contracts for the rarer things that torch.save writes, and reasons for those that are refused.

What is no plain strided tensor becomes a record here, never a tensor: an audit may pass it, and nothing
loads it. Quantised tensors are accepted because all that makes one is checked: the extent, the
axis, and one scale and zero point per index of it. Nested tensors, wrappers of other tensors and
distributed ones depend on offsets in their data or on a class of the stream's choice: each is refused
with its reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import Contract, Refused, is_int
from safeload.formats.pickle_contracts_torch import (
    QUANTIZED,
    check_attributes,
    check_extent,
    check_hooks,
    rebuild_parameter,
)
from safeload.formats.pickle_trace import (
    ArrayValue,
    DeviceValue,
    DtypeValue,
    InertRecord,
    StorageRef,
    TensorSpec,
)

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Arguments, Key, Scene

_DEVICE = re.compile(r"(cpu|cuda|mps|xpu|xla|hpu|npu|ort|maia|mtia|meta|lazy|vulkan)(:[0-9]{1,3})?")
_PER_TENSOR = frozenset({"per_tensor_affine", "per_tensor_symmetric"})
_PER_CHANNEL = frozenset({"per_channel_affine", "per_channel_affine_float_qparams", "per_channel_symmetric"})
_CONSTANTS = (
    "qint8 quint8 qint32 quint4x2 quint2x4 per_tensor_affine per_channel_affine "
    "per_channel_affine_float_qparams per_tensor_symmetric per_channel_symmetric contiguous_format "
    "channels_last channels_last_3d preserve_format "
    "int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 uint6 uint7 bits1x8 bits2x4 bits4x2 "
    "bits8 bits16"
)


def _constant(name: str) -> Contract:
    return Contract(value=InertRecord(f"torch.{name}", ()))


def _rebuild_qtensor(args: Arguments, scene: Scene) -> object:
    """`_rebuild_qtensor(storage, offset, sizes, strides, quantizer, requires_grad, hooks)`."""
    if len(args) != 7:
        raise Refused("takes seven arguments")
    storage, offset, shape, stride, quantizer, requires_grad, hooks = args
    if type(storage) is not StorageRef or storage.key not in scene.quantized:
        raise Refused("the first argument is no quantised storage")
    if type(requires_grad) is not bool:
        raise Refused("requires_grad is no bool")
    check_hooks(hooks)
    check_extent(offset, shape, stride, storage.numel, scene.tensor_rank)
    if not isinstance(quantizer, tuple) or type(quantizer) is not tuple or not isinstance(shape, tuple):
        raise Refused("the quantizer is no tuple")
    _check_quantizer(quantizer, shape, scene)
    return InertRecord(f"torch.Tensor of {scene.quantized[storage.key]}", args)


def _check_quantizer(quantizer: tuple[object, ...], shape: tuple[object, ...], scene: Scene) -> None:
    scheme = quantizer[0] if quantizer else None
    name = scheme.name.removeprefix("torch.") if isinstance(scheme, InertRecord) else ""
    if name in _PER_TENSOR and len(quantizer) == 3:
        if type(quantizer[1]) is float and is_int(quantizer[2], -(1 << 31), (1 << 31) - 1):
            return
        raise Refused("scale and zero point are no float and int32")
    if name not in _PER_CHANNEL or len(quantizer) != 4:
        raise Refused("the quantizer is of no known scheme")
    _scheme, scales, zero_points, axis = quantizer
    if not isinstance(axis, int) or not is_int(axis, 0, len(shape) - 1):
        raise Refused("the axis is none of the tensor's")
    for values, dtypes in ((scales, ("float64", "float32")), (zero_points, ("int64", "int32", "float32"))):
        if isinstance(values, list) and type(values) is list:
            scene.charge(len(values))
            if len(values) != shape[axis] or not all(type(item) in (int, float) for item in values):
                raise Refused("scales and zero points are not one number per index of the axis")
        elif type(values) is not TensorSpec or values.shape != (shape[axis],) or values.dtype not in dtypes:
            raise Refused("scales and zero points are not one number per index of the axis")


def _rebuild_meta(args: Arguments, scene: Scene) -> object:
    """`_rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)`: a shape without data."""
    if len(args) != 4 or type(args[0]) is not DtypeValue or type(args[3]) is not bool:
        raise Refused("takes a dtype, sizes, strides and a bool")
    shape, stride = args[1], args[2]
    if not isinstance(shape, tuple) or not isinstance(stride, tuple) or len(shape) != len(stride):
        raise Refused("sizes and strides are no tuples of one length")
    if len(shape) > scene.tensor_rank or not all(map(is_int, shape)) or not all(map(is_int, stride)):
        raise Refused("a size or stride is no count")
    return InertRecord("torch.Tensor on meta", args)


def _check_device(name: object) -> None:
    if type(name) is DeviceValue:
        return
    if not isinstance(name, str) or type(name) is not str or not _DEVICE.fullmatch(name):
        raise Refused("the device is no device name")


def _from_numpy(args: Arguments, _scene: Scene) -> object:
    """`_rebuild_device_tensor_from_numpy(array, dtype, device, requires_grad)`."""
    if len(args) != 4 or type(args[1]) is not DtypeValue or type(args[3]) is not bool:
        raise Refused("takes an array, a dtype, a device and a bool")
    array = args[0]
    if type(array) is not ArrayValue or array.kind != "array" or array.shape is None or array.fields:
        raise Refused("the first argument is no array of plain numbers")
    _check_device(args[2])
    return InertRecord("torch.Tensor on a device", args)


def _from_cpu(args: Arguments, _scene: Scene) -> object:
    """`_rebuild_device_tensor_from_cpu_tensor(tensor, dtype, device, requires_grad)`."""
    if len(args) != 4 or type(args[0]) is not TensorSpec or type(args[3]) is not bool:
        raise Refused("takes a tensor, a dtype, a device and a bool")
    dtype = args[1]
    if type(dtype) is not DtypeValue:
        raise Refused("the second argument is no dtype")
    _check_device(args[2])
    if dtype.name != args[0].dtype:
        return InertRecord("torch.Tensor on a device", args)
    return args[0]._replace(requires_grad=args[3])


def _rebuild_with_state(args: Arguments, scene: Scene) -> object:
    """`_rebuild_parameter_with_state(tensor, requires_grad, hooks, state)`; the state goes nowhere."""
    if len(args) != 4:
        raise Refused("takes a tensor, a bool, hooks and a state")
    check_attributes(args[3], scene)
    return rebuild_parameter(args[:3], scene)


def _take_generator(_target: object, state: object, _scene: Scene) -> None:
    if isinstance(state, tuple) and type(state) is tuple and len(state) == 3:
        seed, offset, words = state
        if (
            (seed is None or is_int(seed, -(1 << 63)))
            and (offset is None or is_int(offset))
            and (type(words) is TensorSpec and words.dtype == "uint8" and len(words.shape) == 1)
        ):
            return
    raise Refused("the state of a random generator is no seed, offset and byte tensor")


def _generator(args: Arguments, _scene: Scene) -> object:
    if len(args) != 1 or type(args[0]) is not DeviceValue:
        raise Refused("takes a device")
    return InertRecord("torch.Generator", args, _take_generator)


def _refused(why: str) -> Contract:
    def call(_args: Arguments, _scene: Scene) -> object:
        raise Refused(why)

    return Contract(call=call, new=call)


_WRAPPER = _refused("builds a tensor subclass around other tensors, of a class that the stream names")
_NESTED = _refused("builds a nested tensor, whose offsets stand in its data")
_DISTRIBUTED = _refused("builds a part of a distributed tensor, which needs a process group")

CONTRACTS: dict[Key, Contract] = {
    ("torch._utils", "_rebuild_qtensor"): Contract(call=_rebuild_qtensor, tensor_builder=True),
    ("torch._utils", "_rebuild_parameter_with_state"): Contract(
        call=_rebuild_with_state, tensor_builder=True
    ),
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): Contract(call=_rebuild_meta, tensor_builder=True),
    ("torch._utils", "_rebuild_device_tensor_from_numpy"): Contract(call=_from_numpy, tensor_builder=True),
    ("torch._utils", "_rebuild_xla_tensor"): Contract(call=_from_numpy, tensor_builder=True),
    ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"): Contract(call=_from_cpu, tensor_builder=True),
    ("torch._utils", "_rebuild_nested_tensor"): _NESTED,
    ("torch._utils", "_rebuild_wrapper_subclass"): _WRAPPER,
    ("torch.distributed.tensor", "DTensor"): _DISTRIBUTED,
    ("torch.distributed._tensor", "DTensor"): _DISTRIBUTED,
    ("torch.distributed._tensor.api", "DTensor"): _DISTRIBUTED,
    ("torch.distributed.tensor._api", "DTensor"): _DISTRIBUTED,
    ("torch.nn.parameter", "UninitializedParameter"): _refused("has no data: its shape comes later"),
    ("torch.nn.parameter", "Buffer"): Contract(tensor_type=True),
    ("torch._C", "Generator"): Contract(call=_generator),
}
CONTRACTS.update({("torch", name): _constant(name) for name in _CONSTANTS.split()})
CONTRACTS.update(
    {
        (module, name): Contract(quantized=dtype)
        for module in ("torch", "torch.cuda")
        for name, dtype in QUANTIZED.items()
    }
)
