"""Archives that are programs, or bring one along: packages, servable archives, and what Python runs as it is.

Their members are looked into like any others. What is stated here is what the archive is for: a reader of
the report should learn that `python archive`, an installer or a server runs code of it.

- a zip with `__main__.py` at its root: https://docs.python.org/3/library/zipapp.html
- torch.package: https://pytorch.org/docs/stable/package.html
- TorchServe (`.mar`): https://github.com/pytorch/serve/blob/master/model-archiver/README.md
- wheels and eggs, which are named like the Python files that they hold:
  https://packaging.python.org/en/latest/specifications/binary-distribution-format/
- Java archives and Android packages, by their manifests; office documents with macros.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.json_strict import parse_json
from safeload.scanners._json_keys import behaviour_facts

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.formats.zip import ZipMember
    from safeload.scanners._zip_account import Account

_PROGRAMS = (
    (re.compile(r"__main__(/__main__)?\.pyc?\Z"), "a Python program in a zip", "python runs its __main__.py"),
    (re.compile(r"[^/]+/\.data/(extern_modules|python_version)\Z"), "torch.package",
     "torch.package imports the Python code in it"),
    (re.compile(r"androidmanifest\.xml\Z"), "an Android package", "it holds an application"),
    (re.compile(r"([^/]+/)*[^/]+\.class\Z"), "a Java archive", "java runs the classes in it"),
    (re.compile(r"(word|xl|ppt)/vbaproject\.bin\Z"), "an office document with macros",
     "an office program runs them"),
    (re.compile(r"basic/([^/]+/)*script-l[bc]\.xml\Z"), "an office document with macros",
     "an office program runs them"),
)  # fmt: skip
"""What a member's lower-case name says about the archive."""
_PACKAGES = (
    (re.compile(r"[^/]+\.dist-info/(wheel|record|metadata)\Z"), "a wheel of Python code"),
    (re.compile(r"egg-info/pkg-info\Z"), "an egg of Python code"),
)
"""Source code that nobody runs until somebody installs it: like the same files beside the model."""
_SERVABLE = "mar-inf/manifest.json"
_COREML = re.compile(r"([^/]+/)?data/com\.apple\.coreml/", re.IGNORECASE)
_NEMO = re.compile(r"(\./)?(model_config\.yaml|model_weights\.ckpt)\Z")
_HANDLERS = frozenset(
    {"image_classifier", "image_segmenter", "object_detector", "text_classifier", "base_handler"}
)
"""Handlers that TorchServe itself brings."""


def account_programs(account: Account) -> None:
    """State what kinds of program the archive is."""
    stated: set[str] = set()
    layouts: set[str] = set()
    for name, member in list(account.found.items()):
        lower = name.lower()
        for pattern, kind, detail in _PROGRAMS:
            if kind not in stated and pattern.match(lower):
                stated.add(kind)
                account.state("format.executable", {"format": kind, "detail": f"{detail} ({name})"})
        for pattern, kind in _PACKAGES:
            if kind not in stated and pattern.match(lower):
                stated.add(kind)
                account.state("code.script", {"language": kind})
        if lower == _SERVABLE and not account.claimed(name):
            layouts.add("TorchServe archive")
            _servable(account, member)
        elif _COREML.match(name):
            layouts.add("CoreML package")
        elif _NEMO.match(lower):
            layouts.add("NeMo archive")
    for layout in sorted(layouts):
        account.state("format.not-loadable", {"format": layout})
    if layouts & {"TorchServe archive", "NeMo archive"}:
        for member in list(account.found.values()):
            if not account.claimed(member.name) and member.name.lower().endswith(_CHECKPOINTS):
                account.checkpoint(member)


_CHECKPOINTS = (".ckpt", ".pt", ".pth", ".bin")
"""How these layouts name the checkpoints inside them."""


def _servable(account: Account, member: ZipMember) -> None:
    """What TorchServe's manifest has it import or install: handler, definition of the model, requirements."""
    try:
        data = account.read(member, account.limits.json_bytes)
        value = parse_json(data, account.limits, finite=False)
    except FormatError as error:
        account.fail(member, "json", error)
        return
    account.facts += behaviour_facts(value, account.place(member))
    account.claim(member, "json")
    model = value.get("model") if isinstance(value, dict) else None
    for key in ("handler", "modelFile", "requirementsFile"):
        named: Json = model.get(key) if isinstance(model, dict) else None
        if named is None or (isinstance(named, str) and named in _HANDLERS):
            continue
        verb = "installs" if key == "requirementsFile" else "imports"
        detail = f"TorchServe {verb} the {key} that its manifest names: {str(named)[:200]}"
        account.state("format.executable", {"format": "a TorchServe archive", "detail": detail})
