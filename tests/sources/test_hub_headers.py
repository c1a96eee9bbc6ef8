"""Headers of a server never become names of files: what is listed and checked does."""

from __future__ import annotations

from dataclasses import replace

import pytest

import safeload
from safeload.sources.hub_api import HubAccess
from tests.forge import hub_answers
from tests.forge.hub import serve


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ETag", '"{tmp}/evil"'),
        ("ETag", '"../../../evil"'),
        ("ETag", '".."'),
        ("ETag", "W/../evil"),
        ("X-Linked-Etag", '"../../../evil"'),
        ("X-Repo-Commit", "../../../evil"),
        ("X-Repo-Commit", "main"),
        ("X-Xet-Hash", "../../../evil"),
    ],
)
def test_a_header_that_leads_elsewhere_is_not_followed(header, value, tmp_path, monkeypatch):
    """Nothing is written outside of the cache, and nothing under another name."""
    monkeypatch.setenv("SAFELOAD_CACHE", str(tmp_path / "commits"))
    named = value.format(tmp=tmp_path)
    with serve() as hub:
        commit = hub.repository("acme/bert").commit({"config.json": b'{"model_type": "bert"}'})

        def lie(request, honest):
            answer = honest(request)
            return replace(answer, headers={**answer.headers, header: named})

        hub.lie(lie, hub_answers.RESOLVE)
        access = HubAccess(endpoint=hub.endpoint, cache_dir=tmp_path / "cache" / "hub", token=False)
        assert safeload.audit("hf:acme/bert", hub=access).decision.verdict is safeload.Verdict.ALLOW
    assert {path.name for path in tmp_path.iterdir()} <= {"cache", "commits"}
    assert not [*tmp_path.rglob("*evil*")]
    home = tmp_path / "cache" / "hub" / "models--acme--bert"
    assert [path.name for path in (home / "snapshots").iterdir()] == [commit]
    assert [path.name for path in (home / "blobs").iterdir()] == ["46332c50668921e90868a1d44a2550bb60ffdb1d"]
