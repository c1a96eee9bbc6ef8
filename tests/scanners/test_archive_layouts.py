"""Archives whose layout some loader gives a meaning to: told, accounted for member by member, named."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from safeload.core import Coverage, Verdict
from safeload.formats.view import BytesView
from safeload.formats.zip import parse_zip
from safeload.limits import DEFAULT_LIMITS
from safeload.pipeline import audit
from tests.forge.archives import ONE_TENSOR, PAYLOAD, TWO_FLOATS, Part, build, plain, torch_zip
from tests.forge.keras import zipped
from tests.forge.layouts import entry, graph, pt2, servable, skops, torchscript

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.core import AuditReport


def judged(folder: Path, data: bytes, name: str) -> AuditReport:
    """The audit of one archive, each of whose members has exactly one line."""
    (folder / name).write_bytes(data)
    report = audit(folder, policy="default")
    inside = Counter(item.location.members[0] for item in report.artifacts if len(item.location.members) == 1)
    whole = {member.name: 1 for member in parse_zip(BytesView(data), DEFAULT_LIMITS).members}
    assert {name: count for name, count in inside.items() if "!" not in name} == whole
    return report


def rules(report: AuditReport) -> set[str]:
    return {reason.finding.rule for reason in report.decision.denials}


def coverages(report: AuditReport) -> dict[str, str]:
    return {
        "!".join(item.location.members): f"{item.format} {item.coverage.value}"
        for item in report.artifacts
        if item.location.members
    }


def executable(report: AuditReport) -> list[str]:
    return [str(fact.data["detail"]) for fact in report.facts if fact.kind == "format.executable"]


def test_torchscript_is_listed_member_by_member(tmp_path: Path) -> None:
    """Sources are text of a program, pickles are read with the program's own classes as records."""
    report = judged(tmp_path, torchscript(), "script.pt")
    assert rules(report) == {"format.executable"}
    assert "__torch__.M" in executable(report)[0]
    assert coverages(report) == {
        "m/data/0": "raw-tensor scanned",
        "m/data.pkl": "pickle scanned",
        "m/code/__torch__.py": "torchscript-code scanned",
        "m/code/__torch__.py.debug_pkl": "pickle scanned",
        "m/constants.pkl": "pickle scanned",
        "m/version": "text scanned",
        "m/byteorder": "text scanned",
        "m/.data/serialization_id": "text scanned",
    }


@pytest.mark.parametrize(
    "name", ["data.pkl", "constants.pkl", "code/__torch__.py.debug_pkl", "traced_inputs.pkl"]
)
def test_pickles_of_a_program(name: str, tmp_path: Path) -> None:
    """What Python's unpickler would do with any of them is named."""
    report = judged(tmp_path, torchscript(more={name: PAYLOAD}), "script.pt")
    assert {"format.executable", "pickle.dangerous-global"} <= rules(report)


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        ("code/evil.py", b"\x7fELF" + bytes(60), "elf scanned"),
        ("data/1", PAYLOAD, "pickle scanned"),
        ("data/0", PAYLOAD, "pickle scanned"),
        ("extra/note.txt", b"hello", "text scanned"),
        ("version", PAYLOAD, "pickle scanned"),
        ("constants.pkl", b"\x80\x02", "pickle malformed"),
        ("tensors/0", bytes(8), "None unrecognised"),
    ],
)
def test_odd_members_of_a_program(name: str, data: bytes, shown: str, tmp_path: Path) -> None:
    """A member that is not what its place is for goes by its content."""
    assert coverages(judged(tmp_path, torchscript(more={name: data}), "script.pt"))[f"m/{name}"] == shown


@pytest.mark.parametrize(
    "members",
    [
        {"model.json": b'{"mainModule": {}}', "tensors/0": TWO_FLOATS, "version": b"1\n"},
        {"attributes.pkl": b"\x80\x02N.", "version": b"2\n"},
        {"bytecode.pkl": b"\x80\x02N.", "data.pkl": b"\x80\x02N."},
        {"CODE/x.py": b"x", "data.pkl": b"\x80\x02N."},
    ],
)
def test_older_programs(members: dict[str, bytes], tmp_path: Path) -> None:
    """The layouts before torch 1.4, and of the interpreter for phones, are programs too."""
    data = build([Part(f"m/{name}".encode(), content) for name, content in members.items()])
    report = judged(tmp_path, data, "old.pt")
    assert rules(report) == {"format.executable"}
    assert {item.coverage for item in report.artifacts} == {Coverage.SCANNED}


