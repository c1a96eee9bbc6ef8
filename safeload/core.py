"""The types that the stages hand to each other.

    Artifact -> Fact -> Finding -> Decision -> VerifiedSnapshot

All are frozen. Nothing here reads, decides or prints; nothing here imports a stage.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias

from safeload.errors import UsageError
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
"""A JSON value, read-only by type: at run time arrays are lists and objects are dicts."""

EMPTY: Mapping[str, Json] = MappingProxyType({})


class View(Protocol):
    """Random access to the bytes of one artifact: all that a parser ever sees of it.

    What a view has returned once it returns again: judging and loading see the same bytes.
    """

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            FormatError: `Truncated`, where the view does not hold that range.
        """
        ...

    def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
        """The range in chunks, for data that is digested or compared but not interpreted.

        A chunk is valid until the next one is asked for.

        Raises:
            FormatError: `Truncated`, where the view does not hold that range.
        """
        ...


class Coverage(Enum):
    """How far an artifact was examined. Every artifact ends in exactly one."""

    SCANNED = "scanned"
    NOT_READ = "not-read"
    UNRECOGNISED = "unrecognised"
    MALFORMED = "malformed"
    LIMIT_EXCEEDED = "limit-exceeded"


class Status(Enum):
    """What is known about one kind of evidence."""

    VERIFIED = "verified"
    ABSENT = "absent"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


class Severity(IntEnum):
    """Harm if the finding is true. Likelihood is not part of it."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Level(Enum):
    """What a policy says about a rule."""

    ALLOW = "allow"
    WARN = "warn"
    DENY = "deny"


class Verdict(Enum):
    """The end of a decision."""

    ALLOW = "ALLOW"
    DENY = "DENY"


class Role(Enum):
    """What a loader would use a file for, told from its name alone."""

    CONFIG = "config"
    TOKENIZER = "tokenizer"
    PROCESSOR = "processor"
    """The configuration of an image processor, a feature extractor or a processor of several of them."""
    GENERATION = "generation"
    """How a model writes text."""
    WEIGHTS = "weights"
    INDEX = "index"
    OTHER = "other"


@record
class Digest:
    """A digest and its algorithm, in lower-case hexadecimal."""

    hex: str
    algorithm: str = "sha256"

    def __str__(self) -> str:
        """As written in reports and lock files."""
        return f"{self.algorithm}:{self.hex}"


@record
class Location:
    """A place in a snapshot."""

    artifact: str
    """Path of the file inside the snapshot, with forward slashes."""
    members: tuple[str, ...] = ()
    """Archive members from the outermost inwards."""
    offset: int | None = None
    """Bytes from the start of the innermost member."""
    key: str | None = None
    """JSON key path (`a.b.0`) or tensor name."""

    def within(self, member: str) -> Location:
        """The location of an archive member of this one."""
        return Location(artifact=self.artifact, members=(*self.members, member))

    def at(self, *, offset: int | None = None, key: str | None = None) -> Location:
        """The same artifact, at a byte or key."""
        return Location(artifact=self.artifact, members=self.members, offset=offset, key=key)

    @property
    def name(self) -> str:
        """File and members joined by `!`, unescaped: a report escapes it."""
        return "!".join((self.artifact, *self.members))

    def __str__(self) -> str:
        """The place in words: `data.pkl at byte 11`."""
        text = self.name
        if self.key is not None:
            text += f", key {self.key}"
        if self.offset is not None:
            text += f" at byte {self.offset}"
        return text


@record
class Artifact:
    """One addressable file of a snapshot, or one member of an archive in it."""

    location: Location
    size: int
    """Bytes."""
    role: Role
    format: str | None
    """Name of the recognised format, or None."""
    coverage: Coverage
    reason: str = ""
    """Why coverage is not SCANNED: a lower-case sentence."""
    digest: Digest | None = None
    """None where no digest was asked for, and for archive members."""


@record
class ManifestEntry:
    """One file of a source before anything was judged."""

    path: str
    size: int
    """Bytes."""
    role: Role


@record
class Manifest:
    """The files of one source, ordered by path."""

    uri: str
    """What was asked for, normalised: `file:/models/bert`, `hf:org/name@<commit>`."""
    entries: tuple[ManifestEntry, ...]
    commit: str | None = None
    """40-hex commit the files belong to, where the source knows one."""
    excluded: tuple[str, ...] = ()
    """Names that are no part of a snapshot and were not entered: git's own store."""


@record
class Fact:
    """What a scanner states about bytes, without opinion. `kind` is from `scanners.FACT_KINDS`."""

    kind: str
    location: Location
    data: Mapping[str, Json] = EMPTY


