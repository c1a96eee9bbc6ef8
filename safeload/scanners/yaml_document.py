"""YAML: tags that construct, keys that import, aliases that blow up; and the block on top of a model card.

Most documents are told to be plain by `formats.yaml_text` alone. The others are read by PyYAML's parser in
a child process, which hands back what they consist of. Nothing is constructed in either place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.view import BytesView, read_all
from safeload.scanners import Errand, ScanResult, joined
from safeload.scanners._dotted import grade
from safeload.scanners._json_keys import MOST_FACTS, behaviour_facts
from safeload.scanners._text import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Json, Location
    from safeload.limits import Limits
    from safeload.scanners import Answer, Subject

FORMATS = ("text", "text-8bit", "json")
NAMES = re.compile(r"(.+\.ya?ml|MLmodel|.+\.md)\Z", re.IGNORECASE)

_EXPANDED_MOST = 1_000_000
"""Nodes with every alias written out: a model's configuration has a few thousand."""
_VALUES = re.compile(
    r"tag:yaml\.org,2002:python/(none|bool|str|unicode|bytes|int|long|float|complex|list|tuple|dict)\Z"
)
"""Tags of Python that give a value and nothing else."""
_HYPER = re.compile(r"!(new|name|apply|module|include):(?P<name>.*)\Z", re.DOTALL)
"""Tags of HyperPyYAML that import what they name."""
_SPEECHBRAIN = re.compile(
    r"speechbrain\.(augment|decoders|dataio|inference|lm|lobes|nnet|processing|tokenizers|utils)"
    r"(\.(?!_)[A-Za-z0-9_]+){0,5}\.[A-Z][A-Za-z0-9_]*\Z",
    re.ASCII,
)
_INERT = frozenset({"!ref", "!copy", "!PLACEHOLDER", "!tuple"})
_INCLUDES = re.compile(r"!(include|import|inc|ENV|env|env_var|path|file|secret|vault)([_:-].*)?\Z", re.DOTALL)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Settle a plain document, and send any other to the child.

    Raises:
        FormatError: it is no text.
    """
    from safeload.formats.yaml_text import FrontMatterOpen, front_matter, is_plain

    if subject.view.size > limits.yaml_bytes:
        if not subject.base_name.lower().endswith(".md"):
            reason = f"{subject.view.size} bytes of YAML, more than {limits.yaml_bytes}"
            return ScanResult(coverage=Coverage.LIMIT_EXCEEDED, reason=reason)
        return read_text(subject)
    result = read_text(subject)
    data = read_all(subject.view)
    if subject.base_name.lower().endswith(".md"):
        try:
            block = front_matter(data)
        except FrontMatterOpen:
            return result  # a page that starts with a ruler
        if block is None:
            return result
        data = block
    if result.coverage is not Coverage.SCANNED:
        return result
    if is_plain(data):
        return joined(result, ScanResult(coverage=result.coverage, facts=_license(subject, plain=data)))
    errand = Errand(task="yaml", view=BytesView(data))
    return ScanResult(coverage=Coverage.SCANNED, errands=(errand,))


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:  # noqa: ARG001
    """State what the parser found: tags, keys that ask for behaviour, and what could not be read."""
    if answer.failure:
        coverage = Coverage.LIMIT_EXCEEDED if answer.exceeded else Coverage.NOT_READ
        return ScanResult(coverage=coverage, reason=f"the YAML was not read: {answer.failure}")
    result = answer.result
    facts = [*_tags(result.get("tags"), subject.location)]
    documents = result.get("documents")
    value = documents[0] if isinstance(documents, list) and len(documents) == 1 else documents
    facts.extend(behaviour_facts(value, subject.location, followed=False))
    facts.extend(_license(subject, document=value))
    problem, expanded = result.get("problem"), result.get("expanded")
    if not isinstance(problem, str) or type(expanded) is not int:
        return ScanResult(coverage=Coverage.NOT_READ, reason="the child gave no sense", facts=tuple(facts))
    if problem.startswith(("more than", "nests deeper")) or expanded > _EXPANDED_MOST:
        reason = problem or f"its aliases stand for more than {_EXPANDED_MOST} nodes"
        return ScanResult(coverage=Coverage.LIMIT_EXCEEDED, reason=reason, facts=tuple(facts))
    if problem:
        return ScanResult(coverage=Coverage.MALFORMED, reason=problem, facts=tuple(facts))
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts))


def _license(subject: Subject, *, plain: bytes | None = None, document: Json = None) -> tuple[Fact, ...]:
    """The licence of a model card: a README.md in the root."""
    if subject.location.members or subject.location.artifact != "README.md":
        return ()
    from safeload.formats.model_card import licenses_in, licenses_of

    found = licenses_in(document) if plain is None else licenses_of(plain.decode("utf-8", "replace"))
    if found is None:
        return ()
    return (Fact(kind="license.stated", location=subject.location, data={"licenses": found}),)


def _tags(tags: Json, location: Location) -> Iterator[Fact]:
    """One fact per tag. The child's word is checked for its shape and no more: it can only add facts."""
    for pair in tags[: 2 * MOST_FACTS] if isinstance(tags, list) else ():
        if not isinstance(pair, list) or len(pair) != 2:
            continue
        tag, key = str(pair[0]), str(pair[1])
        kind = _tag_kind(tag)
        if kind is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            yield Fact(kind=kind, location=location.at(key=key), data={"key": key, "value": shown[:200]})


def _tag_kind(tag: str) -> str | None:
    if tag in _INERT:
        return None
    if _VALUES.match(tag):
        return "config.reference"
    if _INCLUDES.match(tag):
        return "config.redirect"
    hyper = _HYPER.match(tag)
    if hyper is not None:
        if _SPEECHBRAIN.match(hyper["name"]) and hyper[1] != "apply":
            return "config.reference"
        known = {"known": "config.reference", "project": "config.remote-code", "anything": "config.callable"}
        return known[grade(hyper["name"])]
    # `!!name` outside the core schema is how Python's and Java's readers are told a class
    return "config.callable" if tag.startswith("tag:") else "config.reference"
