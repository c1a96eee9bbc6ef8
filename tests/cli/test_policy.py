"""`safeload policy ...` as a user runs it: outputs, exit codes, and what is written."""

from __future__ import annotations

import datetime as dt
import json
import struct
from pathlib import Path

import pytest

from safeload.cli import main
from safeload.cli._policy import quoted, without
from safeload.policy.keys import NEVER_WAIVED
from tests.forge.policies import RULES, UNWAIVABLE, parse
from tests.forge.waivers import waiver

ROOT = Path(__file__).parents[2]
UNLISTED = b"clab.nets\nNet\n(tR."


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A folder with one tensor and a pickle that names a class, beside the working directory."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    header += b" " * (-len(header) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    (folder / "extra.pkl").write_bytes(UNLISTED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    return folder


def run(capsys, *arguments):
    """Exit code, standard output and standard error."""
    code = main(list(map(str, arguments)))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.fixture
def report(model, capsys):
    """The recorded report of an audit of it."""
    assert main(["audit", "./model", "--format", "json", "--output", "report.json"]) == 1
    capsys.readouterr()
    return model.parent / "report.json"


def test_check_tells_every_mistake_of_every_file(model, capsys):
    """With line and hint; files without mistakes are named with their digest."""
    Path("good.toml").write_text('schema = 1\nname = "good"\nextends = ["safeload:strict"]\n' + waiver())
    Path("bad.toml").write_text("schema = 1\nnmae = 1\n[rules]\nwaiver.unused = 'deny'\n")
    code, out, err = run(capsys, "policy", "check", "good.toml", "bad.toml", "research")
    assert code == 2
    assert [line.partition(" (sha256:")[0] for line in out.splitlines()] == [
        "good.toml: good",
        "policies/research.toml: research",
    ]
    assert ", 1 waiver)" in out
    unused = (
        "waiver.unused cannot deny: it is about upkeep, and `safeload policy prune --check` fails a build"
    )
    assert err.splitlines() == [
        "safeload: bad.toml:2: unknown key nmae; did you mean name?",
        f"safeload: bad.toml:4: {unused}",
    ]
    named = run(capsys, "policy", "check", "default")
    assert run(capsys, "policy", "check") == named
    assert named[0] == 0


def test_check_reads_the_trust_store_that_a_policy_names(model, capsys):
    """A key that it lacks, or a folder that is none, would only show on the day of a load."""
    Path("p.toml").write_text('schema = 1\n[provenance]\ntrust-store = "gone"\nkeys = ["acme"]\n')
    assert run(capsys, "policy", "check", "p.toml")[0] == 2
    Path("p.toml").write_text('schema = 1\n[provenance]\nkeys = ["acme"]\n')
    code, _, err = run(capsys, "policy", "check", "p.toml")
    assert (code, err) == (2, "safeload: p.toml:3: [provenance] keys names keys of no trust store\n")


def test_the_shipped_tests_hold(capsys, monkeypatch):
    """Each policy keeps what its own tests promise."""
    monkeypatch.chdir(ROOT)
    code, out, _ = run(capsys, "policy", "test")
    assert code == 0, out
    assert out.endswith(" tests, 0 failed\n")


def test_a_failing_test_says_what_was_decided(model, capsys):
    """Exit code 1, with the place of the case; coverage lists what no case touches."""
    Path("a.test.toml").write_text(
        'policy = "safeload:default"\nnow = 2026-12-01\n'
        '[[test]]\nname = "n"\nexpect = "allow"\ndenied = []\nrules = ["license.unlisted"]\n'
        'waived = ["code.python-file"]\n'
        'file = [{ path = "x.so", format = "elf" }]\nfact = [{ kind = "code.native", at = "x.so" }]\n'
    )
    code, out, _ = run(capsys, "policy", "test", "a.test.toml", "--coverage")
    assert code == 1
    assert out.splitlines()[:4] == [
        "a.test.toml:3: n: expected allow, and it is deny (code.native-binary)",
        "a.test.toml:3: n: license.unlisted neither warns nor denies",
        "a.test.toml:3: n: expected exactly nothing to deny, and it is code.native-binary",
        "a.test.toml:3: n: expected exactly code.python-file to be waived, and it is nothing",
    ]
    assert f"1 of {len(RULES)} rules were seen" in out
    assert "  not seen: license.unlisted\n" in out
    assert out.endswith("1 tests, 1 failed\n")


