"""torch.export archives (`.pt2`): a graph as JSON, raw tensors, and at times a native library or pickles.

`torch.export.load` evaluates the symbolic expressions of the graph, resolves the targets of its nodes in
torch, unpickles `opaque_obj_*`, and hands `custom_obj_*` to torch's own unpickler; an AOTInductor package
holds a shared library that is loaded as it is. So a plain graph is data that nothing of ours loads, and
everything beyond plain is named: CVE-2026-4538 is of this family.

Layout: https://github.com/pytorch/pytorch/blob/main/torch/csrc/export/pt2_archive_constants.h. Before torch
2.8 the members were `serialized_exported_program.json`, `serialized_state_dict.pt` and their like.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.json_strict import parse_json
from safeload.scanners._json_keys import behaviour_facts
from safeload.scanners._json_walk import key_facts, objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Json
    from safeload.formats.zip import ZipArchive, ZipMember
    from safeload.scanners._zip_account import Account

_GRAPH = re.compile(r"([^/]+/)?(models/[^/]+\.json|serialized_exported_program\.json)\Z", re.IGNORECASE)
_CHECKPOINT = re.compile(
    r"([^/]+/)?(data/(sample_inputs|weights|constants)/[^/]+|extra/[^/]+\.pt|serialized_[a-z_]+\.pt)\Z",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"([^/]+/)?data/constants/(custom|opaque)_obj_[^/]*\Z", re.IGNORECASE)
_CONFIG = re.compile(r"([^/]+/)?data/(weights|constants)/[^/]+_config\.json\Z", re.IGNORECASE)
_LIBRARY = re.compile(r"([^/]+/)?data/(aotinductor|executorch|mtia)/", re.IGNORECASE)
_TEXT = re.compile(r"([^/]+/)?(archive_format|archive_version|\.data/version)\Z", re.IGNORECASE)
_TARGET = re.compile(
    r"(torch\.ops\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?|_operator\.[a-z_]+|math\.[a-z0-9_]+"
    r"|torch\.(sym_[a-z]+|_sym_[a-z]+|_check[a-z_]*|_higher_order_ops\.[a-z_.]+|ops\.higher_order\.[a-z_]+))\Z",
    re.ASCII,
)
_SAFE_OPERATORS = re.compile(r"_operator\.(?!attrgetter|methodcaller|itemgetter|call\Z)", re.ASCII)
_QUOTED = re.compile(r"'(?:[A-Za-z_][A-Za-z0-9_]*|[-+]?[0-9][0-9.eE+-]*)'", re.ASCII)
"""Names of symbols and digits of floats, as sympy's printer writes them."""
_OWN_FUNCTIONS = "torch.utils._sympy.functions."
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\.[A-Za-z_]|[^A-Za-z0-9_ ()+\-*/%,.<>=&|~]", re.ASCII)
_SYMBOL = re.compile(r"[suz]f?[0-9]+\Z")
_FUNCTIONS = frozenset(
    {
        "Abs", "Add", "And", "BitwiseFn_bitwise_and", "BitwiseFn_bitwise_or", "CeilDiv",
        "CeilToInt", "CleanDiv", "Eq", "Equality", "False", "Float", "FloatPow", "FloatTrueDiv",
        "FloorDiv", "FloorToInt", "Ge", "GreaterThan", "Gt", "Half", "Identity", "IntTrueDiv",
        "Integer", "IsNonOverlappingAndDenseIndicator", "LShift", "Le", "LessThan", "Lt", "Max",
        "Min", "Mod", "ModularIndexing", "Mul", "Ne", "NegativeOne", "Not", "One", "Or",
        "Piecewise", "Pow", "PowByNatural", "PythonMod", "RShift", "Rational", "RoundDecimal",
        "RoundToInt", "StrictGreaterThan", "StrictLessThan", "Symbol", "ToFloat", "True",
        "TruncToFloat", "TruncToInt", "Unequality", "Where", "Zero", "ceiling", "evaluate", "even",
        "finite", "floor", "inf", "int_oo", "integer", "log", "nonnegative", "nonzero", "odd", "oo",
        "positive", "precision", "real", "sqrt",
    }
)  # fmt: skip
"""Functions of symbolic shapes. The expressions are handed to sympy's parser, which evaluates Python."""
_GUARD_WORDS = frozenset({"L", "and", "or", "not", "in", "is", "None"})
_INPUT = re.compile(
    r"\[(?:[0-9]+|'[A-Za-z0-9_.]*')\]|\.(?:size|stride|storage_offset)\(\)"
    r"|\.(?!_)[A-Za-z][A-Za-z0-9_]*(?![A-Za-z0-9_]| *\()|math\.(?:floor|ceil|trunc|sqrt|pow|log2)(?=\()",
    re.ASCII,
)
"""How the code of guards names an input and a part of it."""
_CALLED = re.compile(r"(?:\bL|\)) *\(")
"""A call of what is no function of symbolic shapes."""
_FACTORY = re.compile(r"default_factory_module\s*:\s*([^,}]*)")
_FACTORY_MODULES = frozenset({"builtins", "collections"})
_SMALL_BYTES = 64


