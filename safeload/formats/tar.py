"""Tar archives, read so that every reader would see the same: `read_tar(view, limits)`.

Guarantees for an archive without problems: every block from byte 0 is a header, the data of a member,
or one of the zeros that end the archive; each member has one name, one size and one place for all
readers; no two are the same file to some file system. Data is not read. Nothing but a view that fails
makes it raise: what is wrong is a problem of the result, which then says how far it came.

Specification: POSIX.1-2017, pax (ustar and pax formats); for GNU's long names, sparse members and
base-256 numbers https://www.gnu.org/software/tar/manual/html_node/Standard.html. Stricter than both where
readers differ: see `formats.tar_errors`, `formats.tar_header` and `formats.tar_pax`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from safeload.errors import FormatError
from safeload.formats import tar_errors as wrong
from safeload.formats.archive_names import Names
from safeload.formats.cursor import Cursor
from safeload.formats.tar_header import BLOCK, Header, parse_header, text
from safeload.formats.tar_pax import parse_pax, pax_size
from safeload.formats.view import Truncated
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View
    from safeload.limits import Limits

Kind: TypeAlias = Literal["file", "folder", "symlink", "hardlink", "special"]

_ZEROS = bytes(BLOCK)
_FILES = frozenset({b"0", b"\0", b"7"})
_EXTENSIONS = frozenset({b"x", b"g", b"L", b"K"})
_OTHERS: Mapping[bytes, Kind] = {
    b"1": "hardlink", b"2": "symlink", b"3": "special", b"4": "special", b"5": "folder", b"6": "special",
}  # fmt: skip
_SPARSE = b"S"
_SPARSE_MARK = 482
_SPARSE_MARK_BEHIND = 504
_MOST_OCTAL = 0o77777777777
"""The largest size that a header can state in octal; pax states larger ones."""
_MOST_PROBLEMS = 64
_GLOBAL_KEYS = frozenset({"path", "linkpath", "size"})


@record
class TarMember:
    """One member."""

    name: str
    """Without what tools ignore: `./` in front, doubled slashes."""
    kind: Kind
    offset: int
    """Of the data, in the archive."""
    size: int
    target: str = ""
    """Of a link, as written."""


@record
class Tar:
    """An archive, as far as it could be read."""

    members: tuple[TarMember, ...]
    problems: tuple[FormatError, ...]
    """What is wrong, in the order of the file. The last one may be why reading ended there."""
    end: int
    """Behind the last block that was understood."""
    headers: frozenset[int]
    """Where the headers of the members stand."""


class _Extensions:
    """What stands in front of one member."""

    def __init__(self) -> None:
        self.pax: Mapping[str, bytes] | None = None
        self.name: str | None = None
        self.link: str | None = None

    @property
    def any(self) -> bool:
        return self.pax is not None or self.name is not None or self.link is not None


class _Reader:
    """Reads one archive."""

    def __init__(self, view: View, limits: Limits) -> None:
        self.cursor = Cursor(view)
        self.limits = limits
        self.names = Names(limits)
        self.members: list[TarMember] = []
        self.problems: list[FormatError] = []
        self.headers: set[int] = set()
        self.before = _Extensions()

    def doubt(self, problem: FormatError | None) -> None:
        """Note what is wrong, and read on."""
        if problem is not None and len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)

    def run(self) -> None:
        """Read header after header up to the end.

        Raises:
            FormatError: what makes it impossible to say where the next header is.
        """
        while True:
            offset = self.cursor.position
            try:
                block = self.cursor.take(BLOCK)
            except Truncated:
                raise wrong.NoEnd(
                    "does not end in a block of zeros: it was cut short", offset=offset
                ) from None
            if block == _ZEROS:
                break
            header = parse_header(block, offset)
            if header.type in _EXTENSIONS:
                self._extension(header, offset)
            else:
                self._member(header, block, offset)
        if self.before.any:
            self.doubt(wrong.ExtensionAlone("ends behind an extended header", offset=offset))
        self._end()

    def _extension(self, header: Header, offset: int) -> None:
        if header.size > self.limits.tar_header_bytes:
            raise wrong.ExtensionTooLarge(f"an extended header has {header.size} bytes", offset=offset)
        at = self.cursor.position
        data = self._data(header.size)
        before = self.before
        if header.type == b"g":
            if _GLOBAL_KEYS & parse_pax(data, at).keys():
                self.doubt(wrong.PaxGlobal("a global header names or sizes members", offset=offset))
            if before.any:
                self.doubt(
                    wrong.ExtensionsStack("a global header stands behind another header", offset=offset)
                )
            return
        if header.type == b"x":
            repeated, before.pax = before.any, parse_pax(data, at)
        else:
            long = self._long(data, at)
            repeated = before.pax is not None
            if header.type == b"L":
                repeated, before.name = repeated or before.name is not None, long
            else:
                repeated, before.link = repeated or before.link is not None, long
        if repeated:
            self.doubt(wrong.ExtensionsStack("extended headers stand in front of one another", offset=offset))

    def _long(self, data: bytes, offset: int) -> str:
        name, _, rest = data.partition(b"\0")
        if rest.strip(b"\0"):
            self.doubt(wrong.LongNameBroken("bytes follow a long name", offset=offset + len(name)))
        return text(name)

    def _member(self, header: Header, block: bytes, offset: int) -> None:
        if len(self.members) >= self.limits.tar_members:
            raise wrong.TooManyMembers(f"more than {self.limits.tar_members} members", offset=offset)
        before, self.before = self.before, _Extensions()
        if header.odd_prefix:
            self.doubt(wrong.PrefixNotPosix("a header that is not POSIX's has a prefix", offset=offset + 345))
        name, link, size = self._effective(header, before, offset)
        kind = self._kind(header, name, offset)
        if header.type == _SPARSE:
            self._skip_sparse_maps(block)
        at = self.cursor.position
        if kind != "file" and size:
            self.doubt(wrong.SizeOfNoFile(f"{name} is no file and has {size} bytes", offset=offset))
            size = 0
        plain, problem = self.names.add(name, folder=kind == "folder")
        if plain or kind != "folder":
            # the root itself is no member
            self.doubt(_at(problem, offset))
            self.headers.add(offset)
            left = self.cursor.left
            self.members.append(
                TarMember(name=plain, kind=kind, offset=at, size=min(size, left), target=link)
            )
        padded = -(-size // BLOCK) * BLOCK
        if padded > self.cursor.left:
            raise wrong.MemberEndsEarly(f"{name} reaches past the end of the file", offset=at)
        self.cursor.skip(padded)

    def _effective(self, header: Header, before: _Extensions, offset: int) -> tuple[str, str, int]:
        """Name, link target and size, after what stands in front of the header."""
        pax = before.pax or {}
        name = header.name if before.name is None else before.name
        link = header.link if before.link is None else before.link
        size = header.size
        if "path" in pax:
            name = text(pax["path"])
        if "linkpath" in pax:
            link = text(pax["linkpath"])
        if any(key.startswith("GNU.sparse.") for key in pax):
            name = text(pax.get("GNU.sparse.name", name.encode()))
            self.doubt(wrong.SparseMember(f"{name} has holes", offset=offset))
        if "size" in pax:
            size = pax_size(pax["size"], offset)
            if size != header.size and size <= _MOST_OCTAL:
                self.doubt(
                    wrong.SizesDisagree(
                        f"{name} has {header.size} bytes by its header and {size} by pax", offset=offset
                    )
                )
        return name, link, size

    def _kind(self, header: Header, name: str, offset: int) -> Kind:
        if header.type in _OTHERS:
            return _OTHERS[header.type]
        if header.type == _SPARSE:
            self.doubt(wrong.SparseMember(f"{name} has holes", offset=offset))
        elif header.type not in _FILES:
            self.doubt(wrong.TypeNotCommon(f"{name} is of type {header.type!r}", offset=offset + 156))
        elif name.endswith("/"):
            # how folders were written before there was a type for them
            return "folder"
        return "file"

    def _skip_sparse_maps(self, block: bytes) -> None:
        more = block[_SPARSE_MARK]
        while more:
            more = self.cursor.take(BLOCK)[_SPARSE_MARK_BEHIND]

    def _data(self, size: int) -> bytes:
        data = self.cursor.take(size)
        self.cursor.skip(min(-size % BLOCK, self.cursor.left))
        return data

    def _end(self) -> None:
        """Nothing but zeros may follow."""
        start = self.cursor.position
        position = start
        for chunk in self.cursor.rest():
            data = bytes(chunk)
            if data.count(0) != len(data):
                position += len(data) - len(data.lstrip(b"\0"))
                self.doubt(wrong.BytesBehindEnd("something follows the end of the archive", offset=position))
                return
            position += len(data)


def read_tar(view: View, limits: Limits) -> Tar:
    """Everything in an archive, and what is wrong with it.

    Raises:
        FormatError: the view cannot be read.
    """
    reader = _Reader(view, limits)
    try:
        reader.run()
    except FormatError as error:
        reader.problems.append(error)
    return Tar(
        members=tuple(reader.members),
        problems=tuple(reader.problems),
        end=reader.cursor.position,
        headers=frozenset(reader.headers),
    )


def _at(problem: FormatError | None, offset: int) -> FormatError | None:
    """The problem, with its place."""
    if problem is not None and problem.offset is None:
        problem.offset = offset
    return problem