def test_a_test_can_replay_a_report_and_change_its_facts(report, capsys):
    """What was recorded once is asked about under another policy, with another value."""
    Path("b.test.toml").write_text(
        'policy = "safeload:default"\nnow = 2026-12-01\n[[test]]\nexpect = "deny"\nreport = "report.json"\n'
        'denied = ["pickle.unlisted-global"]\n'
        '[[test]]\nname = "set"\nexpect = "deny"\nreport = "report.json"\n'
        'set = { "pickle.global.known" = "runs" }\ndenied = ["pickle.dangerous-global"]\n'
    )
    code, out, _ = run(capsys, "policy", "test", "b.test.toml")
    assert (code, out) == (0, "2 tests, 0 failed\n")
    Path("b.test.toml").write_text(
        'policy = "safeload:default"\nnow = 2026-12-01\n[[test]]\nexpect = "deny"\nset = { "a.b.c" = 1 }\n'
    )
    code, _, err = run(capsys, "policy", "test", "b.test.toml")
    assert (code, err) == (2, "safeload: no fact a.b is there to set c in\n")


def test_explain_shows_the_line_that_is_in_force(model, capsys):
    """And those whose place it took; for a source with its overrides."""
    Path("p.toml").write_text(
        'schema = 1\nextends = ["safeload:default"]\n[rules]\ncode.python-file = "deny"\n'
        '[[override]]\nrepos = ["acme/*"]\nrules.code.python-file = "allow"\n'
    )
    code, out, _ = run(capsys, "policy", "explain", "code.python-file", "--policy", "p.toml")
    assert code == 0
    assert out.splitlines()[0] == "rules.code.python-file = deny, set by p.toml:4"
    assert out.splitlines()[1].startswith("  in place of warn, set by policies/default.toml:")
    _, out, _ = run(
        capsys, "policy", "explain", "code.python-file", "--policy", "p.toml", "--for", "hf:acme/x"
    )
    assert out.startswith("rules.code.python-file = allow, set by p.toml:7\n")
    _, out, _ = run(capsys, "policy", "explain", "limits.files", "--policy", "p.toml", "--for", "./model")
    assert out.startswith("p.toml leaves limits.files out: 20000\n")
    code, _, err = run(capsys, "policy", "explain", "limits.file")
    assert (code, err) == (2, "safeload: unknown rule or key limits.file; did you mean limits.files?\n")


def test_diff_names_keys_and_replays_what_was_recorded(report, capsys):
    """Tightened or loosened, and which verdicts change; a lost key can fail a build."""
    Path("new.toml").write_text(
        'schema = 1\nextends = ["safeload:default"]\n[rules]\npickle.unlisted-global = "warn"\n'
        'archive.nested = "deny"\n[pickle]\npacks = []\n'
    )
    code, out, _ = run(capsys, "policy", "diff", "default", "new.toml", "--facts", report)
    assert code == 0
    assert "loosened   rules.pickle.unlisted-global: deny -> warn (new.toml:4)" in out
    assert "tightened  rules.archive.nested: warn -> deny (new.toml:5)" in out
    assert "2 tightened, 1 loosened, 0 changed" in out
    assert "1 of 1 recorded go DENY -> ALLOW" in out
    assert "not replayed, since they change what is read: pickle.packs" in out
    assert run(capsys, "policy", "diff", "default", "new.toml", "--fail-on-loosened")[0] == 1
    assert run(capsys, "policy", "diff", "default", "default", "--facts", report)[1].splitlines()[-1] == (
        "0 of 1 recorded verdicts change"
    )


def test_diff_reads_the_subjects_of_a_lock_again(model, capsys):
    """From the files as they are, without network."""
    Path("model/extra.pkl").unlink()
    assert main(["lock", "./model"]) == 0
    Path("new.toml").write_text(
        'schema = 1\nextends = ["safeload:default"]\narchitectures.allow = ["roberta"]\n'
    )
    capsys.readouterr()
    code, out, _ = run(capsys, "policy", "diff", "default", "new.toml", "--lock", "safeload.lock")
    assert code == 0
    assert "1 of 1 recorded go ALLOW -> DENY" in out
    assert "  architecture.unlisted (policies/default.toml:" in out


