"""How OpenPGP signatures and keys can be wrong: one type per fact."""

from __future__ import annotations

from safeload.errors import FormatError, LimitExceeded


class ArmorBroken(FormatError):
    """Text that is not exactly one armored block of the expected kind."""


class ArmorTooLarge(LimitExceeded):
    """More bytes than a signature or key of its kind may have."""


class PacketBroken(FormatError):
    """A packet that is cut off, of indeterminate or partial length, or of no known form."""


class SignatureNotAlone(FormatError):
    """More than one signature, or anything else beside it."""


class SignatureKindUnsupported(FormatError):
    """A signature of another version, or by an algorithm that is not on the list."""


class SignatureTypeWrong(FormatError):
    """A signature that is not over plain data: over text, a key, or nothing."""


class DigestWeak(FormatError):
    """A signature over a digest for which collisions are known or near: MD5, SHA-1, RIPEMD-160."""


class SubpacketBroken(FormatError):
    """A subpacket that is cut off, doubled, or in the part that nobody signed."""


class SubpacketCritical(FormatError):
    """A subpacket that must not be ignored and is not understood here."""


class KeyUnsupported(FormatError):
    """A key of another version than 4."""


class KeyFileBroken(FormatError):
    """A file that is not one public key with its user ids, subkeys and certifications."""


class KeyIsSecret(FormatError):
    """A file that holds a secret key: it belongs to its owner, not to a trust store."""
