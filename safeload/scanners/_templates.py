"""Chat templates, wherever they stand: the fact about each, the errand that has them judged, its answer.

A template is parsed in a child process only, all templates of one file in one child. What comes back is
the child's word about this one file; a template that it did not judge leaves the file unread or beyond
a budget, never scanned.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.view import BytesView, read_all
from safeload.scanners import Errand, ScanResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safeload.core import Json, Location
    from safeload.limits import Limits
    from safeload.scanners import Answer

    Templates = Sequence[tuple[str, str]]

TASK = "template"
KEY = "chat_template"
_MOST_FOUND = 64
_MOST_TEXT = 300
_MORE_THAN_CHILD_SAYS = "the child's answer about the chat templates is none"


def template_fact(where: str, text: str, location: Location) -> Fact:
    """Place, size in bytes and digest of a template: who has read it can pin the digest."""
    data = text.encode("utf-8", "surrogatepass")
    return Fact(
        kind="template.found",
        location=location.at(key=where),
        data={"where": where, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()},
    )


def template_result(
    templates: Templates,
    location: Location,
    limits: Limits,
    *,
    record: object | None = None,
    facts: tuple[Fact, ...] = (),
) -> ScanResult:
    """A scanner's result with the templates of its file, and the errand that has them judged.

    Args:
        templates: place and text of each.
        location: the file.
        limits: how many templates, and how long, one file may have.
        record: the file's record.
        facts: what else the scanner states.
    """
    coverage, reason = Coverage.SCANNED, ""
    errands: tuple[Errand, ...] = ()
    size = sum(len(text.encode("utf-8", "surrogatepass")) for _, text in templates)
    if len(templates) > limits.templates:
        coverage = Coverage.LIMIT_EXCEEDED
        reason = f"{len(templates)} chat templates, more than {limits.templates}: none was judged"
    elif size > limits.template_bytes:
        coverage = Coverage.LIMIT_EXCEEDED
        reason = f"{size} bytes of chat templates, more than {limits.template_bytes}: none was judged"
    elif templates:
        view = BytesView(json.dumps([list(pair) for pair in templates]).encode("ascii"))
        errands = (Errand(task=TASK, view=view),)
    found = tuple(template_fact(where, text, location) for where, text in templates[: limits.templates])
    return ScanResult(
        coverage=coverage, reason=reason, facts=(*facts, *found), record=record, errands=errands
    )


def templates_in(document: Json) -> list[tuple[str, str]]:
    """Place and text of the chat templates at the top of a document, in every form that loaders take."""
    value = document.get(KEY) if isinstance(document, dict) else None
    if isinstance(value, str):
        return [(KEY, value)]
    if isinstance(value, dict):
        return [(f"{KEY}.{name}", text) for name, text in value.items() if isinstance(text, str)]
    if isinstance(value, list):
        texts = [entry.get("template") if isinstance(entry, dict) else None for entry in value]
        return [(f"{KEY}.{index}", text) for index, text in enumerate(texts) if isinstance(text, str)]
    return []


def conclude_templates(errand: Errand, answer: Answer, location: Location) -> ScanResult:
    """What the child's answer says about the templates of one errand, each field checked."""
    if answer.failure:
        coverage = Coverage.LIMIT_EXCEEDED if answer.exceeded else Coverage.NOT_READ
        return ScanResult(coverage=coverage, reason=f"the chat template was not judged: {answer.failure}")
    pairs: Templates = json.loads(read_all(errand.view))
    judged = answer.result.get("templates")
    if not isinstance(judged, list) or len(judged) != len(pairs):
        return ScanResult(coverage=Coverage.NOT_READ, reason=_MORE_THAN_CHILD_SAYS)
    facts: list[Fact] = []
    coverage, reason = Coverage.SCANNED, ""
    for (where, text), said in zip(pairs, judged, strict=True):
        error, exceeded, found = _checked(said, text)
        if error is None or found is None:
            return ScanResult(coverage=Coverage.NOT_READ, reason=_MORE_THAN_CHILD_SAYS)
        facts += _facts(where, found, location)
        if error and coverage is Coverage.SCANNED:
            coverage = Coverage.LIMIT_EXCEEDED if exceeded else Coverage.MALFORMED
            reason = f"the chat template {where[:100]} was not judged: {error}"
    return ScanResult(coverage=coverage, reason=reason, facts=tuple(facts))


def _checked(said: Json, text: str) -> tuple[str | None, bool, list[tuple[int, str]] | None]:
    """Error, whether it is a budget, and what was found, of one template; None for what is none."""
    if not isinstance(said, dict):
        return None, False, None
    error, exceeded, found = said.get("error"), said.get("exceeded"), said.get("found")
    if not isinstance(error, str) or not isinstance(exceeded, bool) or not isinstance(found, list):
        return None, False, None
    items: list[tuple[int, str]] = []
    for item in found:
        if not isinstance(item, list) or len(item) != 2:
            return None, False, None
        line, what = item
        if type(line) is not int or not 0 <= line <= len(text) + 1 or not isinstance(what, str) or not what:
            return None, False, None
        items.append((line, what[:_MOST_TEXT]))
    return error[:_MOST_TEXT], exceeded, items


def _facts(where: str, found: Sequence[tuple[int, str]], location: Location) -> Iterator[Fact]:
    for line, what in found[:_MOST_FOUND]:
        data: Mapping[str, Json] = {"where": where, "line": line, "what": what}
        yield Fact(kind="template.unsafe", location=location.at(key=where), data=data)
