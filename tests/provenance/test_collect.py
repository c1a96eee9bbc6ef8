"""All evidence of one audit: what was not looked at, it says."""

from __future__ import annotations

import hashlib

import pytest

from safeload.core import Manifest, ManifestEntry, Role, Status
from safeload.formats.git_objects import GitObject, object_id
from safeload.formats.lfs_pointer import canonical_pointer
from safeload.provenance import (
    BoundFile,
    Case,
    HubScan,
    collect_evidence,
    commit_signature,
    freshness,
    tree_binding,
)
from tests.forge.git import tree
from tests.forge.keys import GPG, keyring, signed
from tests.forge.trust import NOW, claim, payload, store


def manifest(uri: str = "file:/m", commit: str | None = None) -> Manifest:
    return Manifest(uri=uri, entries=(ManifestEntry(path="a", size=1, role=Role.OTHER),), commit=commit)


def alone(**fields):
    (evidence,) = collect_evidence(Case(now=NOW, **fields)).evidence
    return evidence


def test_a_plain_folder_names_no_commit():
    """Looked, and there is none: ABSENT."""
    found = alone(manifest=manifest())
    assert (found.kind, found.status) == ("commit-signature", Status.ABSENT)
    assert found.detail == "a local folder names no commit"


def test_what_was_not_checked_is_unavailable():
    """A work tree that nobody named, and a commit without a trust store: never ABSENT."""
    found = alone(manifest=manifest(), unclaimed="nobody named it", required="hub", required_by="t:1")
    assert (found.status, found.detail) == (Status.UNAVAILABLE, "nobody named it")
    assert (found.required, found.required_by) == ("hub", "t:1")
    found = alone(manifest=manifest("hf:org/name", "0" * 40))
    assert (found.status, found.subject) == (Status.UNAVAILABLE, "0" * 40)


def test_without_a_trust_store_the_files_are_compared_all_the_same():
    """Nobody says whose signature counts, so none is checked; what the commit names is."""
    root = object_id("tree", tree(("100644", "a", object_id("blob", b"x"))))
    objects = {root: GitObject("tree", tree(("100644", "a", object_id("blob", b"x"))))}
    case = {"manifest": manifest(), "now": NOW, "claim": claim(payload(tree=root), objects)}
    signature, binding = collect_evidence(Case(files={"a": bound(b"x")}, **case)).evidence
    assert (signature.status, signature.level) == (Status.UNAVAILABLE, "none")
    assert (binding.kind, binding.status) == ("tree-binding", Status.VERIFIED)
    broken = collect_evidence(Case(files={"a": bound(b"y")}, **case))
    assert broken.evidence[1].status is Status.INVALID
    assert [fact.kind for fact in broken.facts] == ["integrity.mismatch"]
    torn = {**case, "claim": claim(payload(tree=root).replace(b"tree", b"eert"), objects)}
    assert collect_evidence(Case(**torn)).evidence[0].status is Status.INVALID


def bound(content):
    return BoundFile(size=len(content), chunks=lambda: iter([content]))


def test_files_of_a_hub_without_git_are_compared_with_its_list():
    """The list is the server's word: it has no level, and what differs is denied all the same."""
    names = {"a": object_id("blob", b"x")}
    case = {"manifest": manifest("hf:acme/bert@1", "0" * 40), "now": NOW, "listing": names}
    _, listing = collect_evidence(Case(files={"a": bound(b"x")}, **case)).evidence
    assert (listing.kind, listing.status, listing.level) == ("hub-listing", Status.VERIFIED, "none")
    pointer = canonical_pointer(hashlib.sha256(b"x").hexdigest(), 1)
    lfs = {**case, "listing": {"a": object_id("blob", pointer)}}
    assert collect_evidence(Case(files={"a": bound(b"x")}, **lfs)).evidence[1].status is Status.VERIFIED
    for files, listed in (({"a": bound(b"y")}, names), ({"a": bound(b"x")}, {})):
        found = collect_evidence(Case(files=files, **{**case, "listing": listed}))
        assert found.evidence[1].status is Status.INVALID
        assert [fact.data["problem"] for fact in found.facts] == ["content" if listed else "extra"]