def is_pt2(archive: ZipArchive) -> bool:
    """Whether the members are those of an exported program, whatever the case of their names."""
    for member in archive.members:
        name = member.name.lower()
        inner = name.partition("/")[2] or name
        if inner == "archive_format" or name.endswith("serialized_exported_program.json"):
            return True
        if inner.startswith("data/aotinductor/") or name.startswith("data/aotinductor/"):
            return True
    return False


def account_pt2(account: Account, archive: ZipArchive) -> None:
    """Account for the members of an exported program, and state what is more than data in it."""
    if not is_pt2(archive):
        return
    account.state("format.not-loadable", {"format": "torch.export archive"})
    libraries, objects = 0, 0
    raw: set[str] = set()
    for member in list(account.found.values()):
        if _CONFIG.match(member.name):
            raw.update(_raw_tensors(account, member))
    for member in list(account.found.values()):
        name = member.name
        if account.claimed(name) or name.endswith("/"):
            continue
        # by its name first: the loader unpickles such a one, whatever the table says about it
        if _OBJECT.match(name):
            objects += 1
            account.add_child(member)
        elif name in raw:
            account.claim_data(member)
        elif _GRAPH.match(name):
            _graph(account, member)
        elif _LIBRARY.match(name):
            libraries += name.lower().endswith((".so", ".dylib", ".dll", ".pyd", ".cpp", ".cubin", ".pte"))
            account.add_child(member)
        elif _CHECKPOINT.match(name) and account.checkpoint(member):
            continue
        elif _TEXT.match(name) and member.size <= _SMALL_BYTES:
            account.add_child(member)
    for count, what in (
        (libraries, "native code that AOTInductor loads"),
        (objects, "pickled objects that torch.export.load rebuilds"),
    ):
        if count:
            detail = f"{count} members of {what}"
            account.state("format.executable", {"format": "a torch.export archive", "detail": detail})


def _graph(account: Account, member: ZipMember) -> None:
    try:
        data = account.read(member, account.limits.json_bytes)
        value = parse_json(data, account.limits, finite=False)
    except FormatError as error:
        account.fail(member, "json", error)
        return
    account.facts += behaviour_facts(value, account.place(member))
    account.facts += key_facts(_callables(value), account.place(member))
    account.claim(member, "json")


def _callables(value: Json) -> Iterator[tuple[str, str, str, Json]]:
    """Every target outside torch's operators, and every expression that is more than arithmetic."""
    for path, item in objects(value):
        for key in ("target", "expr_str"):
            if isinstance(text := item.get(key), str) and _is_callable(key, text):
                yield "config.callable", path, key, text
        guards = item.get("guards_code")
        for guard in guards if isinstance(guards, list) else ():
            if isinstance(guard, str) and not _is_guard(guard):
                yield "config.callable", path, "guards_code", guard
        for key in ("in_spec", "out_spec"):
            if isinstance(text := item.get(key), str) and _imports(text):
                yield "config.callable", path, key, text


def _imports(text: str) -> bool:
    """Whether the description of a nested argument, JSON in JSON, names a module that the loader imports."""
    plain = text.replace("\\", "").replace('"', "")
    if "\\u" in text or "__enum__" in plain:
        return True
    return not _FACTORY_MODULES.issuperset(_FACTORY.findall(plain))


def _is_guard(text: str) -> bool:
    """Whether a condition on the inputs, which the loader makes a Python function of, is arithmetic."""
    plain = _INPUT.sub("", text.replace(_OWN_FUNCTIONS, "").replace("!=", "=="))
    return not _CALLED.search(plain) and all(
        word in _FUNCTIONS or word in _GUARD_WORDS or _SYMBOL.match(word) is not None
        for word in _WORD.findall(plain)
    )


def _is_callable(key: str, text: str) -> bool:
    """Whether a string of the graph makes the loader look something up, or evaluate it."""
    if key == "target":
        return not _TARGET.match(text) or (text.startswith("_operator") and not _SAFE_OPERATORS.match(text))
    if key == "expr_str":
        return not all(
            word in _FUNCTIONS or _SYMBOL.match(word) is not None
            for word in _WORD.findall(_QUOTED.sub("", text.replace(_OWN_FUNCTIONS, "")))
        )
    return False


def _raw_tensors(account: Account, member: ZipMember) -> Iterator[str]:
    """Names of members that the loader takes for bare elements, by the table that it reads."""
    try:
        value = parse_json(account.read(member, account.limits.json_bytes), account.limits, finite=False)
    except FormatError as error:
        account.fail(member, "json", error)
        return
    account.claim(member, "json")
    table = value.get("config") if isinstance(value, dict) else None
    folder = member.name.rpartition("/")[0]
    for entry in table.values() if isinstance(table, dict) else ():
        if isinstance(entry, dict) and entry.get("use_pickle") is False:
            yield f"{folder}/{entry.get('path_name')}"
