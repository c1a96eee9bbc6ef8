"""Record -> facts and child artifacts, one file per format, without opinions.

How a scanner takes part: a public module in this folder with

    FORMATS: tuple[str, ...]        names from formats.identify that it reads
    NAMES: re.Pattern[str] | None   base names it is meant for; None = any (optional, default None)

    def scan(subject: Subject, limits: Limits) -> ScanResult

The pipeline identifies an artifact by content, picks the scanner whose `NAMES` matches its base name
(else the one with `NAMES = None`), and scans the children that come back in the same way. A scanner
may raise FormatError: the pipeline turns it into MALFORMED or LIMIT_EXCEEDED for that artifact, so a
scanner that has facts worth keeping catches it itself and returns them with that coverage.

Scanners get views and return values. They open, import and execute nothing. What only a native or
recursive library can read they send to a child process as an `Errand`, and a scanner that does so has

    def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult

for the answer that came back. It is untrusted: a child that read hostile bytes may say anything.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from safeload.core import Coverage
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Fact, Json, Location, View
    from safeload.formats.meter import Meter
    from safeload.formats.pickle_trace import Trace
    from safeload.limits import Limits


@record
class Subject:
    """One artifact as a scanner sees it."""

    view: View
    location: Location
    format: str
    """The name under which formats.identify recognised it."""
    read_data: bool = True
    """False under `--quick`: only interpreted bytes may be read, the rest ends as NOT_READ."""
    depth: int = 0
    """How many archives are around it. What a compressed file is the whole content of counts as the file."""
    packs: frozenset[str] = frozenset()
    """Packs of inert records that the policy switches on."""
    meter: Meter | None = None
    """What deflated data may still grow to, shared by all that is inside one file. None: a budget alone."""

    @property
    def base_name(self) -> str:
        """Last part of the innermost name."""
        return (self.location.members or (self.location.artifact,))[-1].rsplit("/", 1)[-1]


@record
class Child:
    """An artifact inside another one, still to be scanned by the pipeline."""

    name: str
    """Member name as written in the container."""
    view: View
    format: str | None = None
    """A format that the container's grammar fixes (`raw-tensor`), or None to identify by content."""
    wrapped: bool = False
    """Whether it is all that a compressed file holds, and not one of the members of an archive."""


@record
class Member:
    """An artifact inside another one that the scanner has accounted for itself."""

    name: str
    size: int
    format: str
    coverage: Coverage
    reason: str = ""


@record
class Stream:
    """One pickle stream and what our own machine made of it."""

    location: Location
    data: bytes
    """From its first byte to the end that the trace states."""
    trace: Trace


@record
class Errand:
    """Bytes that only a child process may read, and the task of isolation/child.py that reads them."""

    task: str
    """A name of the child's closed table of tasks."""
    view: View
    """What the child gets to read, whole."""
    options: Mapping[str, Json] = MappingProxyType({})
    """Arguments of the task: values of ours, not of the file."""
    label: str = ""
    """For the scanner: which part of the artifact this is (a key, a member name)."""


@record
class Answer:
    """What came back from a child. Untrusted: nothing in it is more than the child's word."""

    result: Mapping[str, Json] = MappingProxyType({})
    payload: bytes = b""
    """Raw bytes that the task made, such as decompressed data."""
    failure: str = ""
    """Why there is no answer: a lower-case sentence. `result` and `payload` are empty then."""
    exceeded: bool = False
    """Whether the failure is a budget of time or memory."""
    room: tuple[str, ...] = ()
    """Layers of isolation that held in the child."""


@record
class ScanResult:
    """All that a scanner found out about one artifact."""

    coverage: Coverage
    reason: str = ""
    """Why coverage is not SCANNED."""
    facts: tuple[Fact, ...] = ()
    children: tuple[Child, ...] = ()
    members: tuple[Member, ...] = ()
    record: object | None = None
    """The frozen record of formats/, for the resolver and for relations between artifacts."""
    streams: tuple[Stream, ...] = ()
    """Every pickle stream that was read: the pipeline has some of them read a second time."""
    errands: tuple[Errand, ...] = ()
    """What a child process has to read. Each answer is concluded into a result that joins this one."""


