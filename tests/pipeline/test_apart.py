"""`isolation = "all"`: the same judgement from child processes, and a lying child harms its own file only."""

from __future__ import annotations

import importlib
import json

import pytest

import safeload
from safeload import pipeline
from safeload.core import Coverage, Role, Scope, Verdict
from safeload.errors import PolicyDenied
from safeload.formats.layout import WeightsChoice
from safeload.pipeline import resolve_policy
from safeload.pipeline.apart import Apart
from safeload.record import replace
from safeload.reports import json_v2
from tests.forge.apart import taken_over
from tests.forge.checkpoints import tiny_bert
from tests.forge.onnx import external, graph, model, node
from tests.forge.repositories import put, tensors
from tests.forge.templates import HONEST
from tests.forge.tensorflow import asset, saved_model, small_index
from tests.forge.tensorflow import graph as tf_graph
from tests.forge.tensorflow import node as tf_node

NATIVE = resolve_policy("default")
ALL = replace(NATIVE, isolation="all")
GADGET = b"cos\nsystem\n(S'echo marker'\ntR."
SEEDS = {
    "flax_msgpack": "msgpack", "gguf_header": "gguf", "hdf5_file": "h5", "json_strict": "json",
    "npy_array": "npy", "pickle_machine": "pkl", "safetensors_header": "safetensors",
    "torch_legacy": "pt", "zip_archive": "bin",
}  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Honest and broken files of every format that has a reader, a large one, and a whole checkpoint."""
    folder = tiny_bert(tmp_path_factory.mktemp("apart") / "model", pickle=True)
    for name, extension in SEEDS.items():
        for count, data in enumerate(importlib.import_module(f"tests.fuzz.{name}").seeds()):
            (folder / f"{name}_{count}.{extension}").write_bytes(data)
    for count, text in enumerate(HONEST.values()):
        (folder / f"{count}.jinja").write_text(text)
    (folder / "large.bin").write_bytes(bytes(5 << 20))
    return folder


def report(folder, policy, *, quick=False):
    return json.loads(json_v2.render(pipeline.audit(f"{folder}/", policy=policy, quick=quick)))


@pytest.mark.parametrize("quick", [False, True])
def test_children_say_what_this_process_would(corpus, quick):
    """Facts, artifacts, findings and streams are the same, file by file and member by member."""
    here, apart = (report(corpus, policy, quick=quick) for policy in (NATIVE, ALL))
    assert here.pop("policy") != apart.pop("policy")
    here.pop("rooms")
    assert all("rlimits" in room for room in apart.pop("rooms"))
    for key in ("artifacts", "facts", "reasons", "evidence"):
        assert sorted(map(json.dumps, apart.pop(key))) == sorted(map(json.dumps, here.pop(key))), key
    assert apart == here


def test_streams_survive_the_pipe(corpus):
    """What `inspect` shows of a pickle is the same, but for the value, which stays in the child."""
    here, apart = (pipeline.audit(f"{corpus}/", policy=policy).streams for policy in (NATIVE, ALL))
    assert [stream.location for stream in here] == [stream.location for stream in apart]
    for one, other in zip(here, apart, strict=True):
        assert one.data == other.data
        for name in ("status", "globals", "rejected_calls", "opcodes", "protocol", "end", "trailing"):
            assert getattr(one.trace, name) == getattr(other.trace, name)
        assert dict(one.trace.calls) == dict(other.trace.calls)
        assert str(one.trace.error) == str(other.trace.error)


_REST = "claims={}, needs=[]"
LIES = {
    "no answer": "pass",
    "silence": "time.sleep(60)",
    "endless answer": "while True: os.write(1, b'\\0\\0\\0\\2{}')",
    "a signal": "os.kill(os.getpid(), signal.SIGSEGV)",
    "computing": "while True: pass",
    "memory": "data = bytearray(1 << 40)",
    "no frame": "os.write(1, b'\\xff' * 64)",
    "too long": "raw(b'{}', bytes(1 << 27))",
    "raw bytes left": "answer(extra=b'x')",
    "no body": "fork_server.send({'room': [], 'result': {}}, b'')",
    "body of another type": "raw(b'[]')",
    "other keys": "raw(b'{}')",
    "more keys": "answer(verdict='ALLOW')",
    "another coverage": "answer(file=[None, 'clean', ''])",
    "scanned for a reason": "answer(file=[None, 'scanned', 'but'])",
    "malformed without a reason": "answer(file=[None, 'malformed', ''])",
    "unknown format": "answer(file=['safe', 'scanned', ''])",
    "format of another type": "answer(file=[[], 'scanned', ''])",
    "unknown fact": "answer(facts=[fact('all.is-well')])",
    "a fact about coverage": "answer(facts=[fact('artifact.coverage', data=dict(coverage='scanned'))])",
    "a fact about two files": "answer(facts=[fact('weights.twins', data=dict(agree=True))])",
    "a fact of the resolver": "answer(facts=[fact('load.new-head')])",
    "the second reader's word": "answer(facts=[fact('pickle.second-reader', data=dict(status='agreed'))])",
    "a fact elsewhere": "answer(facts=[fact(members=['../model.safetensors'])])",
    "a fact behind the end": "answer(facts=[fact(offset=1 << 40)])",
    "a fact before the start": "answer(facts=[fact(offset=-1)])",
    "a fact at half a byte": "answer(facts=[fact(offset=0.5)])",
    "deep data": "d = {}\nfor _ in range(40): d = dict(d=d)\nanswer(facts=[fact(data=d)])",
    "deeper data": "raw(b'[' * 100_000)",
    "data of another type": "answer(facts=[['code.python', [[], None, None], []]])",
    "a member without a name": "answer(members=[[[], 1, None, 'scanned', '']])",
    "a member of no size": "answer(members=[[['a'], -1, None, 'scanned', '']])",
    "a member of half a size": "answer(members=[[['a'], True, None, 'scanned', '']])",
    "a stream of no bytes": "answer(streams=[dict(bytes=9)])",
    "a stream of another type": "answer(streams=[[]])",
    "a tensor of no dtype": "answer(record=dict(tensors=[['a', 'O', [1], 0, None]], claims={}, needs=[]))",
    "a tensor behind the end": f"answer(record=dict(tensors=[['a', 'F32', [1], 1 << 50, None]], {_REST}))",
    "a tensor of negative shape": f"answer(record=dict(tensors=[['a', 'F32', [-1], 0, None]], {_REST}))",
    "an index of numbers": "answer(record=dict(index=dict(a=1), total=None))",
    "a claim of no range": "answer(record=dict(tensors=None, claims=dict(a=[[2, 1]]), needs=[]))",
    "a claim before the start": "answer(record=dict(tensors=None, claims=dict(a=[[-1, 1]]), needs=[]))",
    "needs of another type": "answer(record=dict(tensors=None, claims={}, needs=[1]))",
    "settings of other keys": "answer(record=dict(settings=dict(auto_map='x')))",
    "another record": "answer(record=dict(config={}))",
    "NaN": "raw(b'{\"file\": NaN}')",
    "a key twice": "raw(b'{\"file\": 1, \"file\": 2}')",
    "not UTF-8": "raw(b'\\xff')",
    "errand without a table": "fork_server.send({'errand': 'shell', 'options': {}}, b'')",
    "errand on garbage": "fork_server.send({'errand': 'template', 'options': {'a': [1]}}, b'x')",
    "errand of another type": "fork_server.send({'errand': ['template'], 'options': 3}, b'')",
    "errand after errand": "while True: fork_server.send({'errand': 'x', 'options': {}}, b'')",
}  # fmt: skip


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """A file under attack between one that is denied and one that is allowed."""
    folder = tmp_path_factory.mktemp("others")
    (folder / "a.pkl").write_bytes(GADGET)
    (folder / "m.txt").write_text("attacked")
    (folder / "z.txt").write_text("honest")
    return folder


@pytest.mark.parametrize("attack", LIES.values(), ids=LIES)
def test_a_lie_is_refused_and_stays_with_its_file(others, monkeypatch, attack):
    """Whatever the child says: its file is denied, the files before and behind it are judged as ever."""
    policy = replace(ALL, limits=replace(ALL.limits, child_seconds=1))
    monkeypatch.setattr("safeload.isolation.rooms.START_SECONDS", 3)
    with taken_over(monkeypatch, "m.txt", attack):
        judged = pipeline.audit(f"{others}/", policy=policy)
    first, attacked, last = judged.artifacts
    assert attacked.coverage in {Coverage.MALFORMED, Coverage.LIMIT_EXCEEDED}
    assert attacked.reason
    assert last.coverage is Coverage.SCANNED
    assert first.coverage is Coverage.SCANNED
    denied = {(item.finding.location.artifact, item.finding.rule) for item in judged.decision.denials}
    assert ("a.pkl", "pickle.dangerous-global") in denied
    assert {rule for name, rule in denied if name == "m.txt"} <= {"artifact.malformed", "limits.exceeded"}
    assert any(name == "m.txt" for name, _ in denied)
    assert not any(name == "z.txt" for name, _ in denied)


def test_the_same_answer_without_a_lie_is_taken(others, monkeypatch):
    """What the lies above are made of is an answer: each is refused for its lie."""
    with taken_over(monkeypatch, "m.txt", "answer(facts=[fact(offset=1, key='k', data=dict(a=[1]))])"):
        judged = pipeline.audit(f"{others}/", policy=ALL)
    assert judged.artifacts[1].coverage is Coverage.SCANNED


def test_facts_land_on_the_childs_own_file(others, monkeypatch):
    """The answer has no place for the name of another file."""
    attack = "answer(facts=[fact(key='a.pkl')], members=[[['a.pkl'], 1, 'pickle', 'scanned', '']])"
    with taken_over(monkeypatch, "m.txt", attack):
        judged = pipeline.audit(f"{others}/", policy=ALL)
    assert {fact.location.artifact for fact in judged.facts if fact.kind == "code.python"} == {"m.txt"}
    denials = {(item.finding.location.name, item.finding.rule) for item in judged.decision.denials}
    assert ("a.pkl", "pickle.dangerous-global") in denials


def test_a_load_judges_again_what_it_hands_out(tmp_path, monkeypatch):
    """A child that calls its own gadget clean passes an audit, and still nothing of it loads."""
    folder = tiny_bert(tmp_path / "model", pickle=True)
    (folder / "pytorch_model.bin").write_bytes(GADGET)
    lie = "answer(file=['zip', 'scanned', ''])"
    scope = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS}))
    with taken_over(monkeypatch, "pytorch_model.bin", lie), pytest.raises(PolicyDenied) as caught:
        pipeline.admit(f"{folder}/", scope=scope, policy=ALL, weights=WeightsChoice())
    rules = {reason.finding.rule for reason in caught.value.decision.denials}
    assert "pickle.dangerous-global" in rules


@pytest.mark.parametrize("pickle", [False, True])
def test_a_load_works(tmp_path, pickle):
    """Model and tokenizer load under `isolation = "all"`, with the same weights."""
    torch = pytest.importorskip("torch")
    folder = tiny_bert(tmp_path / "model", pickle=pickle)
    here, apart = (
        safeload.AutoModelForMaskedLM.from_pretrained(f"{folder}/", policy=policy).state_dict()
        for policy in (NATIVE, ALL)
    )
    assert here.keys() == apart.keys()
    assert all(torch.equal(here[key], apart[key]) for key in here)
    tokens = safeload.AutoTokenizer.from_pretrained(f"{folder}/", policy=ALL)
    assert tokens("hello")["input_ids"]


def test_a_large_file_is_read_through_its_descriptor(tmp_path):
    """The child reads what the parent has open, and its budget of memory does not count the file."""
    (tmp_path / "model.safetensors").write_bytes(bytes(64 << 20))
    policy = replace(ALL, limits=replace(ALL.limits, small_file_bytes=1 << 20))
    judged = pipeline.audit(f"{tmp_path}/", policy=policy)
    assert judged.decision.verdict is Verdict.DENY
    assert "child" not in judged.artifacts[0].reason


def test_one_server_per_audit_and_none_is_left(others):
    """The server ends with the audit."""
    import subprocess

    def servers():
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        return listed.count("apart_child import main")

    before = servers()
    pipeline.audit(f"{others}/", policy=ALL)
    assert servers() <= before


def test_an_errand_that_fails_here_ends_as_its_failure():
    """Options of a child's choosing may be anything: what they break is an errand, not the audit."""

    def run(errand):
        raise KeyError(errand.task)

    served = Apart(ALL, quick=False, run=run)._serve({"errand": "template", "options": {}}, b"")
    assert served[0]["failure"] == "the errand failed with KeyError"
    refused = Apart(ALL, quick=False, run=run)._serve({"errand": "examine", "options": {}}, b"")
    assert refused[0]["failure"] == "there is no such errand"


