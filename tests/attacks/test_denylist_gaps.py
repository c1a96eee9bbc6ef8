"""Imports that published scanners missed because they list what is bad (scanned here: what is known good).

Each row: identifier, what the payload imports, and the argument that published samples give it. The
streams are assembled and never unpickled.
"""

from __future__ import annotations

import pytest

from safeload.formats.packs import PACKS
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus
from safeload.limits import DEFAULT_LIMITS
from tests.forge.pickle_assembler import assemble, call

PICKLESCAN = "https://github.com/mmaitre314/picklescan/security/advisories/"
FICKLING = "https://github.com/trailofbits/fickling/security/advisories/"

ROWS = [
    ("CVE-2025-1716", "pip", "main"),
    ("GHSA-655q-fx9r-782v", "pip._internal.cli.main", "main"),
    ("GHSA-3gf5-cxq9-w223", "idlelib.pyshell", "ModifiedInterpreter.runcode"),
    ("GHSA-j343-8v2j-ff7w", "idlelib.pyshell", "ModifiedInterpreter.runcommand"),
    ("GHSA-m869-42cg-3xwr", "idlelib.run", "Executive.runcode"),
    ("GHSA-9xph-j2h6-g47v", "idlelib.calltip", "get_entity"),
    ("GHSA-8r4j-24qv-fmq9", "idlelib.autocomplete", "AutoComplete.get_entity"),
    ("GHSA-6w4w-5w54-rjvr", "idlelib.autocomplete", "AutoComplete.fetch_completions"),
    ("GHSA-7cq8-mj8x-j263", "idlelib.debugobj", "ObjectTreeItem.SetText"),
    ("GHSA-3vg9-h568-4w9m", "idlelib.calltip", "Calltip.fetch_tip"),
    ("GHSA-49gj-c84q-6qm9", "cProfile", "run"),
    ("GHSA-9w88-8rmg-7g2p", "cProfile", "runctx"),
    ("GHSA-6vqj-c2q5-j97w", "profile", "Profile.run"),
    ("GHSA-x696-vm39-cp64", "profile", "Profile.runctx"),
    ("GHSA-7wx9-6375-f5wh", "profile", "run"),
    ("GHSA-5qwp-399c-mjwf", "trace", "Trace.run"),
    ("GHSA-g344-hcph-8vgg", "trace", "Trace.runctx"),
    ("GHSA-cj3c-v495-4xqh", "code", "InteractiveInterpreter.runcode"),
    ("GHSA-fqq6-7vqf-w3fg", "doctest", "debug_script"),
    ("GHSA-v7x6-rv5q-mhwc", "timeit", "timeit"),
    ("GHSA-xp4f-hrf8-rxw7", "ensurepip", "_run_pip"),
    ("GHSA-vqmv-47xg-9wpr", "pty", "spawn"),
    ("GHSA-m273-6v24-x4m4", "distutils.file_util", "write_file"),
    ("GHSA-f54q-57x4-jg88", "lib2to3.pgen2.grammar", "Grammar.loads"),
    ("GHSA-p9w7-82w4-7q8m", "lib2to3.pgen2.pgen", "ParserGenerator.make_label"),
    ("GHSA-4r9r-ch6f-vxmx", "torch.utils.bottleneck.__main__", "run_cprofile"),
    ("GHSA-4whj-rm5r-c2v8", "torch.utils.bottleneck.__main__", "run_autograd_prof"),
    ("GHSA-86cj-95qr-2p4f", "torch._dynamo.guards", "GuardBuilder.get"),
    ("GHSA-f4x7-rfwp-v3xw", "torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression"),
    ("GHSA-f745-w6jp-hpxx", "torch.utils.collect_env", "run"),
    ("GHSA-jhph-76pp-mggw", "torch.utils.data.datapipes.utils.decoder", "basichandlers"),
    ("GHSA-h3qp-7fh3-f8h4", "torch.jit.unsupported_tensor_ops", "execWrapper"),
    ("GHSA-vr7h-p6mm-wpmh", "torch.utils._config_module", "ConfigModule.load_config"),
    ("GHSA-vv6j-3g6g-2pvj", "torch.utils._config_module", "ConfigModule.load_config"),
    ("GHSA-r8g5-cgf2-4m4m", "numpy.f2py.crackfortran", "getlincoef"),
    ("GHSA-r8g5-cgf2-4m4m", "numpy.testing._private.utils", "runstring"),
    ("CVE-2025-10157", "asyncio.unix_events", "_UnixSubprocessTransport._start"),
    ("GHSA-f7qq-56ww-84cr", "asyncio.unix_events", "_UnixSubprocessTransport._start"),
    ("GHSA-q77w-mwjj-7mqx", "asyncio", "create_subprocess_shell"),
    ("GHSA-vvpj-8cmc-gx39", "pkgutil", "resolve_name"),
    ("GHSA-vvpj-8cmc-gx39", "importlib", "import_module"),
    ("GHSA-vvpj-8cmc-gx39", "pydoc", "locate"),
    ("GHSA-vvpj-8cmc-gx39", "operator", "attrgetter"),
    ("GHSA-vvpj-8cmc-gx39", "inspect", "getattr_static"),
    ("CVE-2026-56315", "uuid", "_get_command_stdout"),
    ("GHSA-g38g-8gr9-h9xp", "imaplib", "IMAP4_stream"),
    ("GHSA-g38g-8gr9-h9xp", "_pyrepl.pager", "pipe_pager"),
    ("GHSA-g38g-8gr9-h9xp", "_osx_support", "_read_output"),
    ("GHSA-g38g-8gr9-h9xp", "_aix_support", "_read_cmd_output"),
    ("GHSA-g38g-8gr9-h9xp", "test.support.script_helper", "assert_python_ok"),
    ("CVE-2026-22608", "ctypes", "CDLL"),
    ("GHSA-5hvc-6wx8-mvv4", "pydoc", "pipepager"),
    ("GHSA-q5qq-mvfm-j35x", "marshal", "loads"),
    ("GHSA-565g-hwwr-4pp3", "types", "FunctionType"),
    ("GHSA-r7v6-mfhq-g3m2", "pty", "spawn"),
    ("GHSA-p523-jq9w-64x9", "runpy", "run_path"),
    ("GHSA-6ggj-6f2q-f7mx", "cProfile", "run"),
    ("modelscan-338", "multiprocessing.util", "spawnv_passfds"),
    ("modelscan-338", "mlflow.projects.backend.local", "_run_entry_point"),
    ("saferpickle-18", "pandas", "read_csv"),
    ("hub-2026", "_posixsubprocess", "fork_exec"),
    ("hub-2026", "_winapi", "CreateProcess"),
    ("hub-2026", "_ctypes", "dlopen"),
    ("hub-2026", "pathlib", "Path.write_text"),
    ("hub-2026", "importlib.machinery", "SourceFileLoader.load_module"),
    ("hub-2026", "dill._dill", "loads"),
    ("torch", "torch.storage", "_load_from_bytes"),
    ("torch", "torch.hub", "load"),
    ("builtins", "builtins", "eval"),
    ("builtins", "builtins", "__import__"),
    ("builtins", "functools", "partial"),
]