@record
class Evidence:
    """What a provenance collector established about the snapshot."""

    kind: str
    status: Status
    subject: str
    """What it is about: a commit, a manifest digest, a uri."""
    detail: str
    """A lower-case sentence: what was checked, or why it could not be."""
    time: str | None = None
    """ISO 8601 instant of the evidence itself, where it carries one."""
    code: str = ""
    """Stable name of what was found, where one status has several causes: `unknown-key`."""
    level: str = "none"
    """How much of an origin is proven where it is VERIFIED: none, pin, hub or publisher."""
    required: str = "none"
    """The level that the trust store asks for, or `deny` where it trusts nobody."""
    required_by: str = ""
    """File and line of the trust store that asks for it."""
    basis: str = ""
    """Digest of the trust store by which it was judged."""
    signer: str = ""
    """Full fingerprint of the key that signed, where it is VERIFIED."""
    key: str = ""
    """What the trust store calls the key that signed, where the signature is VERIFIED."""


NOT_NEEDED = "not-needed"
"""Code of evidence that nobody asked for: another kind proves the origin, or the rule names no key for it."""

UNTRUSTED = frozenset({"no-rule", "unknown-key", "key-not-allowed", "key-unusable", "outside-window"})
"""Codes of evidence that mean: signed, if at all, by nobody whom the trust store names for this."""


@record
class Rule:
    """A rule's identity and its documentation, from which every page about it is rendered."""

    id: str
    """`family.kebab-name`, never renumbered or reused."""
    severity: Severity
    summary: str
    """One line: the pattern that it names."""
    why: str
    """What an attacker gains from it, or what goes wrong."""
    fix: str
    """The safe next step."""
    references: tuple[str, ...] = ()
    waivable: bool = True
    """False: nobody can waive it and no policy level lets such a file load."""


@record
class Finding:
    """Why a fact matters."""

    rule: str
    severity: Severity
    message: str
    """A lower-case sentence of facts, attacker text unescaped: a report escapes it."""
    location: Location
    fix: str
    waivable: bool = True


@record
class Waiver:
    """A recorded exception."""

    id: str
    rule: str
    subject: str
    sha256: str
    reason: str
    owner: str
    expires: str


@record
class Scope:
    """Which artifacts an admission is for."""

    name: str
    """`everything`, or what is loaded: `tokenizer`, `config`, `model`."""
    roles: frozenset[Role]
    """Roles whose artifacts will be handed out; ignored for `everything`."""
    files: frozenset[str] = frozenset()
    """Paths that will be handed out whatever their role."""

    @property
    def everything(self) -> bool:
        """True for an audit: all artifacts are judged alike."""
        return self.name == "everything"


EVERYTHING = Scope(name="everything", roles=frozenset(Role))


@record
class Reason:
    """One finding with what the policy said about it."""

    finding: Finding
    level: Level
    set_by: str
    """File and line of the policy that set the level: `policies/default.toml:14`."""
    in_scope: bool = True
    waiver: Waiver | None = None


@record
class Decision:
    """What the policy decided about one subject, and why."""

    verdict: Verdict
    inconclusive: bool
    """True where the only grounds for DENY are things unknown or unread (exit code 3)."""
    subject: str
    scope: Scope
    reasons: tuple[Reason, ...]
    """Denials first, then warnings, then what was allowed; the gravest of each first."""
    artifacts: tuple[Artifact, ...]
    evidence: tuple[Evidence, ...]
    policy_name: str
    policy_source: str
    policy_digest: Digest

    @property
    def headline(self) -> str:
        """The verdict, and whether it stands on things unknown only."""
        return f"{self.verdict.value}{' (inconclusive)' if self.inconclusive else ''}"

    @property
    def denials(self) -> tuple[Reason, ...]:
        """The reasons that made the verdict DENY, the gravest first."""
        return tuple(reason for reason in self.reasons if reason.level is Level.DENY)

    @property
    def warnings(self) -> tuple[Reason, ...]:
        """The reasons that stand beside an ALLOW."""
        return tuple(reason for reason in self.reasons if reason.level is Level.WARN)

    def explain(self, most: int = 5) -> str:
        """The verdict for a person in a hurry: what, where, which rule, which policy line, what to do.

        Args:
            most: how many denials are written out.
        """
        lines = [f"{self.headline} {visible(self.subject)} ({self.scope.name})"]
        for reason in self.denials[:most]:
            finding = reason.finding
            lines.append(f"  {shown(str(finding.location))}: {shown(finding.message)}")
            lines.append(f"    rule {finding.rule}, denied by {visible(reason.set_by)}")
            lines.append(f"    fix: {shown(finding.fix)}")
        if len(self.denials) > most:
            lines.append(f"  and {len(self.denials) - most} more denying findings")
        lines.append(f"  policy: {visible(self.policy_source)} ({self.policy_digest})")
        return "\n".join(lines)


