"""scanners.yaml_document: plain YAML is settled at once, any other by what the child says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload.core import Coverage, Location
from safeload.formats.identify import identify
from safeload.formats.view import BytesView
from safeload.isolation import yaml_task
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.scanners import Answer, Errand, ScanResult, Subject, joined
from safeload.scanners.yaml_document import NAMES, conclude, scan

if TYPE_CHECKING:
    from safeload.core import Json


def subject(text: bytes, name: str = "config.yaml") -> Subject:
    view = BytesView(text)
    return Subject(view=view, location=Location(artifact=name), format=identify(view, name).format or "")


def scanned(text: bytes, name: str = "config.yaml") -> ScanResult:
    """The scan with the child's task run right here."""
    item = subject(text, name)
    result = scan(item, DEFAULT_LIMITS)
    for errand in result.errands:
        data = errand.view.read(0, errand.view.size)
        result = joined(result, conclude(item, errand, Answer(result=yaml_task.read(data)), DEFAULT_LIMITS))
    return result


def kinds(text: bytes, name: str = "config.yaml") -> list[tuple[str, str | None]]:
    return [(fact.kind, fact.location.key) for fact in scanned(text, name).facts]


@pytest.mark.parametrize("text", [b"a: 1\n", b"- a\n- b: [c]\n", b"{a: b}\n", b'{"a": 1}'])
def test_plain_documents_need_no_child(text: bytes) -> None:
    """Most configurations: no errand, no fact."""
    result = scan(subject(text), DEFAULT_LIMITS)
    assert (result.coverage, result.errands, result.facts) == (Coverage.SCANNED, (), ())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"a: !!python/object/apply:os.system [id]", "config.callable"),
        (b"a: !!python/name:os.system", "config.callable"),
        (b"a: !!python/module:os", "config.callable"),
        (b"%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!name:os.system", "config.callable"),
        (b"a: !<tag:yaml.org,2002:python/name:os.system> x", "config.callable"),
        (b"a: !!javax.script.ScriptEngineManager []", "config.callable"),
        (b"a: !new:os.system", "config.callable"),
        (b"a: !apply:speechbrain.utils.Thing", "config.remote-code"),
        (b"a: !include other.yaml", "config.redirect"),
        (b"_target_: os.system", "config.callable"),
        (b'"\\x5ftarget_": os.system', "config.callable"),
        (b"_target_: src.models.Net", "config.remote-code"),
        (b"model:\n  class_path: os.system\n", "config.callable"),
        (b"model:\n  target: os.system\n  params: {command: id}\n", "config.callable"),
        (b"flavors:\n  python_function:\n    loader_module: os\n", "config.callable"),
        (b"a: &x {_target_: os.system}\nb: {<<: *x}\n", "config.callable"),
        (b"a: 1\n_target_: x.Y\n_target_: os.system\n", "config.callable"),
    ],
)
def test_fires(text: bytes, kind: str) -> None:
    """Tags of every spelling, and keys that import."""
    assert kind in [found for found, _ in kinds(text)]


@pytest.mark.parametrize(
    "text",
    [
        b"lr: &lr 0.1\nopt:\n  lr: *lr\nmerged: {<<: {a: 1}}\n",
        b"a: !!str 5\nb: !!float 1\nc: !!set {x}\n",
        b"seed: 1\nx: !ref <seed>\n",
        b"target_modules: [q_proj]\ntext: Hello & welcome, *dear* reader!\n",
        b"- __main__\n",
    ],
)
def test_stays_quiet(text: bytes) -> None:
    """Honest anchors, core tags, references to values, and the characters in texts."""
    result = scanned(text)
    assert (result.coverage, result.facts) == (Coverage.SCANNED, ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"_target_: torch.optim.AdamW", "'torch.optim.AdamW'"),
        (b"a: !!python/tuple [1, 2]", "!!python/tuple"),
        (b"a: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN {}",
         "!new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN"),
        (b"trust_remote_code: true", "True"),
    ],
)  # fmt: skip
def test_known_names_are_mentioned(text: bytes, value: str) -> None:
    """A known constructor, a tuple, a consent: said, and no reason to deny."""
    [fact] = scanned(text).facts
    assert (fact.kind, fact.data["value"]) == ("config.reference", value)


def test_a_page_is_read_for_its_block_only() -> None:
    """The block on top of a model card is YAML; the text below may hold anything."""
    assert kinds(b"---\ntags: x\n---\n_target_: os.system\n!!python/name:x\n", "README.md") == []
    assert kinds(b"---\na: !!python/name:os.system\n---\n# x\n", "README.md")
    assert kinds(b"---\nno end: !!python/name:os.system\n", "README.md") == []
    assert kinds(b"# _target_: os.system\n", "README.md") == []


