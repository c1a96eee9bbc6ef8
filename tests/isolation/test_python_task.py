"""The child's reading of Python source: what happens at import, and what does not."""

from __future__ import annotations

import pytest

from safeload.isolation.python_task import MOST_NAMES, read
from safeload.isolation.runner import run_isolated
from safeload.limits import DEFAULT_LIMITS


def test_in_a_child():
    """The task runs in the room, and names what a file does when it is imported."""
    answer = run_isolated("python", b"import os\nos.system('id')\n", limits=DEFAULT_LIMITS)
    assert answer["result"]["at_import"] == ["os.system"]
    assert answer["result"]["imports"] == ["os"]


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("import os as o\no.system('x')", ["os.system"]),
        ("from os import system as s\ns('x')", ["os.system"]),
        ("import os\nrun = os.system\nrun('x')", ["os.system"]),
        ("class A:\n    x = eval('1')", ["eval"]),
        ("import os\n@os.system\ndef f(): pass", []),
        ("import os\n@os.popen('x')\ndef f(): pass", ["os.popen"]),
        ("def f(a=open('x')): pass", ["open"]),
        ("import os\ndef f() -> os.popen('x'): pass", ["os.popen"]),
        ("f = lambda a=open('x'): 1", ["open"]),
        ("if True:\n    eval('1')", ["eval"]),
        ("try:\n    eval('1')\nexcept E: pass", ["eval"]),
        ("x = [eval(c) for c in 'ab']", ["eval"]),
        ("__import__('os').system('x')", ["__import__", "__import__().system"]),
        ("getattr(x, 'sys' + 'tem')('y')", ["getattr", "getattr()"]),
        ("import torch\ntorch.load('x')", ["torch.load"]),
        ("import builtins\nbuiltins.exec('x')", ["builtins.exec"]),
        ("if __name__ == '__main__':\n    eval('1')", []),
        ("if __name__ == __name__:\n    eval('1')", ["eval"]),
        ("if __name__ == '__main__':\n    pass\nelse:\n    eval('1')", ["eval"]),
        ("def f():\n    eval('1')", []),
        ("import os\nx = os.path.join('a', os.environ.get('b'))", []),
        ("import torch\nx = torch.zeros(1)", []),
    ],
)
def test_calls_at_import(source, called):
    """Bodies of modules and classes, decorators, defaults and annotations run; bodies of functions do not."""
    assert sorted(read(source.encode())["at_import"]) == sorted(called)


def test_calls_in_functions():
    """What runs later is named apart."""
    found = read(b"import subprocess\ndef f():\n    subprocess.run('x')\n")
    assert (found["at_import"], found["in_functions"]) == ([], ["subprocess.run"])


@pytest.mark.parametrize(
    ("source", "decodes"),
    [
        ("import base64\nexec(base64.b64decode('x'))", True),
        ("exec(bytes.fromhex('x').decode())", True),
        ("eval(compile(zlib.decompress(b'x'), '', 'exec'))", True),
        ("exec('x = 1')", False),
        ("import base64\nx = base64.b64decode('x')", False),
    ],
)
def test_decoded_programs(source, decodes):
    """What is run comes out of a decoder: said as such."""
    assert read(source.encode())["decodes"] is decodes


@pytest.mark.parametrize(
    "source", [b"def f(:", b"x = '\x00'", b"(" * 5_000, b"# coding: nosuch\n", b"\xff", b"print 'x'"]
)
def test_what_is_no_python(source):
    """A file that the compiler refuses does nothing at import, and it is said that it was not read."""
    found = read(source)
    assert found["problem"]
    assert found["at_import"] == []


def test_classes_and_the_bound_of_names():
    """Classes of the module, for who looks for the one that a configuration names."""
    assert read(b"class A:\n    class B: pass\ndef f():\n    class C: pass\n")["classes"] == ["A", "B"]
    many = b"".join(b"import m%d\n" % index for index in range(3 * MOST_NAMES))
    assert len(read(many)["imports"]) == MOST_NAMES
