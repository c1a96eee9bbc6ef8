"""Where the files of a source are said to come from, and by which trust store that is judged.

A local folder says nothing of itself that could be believed, its `.git` least of all. So the user names
the repository, and what the clone's store holds is digested and checked like a stranger's: the commit,
its signature, its trees, and every file against them. Without a name or a trust store nothing is opened.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import FormatError, UsageError
from safeload.limits import DEFAULT_LIMITS
from safeload.pipeline.signature_file import has_signature, named_signature, own_signature
from safeload.provenance import BoundFile, Case, Claim, HubScan, SignatureFile
from safeload.record import record, replace
from safeload.sources.blobs import FileBlob, MemoryBlob, NotFetched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from safeload.core import Scope
    from safeload.formats.git_objects import Objects
    from safeload.limits import Limits
    from safeload.policy.schema import Policy
    from safeload.provenance import Held
    from safeload.provenance.trust import TrustStore
    from safeload.sources import Source
    from safeload.sources.blobs import Blob
    from safeload.sources.git_store import GitStore
    from safeload.sources.hub import HubSource
    from safeload.sources.local import LocalSource

_NO_STORE = "a trust store: name one by --trust, or in the policy"
_UNNAMED = (
    "the folder is a git work tree, and nobody said of which repository: name it, and a trust store "
    "that has a rule for it"
)
_BUNDLE_HEADER = 1 << 20
MACHINE = "/etc/safeload/trust"
"""The trust store of a machine, where neither the policy nor the user names one. No variable moves it."""


@record
class Origin:
    """What a user says about the origin of a source."""

    repository: str | None = None
    """`org/name`."""
    revision: str | None = None
    """40-hex commit; else the one that is checked out, or the only one of the bundle."""
    bundle: str | Path | None = None
    """git bundle with the commit and its trees, where the folder has no `.git`."""
    trust: str | Path | None = None
    """Folder of the trust store, where the policy names none."""
    memory: str | Path | None = None
    """File that remembers accepted commits; the user's own by default."""
    model_signature: str | Path | None = None
    """Bundle of a model signature; `model.sig` in the root of the folder by default."""


@record(eq=False)
class FoundOrigin:
    """A claim with the trust store that judges it; empty where there is neither."""

    claim: Claim | None = None
    store: TrustStore | None = None
    repository: str | None = None
    """As the user asked for it, where a trust store can judge it."""
    signature: SignatureFile | None = None
    """Of the model, where the user names a file; else the source may have one."""
    unclaimed: str = ""
    """Why there is no claim: a lower-case sentence."""
    required: str = "none"
    """What the trust store asks for all the same."""
    required_by: str = ""
    memory: str | None = None
    opened: GitStore | None = None
    listing: Mapping[str, str] | None = None
    """Path -> git blob id as a Hub lists them, for files that cannot be compared with their commit."""
    hub_scan: HubScan | None = None
    held: Held | None = None
    """The entry of a lock file, where the caller named one."""
    limits: Limits = DEFAULT_LIMITS

    def close(self) -> None:
        """Close the files that objects are read from."""
        if self.opened is not None:
            self.opened.close()

    def case(
        self,
        source: Source,
        scope: Scope,
        handed_out: frozenset[str],
        digests: Mapping[str, str],
        *,
        ahead: bool = False,
    ) -> Case:
        """All that the provenance collectors look at.

        Args:
            source: the files.
            scope: what is asked for.
            handed_out: paths of the files that a load would receive.
            digests: sha256 by path, where it was taken.
            ahead: whether files are still to be fetched.
        """
        asked = self.store is not None and self.repository is not None
        signature = self.signature or own_signature(source, self.limits, fetch=asked)
        return Case(
            manifest=source.manifest,
            now=time.time(),
            claim=self.claim,
            store=self.store,
            repository=self.repository,
            signature=signature,
            unclaimed=self.unclaimed,
            required=self.required,
            required_by=self.required_by,
            files=_files(source, handed_out, digests)
            if self.claim is not None
            or self.listing is not None
            or self.held is not None
            or signature is not None
            else {},
            handed_out=None if scope.everything else handed_out,
            ahead=ahead,
            memory=self.memory,
            listing=self.listing,
            hub_scan=self.hub_scan,
            held=self.held,
            limits=self.limits,
        )


