"""formats.python_text: what a source shows without a parser."""

from __future__ import annotations

import pytest

from safeload.formats.python_text import MOST_IMPORTS, declared_encoding, imported, is_telling


@pytest.mark.parametrize(
    ("source", "encoding"),
    [
        (b"# -*- coding: utf-8 -*-\n", "utf-8"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=UTF-7 :\n", "utf-7"),
        (b"\xef\xbb\xbf# coding:latin-1\n", "latin-1"),
        (b"\n# coding=rot13\n", "rot13"),
        (b"\n\n# coding=rot13\n", None),
        (b"x = 1  # coding: utf-7\n", None),
        (b"", None),
    ],
)
def test_encodings(source: bytes, encoding: str | None) -> None:
    """A comment in one of the first two lines declares the encoding."""
    assert declared_encoding(source) == encoding


def test_imports_in_their_order() -> None:
    """Both forms, at any indentation, aliases left out."""
    source = b"import a, b.c as d\nfrom e.f import g\nif x:\n    from . import h\nimported = 1\n"
    assert imported(source) == ("a", "b.c", "e.f", ".")
    many = b"".join(b"import m%d\n" % index for index in range(3 * MOST_IMPORTS))
    assert len(imported(many)) == MOST_IMPORTS


@pytest.mark.parametrize(
    "source",
    [
        b"import os", b"x.system()\nimport subprocess", b"eval('1')", b"__import__('os')",
        b"().__class__", b"torch.load(x)", b"from torch import hub", b"import pickle",
        "import \uff4fs".encode(),
        b"x.__reduce__()", b"OPEN = open", b"import a, \\\n  os", b"input ()", b"getattr(a, '__b')",
        b"getattr(a, b)",
    ],
)  # fmt: skip
def test_telling(source: bytes) -> None:
    """A word that only a parser can judge, or a letter that may stand for one."""
    assert is_telling(source)


@pytest.mark.parametrize(
    "source",
    [
        b"from torch import nn\nclass M(nn.Module):\n    def __init__(self):\n        super().__init__()\n",
        b"def forward(self, x):\n    return self.layer(x)\n",
        b"__all__ = ['A']\n",
        b"x = getattr(config, 'size', None)\ny = self.__class__.__name__\n",
        b"# http://www.apache.org/licenses\nx = 1\n",
        "x = 1  # caf\u00e9 \u4e2d\u6587\n".encode(),
    ],
)  # fmt: skip
def test_settled(source: bytes) -> None:
    """An ordinary model file needs no child process."""
    assert not is_telling(source)
