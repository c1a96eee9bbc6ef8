"""The opcodes that are not frequent enough for the loop in `pickle_machine`, one function each.

A function finds the machine's position behind the opcode, and may raise IndexError where the stack or
the marks run out: the loop names that.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

from safeload.formats import pickle_errors as wrong
from safeload.formats.joblib_wrapper import ArrayWrapper
from safeload.formats.opcodes import BY_NAME, HIGHEST_PROTOCOL
from safeload.formats.pickle_gadgets import RESOLVE
from safeload.formats.pickle_state import describe
from safeload.formats.pickle_text import decimal, float_text, quoted_string, raw_unicode
from safeload.formats.pickle_trace import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from safeload.formats.pickle_state import Machine

    Handler: TypeAlias = Callable[[Machine], None]


def _invalid(m: Machine) -> None:
    raise wrong.InvalidOpcode(f"byte 0x{m.data[m.at]:02x} is no opcode", offset=m.at)


# -- the stream ---------------------------------------------------------------------------------------


def _proto(m: Machine) -> None:
    protocol = m.number(1)
    if protocol > HIGHEST_PROTOCOL:
        raise wrong.UnsupportedProtocol(f"protocol {protocol} does not exist", offset=m.at)
    m.protocol = protocol
    m.written.clear()  # names are translated by protocol


def _frame(m: Machine) -> None:
    length = m.number(8)
    if m.framed:
        raise wrong.FrameViolation("a frame starts inside a frame", offset=m.at)
    if m.pos + length > len(m.data):
        raise wrong.StreamTruncated(f"a frame of {length} bytes reaches past the end", offset=m.at)
    m.framed = True
    m.end = m.pos + length


# -- constants ----------------------------------------------------------------------------------------


def _int(m: Machine) -> None:
    line = m.line()
    if line in (b"00", b"01"):
        m.stack.append(line == b"01")
    else:
        m.stack.append(decimal(line, m.limits.pickle_integer_bytes, m.at))


def _long(m: Machine) -> None:
    m.stack.append(decimal(m.line().removesuffix(b"L"), m.limits.pickle_integer_bytes, m.at))


def _long_bytes(m: Machine, length: int) -> None:
    if length > m.limits.pickle_integer_bytes:
        raise wrong.NumberTooLarge(f"an integer has {length} bytes", offset=m.at)
    m.stack.append(int.from_bytes(m.take(length), "little", signed=True))


def _signed_length(m: Machine) -> int:
    length = int.from_bytes(m.take(4), "little", signed=True)
    if length < 0:
        raise wrong.BadArgument("a length is negative", offset=m.at)
    return length


def _long1(m: Machine) -> None:
    _long_bytes(m, m.number(1))


def _long4(m: Machine) -> None:
    _long_bytes(m, _signed_length(m))


def _float(m: Machine) -> None:
    m.stack.append(float_text(m.line(), m.at))


def _binfloat(m: Machine) -> None:
    m.stack.append(struct.unpack(">d", m.take(8))[0])


def _ascii(m: Machine, raw: bytes) -> None:
    if not raw.isascii():
        raise wrong.BadArgument("a byte string is outside ASCII: its text depends on the loader", offset=m.at)
    m.stack.append(raw.decode("ascii"))


def _string(m: Machine) -> None:
    m.stack.append(quoted_string(m.line(), m.at))


def _binstring(m: Machine) -> None:
    _ascii(m, m.take(_signed_length(m)))


def _short_binstring(m: Machine) -> None:
    _ascii(m, m.counted(1))


def _unicode(m: Machine) -> None:
    m.stack.append(raw_unicode(m.line(), m.at))


def _binunicode8(m: Machine) -> None:
    m.stack.append(m.counted(8).decode("utf-8", "surrogatepass"))


def _short_binbytes(m: Machine) -> None:
    m.stack.append(m.counted(1))


def _binbytes(m: Machine) -> None:
    m.stack.append(m.counted(4))


def _binbytes8(m: Machine) -> None:
    m.stack.append(m.counted(8))


def _bytearray8(m: Machine) -> None:
    m.stack.append(bytearray(m.counted(8)))


def _next_buffer(m: Machine) -> None:
    raise wrong.OutOfBandBuffer("asks for a buffer from outside the stream", offset=m.at)


def _readonly_buffer(m: Machine) -> None:
    top = m.stack[-1]
    if type(top) is not bytes and top is not UNKNOWN:
        raise wrong.WrongOperand(f"makes {describe(top)} read-only", offset=m.at)


# -- stack and memo -----------------------------------------------------------------------------------


def _pop(m: Machine) -> None:
    if m.stack or not m.below:
        m.stack.pop()
    else:
        m.pop_mark()


def _dup(m: Machine) -> None:
    m.stack.append(m.stack[-1])


def _pop_mark(m: Machine) -> None:
    m.pop_mark()


def _get(m: Machine) -> None:
    m.stack.append(m.memo[m.index()])


def _put(m: Machine) -> None:
    index = m.index()
    if index > m.most_memo:
        raise wrong.MemoTooLarge(f"puts into the memo at index {index}", offset=m.at)
    m.memo[index] = m.stack[-1]


# -- containers ---------------------------------------------------------------------------------------


def _empty_list(m: Machine) -> None:
    m.stack.append([])


def _empty_dict(m: Machine) -> None:
    m.stack.append({})


def _empty_set(m: Machine) -> None:
    m.count_set()
    m.stack.append(set())


def _list(m: Machine) -> None:
    items = m.pop_mark()
    m.stack.append(items)


def _dict(m: Machine) -> None:
    items = m.pop_mark()
    target: dict[object, object] = {}
    m.set_items(target, items)
    m.stack.append(target)


def _frozenset(m: Machine) -> None:
    items = m.pop_mark()
    m.count_set()
    m.stack.append(frozenset(m.members(items)))


def _append(m: Machine) -> None:
    item = m.stack.pop()
    m.extend(m.stack[-1], [item])


def _appends(m: Machine) -> None:
    items = m.pop_mark()
    target = m.stack[-1]
    if items:
        m.extend(target, items)


def _setitem(m: Machine) -> None:
    value = m.stack.pop()
    key = m.stack.pop()
    m.set_items(m.stack[-1], [key, value])


def _setitems(m: Machine) -> None:
    items = m.pop_mark()
    target = m.stack[-1]
    if items:
        m.set_items(target, items)


def _additems(m: Machine) -> None:
    items = m.pop_mark()
    target = m.stack[-1]
    if not items:
        return
    if isinstance(target, set):
        target.update(m.members(items))
    else:
        m.write(target)


# -- globals and calls --------------------------------------------------------------------------------


def _global(m: Machine) -> None:
    module = m.line()
    name = m.line()
    if not module or not name:
        raise wrong.BadArgument("a module or name is empty", offset=m.at)
    m.stack.append(m.find(module.decode("utf-8"), name.decode("utf-8")))


def _stack_global(m: Machine) -> None:
    name = m.stack.pop()
    module = m.stack.pop()
    if type(module) is str and type(name) is str:
        m.stack.append(m.find(module, name))
    elif UNKNOWN in (module, name):
        why = "module or name is the result of another call"
        m.stack.append(m.reject("a computed name", why, RESOLVE))
    else:
        raise wrong.WrongOperand("module and name are no texts", offset=m.at)


def _extension(m: Machine, code: int) -> None:
    if code <= 0:
        raise wrong.BadArgument("an extension code is not positive", offset=m.at)
    m.stack.append(m.reject(f"extension {code}", "resolves through the process's own extension registry"))


def _ext1(m: Machine) -> None:
    _extension(m, m.number(1))


def _ext2(m: Machine) -> None:
    _extension(m, m.number(2))


def _ext4(m: Machine) -> None:
    _extension(m, int.from_bytes(m.take(4), "little", signed=True))


def _inst(m: Machine) -> None:
    args = m.pop_mark()
    module = m.line()
    name = m.line()
    if not module or not name or not module.isascii() or not name.isascii():
        raise wrong.BadArgument("a module or name is empty or no ASCII", offset=m.at)
    target = m.find(module.decode("ascii"), name.decode("ascii"))
    m.stack.append(m.call(target, tuple(args), "INST"))


def _obj(m: Machine) -> None:
    items = m.pop_mark()
    target = items[0]
    m.stack.append(m.call(target, tuple(items[1:]), "OBJ"))


def _newobj(m: Machine) -> None:
    args = m.stack.pop()
    m.stack[-1] = m.call(m.stack[-1], args, "NEWOBJ")


def _newobj_ex(m: Machine) -> None:
    keywords = m.stack.pop()
    args = m.stack.pop()
    if type(keywords) is not dict and keywords is not UNKNOWN:
        raise wrong.WrongOperand("keyword arguments are no dict", offset=m.at)
    m.stack[-1] = m.call(m.stack[-1], args, "NEWOBJ_EX")


def _build(m: Machine) -> None:
    state = m.stack.pop()
    target = m.stack[-1]
    m.build(target, state)
    if type(target) is ArrayWrapper and m.inline is not None:
        m.stack[-1] = m.inline(m, target)


def _persid(m: Machine) -> None:
    line = m.line()
    if not line.isascii():
        raise wrong.BadArgument("a persistent id is no ASCII", offset=m.at)
    m.stack.append(m.persistent(line.decode("ascii")))


_BY_NAME: dict[str, Handler] = {
    "PROTO": _proto, "FRAME": _frame, "INT": _int, "LONG": _long, "LONG1": _long1, "LONG4": _long4,
    "FLOAT": _float, "BINFLOAT": _binfloat, "STRING": _string, "BINSTRING": _binstring,
    "SHORT_BINSTRING": _short_binstring, "UNICODE": _unicode, "BINUNICODE8": _binunicode8,
    "SHORT_BINBYTES": _short_binbytes, "BINBYTES": _binbytes, "BINBYTES8": _binbytes8,
    "BYTEARRAY8": _bytearray8, "NEXT_BUFFER": _next_buffer, "READONLY_BUFFER": _readonly_buffer,
    "POP": _pop, "DUP": _dup, "POP_MARK": _pop_mark, "GET": _get, "PUT": _put,
    "EMPTY_LIST": _empty_list, "EMPTY_DICT": _empty_dict, "EMPTY_SET": _empty_set, "LIST": _list,
    "DICT": _dict, "FROZENSET": _frozenset, "APPEND": _append, "APPENDS": _appends,
    "SETITEM": _setitem, "SETITEMS": _setitems, "ADDITEMS": _additems, "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global, "EXT1": _ext1, "EXT2": _ext2, "EXT4": _ext4, "INST": _inst,
    "OBJ": _obj, "NEWOBJ": _newobj, "NEWOBJ_EX": _newobj_ex, "BUILD": _build, "PERSID": _persid,
}  # fmt: skip

HANDLERS: list[Handler] = [_invalid] * 256
for _name, _handler in _BY_NAME.items():
    HANDLERS[BY_NAME[_name].code] = _handler
