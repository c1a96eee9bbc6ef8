"""What a Python source shows without a parser: its encoding, its imports, and whether it needs a look.

The words are looked for anywhere, in strings and comments too: more files than need be are looked at, and
none that could reach a watched module by a name that its text spells. A name that the text does not spell
(put together from parts) needs one of the words to become a call: `getattr`, `__import__`, `exec`, `__`.
"""

from __future__ import annotations

import re
import unicodedata

_COOKIE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:[ \t\f]*(?:#[^\r\n]*)?\r?\n)?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)"
)
"""https://peps.python.org/pep-0263/"""
_IMPORT = re.compile(
    rb"^[ \t]*(?:import[ \t]+([\w., \t]{1,400})|from[ \t]+([\w.]{1,120})[ \t]+import\b)", re.MULTILINE
)
_TELLING = re.compile(
    r"(?:\b(?:import|from)|,)[\s\\]*(?:os|posix|nt|subprocess|pty|sockets?|ssl|urllib\w*|http|ftplib|smtplib|requests"
    r"|httpx|aiohttp|paramiko|ctypes|cffi|_?c?[pP]ickle|dill|cloudpickle|joblib|marshal|shelve|shutil|runpy"
    r"|importlib|imp|pip|builtins|code|codeop|base64|binascii|zlib|bz2|lzma|codecs|tempfile|webbrowser"
    r"|multiprocessing|threading|_thread|signal|sys|types|inspect|gc|winreg|asyncio|telnetlib|xmlrpc"
    r"|huggingface_hub|platform|getpass|glob)\b"
    r"|\b(?:exec|eval|compile|open|[gs]etattr(?!\(\s*[\w.]+,\s*[\"'][A-Za-z]\w*[\"'])|globals|locals|vars|breakpoint|hub|load|load_library"
    r"|load_inline|unsafe_load|full_load|read_pickle|cached_file)\b|\binput\s*\("
    r"|__(?!class__\.__name__|init__|name__|main__|all__|version__|call__|repr__|len__|getitem__|future__|author__|str__"
    r"|post_init__|iter__|next__|enter__|exit__)\w",
)
"""A module is reached by an import of its name, a function by its name. An attribute that is spelt out is no
other than one behind a dot."""
MOST_IMPORTS = 100


def declared_encoding(source: bytes) -> str | None:
    """The encoding that one of the first two lines declares, in lower case; None without one."""
    match = _COOKIE.match(source)
    return None if match is None else match[1].decode("ascii", "replace").lower()


def is_telling(source: bytes) -> bool:
    """Whether a word stands in the text that only a parser can judge.

    The compiler normalises names, so the text is normalised first: a letter outside ASCII may stand for one.
    """
    text = source.decode("utf-8", "replace")
    if not source.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _TELLING.search(text) is not None


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
