"""Torch's zip checkpoints: `parse_torch_zip(view, limits)`, and the steps that it is made of.

Guarantees: the members are exactly those that `torch.save` writes, under one root folder, each stored
and of its own type; every storage that the pickle names is one member of exactly its size, and every
data member is named. A tensor is a range of the file's own bytes. Data is not read here.

The grammar was measured on what torch 1.6 to 2.13 write; torch's own reader is more lenient in every
point. Layout: https://github.com/pytorch/pytorch/blob/main/caffe2/serialize/inline_container.h
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.torch_tensors import place_tensors
from safeload.formats.zip import STORED, ZipArchive, ZipMember, parse_zip
from safeload.formats.zip_data import check_crc
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.core import View
    from safeload.formats.pickle_trace import StorageRef, Trace
    from safeload.formats.tensors import TensorEntry
    from safeload.limits import Limits

_SMALL = frozenset(
    {"version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id"}
)
"""Members beside the pickle and the data: see `_is_valid` for what they may hold."""
_PROGRAM = frozenset({"constants.pkl", "attributes.pkl", "bytecode.pkl"})
"""Members that only TorchScript has; the last one is for its interpreter on phones."""
_PICKLES = frozenset({"data.pkl", "constants.pkl"})
_NEWEST_VERSION = 10
_KEY_DIGITS = 9
_SMALL_BYTES = 64


class NoRootFolder(FormatError):
    """Members that do not lie in one and the same folder."""


class UnlistedMember(FormatError):
    """A member that torch.save does not write."""


class MemberMissing(FormatError):
    """No `data.pkl`, or no `version`."""


class CompressedMember(FormatError):
    """A deflated member: torch stores, and tensors are read in place."""


class SmallMemberInvalid(FormatError):
    """`version`, `byteorder` and their like that do not hold what they are for."""


class BigEndian(FormatError):
    """Tensors of big-endian byte order, which nothing here loads."""


class PickleTooLarge(LimitExceeded):
    """A `data.pkl` above the budget."""


class StorageMissing(FormatError):
    """A storage that the pickle names and no member holds."""


class StorageSizeDiffers(FormatError):
    """A storage whose member has another size than its elements take."""


class UnreferencedData(FormatError):
    """A data member that the pickle does not name."""


@record
class TorchLayout:
    """Which member is what."""

    root: str
    pickle: ZipMember
    data: Mapping[str, ZipMember]
    """By storage key."""
    small: Mapping[str, ZipMember]
    """By name without the root."""


@record
class TorchZip:
    """A checkpoint in torch's zip format whose pickle is inert."""

    trace: Trace
    tensors: Mapping[str, TensorEntry]
    """The tensors under the top-level names of the checkpoint. Bounds were checked."""
    extra: tuple[str, ...]
    """Top-level names that hold something else: counters, nested dicts."""
    members: tuple[ZipMember, ...]
    layout: TorchLayout

    @property
    def root(self) -> str:
        """The folder that all members lie in."""
        return self.layout.root


def parse_torch_zip(view: View, limits: Limits, packs: frozenset[str] = frozenset()) -> TorchZip | Trace:
    """The record of a checkpoint, or the trace of its pickle where that is not inert.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    archive = parse_zip(view, limits)
    layout = parse_layout(archive)
    check_small(view, layout, limits)
    data = read_pickle(view, layout, limits)
    check_crc(view, layout.pickle, limits)
    read = storage_reader(view, layout, limits)
    trace = run_pickle(data, limits, packs=packs, persistent="torch", read=read)
    return bind(archive, layout, trace) if trace.inert else trace


def is_torch_zip(archive: ZipArchive) -> bool:
    """Whether a reader of torch checkpoints would take the archive for one, whatever the case of names."""
    return any(
        member.name.count("/") <= 1 and member.name.lower().rpartition("/")[2] in _PICKLES
        for member in archive.members
    )


def is_torchscript(archive: ZipArchive) -> bool:
    """Whether it holds a program: torch.load hands it to torch.jit.load for its `constants.pkl`.

    Before torch 1.4 a program was `model.json` with `tensors/`, or `attributes.pkl`; torch still reads those.
    """
    found = set()
    for member in archive.members:
        inner = member.name.lower().partition("/")[2]
        if inner in _PROGRAM or inner.startswith("code/"):
            return True
        if inner == "model.json" or inner.startswith("tensors/"):
            found.add(inner[:5])
    return len(found) > 1


def parse_layout(archive: ZipArchive) -> TorchLayout:
    """Assign every member its part.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    root = archive.members[0].name.partition("/")[0] if archive.members else ""
    prefix = root + "/"
    cut = len(prefix)
    data: dict[str, ZipMember] = {}
    small: dict[str, ZipMember] = {}
    pickle = None
    for member in archive.members:
        name = member.name
        if not name.startswith(prefix):
            raise NoRootFolder(f"{name} does not lie in {prefix}", offset=member.header_offset)
        name = name[cut:]
        if member.method != STORED:
            raise CompressedMember(f"{member.name} is compressed", offset=member.header_offset)
        if name.startswith("data/") and _is_key(name[5:]):
            data[name[5:]] = member
        elif name == "data.pkl":
            pickle = member
        elif name in _SMALL:
            small[name] = member
        else:
            raise UnlistedMember(f"torch.save writes no member {member.name}", offset=member.header_offset)
    if pickle is None:
        raise MemberMissing("no member data.pkl")
    if "version" not in small:
        raise MemberMissing("no member version")
    return TorchLayout(root=root, pickle=pickle, data=MappingProxyType(data), small=MappingProxyType(small))


