"""What a policy may say, and how its mistakes are told."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Level
from safeload.formats.packs import PACKS
from safeload.formats.pickle_packs import pack_contracts
from safeload.limits import DEFAULT_LIMITS
from safeload.policy.schema import PolicyInvalid
from tests.forge.policies import EMPTY, LEVELS, SETTINGS, parse, policy_text


def problems(text: str) -> tuple[str, ...]:
    """The mistakes of a policy."""
    with pytest.raises(PolicyInvalid) as caught:
        parse(text)
    return caught.value.problems


def test_an_empty_policy_takes_the_strictest_value_everywhere():
    """What is left out is denied, not allowed by silence."""
    policy = parse(EMPTY)
    assert policy.setting("pickle.unlisted-global").level is Level.DENY
    assert policy.setting("artifact.not-read").level is Level.DENY
    assert policy.unknown.level is Level.DENY
    assert policy.outside_scope.level is Level.DENY
    assert policy.formats == frozenset()
    assert policy.packs == frozenset()
    assert policy.limits == DEFAULT_LIMITS


def test_a_level_knows_its_line():
    """A report names the file and line that decided."""
    policy = parse('schema = 1\n\n[rules]\n# why\npickle.unlisted-global = "warn"\n')
    setting = policy.setting("pickle.unlisted-global")
    assert (setting.level, setting.set_by) == (Level.WARN, "p.toml:5")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('schema = 1\nrules.pickle.trailing-data = "warn"\n', 2),
        ('schema = 1\n[rules.pickle]\n\n"trailing-data" = "warn"\n', 4),
        ('schema = 1\nrules = { pickle.trailing-data = "warn" }\n', 2),
        (
            'schema = 1\nname = """\n[rules]\npickle.x = 1\n"""\n[rules]\npickle.trailing-data="warn"\n',
            7,
        ),
        ("schema = 1\nname = 'a # [b'\n[rules]\n 'pickle' . \"trailing-data\" = 'warn' # c\n", 4),
        (
            'schema = 1\n[formats]\nallow = [\n "json", #]\n "zip"]\n[rules]\npickle.trailing-data="warn"\n',
            7,
        ),
        ('schema = 1\r\nname = """a\\""""\r\n[rules]\r\npickle.trailing-data = "warn"\r\n', 4),
    ],
)
def test_every_way_to_write_a_key_keeps_its_line(text, line):
    """Dotted, quoted and inline keys, after strings and comments that look like keys."""
    setting = parse(text).setting("pickle.trailing-data")
    assert (setting.level, setting.set_by) == (Level.WARN, f"p.toml:{line}")


def test_all_mistakes_are_told_at_once_with_line_and_hint():
    """Nobody repairs a policy one error at a time."""
    text = (
        "schema = 2\n"
        "nmae = 'x'\n"
        "[defaults]\n"
        "unknown = 'allow'\n"
        "[rules]\n"
        "pickle.unlisted-globl = 'deny'\n"
        "pickle.trailing-data = 'of course'\n"
        "pickle.malformed = 'warn'\n"
        "code = 'deny'\n"
        "[formats]\n"
        "allow = 'json'\n"
        "[limits]\n"
        "json-byte = 1\n"
        "files = true\n"
        "nesting = 0\n"
    )
    assert problems(text) == (
        "p.toml:1: schema = 1 is required: this version reads no other",
        "p.toml:2: unknown key nmae; did you mean name?",
        "p.toml:4: defaults.unknown is 'allow': use deny or warn",
        "p.toml:6: unknown rule pickle.unlisted-globl; did you mean pickle.unlisted-global?",
        "p.toml:7: rules.pickle.trailing-data is 'of course': use deny or warn or allow",
        "p.toml:8: pickle.malformed cannot be set below deny: nobody can waive it",
        "p.toml:9: rules.code is a string: levels belong to single rules",
        "p.toml:11: formats.allow is not a list of strings",
        "p.toml:13: unknown key in [limits] json-byte; did you mean json-bytes?",
        "p.toml:14: limits.files is a boolean, not a whole number",
        f"p.toml:15: limits.nesting is 0: it may be 1 to {16 * DEFAULT_LIMITS.nesting}",
    )


@pytest.mark.parametrize("text", ["", "schema = '1'", "schema = true", "schema = 1.0", "schema = [1]"])
def test_the_schema_number_is_required(text):
    """A policy says which grammar it follows: 1, a whole number."""
    assert problems(text) == ("p.toml:1: schema = 1 is required: this version reads no other",)


@pytest.mark.parametrize(
    "text",
    ["schema = 1\nschema = 1", "schema =", "[rules", "schema = 1\n[rules]\na.b = 1\na = 2", "a" + "[" * 9999],
)
def test_what_is_not_toml_is_a_usage_error(text):
    """Duplicate keys among them: none of the two wins silently."""
    [problem] = problems(text)
    assert re.match(r"p\.toml(:\d+)?: not TOML: ", problem)


def test_a_limit_can_be_raised_to_its_ceiling_and_lowered():
    """Raising is an explicit value in a reviewed file, and ends at 16 times the default."""
    most = 16 * DEFAULT_LIMITS.json_bytes
    assert parse(f"schema = 1\n[limits]\njson-bytes = {most}\nfiles = 1\n").limits.json_bytes == most
    assert problems(f"schema = 1\n[limits]\njson-bytes = {most + 1}\n")


def test_an_unknown_format_is_a_mistake():
    """A format that nothing can have would allow nothing, silently."""
    text = 'schema = 1\n[formats]\nallow = ["safetensor"]\n'
    assert problems(text) == ("p.toml:3: unknown format safetensor; did you mean safetensors?",)


def test_an_unknown_pack_is_a_mistake():
    """A pack that does not exist would list nothing, silently; each that exists is taken."""
    text = 'schema = 1\n[pickle]\npacks = ["numpy", "lighting"]\n'
    assert problems(text) == ("p.toml:3: unknown pack lighting; did you mean lightning?",)
    assert parse(f"schema = 1\n[pickle]\npacks = {json.dumps(PACKS)}\n").packs == set(PACKS)
    assert all(pack_contracts(pack) for pack in PACKS)


def test_the_digest_is_of_the_meaning():
    """Comments, order, names and places do not count; levels, formats and limits do."""
    first = parse('schema = 1\nname = "a"\n[rules]\ncode.python-file = "warn"\narchive.nested = "allow"\n')
    same = '# hi\nschema = 1\n[rules]\narchive.nested = "allow"\ncode = { python-file = "warn" }\n'
    assert parse(same, source="other.toml").digest == first.digest
    assert parse(f'{same}pickle.malformed = "deny"\n').digest == first.digest
    for change in ('[pickle]\npacks = ["numpy"]', "[limits]\nfiles = 5", '[formats]\nallow = ["json"]'):
        assert parse(f"{same}{change}\n").digest != first.digest
    assert parse(same.replace("warn", "allow")).digest != first.digest


def test_isolation_is_native_or_all():
    """The key stands at the top; an audit without it starts no child for our own parsers."""
    assert parse("schema = 1\n").isolation == "native"
    every = parse('schema = 1\nisolation = "all"\n')
    assert every.isolation == "all"
    assert every.digest != parse("schema = 1\n").digest
    assert parse('schema = 1\nisolation = "native"\n').digest == parse("schema = 1\n").digest
    assert problems('schema = 1\nisolation = "some"\n') == (
        "p.toml:2: isolation is 'some': use native or all",
    )


@settings(max_examples=50)
@given(rules=LEVELS, rest=SETTINGS)
def test_what_was_written_is_what_is_read(rules, rest):
    """Every named level arrives, with the line that it stands on."""
    text = policy_text(rules, **rest)
    policy = parse(text)
    lines = text.split("\n")
    for rule, level in rules.items():
        setting = policy.setting(rule)
        assert setting.level.value == level
        assert lines[int(setting.set_by.removeprefix("p.toml:")) - 1] == f'{rule} = "{level}"'


@settings(max_examples=150)
@given(st.text(alphabet="schema=1\n[]'\"\\{}.#rulespickle -,\u202e", max_size=60))
def test_any_text_gives_a_policy_or_its_mistakes(text):
    """Nothing else is raised, whatever the text."""
    for candidate in (text, f"schema = 1\n{text}"):
        try:
            parse(candidate)
        except PolicyInvalid as error:
            assert error.problems  # noqa: PT017  either outcome is right
