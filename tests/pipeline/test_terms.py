"""What a policy says about one source: lists, ages, overrides, waivers and break-glass on real audits."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import pytest
from huggingface_hub import constants

from safeload.core import Level, Role, Scope, Verdict
from safeload.errors import PolicyDenied, UsageError
from safeload.pipeline import admit, amend, audit, resolve_policy
from safeload.pipeline.terms import Circumstances, terms_of
from safeload.policy.combine import combine
from safeload.policy.waivers import snapshot_digest
from tests.forge.checkpoints import tiny_bert
from tests.forge.findings import fact
from tests.forge.hub import serve
from tests.forge.policies import parse
from tests.forge.waivers import waiver

DEFAULT = 'schema = 1\nextends = ["safeload:default"]\n'
UNLISTED = b"clab.nets\nNet\n(tR."
MODEL = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))
TODAY = dt.datetime.now(dt.UTC).date()


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("bert") / "model")


@pytest.fixture
def model(original, tmp_path, monkeypatch):
    """A small model, beside the working directory."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in original.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    return folder


def written(tmp_path, text, name="p.toml"):
    """A policy file."""
    (tmp_path / name).write_text(text)
    return tmp_path / name


def spoken(decision):
    """Rule and level of what warns or denies."""
    return {
        (reason.finding.rule, reason.level.value)
        for reason in decision.reasons
        if reason.level is not Level.ALLOW
    }


def current(**changes):
    """A waiver that counts today."""
    days = {"created": TODAY.isoformat(), "expires": (TODAY + dt.timedelta(30)).isoformat()}
    return waiver(**(days | changes))


def test_lists_speak_about_a_real_model(model, tmp_path):
    """Its kind and its card; without lists nothing is said."""
    assert spoken(audit(model, policy="default").decision) == set()
    policy = written(tmp_path, f'{DEFAULT}architectures.allow = ["roberta"]\nlicenses.allow = ["mit"]\n')
    assert spoken(audit(model, policy=policy).decision) == {
        ("architecture.unlisted", "deny"),
        ("license.unlisted", "warn"),
    }
    (model / "README.md").write_text("---\nlicense: MIT\n---\n# A model\n")
    policy = written(tmp_path, f'{DEFAULT}architectures.allow = ["bert"]\nlicenses.allow = ["mit"]\n')
    assert spoken(audit(model, policy=policy).decision) == set()


def test_an_override_by_folder_holds_for_that_folder(model, tmp_path):
    """And the report names the policy and its whole digest."""
    policy = written(
        tmp_path,
        f'{DEFAULT}[[override]]\nrepos = ["file:**/model"]\nformats.allow = ["json"]\n',
    )
    decision = audit(model, policy=policy).decision
    assert ("format.not-loadable", "deny") in spoken(decision)
    assert decision.denials[0].set_by == "p.toml:5"
    assert decision.policy_digest == resolve_policy(policy).digest
    other = model.rename(tmp_path / "other")
    assert spoken(audit(other, policy=policy).decision) == set()


def test_a_waiver_lets_a_load_pass_as_long_as_nothing_changes(model, tmp_path):
    """Also one of the snapshot, for which every file is digested."""
    (model / "side.pkl").write_bytes(UNLISTED)
    strict = f'{DEFAULT}defaults.outside-scope = "deny"\n'
    with pytest.raises(PolicyDenied):
        admit(model, scope=MODEL, policy=written(tmp_path, strict))
    sha = hashlib.sha256(UNLISTED).hexdigest()
    policy = written(tmp_path, strict + current(subject="file:**/model", sha256=sha))
    snapshot = admit(model, scope=MODEL, policy=policy)
    assert {reason.waiver.id for reason in snapshot.decision.reasons if reason.waiver} == {"W-1"}
    (model / "side.pkl").write_bytes(UNLISTED + b" ")
    with pytest.raises(PolicyDenied):
        admit(model, scope=MODEL, policy=policy)


