"""A Sigstore instance of our own: an authority, a log of certificates, a log of signatures, and their root.

https://docs.sigstore.dev/certificate_authority/certificate-issuing-overview/, RFC 6962 (3.2: what a log of
certificates signs; 2.1: hashes of leaves), https://github.com/transparency-dev/formats/tree/main/log
(checkpoints). One entry is in the log of signatures, so that its hash is the root.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.forge import oms

SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
ISSUER_V1 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
ISSUER = "https://accounts.acme.example"
SINCE = "2024-01-01T00:00:00Z"
MADE = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)


def _ecdsa(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def _length(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


def _octets(data: bytes) -> bytes:
    """A DER OCTET STRING of less than 256 bytes."""
    return b"\x04" + (bytes([len(data)]) if len(data) < 128 else b"\x81" + bytes([len(data)])) + data


class Instance:
    """Authority and logs."""

    def __init__(self) -> None:
        self.authority, self.ctlog, self.rekor = (oms.private_key("p256") for _ in range(3))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        identifier = x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key())
        self.root = oms.certificate(self.authority, "authority", authority=True, extra=[(identifier, False)])
        self.name = name

    def trusted_root(self) -> bytes:
        """What a verifier needs to know of it."""

        def log(key: Any) -> dict[str, Any]:
            der = oms.public_der(key)
            return {
                "baseUrl": "https://log.acme.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": oms.text(der),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": SINCE},
                },
                "logId": {"keyId": oms.text(hashlib.sha256(der).digest())},
            }

        der = self.root.public_bytes(serialization.Encoding.DER)
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.rekor)],
                "certificateAuthorities": [
                    {
                        "subject": {"organization": "acme", "commonName": "authority"},
                        "uri": "https://authority.acme.example",
                        "certChain": {"certificates": [{"rawBytes": oms.text(der)}]},
                        "validFor": {"start": SINCE},
                    }
                ],
                "ctlogs": [log(self.ctlog)],
                "timestampAuthorities": [],
            }
        ).encode()

    def certify(self, key: Any, address: str, issuer: str) -> x509.Certificate:
        """A certificate for ten minutes, which the log of certificates has seen."""
        fields: dict[str, Any] = {
            "addresses": [address],
            "window": (MADE, MADE + dt.timedelta(minutes=10)),
        }
        known = [
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()), False),
            (x509.UnrecognizedExtension(ISSUER_V1, issuer.encode()), False),
        ]
        serial = x509.random_serial_number()
        before = self._leaf(key, serial, known, **fields)
        entry = hashlib.sha256(oms.public_der(self.authority)).digest() + _length(
            before.tbs_certificate_bytes, 3
        )
        when = int(MADE.timestamp() * 1000).to_bytes(8, "big")
        signed = b"\0\0" + when + b"\0\1" + entry + b"\0\0"
        log_id = hashlib.sha256(oms.public_der(self.ctlog)).digest()
        sct = b"\0" + log_id + when + b"\0\0" + b"\4\3" + _length(_ecdsa(self.ctlog, signed), 2)
        listed = _octets(_length(_length(sct, 2), 2))
        extension = (x509.UnrecognizedExtension(SCT_LIST, listed), False)
        return self._leaf(key, serial, [*known, extension], **fields)

    def _leaf(self, key: Any, serial: int, extra: Any, *, addresses: Any, window: Any) -> x509.Certificate:
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
            False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.root.subject)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(window[0])
            .not_valid_after(window[1])
            .add_extension(x509.KeyUsage(**usage | {"digital_signature": True}), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.RFC822Name(address) for address in addresses]),
                critical=True,
            )
        )
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.authority, hashes.SHA256())

    def sign(
        self, said: Any, *, address: str = "release@acme.example", issuer: str = ISSUER, **more: Any
    ) -> bytes:
        """A bundle with everything that a keyless signature has. `more` replaces fields of the log entry."""
        key = oms.private_key("p256")
        certificate = self.certify(key, address, issuer)
        payload = said if isinstance(said, bytes) else json.dumps(said).encode()
        signature = oms.sign(key, oms.pae(payload))
        pem = oms.certificate_pem(certificate)
        body = {
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
                "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                "signatures": [{"signature": oms.text(signature), "verifier": oms.text(pem)}],
            },
        }
        der = certificate.public_bytes(serialization.Encoding.DER)
        material = {
            "certificate": {"rawBytes": oms.text(der)},
            "tlogEntries": [self._entry(json.dumps(body).encode()) | more],
        }
        return oms.bundle(payload, key, signature=signature, material=material, keyid=None)

    def _entry(self, body: bytes) -> dict[str, Any]:
        log_id = hashlib.sha256(oms.public_der(self.rekor)).digest()
        when = int(MADE.timestamp()) + 60
        promised = {
            "body": oms.text(body),
            "integratedTime": when,
            "logID": log_id.hex(),
            "logIndex": 0,
        }
        promise = json.dumps(promised, sort_keys=True, separators=(",", ":")).encode()
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"log.acme.example - 1\n1\n{base64.b64encode(root).decode()}\n"
        line = base64.b64encode(log_id[:4] + _ecdsa(self.rekor, note.encode())).decode()
        return {
            "logIndex": "0",
            "logId": {"keyId": oms.text(log_id)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(when),
            "inclusionPromise": {"signedEntryTimestamp": oms.text(_ecdsa(self.rekor, promise))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": oms.text(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.acme.example {line}\n"},
            },
            "canonicalizedBody": oms.text(body),
        }