def test_a_waiver_is_written_and_lets_that_file_pass(report, capsys):
    """Bound to its digest: another pickle under the same name is denied."""
    Path("p.toml").write_text('schema = 1\nname = "p"\nextends = ["safeload:default"]  # ours\n')
    arguments = [
        "--report",
        report,
        "--rule",
        "pickle.unlisted-global",
        "--reason",
        'seen "it"',
        "--owner",
        "me",
    ]
    code, out, _ = run(capsys, "policy", "waive", "p.toml", *arguments)
    assert (code, out) == (0, "added 1 waiver of pickle.unlisted-global to p.toml\n")
    text = Path("p.toml").read_text()
    assert text.startswith('schema = 1\nname = "p"\nextends = ["safeload:default"]  # ours\n\n[[waiver]]')
    assert 'reason = "seen \\"it\\""' in text
    code, out, _ = run(capsys, "audit", "./model", "--policy", "p.toml")
    assert code == 0
    assert f"waived by W-0001 until {dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)}" in out
    Path("model/extra.pkl").write_bytes(UNLISTED.replace(b"Net", b"Bet"))
    assert run(capsys, "audit", "./model", "--policy", "p.toml")[0] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"--rule": "pickle.malformed"}, "nobody can waive pickle.malformed"),
        ({"--rule": "pickle.unlisted"}, "unknown rule pickle.unlisted; did you mean pickle.unlisted-global?"),
        ({"--file": "other.pkl"}, "pickle.unlisted-global in other.pkl was not found in the reports"),
        ({"--owner": " "}, "p.toml:9: waiver 1 has no owner"),
        ({"--days": "400"}, "p.toml:3: the waiver spans 400 days: [waivers] max-days is 90"),
        ({"--report": "p.toml"}, "p.toml is no report: "),
    ],
)
def test_a_waiver_that_cannot_be_is_not_written(report, capsys, options, said):
    """The file stays as it was."""
    before = "schema = 1\n"
    Path("p.toml").write_text(before)
    values = {
        "--report": str(report), "--rule": "pickle.unlisted-global", "--reason": "r", "--owner": "o",
    } | options  # fmt: skip
    code, _, err = run(
        capsys, "policy", "waive", "p.toml", *[word for pair in values.items() for word in pair]
    )
    assert code == 2
    assert said in err
    assert Path("p.toml").read_text() == before


def test_a_built_in_is_not_edited(report, capsys):
    """It belongs to the installation."""
    code, _, err = run(
        capsys, "policy", "waive", "strict", "--report", report, "--rule", "pickle.unlisted-global",
        "--reason", "r", "--owner", "o",
    )  # fmt: skip
    assert (code, err) == (2, "safeload: strict is built in: write a policy that extends safeload:strict\n")


