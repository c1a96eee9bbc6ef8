"""`safeload facts`: what is known, in a form that does not change by itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from safeload.cli import main
from safeload.core import Coverage, Evidence, Fact, Location, Status
from safeload.record import fields
from safeload.reports._facts import SCHEMA, facts_document, render_facts
from tests.forge.findings import artifact, finding, report
from tests.forge.locks import HOSTILE, subject, tree
from tests.forge.policies import parse
from tests.forge.repositories import tensors

CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()
EVIL = b"cos\nsystem\n(S'touch pwned'\ntR."
POLICY = parse('schema = 1\nname = "mine"\n')
DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "facts.md"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    tree(tmp_path / "model", {"config.json": CONFIG, "model.safetensors": tensors("w")})
    return tmp_path


def facts_of(capsys, *arguments):
    assert main(["facts", *arguments]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


def test_what_is_known(place, capsys):
    """Every key of the description, digests, and no verdict."""
    found = facts_of(capsys, "model")
    assert found["schema"] == SCHEMA == "safeload/facts/v1"
    assert list(found) == re.findall(r"^\| `([a-z]+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    assert [entry["path"] for entry in found["manifest"]] == ["config.json", "model.safetensors"]
    assert all(re.fullmatch("[0-9a-f]{64}", item["sha256"]) for item in found["artifacts"])
    assert {"verdict", "reasons"}.isdisjoint(found)
    assert set(found["evidence"][0]) == set(fields(Evidence))


def test_what_is_denied_is_a_fact(place, capsys):
    """Exit code 0: the document says what there is, and whoever reads it decides."""
    (place / "model" / "evil.bin").write_bytes(EVIL)
    found = facts_of(capsys, "model")
    assert "system" in json.dumps(found["facts"])
    assert {
        item["location"]["artifact"] for item in found["facts"] if item["kind"] != "config.architecture"
    } == {"evil.bin"}
    assert main(["audit", "model"]) == 1


def test_levels_of_the_policy_do_not_show(place, capsys):
    """Two policies, one document, but for the policy's own name."""
    (place / "model" / "evil.bin").write_bytes(EVIL)
    default, strict = (facts_of(capsys, "model", "--policy", name) for name in ("default", "strict"))
    assert default.pop("policy") != strict.pop("policy")
    assert default == strict


def test_several_subjects_and_files(place, capsys):
    """One is an object, several are a list, and one that cannot be read does not take the others along."""
    tree(place / "other", {"config.json": CONFIG})
    subjects = [item["subject"] for item in facts_of(capsys, "model", "other")]
    assert subjects == [f"file:{place / name}" for name in ("model", "other")]
    assert main(["facts", "model", "missing", "-o", "facts.json"]) == 2
    assert "missing" in capsys.readouterr().err
    assert len(json.loads((place / "facts.json").read_text())) == 1
    assert main(["facts", "missing"]) == 2
    assert capsys.readouterr().out == ""
    assert main(["facts"]) == 2


def test_a_lock_is_evidence(place, capsys):
    """Whether it holds the files is said and decides nothing."""
    files = {"config.json": CONFIG, "model.safetensors": tensors("w")}
    from safeload.formats.lock_file_write import write_lock

    (place / "l").write_text(write_lock([subject(files=files)]))
    assert [item["status"] for item in facts_of(capsys, "model", "--lock", "l")["evidence"]] == [
        "absent",
        "verified",
    ]
    (place / "model" / "config.json").write_bytes(CONFIG + b" ")
    found = facts_of(capsys, "model", "--lock", "l")
    assert [item["status"] for item in found["evidence"]] == ["absent", "invalid"]
    assert [item["data"]["problem"] for item in found["facts"] if item["kind"] == "integrity.mismatch"] == [
        "content"
    ]


def made(facts, path="model.bin"):
    return report(
        POLICY, [finding(at=path)], [artifact(path, coverage=Coverage.SCANNED)], facts=facts,
        evidence=[Evidence(kind="lock", status=Status.VERIFIED, subject="s", detail="d")],
    )  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name):
    """ASCII on every line, and the same name again."""
    text = render_facts(made([Fact(kind=name, location=Location(artifact=name), data={name: name})], name))
    assert text.isascii()
    assert all(line.isprintable() for line in text.splitlines())
    (fact,) = json.loads(text)["facts"]
    assert (fact["kind"], fact["location"]["artifact"], fact["data"]) == (name, name, {name: name})


def test_numbers_that_readers_disagree_about():
    """Are strings; everything else is what it was."""
    data = {"big": 1 << 53, "bigger": (1 << 53) + 1, "nan": float("nan"), "less": float("-inf"), "flag": True,
            "list": [1, (2, {"a": None})]}  # fmt: skip
    text = render_facts(made([Fact(kind="k", location=Location(artifact="a"), data=data)]))
    (fact,) = json.loads(text, parse_constant=pytest.fail)["facts"]
    assert fact["data"] == {
        "big": 1 << 53, "bigger": "9007199254740993", "nan": "nan", "less": "-inf", "flag": True,
        "list": [1, [2, {"a": None}]],
    }  # fmt: skip


def test_the_order_of_facts_does_not_show():
    """However the scanners came upon them."""
    facts = [
        Fact(kind=kind, location=Location(artifact=path, offset=offset), data={"n": number})
        for kind in ("b", "a")
        for path in ("y", "x")
        for offset in (10, 9, None)
        for number in (2, 1)
    ]
    one, two = (facts_document(made(items)) for items in (facts, facts[::-1]))
    assert one == two
    places = [(item["location"]["artifact"], item["location"]["offset"]) for item in one["facts"]]
    assert places == sorted(places, key=lambda place: (place[0], -1 if place[1] is None else place[1]))
