"""Every way in which a GGUF file can be wrong."""

from __future__ import annotations

from safeload.errors import FormatError, LimitExceeded


class NoMagic(FormatError):
    """A file that does not start with GGUF."""


class BigEndian(FormatError):
    """A file for machines with the other byte order."""


class UnsupportedVersion(FormatError):
    """A version other than 2 and 3."""


class HeaderTooLarge(LimitExceeded):
    """Metadata and tensor table longer than the budget."""


class TooManyKeys(LimitExceeded):
    """More metadata than the budget."""


class TooManyTensors(LimitExceeded):
    """More tensors than the budget."""


class TooManyItems(LimitExceeded):
    """More strings in arrays than the budget."""


class TooMuchText(LimitExceeded):
    """Keys, names and strings longer than the budget."""


class ArrayTooDeep(LimitExceeded):
    """Arrays that nest deeper than the budget."""


class NameTooLong(LimitExceeded):
    """A key or tensor name longer than the budget."""


class CountPastEnd(FormatError):
    """More items than bytes are left."""


class BadText(FormatError):
    """A string that is no UTF-8."""


class BadBool(FormatError):
    """A boolean other than 0 and 1."""


class UnknownValueType(FormatError):
    """A type of metadata that the table lacks."""


class DuplicateKey(FormatError):
    """A metadata key that stands twice: readers keep the first or the last."""


class DuplicateTensor(FormatError):
    """A tensor name that stands twice."""


class BadAlignment(FormatError):
    """general.alignment that is no uint32, no power of two, or less than 8."""


class AlignmentTooLarge(LimitExceeded):
    """general.alignment above the budget."""


class TemplateNotText(FormatError):
    """A chat template that is no string."""


class TooManyDimensions(FormatError):
    """A tensor with more than four dimensions."""


class BadShape(FormatError):
    """Dimensions with more elements than 63 bits can count."""


class UnknownTensorType(FormatError):
    """A tensor type that the table lacks."""


class PartialBlock(FormatError):
    """A quantised tensor whose rows are no whole blocks."""


class OffsetNotAligned(FormatError):
    """A tensor that does not start at a multiple of the alignment."""


class OffsetPastEnd(FormatError):
    """A tensor that reaches past the end of the file."""


class OffsetsOverlap(FormatError):
    """Two tensors that share bytes."""


class OffsetsGap(FormatError):
    """Bytes of the data that belong to no tensor and are more than padding."""


class PaddingNotZero(FormatError):
    """Padding that holds something."""
