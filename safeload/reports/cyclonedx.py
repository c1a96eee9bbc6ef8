"""CycloneDX 1.6, a machine learning bill of materials.

https://cyclonedx.org/docs/1.6/json/

The model is the component that the document is about; its files are the components, each with digest,
format and coverage. Findings are `vulnerabilities`, each of which affects its file: denied ones as they
are, waived ones with the reason for which they are accepted. Licences and the model card have what the
checkpoint's own configuration and card say, as facts state it; nothing of it is verified.

There is no timestamp and no random serial number: the same audit gives the same document. The serial
number is made from the subject, its digests and the policy's.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from safeload.core import Role
from safeload.reports import PLAIN
from safeload.reports._card import card_of
from safeload.reports._repository import name_of
from safeload.reports._rules import catalogue, sentence
from safeload.reports._words import clipped, files, place, standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Artifact, AuditReport, Reason
    from safeload.reports import Style

FORMAT = "cyclonedx"

_ALGORITHMS = {"sha256": "SHA-256", "sha1": "SHA-1", "sha512": "SHA-512"}
_MODEL = "model"


def render(report: AuditReport, style: Style = PLAIN) -> str:
    """The whole bill."""
    decision = report.decision
    top = files(decision.artifacts)
    refs = {artifact.location.artifact: f"file-{index}" for index, artifact in enumerate(top)}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": _serial(report),
        "version": 1,
        "metadata": {
            "tools": {
                "components": [{"type": "application", "name": "safeload", "version": style.version}],
            },
            "component": _model(report, style),
            "properties": [
                _property("verdict", decision.verdict.value),
                _property("inconclusive", str(decision.inconclusive).lower()),
                _property("scope", decision.scope.name),
                _property("policy", f"{decision.policy_name} ({decision.policy_source})"),
                _property("policy-digest", str(decision.policy_digest)),
            ],
        },
        "components": [_component(artifact, refs) for artifact in top],
        "dependencies": [
            {"ref": _MODEL, "dependsOn": sorted(refs.values())},
            *({"ref": ref} for ref in refs.values()),
        ],
        "vulnerabilities": [
            _vulnerability(reason, index, refs) for index, reason in enumerate(decision.reasons)
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def join(documents: Sequence[str]) -> str:
    """A bill is about one subject: several are a list, which readers take apart."""
    if len(documents) == 1:
        return documents[0]
    return "[\n" + ",\n".join(document.rstrip("\n") for document in documents) + "\n]\n"


def _model(report: AuditReport, style: Style) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        "name": clipped(name_of(report.decision.subject, style)),
    }
    if report.manifest.commit is not None:
        found["version"] = clipped(report.manifest.commit)
    card = card_of(report.facts)
    if card.licenses:
        found["licenses"] = [{"license": {"name": clipped(name)}} for name in card.licenses]
    parameters: dict[str, Any] = {}
    if card.architectures:
        parameters["modelArchitecture"] = clipped(", ".join(card.architectures))
    if card.families:
        parameters["architectureFamily"] = clipped(", ".join(card.families))
    if parameters:
        found["modelCard"] = {"modelParameters": parameters}
    return found


def _component(artifact: Artifact, refs: dict[str, str]) -> dict[str, Any]:
    weights = artifact.role is Role.WEIGHTS
    found: dict[str, Any] = {
        "type": "file",
        "bom-ref": refs[artifact.location.artifact],
        "name": clipped(artifact.location.artifact) or "(empty)",
        "properties": [
            _property("role", artifact.role.value),
            _property("format", artifact.format or "unrecognised"),
            _property("size", str(artifact.size)),
            _property("coverage", artifact.coverage.value),
        ],
    }
    if artifact.reason:
        found["properties"].append(_property("reason", artifact.reason))
    if weights:
        found["description"] = "weights"
    if artifact.digest is not None and artifact.digest.algorithm in _ALGORITHMS:
        found["hashes"] = [{"alg": _ALGORITHMS[artifact.digest.algorithm], "content": artifact.digest.hex}]
    return found


def _vulnerability(reason: Reason, index: int, refs: dict[str, str]) -> dict[str, Any]:
    finding = reason.finding
    rule = catalogue().get(finding.rule)
    found: dict[str, Any] = {
        "bom-ref": f"finding-{index}",
        "id": clipped(finding.rule),
        "source": {"name": "safeload"},
        "ratings": [
            {"source": {"name": "safeload"}, "severity": finding.severity.name.lower(), "method": "other"}
        ],
        "description": f"{place(finding.location)}: {clipped(finding.message)}",
        "recommendation": sentence(clipped(finding.fix)),
        "affects": [{"ref": refs.get(finding.location.artifact, _MODEL)}],
        "properties": [_property("standing", standing(reason)), _property("set-by", reason.set_by)],
    }
    if rule is not None:
        found["detail"] = sentence(rule.why)
    if reason.waiver is not None:
        waiver = reason.waiver
        found["analysis"] = {
            "response": ["will_not_fix"],
            "detail": clipped(
                f"waived by {waiver.id} until {waiver.expires}, {waiver.owner}: {waiver.reason}"
            ),
        }
    return found


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": f"safeload:{name}", "value": clipped(value)}


def _serial(report: AuditReport) -> str:
    """A UUID of version 8 (RFC 9562): the digest of what the bill is about."""
    decision = report.decision
    parts = [decision.subject, report.manifest.commit or "", str(decision.policy_digest)]
    parts += [f"{item.location.artifact}={item.digest}" for item in files(decision.artifacts)]
    digest = bytearray(hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
