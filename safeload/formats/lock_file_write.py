"""Lock -> the text of safeload.lock: the same subjects give the same bytes, on any machine.

Entries are ordered by name and files by path, there is no time in it, and what could pass for something
else in a review (control characters, text that runs the other way, quotes) is escaped.

https://toml.io/en/v1.0.0#string
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Verdict
from safeload.formats.lock_file import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeload.formats.lock_file import LockedEvidence, LockedSubject

HEADER = (
    "# What safeload judged and allowed, file by file. `safeload lock` writes it: review its changes like\n"
    "# those of code, and commit it. Paths of local folders are relative to this file.\n"
)
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write_lock(subjects: Iterable[LockedSubject]) -> str:
    """The whole file."""
    entries = sorted(subjects, key=lambda subject: subject.key)
    return "\n".join([f"{HEADER}version = {VERSION}\n", *map(write_subject, entries)])


def write_subject(subject: LockedSubject) -> str:
    """One entry. Two are the same if their texts are."""
    return "".join(f"{line}\n" for line in _lines(subject))


def quoted(text: str) -> str:
    """A TOML string that shows on one line what is in it."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{"".join(map(_escaped, text))}"'


def _lines(subject: LockedSubject) -> Iterator[str]:
    yield "[[subject]]"
    yield f"uri = {quoted(subject.uri)}"
    for key, value in (
        ("revision", subject.revision),
        ("commit", subject.commit),
        ("repository", subject.repository),
    ):
        if value is not None:
            yield f"{key} = {quoted(value)}"
    yield f"verdict = {quoted(Verdict.ALLOW.value)}"
    yield f"policy = {{ name = {quoted(subject.policy_name)}, digest = {quoted(subject.policy_digest)} }}"
    yield f"safeload = {quoted(subject.safeload)}"
    if subject.evidence:
        yield "evidence = ["
        yield from (f"    {{ {_item(item)} }}," for item in subject.evidence)
        yield "]"
    yield ""
    yield "[subject.files]"
    for path, file in sorted(subject.files.items()):
        yield f"{quoted(path)} = {{ sha256 = {quoted(file.sha256)}, size = {file.size} }}"


def _item(item: LockedEvidence) -> str:
    pairs = [("kind", item.kind), ("status", item.status.value), ("subject", item.subject)]
    if item.level != "none":
        pairs.append(("level", item.level))
    if item.basis:
        pairs.append(("basis", item.basis))
    return ", ".join(f"{key} = {quoted(value)}" for key, value in pairs)


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