def find_origin(asked: Origin, source: LocalSource, policy: Policy, audited: str) -> FoundOrigin:
    """The claim about a local source.

    Args:
        asked: what the user says.
        source: the opened source; its manifest gets the commit.
        policy: names the trust store, if it does.
        audited: the path under audit, in which no trust store may lie.

    Raises:
        UsageError: what was asked for contradicts itself or cannot be read.
    """
    store = find_store(asked, policy, audited)
    is_folder = source.manifest.uri == f"file:{source.root}"
    is_clone = is_folder and os.path.exists(f"{source.root}/.git")  # noqa: PTH110 - starts without pathlib
    if store is None or asked.repository is None:
        said = (asked.repository, asked.revision, asked.bundle, asked.model_signature)
        if any(item is not None for item in said):
            lacking = "the name of the repository: say it by --repository" if store is not None else _NO_STORE
            raise UsageError(f"the origin of a checkpoint cannot be checked without {lacking}")
        return FoundOrigin(store=store, unclaimed=_UNNAMED if is_clone else "", limits=policy.limits)
    if not is_folder:
        raise UsageError(f"{visible(audited)} is one file: a commit is about the whole folder, so give that")
    repository = _repository(asked.repository)
    signature = _named(asked, source, policy.limits)
    opened: GitStore | None = None
    claim: Claim | None = None
    try:
        if asked.bundle is not None:
            claim = _from_bundle(asked, repository, policy.limits)
        elif is_clone:
            from safeload.sources.git_store import GitStore

            opened = GitStore(source.root, policy.limits)
            claim = _from_clone(asked, repository, opened)
        elif asked.revision is not None or (signature is None and not has_signature(source)):
            lacks = "the commit and its trees need a bundle, or the folder a signed model.sig"
            raise UsageError(f"{visible(source.root)} is no clone: {lacks}")
    except FormatError as error:
        rule = store.rule_for(repository)
        return FoundOrigin(
            store=store,
            repository=repository,
            signature=signature,
            limits=policy.limits,
            unclaimed=f"the origin could not be read: {error}",
            required=rule.require,
            required_by=rule.place,
        )
    if claim is not None:
        source.manifest = replace(source.manifest, commit=claim.commit)
    return FoundOrigin(
        claim=claim,
        store=store,
        repository=repository,
        signature=signature,
        memory=_memory(asked),
        opened=opened,
        limits=policy.limits,
    )


def _named(asked: Origin, source: Source, limits: Limits) -> SignatureFile | None:
    if asked.model_signature is None:
        return None
    return named_signature(asked.model_signature, source, limits)


def _repository(name: str) -> str:
    from safeload.provenance.trust import is_repository

    if not is_repository(name):
        raise UsageError(f"{visible(name)} is no name of a repository: org/name")
    return name


def find_hub_origin(asked: Origin, source: HubSource, policy: Policy) -> FoundOrigin:
    """The claim about a commit of a Hub: its name is what was asked for, and its server says the rest.

    Raises:
        UsageError: what was asked for contradicts the name, or a trust store cannot be read.
    """
    if asked.repository not in (None, source.repository):
        raise UsageError(f"{visible(source.repository)} was asked for, and said to be {asked.repository}")
    if asked.revision not in (None, source.commit):
        raise UsageError(f"the commit is {source.commit}, and said to be {asked.revision}")
    if asked.bundle is not None:
        raise UsageError("a bundle is for a folder: a Hub repository brings its commit along")
    store = find_store(asked, policy, source.root)
    if store is None and asked.model_signature is not None:
        raise UsageError(f"the origin of a checkpoint cannot be checked without {_NO_STORE}")
    signature = _named(asked, source, policy.limits)
    scan = HubScan(subject=source.commit, stated=source.resolved.security, asked=not source.offline)
    listing = None if source.offline else {path: item.blob_id for path, item in source.listing.items()}
    if source.objects is None:
        rule = None if store is None else store.rule_for(source.repository)
        return FoundOrigin(
            store=store,
            repository=source.repository,
            signature=signature,
            unclaimed=source.objects_problem,
            required="none" if rule is None else rule.require,
            required_by="" if rule is None else rule.place,
            listing=listing,
            hub_scan=scan,
            limits=policy.limits,
        )
    claim = Claim(
        repository=source.repository,
        commit=source.commit,
        objects=source.objects,
        ref=source.ref,
        ref_proven=source.ref is not None,
    )
    return FoundOrigin(
        claim=claim,
        store=store,
        repository=source.repository,
        signature=signature,
        memory=None if store is None else _memory(asked),
        listing=listing,
        hub_scan=scan,
        limits=policy.limits,
    )