@pytest.mark.parametrize("data", [torchscript(), pt2()])
def test_quick_says_what_it_did_not_read(data: bytes, tmp_path: Path) -> None:
    """Tensors are not read under --quick, and that stands on their lines."""
    (tmp_path / "model.pt").write_bytes(data)
    report = audit(tmp_path, policy="default", quick=True)
    tensors = [item for item in report.artifacts if item.format == "raw-tensor"]
    assert {item.coverage for item in tensors} == {Coverage.NOT_READ}


@pytest.mark.filterwarnings("ignore")
def test_real_programs(tmp_path: Path) -> None:
    """Scripted, traced and with extra files, as torch writes them: every member scanned, no more named."""

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(3, 2)
            self.names = ["a", "b"]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.linear(x)
            return y

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted, traced = io.BytesIO(), io.BytesIO()
        torch.jit.save(torch.jit.script(Model()), scripted, _extra_files={"a.txt": b"b"})
        torch.jit.save(torch.jit.trace(Model(), torch.ones(1, 3)), traced)
    for data in (scripted.getvalue(), traced.getvalue()):
        report = judged(tmp_path, data, "script.pt")
        assert rules(report) == {"format.executable"}
        assert {item.coverage for item in report.artifacts} == {Coverage.SCANNED}


def test_an_exported_program_is_data_that_nothing_loads(tmp_path: Path) -> None:
    """Graph, bare tensors whatever their bytes, and a checkpoint of sample inputs: no more than a warning."""
    report = judged(tmp_path, pt2(), "model.pt2")
    assert report.decision.verdict is Verdict.ALLOW
    assert "format.not-loadable" in {reason.finding.rule for reason in report.decision.warnings}
    assert {item.coverage for item in report.artifacts} == {Coverage.SCANNED}
    assert coverages(report)["real/data/weights/weight_0"] == "raw-tensor scanned"
    assert coverages(report)["real/data/sample_inputs/model.pt!archive/data.pkl"] == "pickle scanned"


def test_an_exported_program_before_torch_2_8(tmp_path: Path) -> None:
    """The older layout, which Python's zipfile wrote: a program beside checkpoints."""
    checkpoint = torch_zip(ONE_TENSOR, {"0": TWO_FLOATS})
    members = {
        "serialized_exported_program.json": graph(),
        "serialized_state_dict.pt": checkpoint,
        "serialized_constants.pt": checkpoint,
        "serialized_example_inputs.pt": checkpoint,
        "version": b"5.1",
    }
    report = judged(tmp_path, zipped(members), "model.pt2")
    assert report.decision.verdict is Verdict.ALLOW
    assert {item.coverage for item in report.artifacts} == {Coverage.SCANNED}


@pytest.mark.slow
def test_a_real_exported_program(tmp_path: Path) -> None:
    """As torch.export.save writes it, with a symbolic size."""

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(3, 2)
            self.register_buffer("scale", torch.ones(2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.linear(x) * self.scale, x.sum(1, keepdim=True)], 1)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shapes = {"x": {0: torch.export.Dim("batch", min=2, max=64)}}
        program = torch.export.export(Model(), (torch.ones(4, 3),), dynamic_shapes=shapes)
        sink = io.BytesIO()
        torch.export.save(program, sink)
    report = judged(tmp_path, sink.getvalue(), "model.pt2")
    assert report.decision.verdict is Verdict.ALLOW
    assert {item.coverage for item in report.artifacts} == {Coverage.SCANNED}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"data/aotinductor/m/m.so": b"\x7fELF" + bytes(60)}, {"format.executable", "code.native-binary"}),
        ({"data/constants/opaque_obj_0": PAYLOAD}, {"format.executable", "pickle.dangerous-global"}),
        ({"data/constants/custom_obj_0": torchscript()}, {"format.executable"}),
        ({"data/sample_inputs/model.pt": PAYLOAD}, {"pickle.dangerous-global"}),
        ({"data/weights/weight_1": PAYLOAD}, {"pickle.dangerous-global"}),
        ({"serialized_state_dict.pt": PAYLOAD}, {"pickle.dangerous-global"}),
        ({"models/other.json": b"{"}, {"artifact.malformed"}),
        ({"models/model.json": graph({"target": "torch.hub.load"})}, {"config.instantiates-callable"}),
        ({"models/model.json": graph({"target": "_operator.attrgetter"})}, {"config.instantiates-callable"}),
        ({"models/model.json": graph({"target": "os.system"})}, {"config.instantiates-callable"}),
        ({"models/model.json": graph(x={"expr_str": "__import__('os')"})}, {"config.instantiates-callable"}),
        ({"models/model.json": graph(x={"expr_str": "s0.__class__"})}, {"config.instantiates-callable"}),
        ({"models/model.json": graph(x={"expr_str": "exec(s0)"})}, {"config.instantiates-callable"}),
        ({"models/model.json": graph(x={"expr_str": "s0 if 1 else [s1]"})}, {"config.instantiates-callable"}),
        ({"models/model.json": graph(guards_code=["__import__('os')"])}, {"config.instantiates-callable"}),
        ({"models/model.json": graph(in_spec='[1, {"__enum__": true, "fqn": "evil:A", "name": "b"}]')},
         {"config.instantiates-callable"}),
        ({"models/model.json": graph(out_spec='[1, {"default_factory_module": "evil"}]')},
         {"config.instantiates-callable"}),
        ({"models/model.json": graph(in_spec="\\u005f_enum__")}, {"config.instantiates-callable"}),
        ({"models/model.json": graph(guards_code=["L['x'].a()"])}, {"config.instantiates-callable"}),
        ({"data/constants/opaque_obj_0": PAYLOAD, "data/constants/model_constants_config.json":
          b'{"config": {"c": {"path_name": "opaque_obj_0", "use_pickle": false}}}'},
         {"format.executable", "pickle.dangerous-global"}),
    ],
)  # fmt: skip
def test_more_than_data_in_an_exported_program(
    members: dict[str, bytes], expected: set[str], tmp_path: Path
) -> None:
    """CVE-2026-4538 and its family: what torch.export.load would run, unpickle or evaluate is named."""
    assert expected <= rules(judged(tmp_path, pt2(members), "model.pt2"))