def _is_key(text: str) -> bool:
    """A number as torch counts storages: without leading zeros."""
    if text == "0":
        return True
    return text.isascii() and text.isdecimal() and text[0] != "0" and len(text) <= _KEY_DIGITS


def _is_valid(name: str, content: bytes) -> bool:
    """Whether a small member holds what it is for: a word, or a number that may end its line."""
    if name == "byteorder":
        return content in {b"little", b"big"}
    if name == ".data/serialization_id":
        return content.isdigit()
    number = content.removesuffix(b"\n")
    if not number.isdigit() or number[:1] == b"0":
        return False
    return name != "version" or int(number) <= _NEWEST_VERSION


def check_small(view: View, layout: TorchLayout, limits: Limits) -> None:
    """Read the members that are neither pickle nor data, and hold each to its type.

    Raises:
        FormatError: `SmallMemberInvalid`, `BigEndian`, or a crc32 that differs.
    """
    for name, member in layout.small.items():
        check_small_member(view, name, member, limits)


def check_small_member(view: View, name: str, member: ZipMember, limits: Limits) -> None:
    """As `check_small`, for one of them.

    Raises:
        FormatError: `SmallMemberInvalid`, `BigEndian`, or a crc32 that differs.
    """
    content = b"" if member.size > _SMALL_BYTES else view.read(member.offset, member.size)
    if not _is_valid(name, content):
        raise SmallMemberInvalid(f"{member.name} does not hold what it is for", offset=member.offset)
    check_crc(view, member, limits)
    if content == b"big":
        raise BigEndian("tensors of big-endian byte order", offset=member.offset)


def read_pickle(view: View, layout: TorchLayout, limits: Limits) -> bytes:
    """The bytes of `data.pkl`.

    Raises:
        FormatError: `PickleTooLarge`, or the view cannot be read.
    """
    member = layout.pickle
    if member.size > limits.pickle_bytes:
        raise PickleTooLarge(f"data.pkl takes {member.size} bytes, the budget is {limits.pickle_bytes}")
    return view.read(member.offset, member.size)


def storage_reader(view: View, layout: TorchLayout, limits: Limits) -> Callable[[StorageRef], bytes | None]:
    """What gives the machine the bytes of a storage, where a member of exactly its size holds them."""
    left = limits.index_bytes

    def read(storage: StorageRef) -> bytes | None:
        nonlocal left
        member = layout.data.get(storage.key)
        size = storage.numel * ITEM_BITS[storage.dtype] // 8
        if member is None or member.size != size or size > left:
            return None
        left -= size
        return view.read(member.offset, member.size)

    return read


def bind(archive: ZipArchive, layout: TorchLayout, trace: Trace) -> TorchZip:
    """Tie the storages of an inert trace to the members that hold them.

    Raises:
        FormatError: `StorageMissing`, `StorageSizeDiffers` or `UnreferencedData`.
    """
    members = layout.data
    for key, storage in trace.storages.items():
        member = members.get(key)
        if member is None:
            raise StorageMissing(f"no member holds storage {key}")
        size = storage.numel * ITEM_BITS[storage.dtype] // 8
        if member.size != size:
            raise StorageSizeDiffers(
                f"{member.name} holds {member.size} bytes, its elements take {size}", offset=member.offset
            )
    if len(members) != len(trace.storages):
        key = next(key for key in members if key not in trace.storages)
        raise UnreferencedData(f"the pickle does not name {members[key].name}", offset=members[key].offset)
    tensors, extra = place_tensors(trace, {key: members[key].offset for key in trace.storages})
    return TorchZip(trace=trace, tensors=tensors, extra=extra, members=archive.members, layout=layout)
