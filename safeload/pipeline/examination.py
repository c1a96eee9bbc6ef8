"""Steps 3 to 8 of the pipeline for one source: seal, scan, read again, digest, relate, decide."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, NamedTuple, cast

from safeload import discovery
from safeload.core import Artifact, Coverage, Fact, Judged, Location, Role, Verdict, View
from safeload.errors import FormatError, LimitExceeded, UsageError
from safeload.formats.families import RAW
from safeload.formats.identify import identify
from safeload.formats.meter import Meter
from safeload.formats.view import Inflated, InflatedBytes
from safeload.pipeline.digests import digest_all
from safeload.pipeline.origin import FoundOrigin
from safeload.pipeline.terms import Circumstances, terms_of, weighed
from safeload.pipeline.unfolding import Unfolding
from safeload.policy.engine import decide
from safeload.provenance import collect_evidence
from safeload.record import replace
from safeload.scanners import Answer, ScanResult, Subject, joined
from safeload.scanners.claims import settle
from safeload.scanners.relations import relate
from safeload.sources.blobs import FileBlob, MemoryBlob, NotFetched, Unreadable, memory_bytes
from safeload.sources.ranged import RangedBlob

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping

    from safeload.core import Decision, Evidence, Finding, Json, ManifestEntry, Scope
    from safeload.formats.identify import Identification
    from safeload.limits import Limits
    from safeload.pipeline.apart import Apart
    from safeload.policy.schema import Policy
    from safeload.provenance import Case
    from safeload.rules import RuleModule
    from safeload.scanners import Concluding, Errand, Scanner, Stream
    from safeload.sources import Source

    Progress = Callable[[str, int, int], None]


def _bytes_of(source: Source, limits: Limits) -> int:
    """How much there is to unfold. Of a remote file no more counts than may be read: its size is a claim."""
    remote = {path for path, blob in source.blobs.items() if isinstance(blob, RangedBlob)}
    return sum(
        min(entry.size, limits.remote_bytes) if entry.path in remote else entry.size
        for entry in source.manifest.entries
    )


class _Pending(NamedTuple):
    """An artifact that waits for its scanner."""

    view: View
    place: Location
    depth: int
    """How many containers are around it, compressed files among them."""
    archives: int
    """How many of them are archives."""
    format: str | None


class Examination:
    """What is found out about one source, stage by stage."""

    def __init__(
        self,
        source: Source,
        policy: Policy,
        *,
        quick: bool,
        origin: FoundOrigin | None = None,
        circumstances: Circumstances | None = None,
    ) -> None:
        self._source = source
        self._origin = origin or FoundOrigin()
        self._policy = policy
        self._quick = quick
        self._circumstances = circumstances or Circumstances(now=time.time())
        self._files: dict[str, Artifact] = {}
        self._members: list[Artifact] = []
        self._meter: Meter | None = None
        self._errands = 0
        self._apart: Apart | None = None
        self.rooms: set[tuple[str, ...]] = set()
        """Layers of isolation that held in the children of this audit: each different set once."""
        self._unfolding = Unfolding(policy.limits, _bytes_of(source, policy.limits))
        self.streams: list[Stream] = []
        self.facts: list[Fact] = list(source.facts)
        self.records: dict[str, object] = {}
        self.explanations: dict[str, str] = {}

    def seal(self, paths: Iterable[str]) -> None:
        """Step 3: copy large files into memory that nobody can write to."""
        found = [(path, self._source.blobs.get(path)) for path in paths]
        large = {path: blob for path, blob in found if isinstance(blob, FileBlob)}
        needed, most = sum(blob.size for blob in large.values()), memory_bytes()
        for path, blob in large.items():
            try:
                if needed > most:
                    raise Unreadable(f"the weights need {needed} bytes of memory, and there are {most}")
                self._source.blobs[path] = blob.seal()
            except FormatError as error:
                self._source.broken[path] = error
                del self._source.blobs[path]
            finally:
                blob.close()

    def scan(self, entries: Iterable[ManifestEntry]) -> None:
        """Step 4: the files, and without recursion everything inside them."""
        for entry in entries:
            place = Location(artifact=entry.path)
            broken = self._source.broken.get(entry.path)
            if broken is not None:
                self._file(entry, None, ScanResult(coverage=Coverage.NOT_READ, reason=broken.detail))
                continue
            if self._policy.isolation == "all":
                self._scan_apart(entry)
                continue
            pending = [_Pending(self._source.blobs[entry.path], place, 0, 0, None)]
            self._meter = Meter(entry.size, self._policy.limits)
            while pending:
                item = pending.pop()
                kind, result = self._examine(item)
                result = self._unfolding.within(result)
                self.facts.extend(result.facts)
                if item.depth:
                    self._member(item.place, item.view.size, kind, result.coverage, result.reason)
                else:
                    self._file(entry, kind, result)
                for member in result.members:
                    where = item.place.within(member.name)
                    self._member(where, member.size, member.format, member.coverage, member.reason)
                pending.extend(
                    _Pending(
                        child.view,
                        item.place.within(child.name),
                        item.depth + 1,
                        item.archives + (not child.wrapped),
                        child.format,
                    )
                    for child in reversed(result.children)
                )
                self.streams.extend(result.streams)
            self._check_ranges(entry)

    def _check_ranges(self, entry: ManifestEntry) -> None:
        """A remote file of which a range did not come was not read, whatever its scanner made of the rest."""
        blob, artifact = self._source.blobs[entry.path], self._files[entry.path]
        if isinstance(blob, RangedBlob) and blob.problem and artifact.coverage is Coverage.SCANNED:
            unread = replace(artifact, coverage=Coverage.NOT_READ, reason=blob.problem)
            self._files[entry.path] = unread
            self.records.pop(entry.path, None)
            self.facts.append(_coverage_fact(unread))

    def _scan_apart(self, entry: ManifestEntry) -> None:
        """Step 4 for a file that a child process reads: what it says is about this file only."""
        # Most policies read in this process.
        from safeload.pipeline.apart import Apart

        if self._apart is None:
            self._apart = Apart(self._policy, quick=self._quick, run=self._errand_of_child)
        try:
            told = self._apart.examine(entry, self._source.blobs[entry.path])
        except FormatError as error:
            self._file(entry, None, ScanResult(coverage=Coverage.MALFORMED, reason=str(error)))
            return
        except Exception as error:  # noqa: BLE001 - as in _examine: a fault of ours ends as a denial
            reason = f"its child process failed, which is a bug of safeload: {type(error).__name__}: {error}"
            self._file(entry, None, ScanResult(coverage=Coverage.MALFORMED, reason=reason))
            return
        self.rooms.update({self._apart.room} - {()})
        self.facts.extend(told.facts)
        result = ScanResult(coverage=told.coverage, reason=told.reason, record=told.record)
        self._file(entry, told.format, result)
        for place, size, kind, coverage, reason in told.members:
            self._member(place, size, kind, coverage, reason)
        self.streams.extend(told.streams)

    def confirm(self, entries: Iterable[ManifestEntry]) -> bool:
        """After a decision from what children said: read again, here, what will be handed out.

        A child that hostile bytes have taken over can lie about its own file, and the resolver wants
        records that it can trust.

        Returns:
            Whether there was anything to do, so that there has to be another decision.
        """
        if self._policy.isolation != "all":
            return False
        again = Examination(self._source, replace(self._policy, isolation="native"), quick=self._quick)
        again.facts.clear()
        again.scan(entries)
        for path, artifact in again._files.items():
            self._files[path] = replace(artifact, digest=self._files[path].digest)
        inside = [item for item in self._members if item.location.artifact not in again._files]
        self._members = [*inside, *again._members]
        known = {_comparable(fact) for fact in self.facts}
        self.facts.extend(fact for fact in again.facts if _comparable(fact) not in known)
        self.records |= again.records
        self.rooms |= again.rooms
        return True

    def close(self) -> None:
        """End the child processes, where there are any."""
        if self._apart is not None:
            self._apart.close()

    def found(self, path: str) -> tuple[Artifact, tuple[Artifact, ...]]:
        """What was found out about one file, and about everything inside it."""
        inside = (item for item in self._members if item.location.artifact == path)
        return self._files[path], tuple(inside)

    def read_again(self) -> None:
        """Step 5: ask the second reader about pickle streams, and state what it said."""
        if self.streams:
            # Starting processes is not for the many audits that meet no pickle.
            from safeload.pipeline.second_readings import read_again

            read_again(self.streams, self._policy.limits, self)

    def digest(self, paths: Iterable[str], progress: Progress | None = None) -> None:
        """Step 6, in threads: hashlib and the kernel work without the interpreter's lock."""
        blobs = {path: self._source.blobs[path] for path in paths if path in self._source.blobs}
        digests = digest_all(blobs, progress)
        for path in blobs:
            artifact = self._files[path]
            # a thread that died of something else has left no result, which is a failure too
            result = digests.get(path, Unreadable("the digest could not be taken"))
            if isinstance(result, FormatError):
                failed = replace(artifact, coverage=Coverage.MALFORMED, reason=str(result))
                self._files[path] = failed
                self.facts.append(_coverage_fact(failed))
                self.records.pop(path, None)
            else:
                self._files[path] = replace(artifact, digest=result)

    def decide(
        self, scope: Scope, handed_out: frozenset[str], *, final: bool = True
    ) -> tuple[Decision, tuple[Finding, ...]]:
        """Steps 7 and 8: relations, evidence, rules, policy.

        Args:
            scope: what is asked for.
            handed_out: paths of the files that the load would receive.
            final: whether an ALLOW is the end, after which the commit is remembered as accepted.
        """
        known = {_comparable(fact) for fact in self.facts}
        related = relate(self.records, frozenset(self._files))
        self.facts.extend(fact for fact in related if _comparable(fact) not in known)
        self._settle()
        collected = collect_evidence(self._case(scope, handed_out, ahead=not final))
        evidence = collected.evidence
        self.facts.extend(collected.facts)
        uri, now = self._source.manifest.uri, self._circumstances.now
        terms = terms_of(self._policy, uri, self._circumstances)
        findings = (*findings_of(self.facts, evidence), *weighed(self.facts, terms))
        decision = decide(
            self._policy,
            subject=uri,
            scope=scope,
            findings=findings,
            artifacts=(*self._files.values(), *self._members),
            evidence=evidence,
            handed_out=handed_out,
            now=now,
            break_glass=self._circumstances.break_glass,
        )
        if final and collected.accepted is not None and decision.verdict is Verdict.ALLOW and not self._quick:
            try:
                collected.accepted()
            except (OSError, FormatError) as error:
                reason = f"the accepted commit could not be remembered: {error}"
                raise UsageError(f"{reason}; XDG_STATE_HOME names another place for that") from None
        return decision, findings

    def _case(self, scope: Scope, handed_out: frozenset[str], *, ahead: bool) -> Case:
        return self._origin.case(self._source, scope, handed_out, self._digests(), ahead=ahead)

    def _digests(self) -> dict[str, str]:
        """sha256 by path, where it was taken."""
        return {
            path: artifact.digest.hex for path, artifact in self._files.items() if artifact.digest is not None
        }

    def _settle(self) -> None:
        """Account for files without a format that others claim as values of their tensors."""
        claimed = settle(self.records, self._files)
        self.facts.extend(claimed.facts)
        changed = {
            path: self._as_read(replace(self._files[path], format=RAW, coverage=Coverage.SCANNED, reason=""))
            for path in claimed.raw
        }
        changed |= {path: replace(self._files[path], reason=why) for path, why in claimed.reasons.items()}
        if changed:
            places = {Location(artifact=path) for path in changed}
            self.facts = [
                fact for fact in self.facts if fact.kind != "artifact.coverage" or fact.location not in places
            ]
            self._files |= changed
            self.facts.extend(
                _coverage_fact(artifact)
                for artifact in changed.values()
                if artifact.coverage is not Coverage.SCANNED
            )

    def _as_read(self, artifact: Artifact) -> Artifact:
        """The artifact, or what is left of it where large data is not read."""
        blob = self._source.blobs[artifact.location.artifact] if self._quick else None
        if blob is None or artifact.coverage is not Coverage.SCANNED or isinstance(blob, MemoryBlob):
            return artifact
        reason = "--quick reads only the bytes that are interpreted"
        return replace(artifact, coverage=Coverage.NOT_READ, reason=reason)

    def judged(self, handed_out: frozenset[str]) -> dict[str, Judged]:
        """What a snapshot holds: every record, and the bytes of what is handed out."""
        result = {}
        for path, artifact in self._files.items():
            blob = self._source.blobs.get(path) if path in handed_out else None
            result[path] = Judged(
                artifact=artifact,
                record=self.records.get(path),
                content=None if blob is None else blob.content,
                lend=None if blob is None else blob.lend,
            )
        return result

    def _examine(self, item: _Pending) -> tuple[str | None, ScanResult]:
        """Identify one artifact and let its scanner state what it finds."""
        kind = item.format
        if item.depth > self._policy.limits.nesting:
            reason = f"archives nest more than {self._policy.limits.nesting} deep"
            return kind, ScanResult(coverage=Coverage.LIMIT_EXCEEDED, reason=reason)
        try:
            if kind is None:
                found = identify(item.view, item.place.name)
                kind = found.format
                self.facts.extend(_identity_facts(found, item.place))
                if kind == "json" and item.depth:
                    self._count(item.view)
            scanner = _scanner_for(kind, item.place)
            if scanner is None:
                what = "no known format" if kind is None else f"{kind}: no reader in this version"
                return kind, ScanResult(coverage=Coverage.UNRECOGNISED, reason=what)
            root = self._source.blobs[item.place.artifact]
            subject = Subject(
                view=item.view,
                location=item.place,
                format=kind or "",
                read_data=not (self._quick or isinstance(root, RangedBlob)),
                depth=item.archives,
                packs=self._policy.inert,
                meter=self._meter,
            )
            limits = self._unfolding.limits
            result = scanner.scan(subject, limits)
            return kind, self._concluded(scanner, subject, result, limits, inside=item.depth > 0)
        except NotFetched as error:
            return kind, ScanResult(coverage=Coverage.NOT_READ, reason=str(error))
        except LimitExceeded as error:
            return kind, ScanResult(coverage=Coverage.LIMIT_EXCEEDED, reason=str(error))
        except FormatError as error:
            return kind, ScanResult(coverage=Coverage.MALFORMED, reason=str(error))
        except MemoryError:
            return kind, ScanResult(
                coverage=Coverage.LIMIT_EXCEEDED, reason="needs more memory than there is"
            )
        except Exception as error:  # noqa: BLE001 - a fault of ours must end as a denial, not as a way through
            reason = f"the scanner failed, which is a bug of safeload: {type(error).__name__}: {error}"
            return kind, ScanResult(coverage=Coverage.MALFORMED, reason=reason)

    def _count(self, view: View) -> None:
        """Account for the values of a JSON document in a container; deflated members of a zip are by then."""
        if self._meter is not None and (isinstance(view, InflatedBytes) or not isinstance(view, Inflated)):
            self._meter.count(view)

    def _concluded(
        self, scanner: Scanner, subject: Subject, result: ScanResult, limits: Limits, *, inside: bool
    ) -> ScanResult:
        """The result with what the scanner concludes from the answers to its errands."""
        for errand in result.errands:
            answer = self._answer(errand, inside=inside)
            result = joined(result, cast("Concluding", scanner).conclude(subject, errand, answer, limits))
        return result

    def _errand_of_child(self, errand: Errand) -> Answer:
        """An errand that a child asks for, which has counted what archives unfold into itself."""
        return self._answer(errand, inside=False)

    def _answer(self, errand: Errand, *, inside: bool) -> Answer:
        """Have a child run one errand, as long as this audit may start another one."""
        # Starting processes is not for the many audits that need none.
        from safeload.isolation.errands import run_errand

        self._errands += 1
        if self._errands > self._policy.limits.errands:
            failure = f"more than {self._policy.limits.errands} child processes in one audit"
            return Answer(failure=failure, exceeded=True)
        if inside and self._unfolding.refuses(errand):
            most = self._policy.limits.member_errands
            return Answer(failure=f"more than {most} child processes for members of archives", exceeded=True)
        answer = run_errand(errand, self._policy.limits)
        self.rooms.update({answer.room} - {()})
        return answer

    def _file(self, entry: ManifestEntry, kind: str | None, result: ScanResult) -> None:
        artifact = Artifact(
            location=Location(artifact=entry.path),
            size=entry.size,
            role=entry.role,
            format=kind,
            coverage=result.coverage,
            reason=result.reason,
        )
        artifact = self._as_read(artifact)
        self._files[entry.path] = artifact
        if result.record is not None:
            self.records[entry.path] = result.record
        if artifact.coverage is not Coverage.SCANNED:
            self.facts.append(_coverage_fact(artifact))

    def _member(self, place: Location, size: int, kind: str | None, coverage: Coverage, reason: str) -> None:
        artifact = Artifact(
            location=place, size=size, role=Role.OTHER, format=kind, coverage=coverage, reason=reason
        )
        self._members.append(artifact)
        if coverage is not Coverage.SCANNED:
            self.facts.append(_coverage_fact(artifact))


