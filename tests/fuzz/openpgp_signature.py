"""Any bytes give one signature or a FormatError.

The invariant holds within the limits and under the seal. What is accepted is one packet of version 4
over plain bytes by a strong digest, and whoever names an issuer names one.
"""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.openpgp import Signature, parse_signature
from safeload.formats.openpgp_errors import ArmorBroken, ArmorTooLarge
from safeload.formats.openpgp_packets import packets
from safeload.limits import DEFAULT_LIMITS
from tests.forge.openpgp import armor, signature, subpacket


def seeds() -> list[bytes]:
    """All algorithms, extra subpackets, two packets, and the binary forms that `read` armors."""
    made = signature()
    return [
        armor(made),
        made,
        signature(algorithm=1, numbers=[2048]),
        signature(algorithm=27, fixed=64),
        signature(unhashed=subpacket(16, b"\x11" * 8)),
        signature(hashed=subpacket(2, b"\0\0\0\1") + subpacket(3, b"\0\0\0\1") + subpacket(0x80 | 20, b"x")),
        made + made,
    ]


def read(data: bytes) -> object:
    """The signature, or the error that is allowed. Binary input is armored first, to get to the packets."""
    text = data if data.startswith(b"-") else armor(data)
    try:
        return parse_signature(text, DEFAULT_LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a signature."""
    if not isinstance(result, Signature):
        return
    (packet,) = packets(result.packet)
    assert packet.tag == 2
    assert packet.body[:2] == b"\4\0"
    assert packet.body[3] in {8, 9, 10}
    assert result.issuer is None or result.issuer[-16:] == result.issuer_id


def deep(result: object) -> bool:
    """Whether it got to the packets."""
    return not isinstance(result, (ArmorBroken, ArmorTooLarge))
