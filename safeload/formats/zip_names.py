"""Member names of a zip archive: text that every reader decodes alike, relative, and unique.

Specification: APPNOTE.TXT section 4.4.17 and appendix D. Stricter than it: no backslash, no empty, `.`
or `..` part, no drive letter, and no two names that a file system may take for the same.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive

if TYPE_CHECKING:
    from safeload.limits import Limits

FLAG_UTF8 = 0x0800


class NameTooLong(LimitExceeded):
    """A member name above the budget."""


class NameNotText(AmbiguousArchive):
    """A name that readers decode differently: neither ASCII nor marked UTF-8, or with control bytes."""


class UnsafeName(FormatError):
    """An absolute name, or one that climbs, or with empty parts."""


class BackslashName(AmbiguousArchive):
    """A backslash in a name: a separator for some readers, a character for others."""


class DuplicateName(AmbiguousArchive):
    """Two members of one name, exactly or after folding case and Unicode form."""


def member_names(raw: list[bytes], flags: list[int], limits: Limits) -> list[str]:
    """Every name as text, in order; checked in bulk, and one by one where the bulk looks unusual.

    Args:
        raw: names as written.
        flags: the general purpose flags of the same members.
        limits: budgets.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    if raw and max(map(len, raw)) > limits.zip_name_bytes:
        raise NameTooLong(f"a member name exceeds {limits.zip_name_bytes} bytes")
    joined = b"/\n/".join(raw)
    plain = joined.isascii() and joined.replace(b"\n", b"").decode("ascii").isprintable()
    if plain and joined.count(b"\n") == len(raw) - 1:
        names = joined.decode("ascii").split("/\n/")
        fenced = b"/" + joined + b"/"
        if any(odd in fenced for odd in (b"//", b"/./", b"/../", b"\\", b":")):
            for name, bits in zip(raw, flags, strict=True):
                _name(name, bits)
    else:
        names = [_name(name, bits) for name, bits in zip(raw, flags, strict=True)]
    folded = {folded_name(name) for name in names}
    if len(folded) != len(names):
        raise DuplicateName(f"two members are called {_first_duplicate(names)}")
    return names


def folded_name(name: str) -> str:
    """What a file system may take the name for that ignores case, Unicode form, and dots at the end."""
    name = name.removesuffix("/")
    if "./" in name or " /" in name or name.endswith((".", " ")):
        name = "/".join(part.rstrip(". ") for part in name.split("/"))
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _first_duplicate(names: list[str]) -> str:
    seen: set[str] = set()
    for name in names:
        folded = folded_name(name)
        if folded in seen:
            return name
        seen.add(folded)
    return ""


def _name(raw: bytes, flags: int) -> str:
    if not raw.isascii() and not flags & FLAG_UTF8:
        raise NameNotText(f"member name {raw!r} is neither ASCII nor marked as UTF-8")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NameNotText(f"member name {raw!r} is not UTF-8") from None
    if not name.isprintable():
        raise NameNotText(f"member name {raw!r} holds control characters")
    if "\\" in name:
        raise BackslashName(f"member name {name} holds a backslash")
    parts = name.removesuffix("/").split("/")
    if any(part in ("", ".", "..") for part in parts) or name[1:2] == ":":
        raise UnsafeName(f"member name {name} is absolute, climbs, or has empty parts")
    return name
