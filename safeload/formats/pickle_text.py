"""The text arguments of protocol 0, decoded more strictly than CPython does.

Everything accepted here means the same to CPython. What only CPython accepts (`0x10`, `1_000`, `+1`,
leading blanks, unknown escapes) no pickler writes.
"""

from __future__ import annotations

import codecs

from safeload.formats.pickle_errors import BadArgument, NumberTooLarge

_ESCAPES = {
    0x5C: 0x5C, 0x27: 0x27, 0x22: 0x22, 0x61: 7, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9, 0x76: 11,
}  # fmt: skip
_HEX = b"0123456789abcdefABCDEF"


def decimal(line: bytes, most: int, at: int) -> int:
    """A plain decimal integer.

    Raises:
        BadArgument: anything else.
        NumberTooLarge: more than `most` digits.
    """
    digits = line[1:] if line[:1] == b"-" else line
    if not digits.isdigit() or (digits[:1] == b"0" and len(line) > 1):
        raise BadArgument("a number is not written in plain decimal", offset=at)
    if len(digits) > most:
        raise NumberTooLarge(f"an integer has {len(digits)} digits", offset=at)
    return int(line)


def float_text(line: bytes, at: int) -> float:
    """A float as `repr` writes it.

    Raises:
        BadArgument: anything else, or a number that a double cannot hold.
    """
    if line in (b"inf", b"-inf", b"nan"):
        return float(line)
    if len(line) > 64 or line.strip(b"0123456789+-.eE") or not line[-1:].strip(b"+-eE"):
        raise BadArgument("a float is not written in plain decimal", offset=at)
    try:
        value = float(line)
    except ValueError:
        raise BadArgument("a float is not written in plain decimal", offset=at) from None
    if value - value != 0:
        raise BadArgument("a float is too large for a double", offset=at)
    return value


def quoted_string(line: bytes, at: int) -> str:
    """The argument of STRING: quoted, escaped, ASCII once decoded.

    Raises:
        BadArgument: no quotes, an unknown escape, or a byte outside ASCII.
    """
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise BadArgument("the argument of STRING is not quoted", offset=at)
    body = line[1:-1]
    if b"\\" in body:
        out = bytearray()
        position = 0
        while (found := body.find(b"\\", position)) >= 0:
            out += body[position:found]
            code = body[found + 1] if found + 1 < len(body) else 0
            if code in _ESCAPES:
                out.append(_ESCAPES[code])
                position = found + 2
            elif code == 0x78 and len(digits := body[found + 2 : found + 4]) == 2 and not digits.strip(_HEX):
                out.append(int(digits, 16))
                position = found + 4
            else:
                raise BadArgument("an escape in STRING is not one that a pickler writes", offset=at)
        out += body[position:]
        body = bytes(out)
    if not body.isascii():
        raise BadArgument("STRING holds bytes outside ASCII: its text depends on the loader", offset=at)
    return body.decode("ascii")


def raw_unicode(line: bytes, at: int) -> str:
    r"""The argument of UNICODE: latin-1 with `\\u` escapes.

    Raises:
        BadArgument: an escape that is cut short or names no character.
    """
    try:
        return codecs.raw_unicode_escape_decode(line)[0]
    except UnicodeDecodeError:
        raise BadArgument("an escape in UNICODE is cut short", offset=at) from None
