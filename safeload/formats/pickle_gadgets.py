"""Known gadgets in plain words: for the message, never for the verdict.

A global is accepted because a contract lists it, so nothing gets in by being absent here. The tables only
turn "not listed" into "runs a shell command", for the families of names that published attacks have used:
a module, which stands for its submodules too, or a single name where the module is mostly harmless.
"""

from __future__ import annotations

SHELL = "runs a shell command or starts a program"
CODE = "runs code that the stream brings"
EVALUATE = "evaluates a text as Python code"
DEBUG = "runs a text as Python code under a profiler, tracer or debugger"
EDITOR = "runs a text as Python code inside the editor that comes with Python"
COMPILE = "builds functions or classes out of code that the stream brings"
RESOLVE = "resolves any name, and so reaches every function"
LOAD = "loads another pickle or serialised program"
REMOTE = "downloads a repository and runs its code"
IMPORT = "imports a module, which runs it"
FILE = "reads, writes or deletes files"
DATABASE = "opens a database file, or loads a native extension into one"
ARCHIVE = "unpacks an archive to wherever its members point"
NETWORK = "opens a network connection"
INSTALL = "installs or downloads code"
MEMORY = "reaches native memory or native libraries"
DEFER = "wraps a call so that it runs later or out of sight"
STATE = "changes or exposes the state of the interpreter"
EXTENSION = "compiles and loads a native extension"
DISPLAY = "starts a browser or another program to show something"

_MODULES: dict[str, tuple[str, ...]] = {
    SHELL: (
        "os", "posix", "nt", "subprocess", "_posixsubprocess", "_winapi", "pty", "commands", "popen2",
        "asyncio", "multiprocessing", "_multiprocessing", "concurrent", "pexpect", "sh", "platform",
        "_osx_support", "_aix_support", "_pyrepl", "imaplib", "uuid", "test", "msilib", "plumbum", "fabric",
        "invoke", "paramiko", "torch.utils.collect_env", "torch.distributed", "mlflow", "distutils.spawn",
        "ctypes.util", "signal", "distutils.command", "torch.multiprocessing", "joblib.externals.loky",
        "nntplib", "pipes", "torch._appdirs", "torch.utils._triton",
    ),
    CODE: (
        "__main__", "unittest", "venv", "tensorflow", "keras", "torch.jit", "torch.package", "torch.export",
        "torch.utils.data.datapipes", "IPython", "_testcapi", "_testinternalcapi", "_xxsubinterpreters",
        "_interpreters", "wsgiref", "rlcompleter", "nose", "pytest", "_pytest",
    ),
    EVALUATE: (
        "code", "codeop", "ast", "runpy", "compileall", "py_compile", "numpy.f2py", "numpy.testing",
        "numpy.distutils", "sympy", "mpmath", "pandas.core.computation", "numexpr", "asteval", "jinja2",
        "mako", "lib2to3", "torch._dynamo", "torch._inductor", "torch.fx", "torch._functorch", "torch._C",
        "torch.testing", "torch.utils._config_module", "torch.utils._config_typing", "torch._export",
        "torch._guards", "torch._lobpcg", "torch._higher_order_ops", "pyparsing",
    ),
    DEBUG: (
        "bdb", "pdb", "trace", "timeit", "profile", "cProfile", "_lsprof", "doctest", "cgitb", "dis",
        "torch.utils.bottleneck", "torch.autograd.profiler", "hotshot", "pstats",
    ),
    EDITOR: ("idlelib",),
    COMPILE: ("types", "new", "cloudpickle", "dill._dill", "numba", "cffi"),
    RESOLVE: ("importlib", "imp", "pkgutil", "pydoc", "inspect", "operator", "_operator", "gc"),
    LOAD: (
        "pickle", "_pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "jsonpickle", "pandas", "yaml",
        "ruamel", "pickletools", "pickleshare", "_compat_pickle", "torch.serialization", "_marshal",
        "torch._weights_only_unpickler",
    ),
    REMOTE: ("torch.hub", "huggingface_hub"),
    FILE: (
        "shutil", "io", "_io", "tempfile", "glob", "fileinput", "linecache", "gzip", "bz2", "lzma", "mmap",
        "distutils", "nturl2path", "posixpath", "ntpath", "genericpath", "codecs", "logging", "netrc",
        "pathlib", "fcntl", "filecmp", "configparser", "mailbox", "wave", "_pyio",
    ),
    DATABASE: ("sqlite3", "_sqlite3", "dbm", "_dbm", "_gdbm", "whichdb"),
    ARCHIVE: ("tarfile", "zipfile", "zipapp", "zipimport", "py7zr"),
    NETWORK: (
        "socket", "_socket", "ssl", "_ssl", "http", "urllib", "urllib3", "requests", "httpx", "aiohttp",
        "ftplib", "smtplib", "poplib", "telnetlib", "xmlrpc", "socketserver", "select", "selectors",
        "websockets", "httplib", "httplib2", "smtpd", "asyncore", "asynchat", "pysftp", "boto3", "fsspec",
    ),
    INSTALL: ("pip", "ensurepip", "setuptools", "pkg_resources", "easy_install", "conda", "site",
              "_distutils_hack"),
    MEMORY: ("ctypes", "_ctypes", "readline", "faulthandler", "_ctypes_test", "triton"),
    EXTENSION: ("torch.utils.cpp_extension", "torch.classes", "torch.ops", "pyximport", "Cython"),
    DEFER: ("functools", "_functools", "itertools", "threading", "_thread", "sched", "atexit", "weakref",
            "_weakref", "contextlib", "queue", "copyreg", "copy", "_threading_local", "toolz", "cytoolz"),
    STATE: ("sys", "builtins", "_frozen_importlib", "_frozen_importlib_external", "_imp", "tracemalloc",
            "_sitebuiltins"),
    DISPLAY: ("webbrowser", "antigravity", "turtle", "turtledemo", "this"),
}  # fmt: skip

