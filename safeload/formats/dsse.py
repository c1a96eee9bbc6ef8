"""DSSE envelopes: a payload, what it is, and one signature over both.

https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md
https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md

Guarantees: the payload's bytes are those that the signature is said to cover, so whoever verifies over
`pae()` of them and parses them has judged what was signed. Deviations, all towards one reading: exactly one
signature, no field that the specification does not have, base64 in its canonical form, and a payload of
in-toto's type only. Nothing is verified here.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_fields import take_bytes, take_list, take_object, take_text
from safeload.formats.json_strict import parse_json
from safeload.record import record

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.limits import Limits

IN_TOTO = "application/vnd.in-toto+json"


class EnvelopeTooLarge(LimitExceeded):
    """More bytes than `attestation_bytes`."""


class PayloadTypeUnsupported(FormatError):
    """A payload of another type than in-toto's statements."""


class SignaturesNotOne(FormatError):
    """No signature, or more than one: verifiers differ in how many of them have to hold."""


@record
class Envelope:
    """One signed payload."""

    payload: bytes
    signature: bytes
    keyid: str
    """Which key is said to have signed; empty where nothing is said. Nobody signed that."""

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        return pae(IN_TOTO, self.payload)


def parse_envelope(data: bytes, limits: Limits) -> Envelope:
    """Read an envelope.

    Raises:
        FormatError: a class of this module, of `json_fields` or of `json_strict`.
    """
    return read_envelope(parse_document(data, limits))


def parse_document(data: bytes, limits: Limits) -> Json:
    """The JSON of a file that attests something.

    Raises:
        EnvelopeTooLarge: it is larger than any such file.
        FormatError: it is no strict JSON.
    """
    if len(data) > limits.attestation_bytes:
        raise EnvelopeTooLarge(f"{len(data)} bytes, more than {limits.attestation_bytes}")
    return parse_json(data, limits)


def read_envelope(value: Json) -> Envelope:
    """The envelope that a JSON value spells.

    Raises:
        FormatError: a class of this module or of `json_fields`.
    """
    place = "the envelope"
    holder = take_object(value, place, ("payload", "payloadType", "signatures"), ())
    kind = take_text(holder, "payloadType", place)
    if kind != IN_TOTO:
        raise PayloadTypeUnsupported(f"a payload of type {kind[:80]}, and only {IN_TOTO} is read")
    signatures = take_list(holder, "signatures", place)
    if len(signatures) != 1:
        raise SignaturesNotOne(f"{len(signatures)} signatures, where there has to be one")
    one = take_object(signatures[0], "the signature", ("sig",), ("keyid",))
    named = one.get("keyid") not in (None, "")  # writers differ in how they leave it out
    return Envelope(
        payload=take_bytes(holder, "payload", place),
        signature=take_bytes(one, "sig", "the signature"),
        keyid=take_text(one, "keyid", "the signature") if named else "",
    )


def pae(kind: str, payload: bytes) -> bytes:
    """Pre-authentication encoding: lengths and values of type and payload, so that neither runs on."""
    name = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def write_envelope(payload: bytes, signature: bytes, keyid: str) -> bytes:
    """The envelope as one line of JSON."""
    document = {
        "payload": base64.b64encode(payload).decode("ascii"),
        "payloadType": IN_TOTO,
        "signatures": [{"keyid": keyid, "sig": base64.b64encode(signature).decode("ascii")}],
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n"
