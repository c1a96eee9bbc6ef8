"""The translation of Python 2 names."""

from __future__ import annotations

import _compat_pickle

from safeload.formats.pickle_python2 import MODULES, NAMES, canonical


def test_table_equals_the_interpreters() -> None:
    """Our table holds what CPython's holds; 3.13 dropped one module that 3.11 and 3.12 translate."""
    assert NAMES == _compat_pickle.NAME_MAPPING
    assert {**MODULES, **_compat_pickle.IMPORT_MAPPING} == MODULES
    assert set(MODULES) - set(_compat_pickle.IMPORT_MAPPING) <= {"_winreg", "dbm", "Tix"}


def test_names_before_modules() -> None:
    """A pair that moved wins over its module's new name, and is not translated twice."""
    assert canonical("__builtin__", "reduce") == ("functools", "reduce")
    assert canonical("__builtin__", "eval") == ("builtins", "eval")
    assert canonical("whichdb", "whichdb") == ("dbm", "whichdb")
    assert canonical("torch", "load") == ("torch", "load")
