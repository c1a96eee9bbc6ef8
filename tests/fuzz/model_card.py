"""Any block gives ids, none that can be read, or says that it has no such key; a real parser agrees.

Where PyYAML reads a block that `is_plain` accepts as one mapping, and ids were stated, it finds the same.
"""

from __future__ import annotations

import yaml

from safeload.formats.model_card import licenses_in, licenses_of
from safeload.formats.yaml_text import is_plain


def seeds() -> list[bytes]:
    """Cards as people write them, and what could be read in two ways."""
    return [
        b"license: mit\n",
        b"license: apache-2.0 # said so\nlanguage:\n- en\n",
        b"tags:\n- x\nlicense:\n- mit\n- 'bsd'\nlibrary_name: y\n",
        b'license: [mit, "bsd"]\n',
        b"a: 'x\nlicense: mit\n'\n",
        b"a: |\n  license: mit\nlicense: other\n",
        b"license: mit\n  more\n",
        b"license: >-\n  mit\n",
    ]


def read(data: bytes) -> tuple[str, ...] | None:
    """The licences of a block."""
    return licenses_of(data.decode("utf-8", "replace"))


def check(data: bytes, result: tuple[str, ...] | None) -> None:
    """What was stated is what a loader reads."""
    assert result is None or all(isinstance(item, str) and item for item in result)
    if not result or not is_plain(data):
        return
    try:
        document = yaml.load(data, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    if isinstance(document, dict):
        assert licenses_in(document) == result, (data, document, result)


def deep(result: tuple[str, ...] | None) -> bool:
    """Whether it has the key at all."""
    return result is not None
