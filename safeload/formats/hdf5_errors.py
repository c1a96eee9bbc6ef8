"""The ways in which an HDF5 file can be wrong, or use what Keras' weight files never use: one class each."""

from __future__ import annotations

from safeload.errors import FormatError, LimitExceeded


class NotInSubset(FormatError):
    """Base of what is HDF5, but outside the subset that is read."""


class OutsideFile(NotInSubset):
    """Base of what leads out of the file: whoever follows it reads bytes that nobody judged."""


class NoSignature(FormatError):
    """The file does not start with the signature. Behind a user block no reader of ours looks for it."""


class SuperblockVersion(NotInSubset):
    """A superblock of another version than 0, 2 and 3, or of other widths than 8 bytes."""


class UserBlock(FormatError):
    """Addresses that do not count from the start of the file: something stands before the HDF5 data."""


class SuperblockExtension(NotInSubset):
    """A superblock extension, a driver block or a free space index: settings that Keras never makes."""


class WrongEnd(FormatError):
    """The superblock states another end of the file than the file has."""


class NotClosed(FormatError):
    """A file that its writer marked as still open."""


class WrongChecksum(FormatError):
    """A block whose checksum does not fit its bytes."""


class BlockPastEnd(FormatError):
    """A block that would reach past the end of the file, or has no address."""


class BlocksOverlap(FormatError):
    """Bytes that belong to two blocks: the same bytes would be read as two different things."""


class FieldsPastEnd(FormatError):
    """A field that would reach past the end of its block or message."""


class BytesBehind(FormatError):
    """A message with more bytes than its fields need and alignment explains."""


class BadSignature(FormatError):
    """A block that does not start with the signature of its kind."""


class UnknownVersion(FormatError):
    """A block or message of a version that is not read."""


class MessageCount(FormatError):
    """An object header that holds another number of messages than it states."""


class UnknownMessage(FormatError):
    """A header message of a type that is not read."""


class SharedMessage(NotInSubset):
    """A message that stands elsewhere: a named datatype, or the file's table of shared messages."""


class MessageTwice(FormatError):
    """An object header with two messages of which there can be one."""


class ObjectKind(FormatError):
    """An object that is neither a group nor a dataset, or both."""


class NamedDatatype(NotInSubset):
    """A datatype stored as an object of its own."""


class ObjectTwice(FormatError):
    """An object that two links lead to: a hard link, or a cycle."""


class DenseGroup(NotInSubset):
    """Links in a fractal heap, as libver="latest" writes groups with more than eight."""


class DenseAttributes(NotInSubset):
    """Attributes in a fractal heap, as libver="latest" writes more than eight."""


class SoftLink(NotInSubset):
    """A link to another path of the file, which need not exist."""


class ExternalLink(OutsideFile):
    """A link to an object in another file."""


class UserLink(NotInSubset):
    """A link of a type that an application defines."""


class ExternalStorage(OutsideFile):
    """A dataset whose data stands in another file."""


class VirtualDataset(OutsideFile):
    """A dataset put together from datasets of other files."""


class ChunkedLayout(NotInSubset):
    """A dataset stored in chunks, as compressed and extendible ones are."""


class FilterPipeline(NotInSubset):
    """A dataset that filters have to restore."""


class MissingData(NotInSubset):
    """A dataset with elements, but without stored data."""


class DataSize(FormatError):
    """A dataset whose stored bytes are not shape times element."""


class LinkName(FormatError):
    """A link name that is empty, `.`, or has a slash, a NUL, or bytes that are not UTF-8."""


class LinkOrder(FormatError):
    """Links that are not in strict order between the keys of their tree: a lookup would miss some."""


class LinkTwice(FormatError):
    """Two links of the same name in one group."""


class TreeShape(FormatError):
    """A B-tree whose levels, neighbours or kinds of node do not fit together."""


class CacheDisagrees(FormatError):
    """A group's place as a link caches it, and another one in the group itself."""


class NullDataspace(NotInSubset):
    """A dataspace without elements by type, which stands for no value."""


class BadDimensions(FormatError):
    """Dimensions above their maximum, or with more elements than 63 bits can count."""


class BigEndian(NotInSubset):
    """Numbers in big-endian order."""


class UnusualNumber(NotInSubset):
    """An integer or float that no tensor type has: padding bits, odd widths, another exponent."""


class TextDataset(NotInSubset):
    """A dataset of strings."""


class TimeType(NotInSubset):
    """The datatype class time."""


class BitFieldType(NotInSubset):
    """The datatype class bit field."""


class OpaqueType(NotInSubset):
    """The datatype class opaque."""


class CompoundType(NotInSubset):
    """The datatype class compound."""


class ReferenceType(NotInSubset):
    """A reference to an object or a region, possibly of another file."""


class EnumerationType(NotInSubset):
    """The datatype class enumeration."""


class SequenceType(NotInSubset):
    """A variable-length sequence of something else than characters."""


class ArrayType(NotInSubset):
    """The datatype class array."""


class UnknownType(FormatError):
    """A datatype class or version that is not read."""


class BadString(FormatError):
    """A string type with a size, padding or character set that does not exist."""


class StringContent(FormatError):
    """A string with bytes that are not UTF-8, or with a NUL where readers differ about its end."""


class AttributeName(FormatError):
    """An attribute name that is empty, unterminated or not UTF-8."""


class AttributeTwice(FormatError):
    """Two attributes of the same name on one object."""


class HeapObject(FormatError):
    """A global heap that breaks its layout, or lacks the object that is asked for."""


class TooManyObjects(LimitExceeded):
    """More groups and datasets than the budget."""


class TooMuchMetadata(LimitExceeded):
    """More bytes of structure, names and attribute values than the budget."""


class PathTooLong(LimitExceeded):
    """A path or name longer than the budget."""


class RankTooLarge(LimitExceeded):
    """More dimensions than the budget."""