def find_store(asked: Origin, policy: Policy, audited: str) -> TrustStore | None:
    """The trust store of the policy, the one that the user names, or the one of the machine.

    Raises:
        UsageError: it cannot be read, lies inside the audited path, or is not the one of the policy.
    """
    named = policy.trust_store_path
    if asked.trust is not None:
        given = os.path.abspath(os.fspath(asked.trust))  # noqa: PTH100 - starts without pathlib
        if named is not None and os.path.realpath(named) != os.path.realpath(given):
            raise UsageError(f"the policy names another trust store: {visible(named)}")
        named = given
    if named is None and os.path.exists(MACHINE):  # noqa: PTH110 - starts without pathlib
        named = MACHINE
    if named is None:
        return None
    from safeload.provenance.trust_store import parse_trust
    from safeload.sources.trust_files import read_trust

    files = read_trust(named, audited=audited)
    return parse_trust(files.text, source=files.source, files=files.keys)


def _from_clone(asked: Origin, repository: str, store: GitStore) -> Claim:
    head = store.head()
    commit, ref = head.commit, head.ref
    if asked.revision is not None and asked.revision != commit:
        commit, ref = asked.revision, None
    return _claim(repository, commit, store, ref)


def _from_bundle(asked: Origin, repository: str, limits: Limits) -> Claim:
    from safeload.formats.git_bundle import parse_bundle
    from safeload.formats.git_objects import ObjectTable
    from safeload.sources.policy_files import shown

    path = os.fspath(asked.bundle or "")
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - starts without pathlib
            data = file.read(limits.git_pack_bytes + _BUNDLE_HEADER)
    except OSError as error:
        raise UsageError(f"cannot read {shown(path)}: {(error.strerror or 'error').lower()}") from None
    bundle = parse_bundle(data, limits)
    if asked.revision is not None:
        refs = [name for name, commit in bundle.refs.items() if commit == asked.revision]
        commit = asked.revision
    else:
        commits = set(bundle.refs.values())
        if len(commits) != 1:
            raise UsageError(f"{shown(path)} names {len(commits)} commits: say which one by its 40 digits")
        commit, refs = commits.pop(), list(bundle.refs)
    branches = [name.removeprefix("refs/heads/") for name in refs if name.startswith("refs/heads/")]
    return _claim(repository, commit, ObjectTable(bundle.objects), branches[0] if branches else None)


def _claim(repository: str, commit: str, objects: Objects, ref: str | None) -> Claim:
    from safeload.formats.git_objects import is_object_id

    if not is_object_id(commit):
        raise UsageError(f"{visible(commit)} is no commit: write all 40 hexadecimal digits, lower case")
    return Claim(repository=repository, commit=commit, objects=objects, ref=ref)


def _memory(asked: Origin) -> str:
    from safeload.provenance.freshness import default_memory

    return default_memory() if asked.memory is None else os.fspath(asked.memory)


def _files(source: Source, handed_out: frozenset[str], digests: Mapping[str, str]) -> dict[str, BoundFile]:
    """Every file that can be compared, and those that were not fetched since nobody wants them."""
    files = {path: _bound(path, blob, digests) for path, blob in source.blobs.items()}
    for path, error in source.broken.items():
        if isinstance(error, NotFetched) and path not in handed_out:
            files[path] = BoundFile(size=0, chunks=None, here=False)
    return files


def _bound(path: str, blob: Blob, digests: Mapping[str, str]) -> BoundFile:
    """One file. Large ones that were not digested are not read for this either."""
    sha256 = digests.get(path)

    def chunks() -> Iterator[bytes | memoryview]:
        yield from blob.stream(0, blob.size)
        if isinstance(blob, FileBlob):
            blob.confirm()

    read = sha256 is not None or isinstance(blob, MemoryBlob)
    return BoundFile(size=blob.size, chunks=chunks if read else None, sha256=sha256)
