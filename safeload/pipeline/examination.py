"""Steps 3 to 8 of the pipeline for one source: seal, scan, read again, digest, relate, decide."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, NamedTuple, cast

from safeload import discovery
from safeload.core import Artifact, Coverage, Fact, Judged, Location, Role, Verdict, View
from safeload.errors import FormatError, LimitExceeded, UsageError
from safeload.formats.families import RAW
from safeload.formats.identify import identify
from safeload.pipeline.origin import FoundOrigin
from safeload.pipeline.unfolding import Unfolding
from safeload.policy.engine import decide
from safeload.provenance import collect_evidence
from safeload.record import replace
from safeload.scanners import Answer, ScanResult, Subject, joined
from safeload.scanners.claims import settle
from safeload.scanners.relations import relate
from safeload.sources.blobs import FileBlob, MemoryBlob, Unreadable, memory_bytes

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping

    from safeload.core import Decision, Digest, Evidence, Finding, Json, ManifestEntry, Scope
    from safeload.formats.identify import Identification
    from safeload.formats.pickle_trace import Trace
    from safeload.limits import Limits
    from safeload.policy.schema import Policy
    from safeload.rules import RuleModule
    from safeload.scanners import Concluding, Errand, Scanner, Stream
    from safeload.sources.blobs import Blob
    from safeload.sources.local import LocalSource

    Progress = Callable[[str, int, int], None]

_DIGEST_THREADS = 2
_SECOND_READINGS = 16
"""Streams of one audit that are read a second time; each costs a process."""


_SECOND_OPCODES = 200_000
"""Opcodes of one audit that are read a second time: a few seconds."""


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
        self, source: LocalSource, policy: Policy, *, quick: bool, origin: FoundOrigin | None = None
    ) -> None:
        self._source = source
        self._origin = origin or FoundOrigin()
        self._policy = policy
        self._quick = quick
        self._files: dict[str, Artifact] = {}
        self._members: list[Artifact] = []
        self._errands = 0
        self._unfolding = Unfolding(policy.limits, sum(entry.size for entry in source.manifest.entries))
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
            pending = [_Pending(self._source.blobs[entry.path], place, 0, 0, None)]
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

    def read_again(self) -> None:
        """Step 5: ask the second reader about pickle streams, and state what it said.

        Streams that are not inert are read again for their explanation, inert ones up to a stated
        length. Past the budgets of one audit nothing is, and that is said.
        """
        limits, readings, opcodes = self._policy.limits, 0, 0
        for stream in self.streams:
            trace = stream.trace
            status: str = "did-not-run"
            extra: tuple[str, ...] = ()
            if trace.status.value == "inert" and trace.opcodes > limits.second_reader_opcodes:
                detail = f"{trace.opcodes} opcodes, more than the {limits.second_reader_opcodes} read twice"
            elif readings >= _SECOND_READINGS:
                detail = f"more than {_SECOND_READINGS} streams in one audit"
            elif opcodes + trace.opcodes > _SECOND_OPCODES:
                detail = f"more than {_SECOND_OPCODES} opcodes in one audit"
            else:
                # Starting processes is not for the many audits that meet no pickle to read again.
                from safeload.isolation.second_reader import compare, second_reader

                readings += 1
                opcodes += trace.opcodes
                reading = second_reader(stream.data, limits)
                detail = reading.detail
                status, extra = compare(reading, *_seen(trace))
                if extra and trace.truncated_findings:
                    status, extra = "did-not-run", ()
                    detail = "our trace keeps the first of many findings, so there is nothing to compare with"
                if reading.source:
                    self.explanations[stream.location.name] = reading.source
            data: dict[str, Json] = {"status": status, "detail": detail, "extra": extra}
            self.facts.append(Fact(kind="pickle.second-reader", location=stream.location, data=data))

    def digest(self, paths: Iterable[str], progress: Progress | None = None) -> None:
        """Step 6, in threads: hashlib and the kernel work without the interpreter's lock."""
        blobs = {path: self._source.blobs[path] for path in paths if path in self._source.blobs}
        digests = _digest_all(blobs, progress)
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

    def decide(self, scope: Scope, handed_out: frozenset[str]) -> tuple[Decision, tuple[Finding, ...]]:
        """Steps 7 and 8: relations, evidence, rules, policy."""
        self.facts.extend(relate(self.records, frozenset(self._files)))
        self._settle()
        collected = collect_evidence(self._origin.case(self._source, scope, handed_out, self._digests()))
        evidence = collected.evidence
        self.facts.extend(collected.facts)
        findings = findings_of(self.facts, evidence)
        decision = decide(
            self._policy,
            subject=self._source.manifest.uri,
            scope=scope,
            findings=findings,
            artifacts=(*self._files.values(), *self._members),
            evidence=evidence,
            handed_out=handed_out,
        )
        if collected.accepted is not None and decision.verdict is Verdict.ALLOW and not self._quick:
            try:
                collected.accepted()
            except (OSError, FormatError) as error:
                raise UsageError(f"the accepted commit could not be remembered: {error}") from None
        return decision, findings

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
            scanner = _scanner_for(kind, item.place)
            if scanner is None:
                what = "no known format" if kind is None else f"{kind}: no reader in this version"
                return kind, ScanResult(coverage=Coverage.UNRECOGNISED, reason=what)
            subject = Subject(
                view=item.view,
                location=item.place,
                format=kind or "",
                read_data=not self._quick,
                depth=item.archives,
                packs=self._policy.packs,
            )
            limits = self._unfolding.limits
            result = scanner.scan(subject, limits)
            return kind, self._concluded(scanner, subject, result, limits, inside=item.depth > 0)
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

    def _concluded(
        self, scanner: Scanner, subject: Subject, result: ScanResult, limits: Limits, *, inside: bool
    ) -> ScanResult:
        """The result with what the scanner concludes from the answers to its errands."""
        for errand in result.errands:
            answer = self._answer(errand, inside=inside)
            result = joined(result, cast("Concluding", scanner).conclude(subject, errand, answer, limits))
        return result

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
        return run_errand(errand, self._policy.limits)

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


def _seen(trace: Trace) -> tuple[set[tuple[str, str]], set[str]]:
    """The globals of a trace and the names that it calls, as the comparison of readers wants them."""
    seen = {(use.module, use.name) for use in trace.globals}
    # Every global of a stream that is not inert counts as called: the trace keeps the first refusals only.
    called = set(trace.calls) if trace.status.value == "inert" else {".".join(pair) for pair in seen}
    return seen, called


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


def _digest_all(blobs: Mapping[str, Blob], progress: Progress | None) -> dict[str, Digest | FormatError]:
    """Digest every blob, the largest first, on a few threads."""
    total = sum(blob.size for blob in blobs.values())
    done: dict[str, int] = {}
    digests: dict[str, Digest | FormatError] = {}
    queue = sorted(blobs, key=lambda path: blobs[path].size)
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not queue:
                    return
                path = queue.pop()

            def report(count: int, path: str = path) -> None:
                with lock:
                    done[path] = count
                    if progress is not None:
                        progress(path, sum(done.values()), total)

            try:
                digests[path] = blobs[path].digest(report if progress is not None else None)
            except FormatError as error:
                digests[path] = error

    large = sum(not isinstance(blob, MemoryBlob) for blob in blobs.values())
    threads = [threading.Thread(target=work) for _ in range(min(large, _DIGEST_THREADS) - 1)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    return digests
