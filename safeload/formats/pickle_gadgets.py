"""Known gadgets in plain words: for the message, never for the verdict.

A global is accepted because a contract lists it, so nothing gets in by being absent here. The table only
turns "not listed" into "runs a shell command", for names that published attacks have used.
"""

from __future__ import annotations

SHELL = "runs a shell command or starts a program"
CODE = "runs code that the stream brings"
RESOLVE = "resolves any name, and so reaches every function"
LOAD = "loads another pickle or serialised program"
IMPORT = "imports a module, which runs it"
FILE = "reads, writes or deletes files"
NETWORK = "opens a network connection"
INSTALL = "installs or downloads code"
MEMORY = "reaches native memory or native libraries"
DEFER = "wraps a call so that it runs later or out of sight"
STATE = "changes or exposes the state of the interpreter"

_MODULES: dict[str, tuple[str, ...]] = {
    SHELL: (
        "os", "posix", "nt", "subprocess", "_posixsubprocess", "_winapi", "pty", "commands", "popen2",
        "asyncio", "multiprocessing", "_multiprocessing", "concurrent", "pexpect", "sh", "platform",
        "webbrowser", "antigravity", "_osx_support", "_aix_support", "_pyrepl", "imaplib", "uuid",
        "test", "msilib", "torch.utils.collect_env", "torch.distributed", "mlflow", "distutils.spawn",
        "ctypes.util", "signal",
    ),
    CODE: (
        "code", "codeop", "bdb", "pdb", "trace", "timeit", "profile", "cProfile", "doctest", "idlelib",
        "lib2to3", "runpy", "ast", "dis", "compileall", "py_compile", "cgitb", "unittest", "venv",
        "torch._dynamo", "torch._inductor", "torch.utils.bottleneck", "torch.utils._config_module",
        "torch.fx", "torch.jit", "torch._C", "torch.utils.data.datapipes", "torch.utils.cpp_extension",
        "torch._functorch", "torch.testing", "torch.fx.experimental", "torch.utils._config_typing",
        "numpy.f2py", "numpy.testing", "numpy.distutils", "IPython", "keras", "tensorflow", "sympy",
        "pandas.core.computation", "numexpr", "cffi", "numba", "__main__",
    ),
    RESOLVE: ("importlib", "imp", "pkgutil", "pydoc", "inspect", "operator", "_operator", "gc"),
    LOAD: (
        "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle",
        "torch.hub", "torch.package", "torch.export", "pandas", "yaml", "ruamel",
    ),
    FILE: (
        "shutil", "io", "_io", "tempfile", "glob", "fileinput", "linecache", "tarfile", "zipfile", "gzip",
        "bz2", "lzma", "mmap", "sqlite3", "dbm", "distutils", "nturl2path", "posixpath", "ntpath",
        "codecs", "logging", "netrc", "pathlib", "fcntl", "zipimport",
    ),
    NETWORK: (
        "socket", "_socket", "ssl", "_ssl", "http", "urllib", "urllib3", "requests", "httpx", "aiohttp",
        "ftplib", "smtplib", "poplib", "telnetlib", "nntplib", "xmlrpc", "socketserver", "select",
        "websockets", "httplib", "httplib2", "huggingface_hub",
    ),
    INSTALL: ("pip", "ensurepip", "setuptools", "pkg_resources", "easy_install", "conda", "site"),
    MEMORY: ("ctypes", "_ctypes", "readline", "faulthandler"),
    DEFER: ("functools", "_functools", "itertools", "threading", "_thread", "sched", "atexit", "weakref",
            "_weakref", "contextlib", "queue", "types", "copyreg", "copy"),
    STATE: ("sys", "builtins", "_frozen_importlib", "_frozen_importlib_external", "_imp", "tracemalloc"),
}  # fmt: skip

_BUILTINS: dict[str, str] = {
    "eval": CODE, "exec": CODE, "execfile": CODE, "compile": CODE, "__import__": IMPORT,
    "getattr": RESOLVE, "setattr": STATE, "delattr": STATE, "globals": STATE, "locals": STATE,
    "vars": STATE, "open": FILE, "file": FILE, "input": CODE, "breakpoint": CODE, "apply": DEFER,
    "map": DEFER, "filter": DEFER, "reduce": DEFER, "type": STATE, "__build_class__": CODE,
    "exit": STATE, "quit": STATE, "help": RESOLVE, "memoryview": MEMORY, "super": RESOLVE,
}  # fmt: skip

_PAIRS: dict[tuple[str, str], str] = {
    ("torch.storage", "_load_from_bytes"): LOAD,
    ("torch", "load"): LOAD,
    ("torch.serialization", "load"): LOAD,
    ("numpy", "load"): LOAD,
    ("numpy", "fromfile"): FILE,
    ("numpy", "loadtxt"): FILE,
    ("numpy", "savetxt"): FILE,
    ("torch", "compile"): CODE,
    ("torch", "save"): FILE,
    ("codecs", "decode"): LOAD,
    ("linecache", "getline"): FILE,
    ("types", "CodeType"): CODE,
    ("types", "FunctionType"): CODE,
    ("collections", "namedtuple"): CODE,
    ("logging.config", "listen"): NETWORK,
    ("importlib", "import_module"): IMPORT,
    ("importlib", "__import__"): IMPORT,
    ("imp", "load_module"): IMPORT,
    ("imp", "load_source"): IMPORT,
    ("distutils.file_util", "write_file"): FILE,
    ("pathlib", "Path"): FILE,
    ("pandas", "read_csv"): FILE,
}

_HARMLESS_BY_NAME = frozenset({("copyreg", "_reconstructor")})
_WORDS: dict[str, str] = {module: words for words, modules in _MODULES.items() for module in modules}


def gadget(module: str, name: str) -> str | None:
    """What a known gadget does, or None where no published attack that we know of used it.

    A submodule inherits from its parents (`asyncio.unix_events` from `asyncio`), and so does a dotted
    name (`collections` + `abc.sys.modules` reaches `sys`).
    """
    if "." in name:
        return RESOLVE
    if (module, name) in _HARMLESS_BY_NAME:
        return None
    if module in ("builtins", "__builtin__", "__builtins__"):
        return _BUILTINS.get(name)
    words = _PAIRS.get((module, name))
    if words is not None:
        return words
    for _ in range(8):
        words = _WORDS.get(module)
        if words is not None:
            return words
        module, dot, _rest = module.rpartition(".")
        if not dot:
            break
    return None