@pytest.mark.parametrize(("identifier", "module", "name"), ROWS)
def test_named_and_refused(identifier: str, module: str, name: str) -> None:
    """Refused with every pack switched on, called or only imported, and the reason names the import."""
    packs = frozenset(PACKS)
    as_stack_global = assemble(
        "PROTO",
        4,
        "SHORT_BINUNICODE",
        module,
        "SHORT_BINUNICODE",
        name,
        "STACK_GLOBAL",
        "POP",
        "NONE",
        "STOP",
    )
    for stream in (call(module, name, "echo harmless"), as_stack_global):
        trace = run_pickle(stream, DEFAULT_LIMITS, packs=packs, persistent="torch")
        assert trace.status is StreamStatus.DANGEROUS, identifier
        (use,) = trace.globals
        assert (use.module, use.name, use.listed) == (module, name, False)
        assert use.gadget


@pytest.mark.parametrize(
    "module", ["torch.made_up", "numpy.made_up", "transformers.made_up", "__main__", "collections"]
)
def test_no_prefix_is_trusted(module: str) -> None:
    """A name that nobody has published is refused as well (arXiv 2508.19774: lists of gadgets never end)."""
    trace = run_pickle(call(module, "helper", "x"), DEFAULT_LIMITS, packs=frozenset(PACKS))
    assert trace.status in (StreamStatus.UNLISTED, StreamStatus.DANGEROUS)
    assert trace.globals[0].module == module


