"""Imports that lists of bad names missed. Each is called with one harmless text."""

from __future__ import annotations

from tests.attacks.catalogue import Row
from tests.attacks.test_denylist_gaps import ROWS as NAMES
from tests.forge.archives import torch_zip
from tests.forge.pickle_assembler import call

_OTHERS = (
    ("cPickle-alias", "cPickle", "loads", "pickle.dangerous-global"),
    ("cPickle-alias", "urllib2", "urlopen", "pickle.dangerous-global"),
    ("cPickle-alias", "__builtin__", "reduce", "pickle.dangerous-global"),
    ("arXiv-2508.19774", "some.library", "function_that_nobody_listed", "pickle.unlisted-global"),
    ("arXiv-2508.19774", "torch.some.module", "run", "pickle.unlisted-global"),
    ("arXiv-2607.17503", "collections", "OrderedDict.fromkeys", "pickle.dangerous-global"),
    ("fickling-deactivation", "fickling.hook", "remove_hook", "pickle.unlisted-global"),
)

ROWS = [
    Row(
        identifier,
        f"a pickle that calls {module}.{name}",
        "pickle.dangerous-global",
        {
            "pytorch_model.bin": torch_zip(call(module, name, "echo"), {}),
            "other.pkl": call(module, name, "echo"),
        },
    )
    for identifier, module, name in NAMES
] + [
    Row(identifier, f"a pickle that calls {module}.{name}", rule, {"model.pkl": call(module, name, "echo")})
    for identifier, module, name, rule in _OTHERS
]