def joined(first: ScanResult, second: ScanResult) -> ScanResult:
    """Both results of one artifact as one: it counts as scanned where both of them say so.

    Of two records the second one stays. Errands of a conclusion are not run.
    """
    worse = first if first.coverage is not Coverage.SCANNED else second
    return ScanResult(
        coverage=worse.coverage,
        reason=worse.reason,
        facts=(*first.facts, *second.facts),
        children=(*first.children, *second.children),
        members=(*first.members, *second.members),
        record=first.record if second.record is None else second.record,
        streams=(*first.streams, *second.streams),
    )


class Scanner(Protocol):
    """What the pipeline expects of a module in this folder."""

    FORMATS: tuple[str, ...]

    def scan(self, subject: Subject, limits: Limits) -> ScanResult:
        """State facts about one artifact."""
        ...


class Concluding(Protocol):
    """What the pipeline expects of a scanner that sends errands."""

    def conclude(self, subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:
        """State facts from the answer to one errand."""
        ...


FACT_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "artifact.coverage": "an artifact that ended in another coverage than SCANNED: coverage, reason",
        "artifact.link": "a link or special file in the source: problem, target",
        "artifact.collision": "names that one file system would take for the same: names, by",
        "format.mismatch": "content and extension name different formats: format, extension",
        "format.polyglot": "more than one format accepts the bytes: formats",
        "format.executable": "the format itself is a program: format, detail",
        "format.not-loadable": "a data format that no loader of ours reads: format",
        "weights.pickle": "weights whose structure is a pickle: verdict",
        "weights.twins": "two formats of the same weights: pickle, safetensors, agree, difference",
        "pickle.global": "a global outside the contracts: module, name, known (gadget), what, opcode, pack",
        "pickle.call": "a use of a listed callable outside its contract: callable, opcode, why, known, what",
        "pickle.malformed": "a stream that the unpickler would reject: error, detail",
        "pickle.trailing": "bytes behind STOP: size, pickle (whether they start another stream)",
        "pickle.more": "findings of one stream beyond the reported ones: count, known (gadgets)",
        "pickle.second-reader": "what the second reader said: status, detail, extra, severity (its own)",
        "archive.ambiguous": "two readers would see different archives: problem, detail",
        "archive.nested": "an archive inside an archive: format",
        "config.remote-code": "a key that asks for code from the repository: key, value",
        "config.redirect": "a key that points to another repository or file: key, value",
        "config.reference": "a key that names another model, or a consent, of no effect here: key, value",
        "config.callable": "a key that names something to call: key, value",
        "config.unknown-field": "a config key outside the architecture's table: key, model_type",
        "index.path": "a file name that is none inside the snapshot: name, problem, what (or a shard)",
        "index.incomplete": "shard index and files disagree: problem, name",
        "index.size": "a shard index states another total size than its shards have: stated, found",
        "tokenizer.regex": "a regular expression outside the list: pattern, where",
        "tokenizer.class": "a class name outside the closed table: key, value",
        "template.found": "a chat template, which is a program for Jinja: where, size, sha256",
        "template.unsafe": "what no honest chat template needs: where, line, what",
        "code.python": "a Python source file: imports, classes, at_import, in_functions, decodes, unread",
        "code.script": "another program in text: language, of a notebook its code_cells and active_outputs",
        "code.native": "a native binary: format",
        "load.new-head": "tensors that the checkpoint lacks and that start untrained: names, architecture",
        "load.unexpected": "tensors of the checkpoint that the architecture does not use: names",
        "integrity.mismatch": "a file that is not the one of the commit or of the lock: problem, detail",
        "source.ambiguous": "a name that is a local folder and a Hub repository: name",
        "source.revision": "what a repository was asked for at: revision, commit, pinned (is a commit)",
        "source.time": "when a repository came to be and last changed, by the Hub: created, last_modified",
        "config.architecture": "what kind of model a config.json is of: model_type, architectures",
        "license.stated": "what a model card says about the licence: licenses (none where unreadable)",
        "env.weakened": "a variable that switches a protection of a library off: name, what",
    }
)
"""Every kind of fact. A test holds that each is stated by something and read by some rule."""
