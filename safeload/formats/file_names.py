"""Names of files as other systems and other eyes take them: what they collide with, what they pass for.

A name is compared after everything that some file system ignores has gone: case and composition (macOS,
Windows), dots and spaces at the end of a part (Windows). Beside that, a name may hold characters that
nobody sees, or letters of another script that look like those of a known name.
https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file and https://www.unicode.org/reports/tr39/
"""

from __future__ import annotations

import re
import unicodedata

from safeload.core import Role
from safeload.formats.layout import role_of

_TRAILING = re.compile(r"[. ]+(?=/|\Z)")
_DEVICE = re.compile(
    r"(?:.*/)?(CON|PRN|AUX|NUL|COM[0-9\u00b9\u00b2\u00b3]|LPT[0-9\u00b9\u00b2\u00b3])(\.[^/]*)?\Z",
    re.IGNORECASE,
)
_UNSEEN = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\U000e0000-\U000e007f]"
)
_JOINERS = "[\u200c\u200d]"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_LOOK_ALIKE = str.maketrans(
    # Cyrillic, then Greek, then Latin and Armenian letters, then marks
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0501\u051b\u051d\u04bb\u043a\u043c\u0442\u0432"
    "\u043d\u0433\u0475\u04cf"
    "\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c4\u03c5\u03c7\u03b5"
    "\u0131\u0251\u0261\u026a\u0280\u1d0f\u0585\u057d\u0578\u0570\u01c0"
    "\u2010\u2011\u2012\u2013\u2014\u2212\u2024\u3002\u00b7\u02d7\ua4f8\u0660",
    "aeopcxyijsdqwhkmtbhrvlaopviktuxeiagirousnhl------...-.o",
)
_LATIN = r"[a-zA-Z]"
_CYRILLIC = "[\u0400-\u052f]"
_WORD = r"[^\W\d_]+"


def folded(name: str) -> str:
    """What two names have in common that a file system takes for one."""
    plain = _TRAILING.sub("", name) if "." in name or " " in name else name
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", plain).casefold())


def strangeness(name: str) -> tuple[str, str] | None:
    """What a name passes for, and by what; None for an ordinary one, whatever script it is written in.

    Args:
        name: a path inside a snapshot.
    """
    if name.isascii():
        return _ascii_strangeness(name)
    if _CONTROL.search(name):
        return _CONTROL.sub("", name), "control characters"
    seen = re.sub(_UNSEEN, "", name)
    if seen != name:
        return seen, "characters that nobody sees"
    joined = re.sub(_JOINERS, "", name)
    if joined != name and joined.isascii():
        return joined, "characters that nobody sees"
    alike = _skeleton(name)
    if alike != name and alike.isascii() and (role_of(alike) is not Role.OTHER or _mixes(name)):
        return alike, "letters that look alike"
    return _ascii_strangeness(name)


def _ascii_strangeness(name: str) -> tuple[str, str] | None:
    if not name.isprintable() and _CONTROL.search(name):
        return _CONTROL.sub("", name), "control characters"
    if _DEVICE.match(name):
        return name, "a name that Windows keeps for a device"
    if "\\" in name:
        return name.replace("\\", "/"), "a backslash, which Windows takes for a folder"
    before = name.partition(":")[0]
    if before != name and role_of(before) is not Role.OTHER:
        return before, "a colon, behind which Windows hides a second content"
    stripped = _TRAILING.sub("", name)
    if stripped != name:
        return stripped, "dots or spaces at the end of a name, which Windows drops"
    return None


def _skeleton(name: str) -> str:
    return unicodedata.normalize("NFKC", name).translate(_LOOK_ALIKE)


def _mixes(name: str) -> bool:
    """Whether one word has Latin letters, and Cyrillic ones that all look like Latin ones."""
    return any(
        re.search(_LATIN, word)
        and (foreign := re.findall(_CYRILLIC, word))
        and _skeleton("".join(foreign)).isascii()
        for word in re.findall(_WORD, name)
    )
