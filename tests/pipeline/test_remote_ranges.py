"""A remote file that was not read whole counts as one that was not read."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Manifest, ManifestEntry, Role
from safeload.pipeline import resolve_policy
from safeload.pipeline.examination import Examination
from safeload.sources.blobs import NotFetched
from safeload.sources.ranged import RangedBlob


class Remote:
    """A source of one file, of which ranges are read."""

    root = ""

    def __init__(self, data: bytes) -> None:
        self.broken, self.facts = {}, []
        self.fails = False
        self.data = data
        self.blob = RangedBlob(len(data), self.fetch, 1 << 20)
        self.blobs = {"config.json": self.blob}
        entry = ManifestEntry(path="config.json", size=len(data), role=Role.CONFIG)
        self.manifest = Manifest(uri="hf:acme/bert@1", entries=(entry,))

    def fetch(self, offset: int, length: int) -> bytes:
        """One answer, or none."""
        if self.fails:
            raise NotFetched("the server was gone")
        return self.data[offset : offset + length]


@pytest.mark.parametrize("lost", [False, True])
def test_a_range_that_did_not_come_once(lost):
    """Whoever asked for it may have taken its absence for an answer, so no later answer mends that."""
    source = Remote(b'{"model_type": "bert"}')
    if lost:
        source.fails = True
        with pytest.raises(NotFetched):
            source.blob.read(0, 1)
        source.fails = False
    examination = Examination(source, resolve_policy("default"), quick=False)
    examination.scan(source.manifest.entries)
    artifact, _ = examination.found("config.json")
    expected = (Coverage.NOT_READ, "the server was gone") if lost else (Coverage.SCANNED, "")
    assert (artifact.coverage, artifact.reason) == expected
    assert ("config.json" in examination.records) != lost
    assert any(fact.kind == "artifact.coverage" for fact in examination.facts) == lost
