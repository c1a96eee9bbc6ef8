"""The schema that editors read takes what the reader takes: both are made of one table."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.policy.model import accepts, json_schema
from safeload.policy.schema import PolicyInvalid
from safeload.sources.policy_files import BUILT_IN, built_in
from tests.forge.policies import DOCUMENTS, KEYS, RULES, UNWAIVABLE, flat_text, parse

SCHEMA = Path(__file__).parents[2] / "policies" / "policy.schema.json"
IDS = frozenset(RULES)
ODD = st.sampled_from(
    [True, -1, 0, 10**30, 1.5, "", "deny", "allow", "of course", [], ["json", "json"], ["x y"], [1]]
)  # fmt: skip


def read(text):
    """Whether the reader takes a document."""
    try:
        parse(text)
    except PolicyInvalid:
        return False
    return True


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_schema_takes_the_shipped_policies(name):
    """Their first line names it, so an editor would underline what it does not take."""
    text, _ = built_in(name)
    assert text.startswith("#:schema ./policy.schema.json\n")
    assert accepts(text, IDS, UNWAIVABLE) == []


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS)
def test_the_schema_takes_what_the_reader_takes(document):
    """Every section, overrides and waivers."""
    text = flat_text(document)
    assert accepts(text, IDS, UNWAIVABLE) == []
    assert read(text)


@settings(max_examples=120, deadline=None)
@given(
    document=DOCUMENTS,
    name=st.sampled_from([*KEYS, "extends", "locked", "nonsense", "rules.nonsense.x", "limits.nonsense"]),
    value=ODD,
    where=st.sampled_from(["top", "override", "waiver"]),
)
def test_the_schema_refuses_what_the_reader_refuses(document, name, value, where):
    """One odd value in any place: both say so, or neither."""
    changed = copy.deepcopy(document)
    if where == "waiver" and changed["waiver"]:
        name = name if name == "nonsense" else sorted(changed["waiver"][0])[len(name) % 8]
        changed["waiver"][0][name] = value
    elif where == "override" and changed["override"]:
        changed["override"][0][name if name != "locked" else "repos"] = value
    else:
        changed[name] = value
    if name == "extends" and value == ["x y"]:
        return  # what is no file, only who has files can say
    if name == "waivers.max-days":
        return  # whether a waiver spans more, the reader alone counts
    text = flat_text(changed)
    assert (accepts(text, IDS, UNWAIVABLE) == []) is read(text)


def test_the_json_schema_is_one():
    """Of the draft that it names, with every rule and budget in it; the file is the generated one."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert schema == json_schema(IDS, UNWAIVABLE)
    properties = schema["properties"]
    assert set(properties) == {
        "schema", "extends", "locked", "override", "waiver",
        *(key.partition(".")[0] for key in KEYS),
    }  # fmt: skip
    text = json.dumps(schema)
    assert all(f'"{rule.partition(".")[2]}"' in text for rule in RULES)
    references = {part for part in text.split('"') if part.startswith("#/$defs/")}
    assert {reference.removeprefix("#/$defs/") for reference in references} == set(schema["$defs"])


def test_the_load_path_does_not_import_pydantic():
    """A start would pay for it."""
    import subprocess
    import sys

    code = (
        "import sys; from safeload import pipeline; pipeline.resolve_policy('airgapped');"
        "print('pydantic' in sys.modules, 'safeload.policy.waivers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["False", "False"]
