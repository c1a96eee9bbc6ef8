"""Length-prefixed strict JSON, as parent and child speak it.

A frame is four bytes of length, big-endian, and that many bytes of UTF-8 JSON whose top level is an
object. Both sides bound the length before they allocate. The parent trusts no frame: a child that
read hostile bytes may say anything, so duplicate keys, NaN, infinities, deep nesting and broken
UTF-8 all end in FrameError.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn, cast

from safeload.errors import SafeloadError

if TYPE_CHECKING:
    from safeload.core import Json

PREFIX_BYTES = 4
MOST_BYTES = 8 << 20
"""A decompilation is cut far below this; nothing else in an answer is long."""
MOST_REQUEST_BYTES = 4 << 10
PAYLOAD = "payload-bytes"
"""Key that announces how many raw bytes follow the frame."""


class FrameError(SafeloadError):
    """Bytes on the pipe that are not one frame of strict JSON."""


def encode(message: dict[str, Json]) -> bytes:
    """One frame.

    Raises:
        FrameError: the message is longer than a frame may be.
    """
    body = json.dumps(message, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(body) > MOST_BYTES:
        raise FrameError(f"a message of {len(body)} bytes exceeds {MOST_BYTES}")
    return len(body).to_bytes(PREFIX_BYTES, "big") + body


def body_length(prefix: bytes, most: int = MOST_BYTES) -> int:
    """The length that a frame's first bytes announce.

    Raises:
        FrameError: there are fewer than four bytes, or the length exceeds `most`.
    """
    if len(prefix) < PREFIX_BYTES:
        raise FrameError(f"ends after {len(prefix)} bytes of a length prefix")
    length = int.from_bytes(prefix[:PREFIX_BYTES], "big")
    if length > most:
        raise FrameError(f"announces {length} bytes, more than {most}")
    return length


def split(answer: bytes | bytearray, most_payload: int) -> tuple[dict[str, Json], bytes]:
    """The message in the frame that `answer` begins with, and the raw bytes behind it.

    Raises:
        FrameError: the frame is none, or other than the announced number of bytes follows it.
    """
    end = PREFIX_BYTES + body_length(bytes(answer[:PREFIX_BYTES]))
    message = decode(bytes(answer[:end]))
    size = message.pop(PAYLOAD, 0)
    if type(size) is not int or not 0 <= size <= most_payload:
        raise FrameError("announces more raw bytes than the task may return")
    if len(answer) - end != size:
        raise FrameError(f"holds {len(answer) - end} raw bytes and announces {size}")
    return message, bytes(memoryview(answer)[end:])


def decode(frame: bytes, most: int = MOST_BYTES) -> dict[str, Json]:
    """The message in one whole frame.

    Raises:
        FrameError: the bytes are not exactly one frame of strict JSON with an object in it.
    """
    length = body_length(frame, most)
    if len(frame) != PREFIX_BYTES + length:
        raise FrameError(f"holds {len(frame) - PREFIX_BYTES} bytes after a prefix that announces {length}")
    try:
        message = json.loads(
            frame[PREFIX_BYTES:].decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
        )
    except RecursionError:
        raise FrameError("nests too deeply") from None
    except ValueError as error:
        raise FrameError(f"is not JSON: {type(error).__name__}") from None
    if not isinstance(message, dict):
        raise FrameError("holds no object")
    return cast("dict[str, Json]", message)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FrameError("repeats a key")
    return found


def _constant(name: str) -> NoReturn:
    raise FrameError(f"holds the number {name}")