@pytest.mark.parametrize(
    ("stated", "status", "code"),
    [
        ({"scansDone": True, "filesWithIssues": []}, Status.VERIFIED, ""),
        ({"scansDone": False, "filesWithIssues": []}, Status.UNAVAILABLE, "pending"),
        ({"filesWithIssues": []}, Status.UNAVAILABLE, "pending"),
        ({"scansDone": "true", "filesWithIssues": []}, Status.UNAVAILABLE, "pending"),
        ({"scansDone": True}, Status.UNAVAILABLE, "unclear"),
        ({"scansDone": True, "filesWithIssues": {}}, Status.UNAVAILABLE, "unclear"),
        (
            {"scansDone": True, "filesWithIssues": [{"path": "a", "level": "unsafe"}]},
            Status.INVALID,
            "flagged",
        ),
        ({"scansDone": False, "filesWithIssues": [3]}, Status.INVALID, "flagged"),
        (None, Status.UNAVAILABLE, "none"),
    ],
)
def test_only_a_scan_that_is_done_and_names_nothing_is_verified(stated, status, code):
    """An empty list before the scans are done is not a clean one, and neither is a form that is not known."""
    scan = HubScan(subject="0" * 40, stated=stated)
    found = collect_evidence(Case(manifest=manifest(), now=NOW, hub_scan=scan)).evidence[-1]
    assert (found.kind, found.status, found.code) == ("hub-scan", status, code)


def test_a_hub_that_was_not_asked_says_nothing_of_scans():
    """Offline, the scans are not known."""
    scan = HubScan(subject="0" * 40, stated=None, asked=False)
    found = collect_evidence(Case(manifest=manifest(), now=NOW, hub_scan=scan)).evidence[-1]
    assert (found.status, found.code) == (Status.UNAVAILABLE, "not-asked")


@pytest.mark.parametrize("uri", ["file:", "file:/\0", "hf:org/name", "", "file:" + "a" * 5000])
def test_any_uri_gives_evidence(uri):
    """No name of a source stops the stage."""
    assert alone(manifest=manifest(uri)).status is Status.ABSENT


@pytest.fixture(scope="module")
def signed_case():
    """One file, committed and signed."""
    if GPG is None:
        pytest.skip("gpg is not installed")
    for keys in keyring():
        keys.key("good")
        raw_tree = tree(("100644", "a", object_id("blob", b"x")))
        root = object_id("tree", raw_tree)
        raw = payload(tree=root)
        yield Case(
            manifest=manifest(),
            now=NOW,
            claim=claim(signed(raw, keys.sign("good", raw)), {root: GitObject("tree", raw_tree)}),
            store=store(keys, "good"),
            files={"a": BoundFile(size=1, chunks=lambda: iter([b"x"]))},
        )


def test_signature_binding_and_freshness(signed_case):
    """Three kinds, each about the same commit."""
    found = collect_evidence(signed_case)
    assert [(item.kind, item.status) for item in found.evidence] == [
        ("commit-signature", Status.VERIFIED),
        ("tree-binding", Status.VERIFIED),
        ("commit-freshness", Status.ABSENT),
    ]
    assert {item.subject for item in found.evidence} == {signed_case.claim.commit}
    assert (found.facts, found.accepted) == ((), None)


@pytest.mark.parametrize("module", [commit_signature, tree_binding, freshness])
def test_a_collector_that_fails_is_unavailable(module, signed_case, monkeypatch):
    """An exception is no evidence, does not end the audit, and passes for no check that was made."""

    def broken(*_given):
        raise RuntimeError

    monkeypatch.setattr(module, "collect", broken)
    failed = [item for item in collect_evidence(signed_case).evidence if item.code == "failed"]
    assert [item.status for item in failed] == [Status.UNAVAILABLE]
    assert failed[0].detail == "the collector failed, which is a bug of safeload: RuntimeError"