def visible(text: str) -> str:
    """Attacker text with every control, format, surrogate and line character escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text.encode("utf-8", "backslashreplace").decode("utf-8")
    )


def shown(text: str) -> str:
    """Attacker text for a terminal or a build log: one line that cannot pass for one of ours.

    Besides what `visible` escapes: a leading space, since indentation carries meaning in a report; and
    what a build service takes for an instruction, which is `::name::` at the start of a line and
    `##[name]` anywhere in it.
    """
    text = visible(text).replace("##[", "\\x23#[")
    if text.startswith((" ", "::")):
        return f"\\x{ord(text[0]):02x}{text[1:]}"
    return text


@record
class Judged:
    """One artifact inside a VerifiedSnapshot: the record that was judged and the bytes behind it."""

    artifact: Artifact
    record: object | None
    """The frozen record of formats/ that the judgement rests on."""
    content: Callable[[], bytes] | None
    """The judged bytes, or None where the scope does not hand them out."""
    lend: Callable[[], memoryview] | None
    """A fresh private mapping of the judged bytes, or None where the scope does not hand them out."""


@record
class VerifiedSnapshot:
    """The capability to load. Only `pipeline.admit` makes one."""

    decision: Decision
    manifest: Manifest
    findings: tuple[Finding, ...]
    _judged: Mapping[str, Judged]
    _policy: object
    """The policy that decided, opaque here: `pipeline.amend` decides again under the same one."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file of the snapshot, ordered, whether handed out or not."""
        return tuple(entry.path for entry in self.manifest.entries)

    def hands_out(self, path: str) -> bool:
        """Whether the scope of the decision lets a caller have the bytes of this file."""
        judged = self._judged.get(path)
        return judged is not None and judged.content is not None

    def artifact(self, path: str) -> Artifact:
        """What was found out about one file.

        Raises:
            UsageError: no such file in the snapshot.
        """
        return self._find(path).artifact

    def record(self, path: str) -> object | None:
        """The parsed record that was judged, or None where the file's format has none.

        Raises:
            UsageError: no such file in the snapshot.
        """
        return self._find(path).record

    def content(self, path: str) -> bytes:
        """The judged bytes of a file that is in scope.

        Raises:
            UsageError: no such file, or the scope of the decision does not hand it out.
        """
        content = self._find(path).content
        if content is None:
            raise self._outside(path)
        return content()

    def lend(self, path: str) -> memoryview:
        """Fresh private memory with the judged bytes of a file that is in scope.

        Writing to it changes neither the file nor what a later call returns.

        Raises:
            UsageError: no such file, or the scope of the decision does not hand it out.
        """
        lend = self._find(path).lend
        if lend is None:
            raise self._outside(path)
        return lend()

    def _find(self, path: str) -> Judged:
        try:
            return self._judged[path]
        except KeyError:
            raise UsageError(f"{visible(path)} is not in the admitted snapshot") from None

    def _outside(self, path: str) -> Exception:
        return UsageError(
            f"{visible(path)} was not admitted: the decision's scope is {self.decision.scope.name}"
        )


@record
class Excerpt:
    """The judged bytes around a place that a finding names."""

    location: Location
    """The finding's own, with its offset."""
    start: int
    """Offset of the first byte of `data`, counted as the location counts."""
    data: bytes


@record
class AuditReport:
    """All that an audit established about one subject; `decision` is its end."""

    decision: Decision
    manifest: Manifest
    facts: tuple[Fact, ...]
    explanations: Mapping[str, str]
    """Second reader's decompilation, by the place of the pickle stream in words."""
    streams: tuple[object, ...] = ()
    """Every pickle stream that was read, with its trace (`scanners.Stream`): what `inspect` shows."""
    quick: bool = False
    """True where only interpreted bytes were read."""
    rooms: tuple[tuple[str, ...], ...] = ()
    """Layers of isolation that held in the child processes of this audit: each different set once."""
    excerpts: tuple[Excerpt, ...] = ()
    """Bytes around findings, where they were at hand."""
    lock: str | None = None
    """The lock file that names the subject, as messages call it; None where it was held to none."""
    lock_lines: Mapping[str, int] = MappingProxyType({})
    """Line of each file in that lock, by path; that of the subject's entry under the empty path."""

    @property
    def anchors(self) -> Mapping[str, Mapping[str, tuple[str, int]]]:
        """Subject -> path, empty for the subject itself -> the lock file that names it, and the line."""
        if self.lock is None:
            return {}
        return {self.decision.subject: {path: (self.lock, line) for path, line in self.lock_lines.items()}}

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """Every file and archive member, with its coverage."""
        return self.decision.artifacts