def _comparable(fact: Fact) -> str:
    """A fact as one text, whatever kinds of sequences and mappings its data is made of."""
    return repr((fact.kind, fact.location, _simple(fact.data)))


def _simple(value: object) -> object:
    if hasattr(value, "items"):
        return sorted((str(key), repr(_simple(item))) for key, item in value.items())
    return [_simple(item) for item in value] if isinstance(value, (list, tuple)) else value


def findings_of(facts: Iterable[Fact], evidence: Iterable[Evidence]) -> tuple[Finding, ...]:
    """What the rules say about facts and evidence."""
    table = _rules()
    found: list[Finding] = []
    for fact in facts:
        for rule in table.get(fact.kind, ()):
            found.extend(rule.check(fact))
    for item in evidence:
        for rule in table.get(f"evidence.{item.kind}", ()):
            found.extend(rule.check(item))
    return tuple(found)


def prepare() -> None:
    """Import every scanner now, for a process that soon cannot."""
    _scanners()


@functools.cache
def _rules() -> Mapping[str, tuple[RuleModule, ...]]:
    """Every rule, by what it reads."""
    table: dict[str, list[RuleModule]] = {}
    for module in discovery.modules("safeload.rules"):
        rule = cast("RuleModule", module)
        for kind in rule.READS:
            table.setdefault(kind, []).append(rule)
    return {kind: tuple(rules) for kind, rules in table.items()}


