"""Any bytes give a bundle, and its payload a manifest, or a FormatError.

The invariant holds within the limits and under the seal. What is accepted is understood whole: the payload
and the signature stand in the file as canonical base64, every file has a plain path and pieces that cover it
without gaps, and no file is there twice. Input that is no JSON object is taken for a payload and wrapped.
"""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import NamedTuple

from safeload.errors import FormatError
from safeload.formats.intoto import parse_statement
from safeload.formats.json_strict import parse_json
from safeload.formats.model_manifest import ModelManifest, parse_manifest
from safeload.formats.relative_path import relative_problem
from safeload.formats.sigstore_bundle import Bundle, parse_bundle
from safeload.limits import DEFAULT_LIMITS
from tests.forge import oms, oms_reference
from tests.forge.sigstore import Instance

KEY = {"publicKey": {"hint": "abc"}, "tlogEntries": []}
_MARK = b"\0payload:"


class Read(NamedTuple):
    """How far one input got."""

    bundle: Bundle | None
    manifest: ModelManifest | None
    error: FormatError | None


def wrapped(payload: bytes) -> bytes:
    """A bundle around a payload, whose signature nobody looks at here."""
    document = {
        "mediaType": oms.MEDIA,
        "verificationMaterial": KEY,
        "dsseEnvelope": oms.envelope(payload or b" ", b"sig"),
    }
    return json.dumps(document).encode()


def seeds() -> list[bytes]:
    """Each kind of material, whole files and pieces, and payloads that are wrapped when they are read."""
    said = [
        oms.statement(),
        oms.statement(size=4),
        oms.statement(algorithm="blake2b"),
        oms.statement(ignored=["a/", "../b"]),
        oms.statement(predicateType="https://model_signing/Digests/v0.1"),
        oms.statement(listed=oms.resources({"../x": b""})),
    ]
    return [
        oms_reference.FILES_SIG,
        oms_reference.SHARDS_SIG,
        oms_reference.CERTIFICATE_SIG,
        Instance().sign(oms.statement()),
        *(_MARK + json.dumps(item).encode() for item in said),
    ]


def read(data: bytes) -> Read:
    """Bundle and manifest, or the error that is allowed."""
    bundle = None
    try:
        bundle = parse_bundle(
            wrapped(data.removeprefix(_MARK)) if data.startswith(_MARK) else data, DEFAULT_LIMITS
        )
        statement = parse_statement(bundle.envelope.payload, DEFAULT_LIMITS)
        return Read(bundle, parse_manifest(statement, DEFAULT_LIMITS), None)
    except FormatError as error:
        return Read(bundle, None, error)


def check(data: bytes, result: object) -> None:
    """What has to hold of what was accepted."""
    assert isinstance(result, Read)
    if result.bundle is not None:
        whole = wrapped(data.removeprefix(_MARK)) if data.startswith(_MARK) else data
        document = parse_json(whole, DEFAULT_LIMITS)
        assert isinstance(document, dict)
        envelope = document["dsseEnvelope"]
        assert isinstance(envelope, dict)
        assert envelope["payload"] == base64.b64encode(result.bundle.envelope.payload).decode()
        assert result.bundle.envelope.signed.endswith(result.bundle.envelope.payload)
    if result.manifest is None:
        return
    for path, pieces in result.manifest.files.items():
        assert relative_problem(path) is None
        assert pieces[0].start == 0
        assert all(before.end == after.start for before, after in pairwise(pieces))
    assert all(relative_problem(path) is None for path in result.manifest.ignored)


def deep(result: object) -> bool:
    """Whether it got to the payload."""
    return isinstance(result, Read) and result.bundle is not None