def test_amending_knows_the_waivers_too(model, tmp_path):
    """A new head is judged under the same policy, at the same instant."""
    whole = snapshot_digest(audit(model, policy="default").decision.artifacts)
    text = f'{DEFAULT}rules.weights.new-head = "deny"\n'
    head = fact("load.new-head", at="config.json", names=["classifier.weight"], architecture="x")
    plain = admit(model, scope=MODEL, policy=written(tmp_path, text))
    with pytest.raises(PolicyDenied):
        amend(plain, [head])
    excused = text + current(rule="weights.new-head", subject="file:**", sha256=whole)
    snapshot = amend(admit(model, scope=MODEL, policy=written(tmp_path, excused)), [head])
    assert [reason.waiver.id for reason in snapshot.decision.reasons if reason.waiver] == ["W-1"]


def test_break_glass_opens_a_load_and_is_recorded(model, tmp_path):
    """Where the policy permits it; never without a reason."""
    text = f'{DEFAULT}architectures.allow = ["roberta"]\nrules.policy.break-glass = "warn"\n'
    policy = written(tmp_path, text)
    with pytest.raises(PolicyDenied):
        admit(model, scope=MODEL, policy=policy)
    snapshot = admit(model, scope=MODEL, policy=policy, break_glass="INC-7")
    assert spoken(snapshot.decision) == {("policy.break-glass", "warn"), ("architecture.unlisted", "warn")}
    assert amend(snapshot, []).decision.verdict is Verdict.ALLOW
    with pytest.raises(UsageError, match="needs a reason"):
        admit(model, scope=MODEL, policy=policy, break_glass=" ")
    with pytest.raises(PolicyDenied, match="the policy does not permit it"):
        admit(model, scope=MODEL, policy="default", break_glass="INC-7")


def test_a_weakened_environment_is_a_fact(model, monkeypatch):
    """Switched on, it is said; switched off or unset, it is not."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert spoken(audit(model, policy="default").decision) == {("env.guard-weakened", "warn")}
    assert ("env.guard-weakened", "deny") in spoken(audit(model, policy="strict").decision)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "0")
    assert spoken(audit(model, policy="default").decision) == set()


def test_a_preference_chooses_the_weights(original, model, tmp_path):
    """Of two formats the policy's first; what it does not name comes after."""
    (tmp_path / "pickled").mkdir()
    pickled = tiny_bert(tmp_path / "pickled" / "model", pickle=True)
    (model / "pytorch_model.bin").write_bytes((pickled / "pytorch_model.bin").read_bytes())
    twins = f'{DEFAULT}rules.format.twins-disagree = "warn"\n'
    assert admit(model, scope=MODEL, policy=written(tmp_path, twins)).hands_out("model.safetensors")
    snapshot = admit(model, scope=MODEL, policy=written(tmp_path, f'{twins}formats.prefer = ["zip"]\n'))
    assert (snapshot.hands_out("pytorch_model.bin"), snapshot.hands_out("model.safetensors")) == (True, False)


def test_a_record_named_exactly_is_inert(model, tmp_path):
    """Its instances are a name and fields; no other class of the module is."""
    instance = b"\x80\x04clab.nets\nNet\n)\x81}\x8c\x01aK\x01sb."
    (model / "side.pkl").write_bytes(instance)
    assert ("pickle.unlisted-global", "deny") in spoken(audit(model, policy="default").decision)
    policy = written(tmp_path, f'{DEFAULT}pickle.allow = ["lab.nets.Net"]\n')
    assert "pickle.unlisted-global" not in {rule for rule, _ in spoken(audit(model, policy=policy).decision)}
    (model / "side.pkl").write_bytes(instance.replace(b"Net", b"Bet"))
    assert ("pickle.unlisted-global", "deny") in spoken(audit(model, policy=policy).decision)


@pytest.mark.parametrize(
    "name", ["os.system", "builtins.eval", "subprocess.Popen", "lab.nets.*", "Net", "a..b"]
)
def test_a_gadget_is_no_record(tmp_path, name):
    """Nor is a pattern."""
    with pytest.raises(UsageError, match=r"p\.toml:3"):
        resolve_policy(written(tmp_path, f"{DEFAULT}pickle.allow = ['{name}']\n"))


