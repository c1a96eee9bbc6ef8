"""What a Python source shows without a parser: its encoding, its imports, and whether it needs a look.

The words are looked for anywhere, in strings and comments too: more files than need be are looked at, and
none that could reach a watched module by a name that its text spells. A name that the text does not spell
(put together from parts) needs one of the words to become a call: `getattr`, `__import__`, `exec`, `__`.
"""

from __future__ import annotations

import re

_COOKIE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:[ \t\f]*(?:#[^\r\n]*)?\r?\n)?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)"
)
"""https://peps.python.org/pep-0263/"""
_IMPORT = re.compile(
    rb"^[ \t]*(?:import[ \t]+([\w., \t]{1,400})|from[ \t]+([\w.]{1,120})[ \t]+import\b)", re.MULTILINE
)
_TELLING = re.compile(
    rb"\b(?:os|posix|nt|subprocess|pty|sockets?|ssl|urllib\w*|http|ftplib|smtplib|requests|httpx|aiohttp"
    rb"|paramiko|ctypes|cffi|c?pickle|dill|cloudpickle|joblib|marshal|shelve|shutil|runpy|importlib|imp|pip"
    rb"|builtins|code|codeop|base64|binascii|zlib|bz2|lzma|codecs|tempfile|webbrowser|multiprocessing"
    rb"|threading|signal|sys|types|inspect|gc|winreg|asyncio|telnetlib|xmlrpc|huggingface_hub|platform"
    rb"|getpass|glob|exec|eval|compile|open|getattr|setattr|globals|locals|vars|input|breakpoint|hub|load\w*"
    rb"|unsafe_load|full_load|read_pickle)\b|__(?!init__|name__|main__|all__|version__|call__|repr__|len__"
    rb"|getitem__|future__|author__|str__|post_init__|iter__|next__|enter__|exit__)\w",
    re.IGNORECASE,
)
MOST_IMPORTS = 100


def declared_encoding(source: bytes) -> str | None:
    """The encoding that one of the first two lines declares, in lower case; None without one."""
    match = _COOKIE.match(source)
    return None if match is None else match[1].decode("ascii", "replace").lower()


def is_telling(source: bytes) -> bool:
    """Whether a word stands in the text that only a parser can judge.

    A letter outside ASCII may be a word's letter to the compiler, which normalises names.
    """
    return _TELLING.search(source) is not None or not source.isascii()


def imported(source: bytes) -> tuple[str, ...]:
    """Modules that lines of the text import, in their order."""
    names: dict[str, None] = {}
    for match in _IMPORT.finditer(source):
        if len(names) >= MOST_IMPORTS:
            break
        if match[2]:
            names[match[2].decode("ascii", "replace")] = None
        else:
            parts = match[1].decode("ascii", "replace").split(",")
            names.update(dict.fromkeys(words[0] for part in parts if (words := part.split())))
    return tuple(names)
