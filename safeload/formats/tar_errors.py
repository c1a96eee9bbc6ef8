"""The ways in which a tar archive can be wrong, or be two archives at once."""

from __future__ import annotations

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive


class HeaderSumWrong(AmbiguousArchive):
    """A block where a header should be that does not have its sum: some readers stop, some search on."""


class NumberBroken(AmbiguousArchive):
    """A number that is neither octal nor base 256: readers make different numbers of it."""


class NoEnd(AmbiguousArchive):
    """An archive that does not end in a block of zeros: it was cut short, and readers do not notice."""


class BytesBehindEnd(AmbiguousArchive):
    """Something other than zeros behind the end: readers that ignore the end read on."""


class MemberEndsEarly(FormatError):
    """A member whose data reaches past the end of the file."""


class SizesDisagree(AmbiguousArchive):
    """A pax size beside another size in the header: readers continue in different places."""


class SizeOfNoFile(AmbiguousArchive):
    """A link, folder or device with a size: some readers skip that many bytes, others none."""


class TypeNotCommon(AmbiguousArchive):
    """A type that some readers take for a file and others for something else."""


class SparseMember(AmbiguousArchive):
    """A member with holes: readers that do not know the extension see other bytes."""


class PrefixNotPosix(AmbiguousArchive):
    """Bytes where a POSIX header continues the name, in a header that is none."""


class PaxBroken(AmbiguousArchive):
    """A pax record that does not follow its grammar."""


class PaxGlobal(AmbiguousArchive):
    """A global pax header that names or sizes members: some readers ignore it."""


class ExtensionsStack(AmbiguousArchive):
    """More than one extended header of a kind, or of two formats, in front of one member."""


class ExtensionAlone(AmbiguousArchive):
    """An extended header without a member behind it."""


class LongNameBroken(AmbiguousArchive):
    """A GNU long name that does not end in zeros."""


class ExtensionTooLarge(LimitExceeded):
    """An extended header above the budget."""


class TooManyMembers(LimitExceeded):
    """More members than the budget."""
