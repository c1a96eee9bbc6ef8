"""Model signatures by a signer of our own: manifests, statements, envelopes, bundles, keys and certificates.

Nothing of the package is used to build them, so that a mistake of the parser does not repeat itself here.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}
DIGESTS = {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}
MEDIA = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
IGNORED = [".git", ".gitattributes", ".github", ".gitignore", "model.sig"]
SOME = {"config.json": b'{"model_type": "bert"}', "sub/x.txt": b"hello\n"}


def private_key(kind: str = "ed25519") -> Private:
    """A new key: ed25519, p256, p384 or p521."""
    return (
        ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(CURVES[kind]())
    )


def public_der(key: Any) -> bytes:
    """SubjectPublicKeyInfo of a private key."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_pem(key: Any) -> bytes:
    """The same as a file."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def private_pem(key: Any, passphrase: bytes | None = None) -> bytes:
    """A private key as a file."""
    how = (
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase)
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def fingerprint(key: Any) -> str:
    """As a trust store writes it."""
    return f"SHA256:{hashlib.sha256(public_der(key)).hexdigest()}"


def sign(key: Any, message: bytes) -> bytes:
    """By the algorithm that belongs to the key."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ec.ECDSA(DIGESTS[key.key_size]()))


def resources(
    files: Mapping[str, bytes], *, algorithm: str = "sha256", size: int | None = None
) -> list[dict[str, str]]:
    """Each file with its digest, or each piece of `size` bytes."""
    listed = []
    for name, content in sorted(files.items()):
        pieces = {name: content}
        if size is not None:
            starts = range(0, len(content), size)
            pieces = {f"{name}:{at}:{min(at + size, len(content))}": content[at : at + size] for at in starts}
        listed += [
            {"name": piece, "algorithm": algorithm, "digest": hashlib.new(algorithm, data).hexdigest()}
            for piece, data in pieces.items()
        ]
    return listed