@pytest.mark.parametrize(
    ("written", "loaded"),
    [
        (("cPickle", "loads"), ("pickle", "loads")),
        (("urllib2", "urlopen"), ("urllib.request", "urlopen")),
        (("__builtin__", "reduce"), ("functools", "reduce")),
        (("commands", "getoutput"), ("subprocess", "getoutput")),
        (("__builtin__", "eval"), ("builtins", "eval")),
    ],
)
def test_python2_aliases(written: tuple[str, str], loaded: tuple[str, str]) -> None:
    """The unpickler translates old names below protocol 3, so the trace does."""
    trace = run_pickle(call(*written, "x"), DEFAULT_LIMITS)
    assert trace.status is StreamStatus.DANGEROUS
    assert (trace.globals[0].module, trace.globals[0].name) == loaded
    assert trace.globals[0].written == ".".join(written)


def test_shadowed_modules_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """ShadowPickle (arXiv 2607.17503): a listed name is a word here, nothing is looked up."""
    import collections

    monkeypatch.setattr(collections, "OrderedDict", lambda *_: pytest.fail("called"))
    stream = assemble("GLOBAL", ("collections", "OrderedDict"), "EMPTY_TUPLE", "REDUCE", "STOP")
    assert run_pickle(stream, DEFAULT_LIMITS).inert


LINEAR = ("GLOBAL", ("torch.nn.modules.linear", "Linear"), "EMPTY_TUPLE", "NEWOBJ")
FIELD = ("EMPTY_DICT", "BINUNICODE", "forward")
PLACES = {
    "reconstructed": (("GLOBAL", ("copyreg", "_reconstructor")),
                      ("GLOBAL", ("builtins", "object"), "NONE", "TUPLE3", "REDUCE")),
    "reconstructed-base": (("GLOBAL", ("copyreg", "_reconstructor"), "GLOBAL", ("argparse", "Namespace")),
                           ("NONE", "TUPLE3", "REDUCE")),
    "new-object": (("GLOBAL", ("copyreg", "__newobj__")), ("TUPLE1", "REDUCE")),
    "member": (("GLOBAL", ("builtins", "getattr")), ("BINUNICODE", "NAME", "TUPLE2", "REDUCE")),
    "field": ((*LINEAR, *FIELD), ("SETITEM", "BUILD")),
    "hook": ((*LINEAR, "EMPTY_DICT", "BINUNICODE", "_forward_hooks"), ("SETITEM", "BUILD")),
    "factory": (("GLOBAL", ("collections", "defaultdict")), ("TUPLE1", "REDUCE")),
    "key": (("EMPTY_DICT",), ("NONE", "SETITEM")),
    "tensor-type": (("GLOBAL", ("torch._tensor", "_rebuild_from_type_v2"), "GLOBAL",
                     ("torch._utils", "_rebuild_tensor_v2")), ("EMPTY_TUPLE", "NONE", "TUPLE2", "TUPLE3",
                     "REDUCE")),
    "generator": (("GLOBAL", ("numpy.random._pickle", "__bit_generator_ctor")), ("TUPLE1", "REDUCE")),
    "maker": (("GLOBAL", ("numpy.random._pickle", "__generator_ctor"), "BINUNICODE", "PCG64"), ("TUPLE2",
    "REDUCE")),
    "module": (("MARK", "BINUNICODE", "module"), ("NONE", "NONE", "TUPLE", "BINPERSID", "EMPTY_TUPLE",
    "NEWOBJ")),
    "built": ((), ("EMPTY_DICT", "BUILD")),
    "object": (("MARK",), ("OBJ",)),
}  # fmt: skip
"""Where a listed call or a record takes a global: what stands in front of it and behind it."""


@pytest.mark.parametrize("place", PLACES)
def test_no_place_in_a_pack_lets_one_in(place: str) -> None:
    """Every row again, in the hands of what packs list: a class, a maker, a field, a hook, a key."""
    before, after = PLACES[place]
    for identifier, module, name in ROWS:
        stream = assemble(
            "PROTO",
            4,
            *before,
            "SHORT_BINUNICODE",
            module,
            "SHORT_BINUNICODE",
            name,
            "STACK_GLOBAL",
            *after,
            "STOP",
        )
        for persistent in ("torch", "torch-legacy", "none"):
            trace = run_pickle(stream, DEFAULT_LIMITS, packs=frozenset(PACKS), persistent=persistent)
            assert trace.status is StreamStatus.DANGEROUS, (identifier, place)
            assert (module, name) in {(use.module, use.name) for use in trace.globals if not use.listed}