def npy(value: Any) -> bytes:
    sink = io.BytesIO()
    np.save(sink, value, allow_pickle=True)
    return sink.getvalue()


def test_honest_skops(tmp_path: Path) -> None:
    """An estimator with its arrays, a sparse one among them, is data that nothing loads."""
    sparse = entry("SparseMatrixNode", "scipy.sparse._csr", "csr_matrix", type="scipy", file="2.npz")
    function = entry("FunctionNode", "numpy", "log1p")
    more = {"1.npy": npy(np.ones(3)), "2.npz": zipped({"data.npy": npy(np.ones(2))})}
    report = judged(tmp_path, skops(sparse, function, more=more), "model.skops")
    assert rules(report) == set()
    assert coverages(report)["2.npz"] == "npz scanned"


@pytest.mark.parametrize(
    "node",
    [
        entry("FunctionNode", "os", "system"),
        entry("FunctionNode", "numpy", "load"),
        entry("ObjectNode", "subprocess", "Popen"),
        entry("ObjectNode", "sklearn.linear_model._logistic", "Popen"),
        entry("MethodNode", "builtins", "str", content={"func": "__init__"}),
        entry("OperatorFuncNode", "operator", "methodcaller", attrs={}),
        entry("PartialNode", "functools", "partial", content={}),
        entry("JsonNode", "os", "system", content="null"),
        entry("TypeNode", "os", "system"),
        entry("ConstructorFromReduceNode", "builtins", "str"),
        {"__class__": "dict", "__module__": "builtins"},
        entry("ListNode", "builtins", ["list"]),  # type: ignore[arg-type]
    ],
)
def test_types_outside_the_table(node: dict[str, Any], tmp_path: Path) -> None:
    """CVE-2025-54412, CVE-2025-54413: a node is judged by loader, module and class together."""
    report = judged(tmp_path, skops(node, more={"1.npy": npy(np.ones(3))}), "model.skops")
    assert "config.instantiates-callable" in rules(report)


def test_skops_that_is_none(tmp_path: Path) -> None:
    """CVE-2025-54886: a pickle under this name is a pickle, which a fallback to joblib would run."""
    (tmp_path / "model.skops").write_bytes(PAYLOAD)
    assert "pickle.dangerous-global" in rules(audit(tmp_path, policy="default"))


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"__main__.py": b"print(1)"}, "a Python program in a zip"),
        ({"p/.data/extern_modules": b"", "p/m.py": b"x = 1"}, "torch.package"),
        ({"META-INF/MANIFEST.MF": b"", "A.class": b"\xca\xfe\xba\xbe\0\0\0\x34"}, "a Java archive"),
        ({"AndroidManifest.xml": b"x", "classes.dex": b"dex\n035\0"}, "an Android package"),
        (
            {"word/document.xml": b"<x/>", "word/vbaProject.bin": b"\xd0\xcf"},
            "an office document with macros",
        ),
        ({"content.xml": b"<x/>", "Basic/Standard/script-lb.xml": b"<x/>"}, "an office document with macros"),
    ],
)
def test_programs_in_archives(members: dict[str, bytes], kind: str, tmp_path: Path) -> None:
    """An archive that something runs is named as that."""
    report = judged(tmp_path, zipped(members), "thing.zip")
    assert "format.executable" in rules(report)
    assert kind in {fact.data["format"] for fact in report.facts if fact.kind == "format.executable"}


