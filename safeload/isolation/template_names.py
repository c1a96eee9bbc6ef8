"""The names that a chat template may use: what transformers' own renderer knows, and what data offers.

Filters and tests are Jinja's without those that leave the data (`attr`) or that write markup, functions
are those of transformers 5.23's chat template environment, methods are those of text, lists and mappings
that are bounded by their receiver (https://jinja.palletsprojects.com/en/stable/templates/). A free name
that is only read is data of the conversation and may be called anything.
"""

from __future__ import annotations

FILTERS = frozenset({
    "abs", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape", "first",
    "float", "forceescape", "format", "from_json", "fromjson", "groupby", "indent", "int", "items", "join",
    "last", "length", "list", "lower", "map", "max", "min", "random", "reject", "rejectattr", "replace",
    "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string", "striptags", "sum",
    "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount", "wordwrap",
})  # fmt: skip
"""`from_json` is no filter of Jinja's: some serving programs add it."""
TESTS = frozenset({
    "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "escaped", "even", "false", "filter",
    "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan", "lower", "lt",
    "mapping", "ne", "none", "number", "odd", "sameas", "sequence", "string", "test", "true", "undefined",
    "upper", "==", "!=", "<", "<=", ">", ">=",
})  # fmt: skip
FUNCTIONS = frozenset({
    "caller", "cycler", "dict", "joiner", "namespace", "raise_exception", "range", "strftime_now",
})  # fmt: skip
METHODS = frozenset({
    "append", "capitalize", "casefold", "center", "changed", "clear", "copy", "count", "cycle", "endswith",
    "extend", "find", "format", "get", "index", "insert", "isalnum", "isalpha", "isascii", "isdecimal",
    "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "items", "join", "keys", "ljust",
    "lower", "lstrip", "next", "partition", "pop", "remove", "removeprefix", "removesuffix", "replace",
    "reset", "reverse", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "setdefault", "sort",
    "split", "splitlines", "startswith", "strip", "swapcase", "title", "update", "upper", "values", "zfill",
})  # fmt: skip
"""Those that change a list are refused by the sandbox at run time: honest templates use them anyway."""

ESCAPES = frozenset({
    "mro", "format_map", "func_closure", "func_code", "func_defaults", "func_dict", "func_globals",
    "im_class", "im_func", "im_self", "gi_code", "gi_frame", "gi_yieldfrom", "cr_await", "cr_code",
    "cr_frame", "cr_origin", "ag_await", "ag_code", "ag_frame", "tb_frame", "tb_next", "f_back",
    "f_builtins", "f_code", "f_globals", "f_locals", "f_trace", "co_code", "co_consts",
})  # fmt: skip
"""Attributes by which a sandbox was left. All others that lead out of data begin with an underscore."""
NEVER_FREE = frozenset({"self", "super", "lipsum"})
"""Names of the engine itself: its objects lead to its modules, and `lipsum` makes text without bound."""

BY_ATTRIBUTE = {
    "groupby": 0, "join": 1, "map": None, "max": 1, "min": 1, "rejectattr": 0, "selectattr": 0, "sort": 2,
    "sum": 0, "unique": 1,
}  # fmt: skip
"""Filter -> place of the argument that names an attribute; None: by keyword only."""
BY_TEST = {"reject": 0, "rejectattr": 1, "select": 0, "selectattr": 1}
"""Filter -> place of the argument that names a test."""
SIZED = frozenset({"batch", "center", "indent", "ljust", "rjust", "slice", "tojson", "zfill"})
"""Filters and methods that make as much text, or as many parts, as a number says."""

TAKING = frozenset({"append", "extend", "insert", "setdefault", "update"})
"""Methods whose arguments become a part of the object."""
NUMBERS = frozenset({"abs", "count", "float", "int", "length", "round", "wordcount"})
"""Filters that give a number."""
NUMBER_METHODS = frozenset({"count", "find", "index", "rfind", "rindex"})
LOOP_NUMBERS = frozenset({"depth", "depth0", "index", "index0", "length", "revindex", "revindex0"})
PASSING = frozenset({
    "capitalize", "d", "default", "dictsort", "e", "escape", "first", "forceescape", "groupby", "items",
    "last", "list", "lower", "max", "min", "random", "reject", "rejectattr", "safe", "select", "selectattr",
    "slice", "sort", "string", "title", "tojson", "trim", "truncate", "unique", "upper", "batch",
    "casefold", "copy", "get", "keys", "lstrip", "next", "partition", "pop", "removeprefix", "removesuffix",
    "rpartition", "rsplit", "rstrip", "setdefault", "split", "splitlines", "strip", "swapcase", "values",
})  # fmt: skip
"""Filters and methods that put no text together: what comes out is a part of what goes in."""


def is_private(name: str) -> bool:
    """Whether a name leads out of data: it begins with an underscore, or is a known way out."""
    name = name.strip()
    return name.startswith("_") or "__" in name or name in ESCAPES
