"""The words for known gadgets: every family of published attacks has a sentence that says what it does."""

from __future__ import annotations

import pytest

from safeload.formats import pickle_gadgets
from safeload.formats.pickle_gadgets import gadget


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("os", "system", pickle_gadgets.SHELL),
        ("pty", "spawn", pickle_gadgets.SHELL),
        ("asyncio.unix_events", "_UnixSubprocessTransport._start", pickle_gadgets.SHELL),
        ("multiprocessing.util", "spawnv_passfds", pickle_gadgets.SHELL),
        ("_aix_support", "_read_cmd_output", pickle_gadgets.SHELL),
        ("torch.utils.collect_env", "run", pickle_gadgets.SHELL),
        ("pip", "main", pickle_gadgets.INSTALL),
        ("ensurepip", "_run_pip", pickle_gadgets.INSTALL),
        ("idlelib.run", "Executive.runcode", pickle_gadgets.EDITOR),
        ("cProfile", "runctx", pickle_gadgets.DEBUG),
        ("doctest", "debug_script", pickle_gadgets.DEBUG),
        ("torch.utils.bottleneck.__main__", "run_cprofile", pickle_gadgets.DEBUG),
        ("code", "InteractiveInterpreter.runcode", pickle_gadgets.EVALUATE),
        ("numpy.f2py.crackfortran", "getlincoef", pickle_gadgets.EVALUATE),
        ("torch._dynamo.guards", "GuardBuilder.get", pickle_gadgets.EVALUATE),
        ("builtins", "eval", pickle_gadgets.EVALUATE),
        ("types", "FunctionType", pickle_gadgets.COMPILE),
        ("lib2to3.pgen2.grammar", "Grammar.loads", pickle_gadgets.LOAD),
        ("torch.storage", "_load_from_bytes", pickle_gadgets.LOAD),
        ("dill._dill", "loads", pickle_gadgets.LOAD),
        ("marshal", "loads", pickle_gadgets.LOAD),
        ("torch.hub", "load", pickle_gadgets.REMOTE),
        ("distutils.file_util", "write_file", pickle_gadgets.FILE),
        ("pathlib", "Path.write_text", pickle_gadgets.FILE),
        ("pkgutil", "resolve_name", pickle_gadgets.RESOLVE),
        ("operator", "attrgetter", pickle_gadgets.RESOLVE),
        ("collections", "abc.sys.modules", pickle_gadgets.RESOLVE),
        ("importlib", "import_module", pickle_gadgets.IMPORT),
        ("urllib.request", "urlopen", pickle_gadgets.NETWORK),
        ("sqlite3", "connect", pickle_gadgets.DATABASE),
        ("ctypes", "CDLL", pickle_gadgets.MEMORY),
        ("functools", "partial", pickle_gadgets.DEFER),
        ("sys", "modules", pickle_gadgets.STATE),
        ("webbrowser", "open", pickle_gadgets.DISPLAY),
        ("torch.utils.cpp_extension", "load_inline", pickle_gadgets.EXTENSION),
    ],
)
def test_what_it_does(module: str, name: str, words: str) -> None:
    """The sentence goes behind `imports os.system, which`."""
    assert gadget(module, name) == words


@pytest.mark.parametrize(
    ("module", "name"),
    [("torch", "FloatStorage"), ("my.module", "Class"), ("osx", "system"), ("builtins", "dict"), ("o", "s")],
)
def test_no_words_for_others(module: str, name: str) -> None:
    """Unknown is not dangerous: it is unlisted, which is refused as well."""
    assert gadget(module, name) is None


def test_each_module_stands_under_one_heading() -> None:
    """A module under two would have the words of the last."""
    modules = [module for modules in pickle_gadgets._MODULES.values() for module in modules]
    assert len(modules) == len(set(modules))