@functools.cache
def _scanners() -> Mapping[str, tuple[tuple[re.Pattern[str] | None, Scanner], ...]]:
    """Every scanner by format; those that are meant for certain names come first."""
    table: dict[str, list[tuple[re.Pattern[str] | None, Scanner]]] = {}
    for module in discovery.modules("safeload.scanners"):
        for kind in getattr(module, "FORMATS", ()):
            table.setdefault(kind, []).append((getattr(module, "NAMES", None), cast("Scanner", module)))
    return {
        kind: tuple(sorted(entries, key=lambda entry: entry[0] is None)) for kind, entries in table.items()
    }


def _scanner_for(kind: str | None, place: Location) -> Scanner | None:
    name = place.name.rsplit("!", 1)[-1].rsplit("/", 1)[-1]
    for pattern, scanner in _scanners().get(kind or "", ()):
        if pattern is None or pattern.fullmatch(name):
            return scanner
    return None


def _identity_facts(found: Identification, place: Location) -> list[Fact]:
    """Where the name disagrees with the bytes, and where more than one format accepts them."""
    facts = []
    if found.mismatch:
        data = {"format": found.format, "extension": found.extension}
        facts.append(Fact(kind="format.mismatch", location=place, data=data))
    if found.also:
        formats: dict[str, Json] = {"formats": [found.format, *found.also]}
        facts.append(Fact(kind="format.polyglot", location=place, data=formats))
    return facts


def _coverage_fact(artifact: Artifact) -> Fact:
    return Fact(
        kind="artifact.coverage",
        location=artifact.location,
        data={"coverage": artifact.coverage.value, "reason": artifact.reason, "format": artifact.format},
    )