_BUILTINS: dict[str, str] = {
    "eval": EVALUATE, "exec": CODE, "execfile": CODE, "compile": COMPILE, "__import__": IMPORT,
    "getattr": RESOLVE, "setattr": STATE, "delattr": STATE, "globals": STATE, "locals": STATE,
    "vars": STATE, "open": FILE, "file": FILE, "input": CODE, "breakpoint": DEBUG, "apply": DEFER,
    "map": DEFER, "filter": DEFER, "reduce": DEFER, "type": COMPILE, "__build_class__": COMPILE,
    "exit": STATE, "quit": STATE, "help": RESOLVE, "memoryview": MEMORY, "super": RESOLVE, "dir": RESOLVE,
    "hasattr": RESOLVE, "property": DEFER, "classmethod": DEFER, "staticmethod": DEFER, "raw_input": CODE,
    "reload": IMPORT, "sorted": DEFER, "min": DEFER, "max": DEFER, "iter": DEFER, "next": DEFER,
}  # fmt: skip

_PAIRS: dict[tuple[str, str], str] = {
    ("torch.storage", "_load_from_bytes"): LOAD,
    ("torch", "load"): LOAD,
    ("numpy", "load"): LOAD,
    ("numpy", "fromfile"): FILE,
    ("numpy", "loadtxt"): FILE,
    ("numpy", "genfromtxt"): FILE,
    ("numpy", "savetxt"): FILE,
    ("numpy", "save"): FILE,
    ("numpy", "memmap"): FILE,
    ("numpy", "vectorize"): DEFER,
    ("numpy", "frompyfunc"): DEFER,
    ("numpy", "apply_along_axis"): DEFER,
    ("torch", "compile"): COMPILE,
    ("torch", "save"): FILE,
    ("torch", "from_file"): FILE,
    ("codecs", "decode"): LOAD,
    ("linecache", "getline"): FILE,
    ("types", "CodeType"): COMPILE,
    ("types", "FunctionType"): COMPILE,
    ("collections", "namedtuple"): EVALUATE,
    ("logging.config", "listen"): NETWORK,
    ("logging.config", "dictConfig"): RESOLVE,
    ("importlib", "import_module"): IMPORT,
    ("importlib", "__import__"): IMPORT,
    ("importlib", "reload"): IMPORT,
    ("imp", "load_module"): IMPORT,
    ("imp", "load_source"): IMPORT,
    ("imp", "load_dynamic"): EXTENSION,
    ("distutils.file_util", "write_file"): FILE,
    ("lib2to3.pgen2.grammar", "Grammar.loads"): LOAD,
    ("dill._dill", "_load_type"): RESOLVE,
    ("dill._dill", "loads"): LOAD,
    ("cloudpickle", "loads"): LOAD,
    ("cloudpickle", "load"): LOAD,
    ("joblib", "load"): LOAD,
    ("pandas", "read_csv"): "reads files and addresses on the network",
    ("pandas", "read_json"): "reads files and addresses on the network",
    ("pandas", "eval"): EVALUATE,
    ("transformers", "pipeline"): REMOTE,
    ("transformers.dynamic_module_utils", "get_class_from_dynamic_module"): REMOTE,
    ("torch.nn.modules.module", "_global_forward_hooks"): STATE,
    ("string", "Formatter"): RESOLVE,
    ("_codecs", "decode"): LOAD,
    ("enum", "Enum"): COMPILE,
    ("dataclasses", "make_dataclass"): EVALUATE,
}

_INERT_BY_NAME = frozenset(
    {
        ("copyreg", "_reconstructor"), ("copyreg", "__newobj__"), ("uuid", "UUID"),
        ("types", "SimpleNamespace"), ("torch._C", "Generator"),
        ("torch.distributed.tensor", "DTensor"), ("torch.distributed._tensor", "DTensor"),
        ("torch.distributed._tensor.api", "DTensor"), ("torch.distributed.tensor._api", "DTensor"),
        ("torch.serialization", "_get_layout"), ("torch._C._nn", "gelu"), ("torch._C._nn", "silu"),
    }
)  # fmt: skip
"""Names that contracts list, in modules that are gadgets otherwise: another use of them is no attack yet."""
_WORDS: dict[str, str] = {module: words for words, modules in _MODULES.items() for module in modules}


def gadget(module: str, name: str) -> str | None:
    """What a known gadget does, or None where no published attack that we know of used it.

    A submodule inherits from its parents (`asyncio.unix_events` from `asyncio`), and so does a dotted
    name (`collections` + `abc.sys.modules` reaches `sys`).
    """
    words = _PAIRS.get((module, name))
    if words is not None:
        return words
    dotted = RESOLVE if "." in name else None
    if (module, name) in _INERT_BY_NAME:
        return None
    if module in ("builtins", "__builtin__", "__builtins__"):
        return dotted or _BUILTINS.get(name)
    for _ in range(8):
        words = _WORDS.get(module)
        if words is not None:
            return words
        module, dot, _rest = module.rpartition(".")
        if not dot:
            break
    return dotted