def test_relations_are_the_same(tmp_path):
    """What models, graphs, indexes and settings say of other files crosses over."""
    data = bytes(range(128, 256)) * 2
    two = (external("a", 32, location="w.data"), external("b", 32, location="w.data", offset=128))
    put(tmp_path, "onnx/model.onnx", model(graph(node("Add"), initializers=two)))
    put(tmp_path, "onnx/w.data", data)
    put(tmp_path, "short/model.onnx", model(graph(node("Add"), initializers=two)))
    put(tmp_path, "short/w.data", data[:100])
    put(tmp_path, "out/m.onnx", model(graph(node("Add"), initializers=(external("a", 4, location="../x"),))))
    put(tmp_path, "tf/model.index", small_index())
    put(tmp_path, "tf/model.data-00000-of-00001", data[:32])
    put(tmp_path, "saved/saved_model.pb", saved_model(tf_graph(tf_node("Add")), asset("vocab.txt")))
    put(tmp_path, "words/tokenizer_config.json", {"vocab_file": "/etc/passwd"})
    put(tmp_path, "shards/model.safetensors.index.json", {
        "metadata": {"total_size": 9}, "weight_map": {"a": "model-00001-of-00001.safetensors"},
    })  # fmt: skip
    put(tmp_path, "shards/model-00001-of-00001.safetensors", tensors("a"))
    here, apart = (report(tmp_path, policy) for policy in (NATIVE, ALL))
    kinds = {fact["kind"] for place in here["facts"] for fact in place["facts"]}
    assert {"index.incomplete", "index.size", "config.redirect", "index.path"} <= kinds
    formats = {item["location"]["artifact"]: item["format"] for item in apart["artifacts"]}
    assert formats["onnx/w.data"] == formats["tf/model.data-00000-of-00001"] == "raw-tensor"
    for key in ("artifacts", "facts", "reasons"):
        assert sorted(map(json.dumps, apart[key])) == sorted(map(json.dumps, here[key])), key
