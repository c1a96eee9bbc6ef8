"""The child's task `python`: the compiler's own parser says what a source file does when it is imported.

`ast.parse` reads and compiles nothing (https://docs.python.org/3/library/ast.html). Stated are the modules
that are imported, the classes that are defined, and the calls of a short list that run at import: in the
module's body, in class bodies, in decorators and in defaults. Whether that is harmful is not decided here,
and what a call does is not followed. Everything runs in the child only; no other module parses Python.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeload.core import Json

MOST_NAMES = 100
MOST_NAME = 120
MOST_NODES = 1_000_000
REHEARSAL = b"# -*- coding: utf-8 -*-\nimport os as o\n@o.x\nclass A:\n    def f(self, a=o.y()): return a\n"
WATCHED = frozenset(
    {
        "os", "posix", "nt", "subprocess", "pty", "socket", "ssl", "urllib", "http", "ftplib", "smtplib",
        "requests", "httpx", "aiohttp", "urllib3", "paramiko", "ctypes", "cffi", "pickle", "_pickle",
        "cPickle",
        "dill", "cloudpickle", "joblib", "marshal", "shelve", "shutil", "runpy", "importlib", "imp", "pip",
        "builtins", "code", "codeop", "base64", "binascii", "zlib", "bz2", "lzma", "codecs", "tempfile",
        "webbrowser", "multiprocessing", "threading", "_thread", "signal", "sys", "types", "inspect", "gc",
        "winreg", "asyncio", "telnetlib", "xmlrpc", "huggingface_hub", "platform", "getpass", "glob",
    }
)  # fmt: skip
"""Modules that reach beyond computing."""
WATCHED_NAMES = frozenset(
    {
        "exec", "eval", "compile", "__import__", "open", "getattr", "setattr", "globals", "locals", "vars",
        "input", "breakpoint", "torch.load", "torch.hub.load", "torch.hub.download_url_to_file",
        "torch.ops.load_library", "torch.classes.load_library", "torch.jit.load",
        "torch.utils.cpp_extension.load",
        "torch.utils.cpp_extension.load_inline", "numpy.load", "pandas.read_pickle", "yaml.load",
        "yaml.unsafe_load", "yaml.full_load", "transformers.utils.hub.cached_file",
    }
)  # fmt: skip
_COMPUTING = ("os.path.", "os.environ.get", "os.getenv", "os.getcwd", "os.cpu_count", "sys.getrecursionlimit",
              "inspect.signature", "inspect.getfullargspec", "types.SimpleNamespace",
              "types.MappingProxyType",
              "importlib.util.find_spec", "importlib.metadata.", "platform.", "sys.getsizeof", "gc.collect",
              "threading.Lock", "threading.RLock", "threading.local", "sys.path.append")  # fmt: skip
"""Calls of those modules that only ask. `sys.path.append` is here since every second example has it."""
_DECODERS = frozenset(
    {"b64decode", "b32decode", "b16decode", "b85decode", "a85decode", "decompress", "decode", "fromhex",
     "unhexlify", "loads"}
)  # fmt: skip
_RUNNERS = frozenset({"exec", "eval", "compile", "builtins.exec", "builtins.eval", "builtins.compile"})


def rehearse() -> None:
    """Read a source of our own, so that everything is imported."""
    read(REHEARSAL)


def read(data: bytes) -> dict[str, Json]:
    """What a source file imports, defines, and calls when it is imported.

    Returns:
        `problem` (empty where it was parsed), `imports`, `classes`, `at_import`, `in_functions` (names of
        watched calls), `decodes` (whether what is run is decoded first).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        problem = f"{type(error).__name__}{f' in line {line}' if line else ''}"
        return _answer(_Source(), problem)
    source = _Source()
    source.note_imports(tree)
    source.walk(tree.body, at_import=True)
    return _answer(source, "more of it than can be walked" if source.nodes > MOST_NODES else "")