def test_init_writes_a_baseline_under_which_the_recorded_passes(report, capsys):
    """What nobody can waive is listed and stays denied."""
    Path("model/evil.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    main(["audit", "./model", "--format", "json", "--output", "report.json"])
    code, out, _ = run(capsys, "policy", "init", "--from-audit", "report.json", "--owner", "me")
    assert code == 0
    assert "# cannot be waived: pickle.dangerous-global in file:" in out
    Path("model/evil.pkl").unlink()
    Path("p.toml").write_text(out)
    assert run(capsys, "policy", "check", "p.toml")[0] == 0
    assert run(capsys, "audit", "./model", "--policy", "p.toml")[0] == 0


def test_prune_takes_out_what_ended_and_what_matches_nothing(report, capsys):
    """With the comment above it, and nothing else; --check changes nothing and fails a build."""
    main(["policy", "init", "--from-audit", "report.json", "--owner", "me", "--output", "p.toml"])
    today = dt.datetime.now(dt.UTC).date()
    days = {
        "created": (today - dt.timedelta(20)).isoformat(),
        "expires": (today - dt.timedelta(1)).isoformat(),
    }
    ended = waiver(id="W-old", **days)
    subject = json.loads(report.read_text())["subject"]
    idle = waiver(id="W-idle", subject=subject, created=today.isoformat(), expires=today.isoformat())
    kept = (
        Path("p.toml").read_text()
        + "\n# no report is about this one\n"
        + idle.replace(subject, "file:/else").replace("W-idle", "W-else")
    )
    Path("p.toml").write_text(f"{kept}\n# for a while\n{ended}\n# another\n{idle}")
    capsys.readouterr()
    code, out, _ = run(capsys, "policy", "prune", "p.toml", "--facts", report, "--check")
    assert (code, out.splitlines()) == (
        1,
        [
            f"W-old: ended on {days['expires']}",
            "W-idle: matches nothing in the reports",
            "2 of 4 waivers to take out",
        ],
    )
    code, out, _ = run(capsys, "policy", "prune", "p.toml", "--facts", report)
    assert (code, out.splitlines()[-1]) == (0, "2 of 4 waivers taken out")
    assert Path("p.toml").read_text() == kept
    assert run(capsys, "policy", "prune", "p.toml", "--facts", report, "--check")[:2] == (
        0,
        "0 of 2 waivers to take out\n",
    )


def test_text_without_a_waiver_is_the_same_text():
    """Comments belong to what stands below them."""
    text = f"schema = 1\n# one\n{waiver(id='A')}\n# two\n{waiver(id='B')}# three\n[rules]\nx.y = 'z'\n"
    rest = f"# two\n{waiver(id='B')}# three\n[rules]\nx.y = 'z'\n"
    assert without(text, frozenset({"A"})) == f"schema = 1\n\n{rest}"
    assert without(text, frozenset({"A", "B"})) == "schema = 1\n\n# three\n[rules]\nx.y = 'z'\n"
    assert without(text, frozenset()) == text


@pytest.mark.parametrize("text", ['a"b\\c', "\x7f\x1b[0m\n", "é\u202e", "[x]\n# y"])
def test_any_text_can_be_quoted(text):
    """What a user gives as a reason comes back as it was."""
    policy = parse(
        "schema = 1\n" + waiver(reason=None).replace("owner", f"reason = {quoted(text)}\nowner", 1)
    )
    assert policy.waivers[0].waiver.reason == text


def test_schema_prints_the_generated_file(capsys):
    """Editors without the file can be given one."""
    code, out, _ = run(capsys, "policy", "schema")
    assert (code, out) == (0, (ROOT / "policies" / "policy.schema.json").read_text())


@pytest.mark.parametrize(
    ("permitted", "evil", "reason", "code"),
    [
        ("warn", False, "INC-7", 0),
        ("deny", False, "INC-7", 1),
        ("warn", True, "INC-7", 1),
        ("warn", False, "  ", 2),
    ],
)
def test_break_glass_from_the_command_line(model, capsys, permitted, evil, reason, code):
    """Where the policy permits it, with a reason, and never for what nobody can waive."""
    if evil:
        Path("model/evil.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    Path("p.toml").write_text(
        f'schema = 1\nextends = ["safeload:default"]\n[rules]\npolicy.break-glass = "{permitted}"\n'
    )
    found, out, err = run(capsys, "audit", "./model", "--policy", "p.toml", "--break-glass", reason)
    assert found == code
    assert ("INC-7" in out) is (code != 2)
    assert ("needs a reason" in err) is (code == 2)


def test_every_rule_that_can_be_waived_can_be_waived():
    """And no other: the list of what nobody can waive is the rules' own."""
    for rule in RULES:
        able = rule not in UNWAIVABLE and rule not in NEVER_WAIVED
        text = "schema = 1\n" + waiver(rule=rule)
        if able:
            assert parse(text).waivers
        else:
            with pytest.raises(Exception, match="nobody can waive"):
                parse(text)


def test_the_example_of_the_documentation_is_a_policy():
    """With the waiver that is shown below it."""
    text = (ROOT / "docs" / "policy.md").read_text()
    blocks = [part.partition("```")[0] for part in text.split("```toml\n")[1:]]
    example = blocks[0].replace('extends = ["safeload:strict", "waivers.toml"]\n', "")
    policy = parse(example + blocks[1].replace('"..."', f'"{"ab" * 32}"').replace("2027-02-15", "2027-01-15"))
    assert (policy.name, len(policy.overrides), len(policy.waivers)) == ("production", 1, 1)
    assert policy.licenses == {"apache-2.0", "mit"}
