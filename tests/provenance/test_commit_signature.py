"""The evidence of this version: what it did not look at, it says."""

from __future__ import annotations

import pytest

from safeload import provenance
from safeload.core import Manifest, Status
from safeload.provenance import collect_evidence, commit_signature


def manifest(uri: str, commit: str | None = None) -> Manifest:
    return Manifest(uri=uri, entries=(), commit=commit)


def test_a_plain_folder_names_no_commit(tmp_path):
    """Looked, and there is none: ABSENT."""
    evidence = commit_signature.collect(manifest(f"file:{tmp_path}"))
    assert (evidence.kind, evidence.status) == ("commit-signature", Status.ABSENT)
    assert evidence.detail == "a local folder names no commit"


@pytest.mark.parametrize("linked", [False, True])
def test_a_work_tree_was_not_checked(tmp_path, linked):
    """A repository whose commits nobody verified is UNAVAILABLE, never ABSENT."""
    if linked:
        (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    else:
        (tmp_path / ".git").mkdir()
    assert commit_signature.collect(manifest(f"file:{tmp_path}")).status is Status.UNAVAILABLE


def test_a_named_commit_was_not_checked():
    """The subject of the evidence is the commit."""
    evidence = commit_signature.collect(manifest("hf:org/name", commit="0" * 40))
    assert (evidence.status, evidence.subject) == (Status.UNAVAILABLE, "0" * 40)


@pytest.mark.parametrize("uri", ["file:", "file:/\0", "hf:org/name", "", "file:" + "a" * 5000])
def test_any_uri_gives_evidence(uri):
    """No name of a source stops the stage."""
    assert commit_signature.collect(manifest(uri)).status in {Status.ABSENT, Status.UNAVAILABLE}


def test_a_collector_that_fails_is_unavailable(monkeypatch):
    """An exception is no evidence of absence, and does not end the audit."""

    def broken(_manifest):
        raise RuntimeError

    monkeypatch.setattr(commit_signature, "collect", broken)
    (evidence,) = collect_evidence(manifest("file:/"))
    assert evidence.status is Status.UNAVAILABLE
    assert evidence.detail == "the collector failed with RuntimeError"


def test_every_collector_names_its_kind():
    """The rules read evidence by kind, so each collector has one of its own."""
    kinds = [module.KIND for module in provenance.discovery.modules("safeload.provenance")]
    assert kinds
    assert len(set(kinds)) == len(kinds)