@pytest.mark.parametrize(
    ("text", "coverage"),
    [
        (b"a: [*x\n", Coverage.MALFORMED),
        (b"[" * 100 + b"&a", Coverage.LIMIT_EXCEEDED),
        (b"\n".join(
            [b"a0: &a0 [x, x]",
             *(b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12))]
        ), Coverage.LIMIT_EXCEEDED),
    ],
)  # fmt: skip
def test_coverage(text: bytes, coverage: Coverage) -> None:
    """What is no YAML, nests too deep, or stands for a billion nodes."""
    assert scanned(text).coverage is coverage


@pytest.mark.parametrize(
    ("answer", "coverage"),
    [
        (Answer(failure="no answer within 40 s", exceeded=True), Coverage.LIMIT_EXCEEDED),
        (Answer(failure="ended by signal 11"), Coverage.NOT_READ),
        (Answer(result={}), Coverage.NOT_READ),
        (Answer(result={"problem": 1, "expanded": 1}), Coverage.NOT_READ),
        (Answer(result={"problem": "", "expanded": True}), Coverage.NOT_READ),
        (Answer(result={"problem": "", "expanded": 1, "tags": [1, ["a"]], "documents": 5}), Coverage.SCANNED),
    ],
)
def test_the_childs_word_is_checked(answer: Answer, coverage: Coverage) -> None:
    """An answer of another shape, or none, never counts as clean."""
    item = subject(b"a: *x")
    errand = Errand(task="yaml", view=item.view)
    assert conclude(item, errand, answer, DEFAULT_LIMITS).coverage is coverage


def test_size_and_names() -> None:
    """A long file is not sent; the scanner is meant for YAML by its name."""
    limits = replace(DEFAULT_LIMITS, yaml_bytes=4)
    assert scan(subject(b"a: bcd"), limits).coverage is Coverage.LIMIT_EXCEEDED
    assert scan(subject(b"# abcd", "README.md"), limits).coverage is Coverage.SCANNED
    assert all(NAMES.fullmatch(name) for name in ("a.yaml", "a.YML", "MLmodel", "README.md"))
    assert not any(NAMES.fullmatch(name) for name in ("a.yaml.txt", "yaml", "a.json"))


def test_sealed(sealed) -> None:
    """Scanning and concluding open, import and execute nothing."""
    scanned(b"a: !!python/name:os.system")
    item = subject(b"a: !!python/name:os.system")
    result: dict[str, Json] = yaml_task.read(b"a: !!python/name:os.system")
    with sealed():
        [errand] = scan(item, DEFAULT_LIMITS).errands
        assert conclude(item, errand, Answer(result=result), DEFAULT_LIMITS).facts


@pytest.mark.parametrize(
    ("block", "licenses"),
    [
        (b"license: mit", ("mit",)),
        (b"tags:\n- x\nlicense: apache-2.0 # said so\nother: y", ("apache-2.0",)),
        (b"license:\n- mit\n- apache-2.0\nx: y", ("mit", "apache-2.0")),
        (b"license: [mit, 'bsd']", ("mit", "bsd")),
        (b"license: \"mit\"\nextra: '\\'", ("mit",)),  # a backslash: read by the parser in the child
        (b"license: mit\nlicense: other", ()),  # the same key twice
        (b"license: mit\n  and more", ()),  # a text over two lines
        (b"license: 'mit", ()),  # no end
        (b'text: "a\nlicense: mit\n"', ()),  # the line is part of a text
        (b"license: {id: mit}", ()),
        (b"license:", ()),
        (b"  license: mit", None),  # of something else
    ],
)
def test_the_licence_of_a_model_card(block: bytes, licenses: tuple[str, ...] | None) -> None:
    """What the card's author says; where it could be read in two ways, nothing is stated."""
    stated = [fact.data["licenses"] for fact in scanned(b"---\n" + block + b"\n---\n", "README.md").facts]
    assert stated == ([] if licenses is None else [licenses])


def test_only_the_card_in_the_root_states_a_licence() -> None:
    """A page elsewhere is about something else."""
    assert kinds(b"---\nlicense: mit\n---\n", "README.md") == [("license.stated", None)]
    assert kinds(b"---\nlicense: mit\n---\n", "docs/README.md") == []
    assert kinds(b"license: mit\n", "README.md") == []