def _answer(source: _Source, problem: str) -> dict[str, Json]:
    return {
        "problem": problem,
        "imports": list(source.imports)[:MOST_NAMES],
        "classes": list(source.classes)[:MOST_NAMES],
        "at_import": list(source.at_import)[:MOST_NAMES],
        "in_functions": list(source.in_functions)[:MOST_NAMES],
        "decodes": source.decodes,
    }


class _Source:
    """What was seen so far."""

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}
        self.classes: dict[str, None] = {}
        self.at_import: dict[str, None] = {}
        self.in_functions: dict[str, None] = {}
        self.decodes = False
        self.nodes = 0
        self._names: dict[str, str] = {}
        """Name in the file -> dotted name that an import or a plain assignment bound to it."""

    def note_imports(self, tree: ast.Module) -> None:
        """Every import, wherever it stands, and plain assignments of what was imported (`s = os.system`)."""
        for node in ast.walk(tree):
            self.nodes += 1
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.imports[alias.name[:MOST_NAME]] = None
                    bound = alias.asname or alias.name.partition(".")[0]
                    self._names[bound] = alias.name if alias.asname else bound
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                self.imports[module[:MOST_NAME]] = None
                for alias in node.names:
                    self._names[alias.asname or alias.name] = f"{module}.{alias.name}"
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute | ast.Name):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self._names.setdefault(target.id, self._dotted(node.value))

    def walk(self, body: Iterable[ast.AST], *, at_import: bool) -> None:
        """Note the watched calls below `body`, and whether they run at import."""
        todo = [(node, at_import) for node in body]
        while todo:
            node, now = todo.pop()
            if isinstance(node, ast.ClassDef) and now:
                self.classes[node.name[:MOST_NAME]] = None
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                outside = _when_defined(node)
                inside = node.body if isinstance(node.body, list) else [node.body]
                todo.extend((child, now) for child in outside)
                todo.extend((child, False) for child in inside)
                continue
            if isinstance(node, ast.If) and _is_main(node.test):
                todo.extend((child, False) for child in node.body)
                todo.extend((child, now) for child in node.orelse)
                continue
            if isinstance(node, ast.Call):
                self._call(node, now=now)
            todo.extend((child, now) for child in ast.iter_child_nodes(node))

    def _call(self, node: ast.Call, *, now: bool) -> None:
        name = self._dotted(node.func)
        if not _is_watched(name):
            return
        kept = self.at_import if now else self.in_functions
        kept[name[:MOST_NAME]] = None
        if name in _RUNNERS and any(self._decodes(argument) for argument in node.args[:1]):
            self.decodes = True

    def _decodes(self, argument: ast.AST) -> bool:
        for index, node in enumerate(ast.walk(argument)):
            if isinstance(node, ast.Call) and self._dotted(node.func).rpartition(".")[2] in _DECODERS:
                return True
            if index > 1_000:
                break
        return False

    def _dotted(self, node: ast.AST) -> str:
        """The name of a callee, imports resolved; `()` for what a call or a subscript gives."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute) and len(parts) < 20:
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            parts.append(self._names.get(node.id, node.id))
        elif isinstance(node, ast.Call):
            inner = node.func
            called = self._names.get(inner.id, inner.id) if isinstance(inner, ast.Name) else ""
            parts.append(f"{called}()")
        else:
            parts.append("()")
        return ".".join(reversed(parts))


def _is_watched(name: str) -> bool:
    if name in WATCHED_NAMES or name.removeprefix("builtins.") in WATCHED_NAMES:
        return True
    root = name.partition(".")[0]
    if root.removesuffix("()") in {"__import__", "importlib", "getattr", "eval", "exec"}:
        return True
    return "." in name and root in WATCHED and not name.startswith(_COMPUTING)


def _when_defined(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[ast.AST]:
    """What of a function runs where it is defined: decorators, defaults, annotations."""
    yield node.args
    if not isinstance(node, ast.Lambda):
        yield from node.decorator_list
        if node.returns is not None:
            yield node.returns


def _is_main(test: ast.AST) -> bool:
    """`__name__ == "__main__"`, which does not hold at import."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )
