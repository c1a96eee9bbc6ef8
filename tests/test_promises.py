"""SECURITY.md's promises, each held by a test on a real load."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

import safeload
from safeload import pipeline
from safeload.errors import PolicyDenied
from safeload.limits import DEFAULT_LIMITS
from safeload.pipeline.examination import Examination, findings_of
from safeload.sources.local import LocalSource
from tests.forge.checkpoints import tiny_bert

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("bert") / "model")


@pytest.fixture(scope="module")
def original_bin(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("bert") / "model", pickle=True)


@pytest.fixture(params=["safetensors", "pickle"])
def checkpoint(request, tmp_path):
    source = request.getfixturevalue("original" if request.param == "safetensors" else "original_bin")
    folder = tmp_path / "model"
    folder.mkdir()
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture(params=["in memory", "sealed"])
def held(request, monkeypatch):
    """Weights of a few kilobytes take both ways: kept as bytes, and sealed like large ones."""
    if request.param == "sealed":
        from safeload.record import replace

        real = pipeline.resolve_policy

        def small(*args, **kwargs):
            policy = real(*args, **kwargs)
            return replace(policy, limits=replace(policy.limits, small_file_bytes=4096))

        monkeypatch.setattr(pipeline, "resolve_policy", small)
    return request.param


def run(code, *args):
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def weights_of(folder):
    return next(folder.glob("*.safetensors"), None) or next(folder.glob("*.bin"))


def test_audit_imports_no_torch(checkpoint):
    """Promise 5: an audit of real weights ends without torch, numpy or transformers in the process."""
    code = (
        "import sys, safeload; report = safeload.audit(sys.argv[1] + '/');"
        "heavy = [n for n in ('torch', 'numpy', 'transformers') if n in sys.modules];"
        "print(report.decision.verdict.value, heavy)"
    )
    assert run(code, checkpoint) == "ALLOW []"


def test_load_imports_no_dynamo(checkpoint):
    """A load pulls in neither torch._dynamo nor transformers."""
    code = (
        "import sys, safeload; safeload.AutoModel.from_pretrained(sys.argv[1] + '/');"
        "print([n for n in ('torch._dynamo', 'transformers', 'sympy') if n in sys.modules])"
    )
    assert run(code, checkpoint) == "[]"


def test_scanners_and_rules_touch_nothing(checkpoint, sealed):
    """Promise 1: under the seal, scanners and rules open, import and execute nothing."""
    policy = pipeline.resolve_policy("default")
    pipeline.audit(checkpoint)  # modules are imported once, by name from our own folder
    source = LocalSource(checkpoint, DEFAULT_LIMITS)
    examination = Examination(source, policy, quick=False)
    with sealed():
        examination.scan(source.manifest.entries)
        findings_of(examination.facts, ())
    assert examination.records


def test_the_seal_itself_holds(sealed):
    """The fixture that the other tests rely on does fail on an open and on an import."""
    for act in (lambda: open(os.devnull), lambda: __import__("this")):  # noqa: SIM115, PTH123
        with pytest.raises(BaseException, match=r"open|import") as caught, sealed():
            act()
        assert type(caught.value).__name__ == "SealBroken"


@pytest.mark.parametrize("swap", ["overwrite", "replace", "delete"])
def test_a_file_swapped_after_admission_changes_nothing(checkpoint, held, swap, monkeypatch):
    """Promise 2: whatever happens to the file after admission, the judged bytes are loaded."""
    expected = safeload.AutoModelForMaskedLM.from_pretrained(f"{checkpoint}/").state_dict()
    weights = weights_of(checkpoint)
    data = bytearray(weights.read_bytes())
    data[-4096:] = b"\x3f" * 4096
    real = pipeline.admit
    admitted = []

    def admit_then_swap(*args, **kwargs):
        snapshot = real(*args, **kwargs)
        if swap == "overwrite":
            with weights.open("r+b") as handle:
                handle.write(data)
        else:
            weights.unlink()
            if swap == "replace":
                weights.write_bytes(data)
        admitted.append(snapshot)
        return snapshot

    monkeypatch.setattr("safeload.pipeline.admit", admit_then_swap)
    state = safeload.AutoModelForMaskedLM.from_pretrained(f"{checkpoint}/").state_dict()
    assert len(admitted) == 1
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], expected[name]) for name in state)


@pytest.mark.parametrize("held", ["sealed"], indirect=True)  # small files are read in one call
def test_a_file_written_to_while_it_is_copied_is_refused(checkpoint, held, monkeypatch):
    """No object leaves from_pretrained when the file changed between opening and digest."""
    weights = weights_of(checkpoint)
    real = os.sendfile

    def write_meanwhile(*args):
        with weights.open("r+b") as handle:
            handle.seek(-4, os.SEEK_END)
            handle.write(b"\1\2\3\4")
        return real(*args)

    monkeypatch.setattr(os, "sendfile", write_meanwhile)
    with pytest.raises(PolicyDenied, match="modified while it was read"):
        safeload.AutoModel.from_pretrained(f"{checkpoint}/")


def test_training_changes_the_model_and_no_byte_of_the_snapshot(checkpoint, held):
    """One optimiser step works on the loaded memory; file, and a second load, stay as they were."""
    before = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in checkpoint.iterdir()}
    model = safeload.AutoModelForMaskedLM.from_pretrained(f"{checkpoint}/").train()
    first = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    ids = torch.tensor([[2, 5, 6, 7, 3]])
    model(input_ids=ids, labels=ids).loss.backward()
    optimiser.step()
    assert any(not torch.equal(first[name], tensor) for name, tensor in model.state_dict().items())
    after = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in checkpoint.iterdir()}
    assert after == before
    again = safeload.AutoModelForMaskedLM.from_pretrained(f"{checkpoint}/").state_dict()
    assert all(torch.equal(first[name], tensor) for name, tensor in again.items())


def test_two_loads_of_one_snapshot_do_not_share_memory(checkpoint, held):
    """Memory that is lent twice holds the judged bytes twice."""
    from safeload.core import Role, Scope

    scope = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))
    snapshot = pipeline.admit(checkpoint, scope=scope)
    name = weights_of(checkpoint).name
    first, second = snapshot.lend(name), snapshot.lend(name)
    first[:8] = b"\xff" * 8
    assert bytes(second) == snapshot.content(name) == weights_of(checkpoint).read_bytes()


def test_the_decision_names_the_digest_of_what_was_loaded(checkpoint, held):
    """Each file that is handed out has its sha256 in the decision."""
    from safeload.core import Role, Scope

    scope = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))
    snapshot = pipeline.admit(checkpoint, scope=scope)
    for name in ("config.json", weights_of(checkpoint).name):
        digest = snapshot.artifact(name).digest
        assert digest is not None
        assert digest.hex == hashlib.sha256((checkpoint / name).read_bytes()).hexdigest()
    with pytest.raises(safeload.UsageError, match="scope is model"):
        snapshot.content("vocab.txt")