def test_archives_for_a_server(tmp_path: Path) -> None:
    """A handler that the server brings itself is data; one in the archive is a program."""
    report = judged(tmp_path, servable("image_classifier"), "model.mar")
    assert rules(report) == set()
    assert coverages(report)["model.pt!archive/data.pkl"] == "pickle scanned"
    report = judged(tmp_path, servable("handler.py", {"handler.py": b"import os"}), "model.mar")
    assert rules(report) == {"format.executable"}
    report = judged(tmp_path, servable("image_classifier", requirementsFile="requirements.txt"), "model.mar")
    assert "TorchServe installs the requirementsFile" in executable(report)[0]
    report = judged(tmp_path, servable("image_classifier", {"model.pt": PAYLOAD}), "model.mar")
    assert "pickle.dangerous-global" in rules(report)


@pytest.mark.parametrize(
    "members",
    [
        {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", "docProps/app.xml": b"<p/>"},
        {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>", "Thumbnails/": b""},
        {"Manifest.json": b"{}", "Data/com.apple.CoreML/weights/note.txt": b"x"},
        {"model_config.yaml": b"a: 1\n"},
    ],
)
def test_documents_and_packages_of_data(members: dict[str, bytes], tmp_path: Path) -> None:
    """Office documents without macros, CoreML and NeMo layouts: nothing of them is denied."""
    report = judged(tmp_path, zipped(members), "thing.docx")
    assert rules(report) == set()


def test_several_layouts_at_once(tmp_path: Path) -> None:
    """An archive that two loaders take for theirs is judged as both."""
    config = b'{"class_name": "Lambda", "config": {}, "module": "keras.layers"}'
    data = build(
        [plain("config.json", config), plain("m/constants.pkl", PAYLOAD), plain("__main__.py", b"1")]
    )
    report = judged(tmp_path, data, "model.keras")
    assert {"config.instantiates-callable", "format.executable", "pickle.dangerous-global"} <= rules(report)


@pytest.mark.parametrize("name", ["scalar", "objects", "mixed", "structured"])
def test_npz(name: str, tmp_path: Path) -> None:
    """Scalars and plain arrays pass; one member of objects among plain ones is refused."""
    plain_ones = {"a": np.float32(3), "b": np.ones((2, 3)), "c": np.array(["x", "yz"])}
    values: dict[str, dict[str, Any]] = {
        "scalar": plain_ones,
        "objects": {"a": np.array([{}, None], dtype=object)},
        "mixed": {**plain_ones, "z": np.array([print], dtype=object)},
        "structured": {"a": np.zeros(2, dtype=[("x", "f4"), ("y", "i8", (2,))])},
    }
    sink = io.BytesIO()
    np.savez_compressed(sink, **values[name])
    report = judged(tmp_path, sink.getvalue(), "arrays.npz")
    assert (report.decision.verdict is Verdict.DENY) == (name in {"objects", "mixed"})
    if name == "mixed":
        assert coverages(report)["z.npy"] == "npy malformed"
        assert coverages(report)["a.npy"] == "npy scanned"


@pytest.mark.parametrize(
    "members",
    [
        {"m/__init__.py": b"x = 1\n", "m-1.0.dist-info/METADATA": b"Name: m", "m/meta.json": b"{}"},
        {"EGG-INFO/PKG-INFO": b"Name: m", "m.py": b"x = 1\n"},
    ],
)
def test_packages_of_python(members: dict[str, bytes], tmp_path: Path) -> None:
    """A wheel or an egg beside a model is Python source that nobody loads: named, and no more.

    Near miss: with a library of native code in it, it is denied.
    """
    report = judged(tmp_path, zipped(members), "en_core-1.0-py3-none-any.whl")
    assert report.decision.verdict is Verdict.ALLOW
    assert "code.python-file" in {reason.finding.rule for reason in report.decision.warnings}
    with_library = zipped(members | {"m/native.so": b"\x7fELF\2\1\1" + bytes(57)})
    assert "code.native-binary" in rules(judged(tmp_path, with_library, "en_core-1.0-py3-none-any.whl"))