def statement(
    files: Mapping[str, bytes] = SOME,
    *,
    ignored: Sequence[str] | None = IGNORED,
    algorithm: str = "sha256",
    size: int | None = None,
    listed: list[dict[str, Any]] | None = None,
    serialization: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What is signed about a model. `serialization` and `more` replace fields; None takes one away."""
    listed = resources(files, algorithm=algorithm, size=size) if listed is None else listed
    root = hashlib.sha256(b"".join(bytes.fromhex(item["digest"]) for item in listed)).hexdigest()
    how: dict[str, Any] = {
        "method": "files" if size is None else "shards",
        "hash_type": algorithm,
        "allow_symlinks": False,
        "ignore_paths": ignored,
        "shard_size": size,
    } | dict(serialization or {})
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {name: value for name, value in how.items() if value is not None},
            "resources": listed,
        },
    } | more
    return {name: value for name, value in document.items() if value is not None}


def pae(payload: bytes, kind: str = IN_TOTO) -> bytes:
    """What an envelope's signature is over."""
    return b" ".join([b"DSSEv1", str(len(kind)).encode(), kind.encode(), str(len(payload)).encode(), payload])


def text(data: bytes) -> str:
    """Base64."""
    return base64.b64encode(data).decode()


def envelope(payload: bytes, signature: bytes, **more: Any) -> dict[str, Any]:
    """A DSSE envelope. `more` replaces fields; None takes one away."""
    document = {
        "payload": text(payload),
        "payloadType": IN_TOTO,
        "signatures": [{"sig": text(signature), "keyid": ""}],
    } | more
    return {name: value for name, value in document.items() if value is not None}


def hint(key: Any) -> str:
    """As the reference implementation writes it: over the PEM."""
    return hashlib.sha256(public_pem(key)).hexdigest()


def bundle(
    said: dict[str, Any] | bytes,
    key: Any,
    *,
    material: Mapping[str, Any] | None = None,
    chain: Sequence[x509.Certificate] = (),
    signature: bytes | None = None,
    keyid: str | None = "",
    **more: Any,
) -> bytes:
    """A signed bundle. `material` and `more` replace the verification material and fields of the bundle."""
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    made = sign(key, pae(payload)) if signature is None else signature
    if material is None:
        material = {"publicKey": {"hint": hint(key)}, "tlogEntries": []}
        if chain:
            listed = [{"rawBytes": text(item.public_bytes(serialization.Encoding.DER))} for item in chain]
            material = {"x509CertificateChain": {"certificates": listed}, "tlogEntries": []}
    document = {
        "mediaType": MEDIA,
        "verificationMaterial": material,
        "dsseEnvelope": envelope(payload, made, signatures=[{"sig": text(made), "keyid": keyid}]),
    } | more
    return json.dumps({name: value for name, value in document.items() if value is not None}).encode()


def key_table(
    name: str, content: bytes, print_: str, *, kind: str = "oms", more: str = ""
) -> tuple[str, dict[str, bytes]]:
    """[keys.NAME] of a trust.toml, and its file."""
    table = f'[keys.{name}]\nfile = "keys/{name}.pem"\nfingerprint = "{print_}"\nkind = "{kind}"\n{more}\n'
    return table, {f"keys/{name}.pem": content}


def store_text(
    keys: Mapping[str, Any],
    *,
    rules: str | None = None,
    more: str = "",
    kind: str = "oms",
    keys_more: str = "",
) -> tuple[str, dict[str, bytes]]:
    """trust.toml with these keys, all of them listed for acme/*, and their files."""
    written, files = "version = 1\n", {}
    for name, key in keys.items():
        table, file = key_table(name, public_pem(key), fingerprint(key), kind=kind, more=keys_more)
        written, files = written + table, files | file
    if rules is None:
        names = ", ".join(f'"{name}"' for name in keys)
        rules = f'[[rules]]\nrepos = ["acme/*"]\nrequire = "publisher"\nkeys = [{names}]\n{more}'
    return written + rules, files


def write_store(folder: Path, written: tuple[str, dict[str, bytes]]) -> Path:
    """A trust store as files."""
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    (folder / "trust.toml").write_text(written[0])
    for name, content in written[1].items():
        (folder / name).write_bytes(content)
    return folder


def write_model(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2034, 1, 1, tzinfo=dt.UTC)


def certificate(
    key: Any,
    name: str,
    issuer: tuple[Any, x509.Certificate] | None = None,
    *,
    authority: bool = False,
    length: int | None = None,
    usage: str | None = "",
    purposes: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.CODE_SIGNING,),
    addresses: Sequence[str] = (),
    window: tuple[dt.datetime, dt.datetime] = (START, END),
    digest: hashes.HashAlgorithm | None = None,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> x509.Certificate:
    """A certificate of `key`'s public half, by an issuer or by itself.

    `usage` is "" for what the role needs, None for no such extension, or the one usage that is set.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[1].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(window[0])
        .not_valid_after(window[1])
        .add_extension(x509.BasicConstraints(ca=authority, path_length=length), critical=True)
    )
    if usage is not None:
        set_ = usage or ("key_cert_sign" if authority else "digital_signature")
        names = (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        )  # fmt: skip
        builder = builder.add_extension(
            x509.KeyUsage(**{item: item == set_ for item in names}), critical=True
        )
    if purposes and not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=False)
    if addresses:
        listed = [x509.RFC822Name(address) for address in addresses]
        builder = builder.add_extension(x509.SubjectAlternativeName(listed), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    by = key if issuer is None else issuer[0]
    plain = isinstance(by, ed25519.Ed25519PrivateKey)
    return builder.sign(by, None if plain else (digest or hashes.SHA256()))


def certificate_pem(item: x509.Certificate) -> bytes:
    """As a file."""
    return item.public_bytes(serialization.Encoding.PEM)