def test_terms_of_two_policies_are_those_of_both():
    """Every list has to name the source, and the longest age that nobody exempts it from holds."""
    one = parse(
        'schema = 1\nsource.allow = ["acme/*"]\nsource.min-age-days = 9\nsource.min-age-exempt = ["acme/a"]'
    )
    two = parse('schema = 1\nsource.allow = ["*/a"]\nsource.min-age-days = 2')
    both, now = combine(one, two), Circumstances(now=0.0)
    assert [terms_of(both, f"hf:{name}", now).listed for name in ("acme/a", "acme/b", "x/a")] == [
        True,
        False,
        False,
    ]
    assert [terms_of(both, f"hf:{name}", now).days for name in ("acme/a", "acme/b")] == [2, 9]
    held = Circumstances(now=0.0, held=True, locking=True)
    assert (terms_of(both, "hf:acme/b", held).days, terms_of(both, "hf:acme/b", held).pin) == (0, False)
    assert terms_of(both, "hf:acme/b", now).pin


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub with one small repository."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for variable, folder in (("SAFELOAD_CACHE", "commits"), ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(variable, str(tmp_path / folder))
    with serve() as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.endpoint)
        template = served.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        files = {"config.json": json.dumps({"model_type": "bert"}).encode()}
        served.repository("acme/bert").commit(files)
        yield served


def test_a_repository_is_asked_for_its_revision_and_age(hub, tmp_path):
    """A branch is said, a commit is not; how long ago it changed goes by the Hub's clock."""
    repository = hub.repositories["acme/bert"]
    ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=5)
    repository.modified = ago.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    commit = repository.branches["main"]
    assert spoken(audit("hf:acme/bert", policy="default").decision) == {("source.unpinned", "warn")}
    assert spoken(audit(f"hf:acme/bert@{commit}", policy="default").decision) == set()
    assert spoken(audit("hf:acme/bert", policy="default", locking=True).decision) == set()
    young = written(tmp_path, f"{DEFAULT}source.min-age-days = 7\n")
    found = spoken(audit(f"hf:acme/bert@{commit}", policy=young).decision)
    assert found == {("source.too-new", "warn")}


def test_what_is_denied_by_its_name_is_not_downloaded(hub, tmp_path):
    """A source that no list names, before any of its files is asked for; a waiver has to see them."""
    policy = written(tmp_path, f'{DEFAULT}source.allow = ["other/*"]\n')
    hub.forget()
    report = audit("hf:acme/bert", policy=policy)
    assert ("source.unlisted", "deny") in spoken(report.decision)
    assert not [request for request in hub.requests if "resolve" in request.path]
    allowed = audit("hf:acme/bert", policy="default").decision
    text = f'{DEFAULT}source.allow = ["other/*"]\n' + current(
        rule="source.unlisted", subject="acme/*", sha256=snapshot_digest(allowed.artifacts)
    )
    decision = audit("hf:acme/bert", policy=written(tmp_path, text)).decision
    assert (decision.verdict, [item.waiver.id for item in decision.reasons if item.waiver]) == (
        Verdict.ALLOW,
        ["W-1"],
    )


def test_an_override_by_repository_holds_for_what_comes_from_the_hub(hub, tmp_path):
    """Here the name is what was asked for, so it may loosen."""
    text = (
        f'{DEFAULT}architectures.allow = ["roberta"]\n'
        '[[override]]\nrepos = ["acme/*"]\narchitectures.allow = ["bert"]\n'
    )
    policy = written(tmp_path, text)
    assert "architecture.unlisted" not in {
        rule for rule, _ in spoken(audit("hf:acme/bert", policy=policy).decision)
    }
    plain = written(tmp_path, text.replace("acme/*", "other/*"))
    assert ("architecture.unlisted", "deny") in spoken(audit("hf:acme/bert", policy=plain).decision)
