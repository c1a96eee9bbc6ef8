"""`safeload doctor`: what this installation has, what holds on this system, and which policy would decide."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD, NOTE, BAD = "ok", "note", "bad"

PROGRAMS = {
    "gpg": "signatures of commits cannot be verified without it",
    "git": "only tests and `git clone` need it: safeload reads git's files by itself",
    "tesseract": "words in pictures cannot be read without it",
}
WEAKENING = {
    "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "torch.load of other programs runs pickles with it",
    "TRUST_REMOTE_CODE": "transformers unpickles the indexes of RAG with it",
}


class Check(NamedTuple):
    """One line of the report."""

    state: str
    """GOOD; NOTE: less than there could be; BAD: safeload cannot do its work."""
    what: str
    detail: str


@click.command(short_help="Say what is installed and what holds on this machine.")
def command() -> int:
    """Say what is installed, what holds on this system and what would decide.

    Exit code 0: safeload can work here, though notes may stand. 2: it cannot.
    """
    from safeload.cli import ALLOWED, FAILED
    from safeload.cli._output import write
    from safeload.core import visible

    checks = list(examine())
    width = max(len(check.what) for check in checks)
    lines = [f"{check.state:<4}  {check.what:<{width}}  {visible(check.detail)}" for check in checks]
    counts = [sum(check.state == state for check in checks) for state in (GOOD, NOTE, BAD)]
    lines += ["", f"{counts[0]} ok, {counts[1]} notes, {counts[2]} bad"]
    write("\n".join(lines) + "\n", None)
    return FAILED if counts[2] else ALLOWED


def examine() -> Iterator[Check]:
    """Every check, in order."""
    import platform
    import sys

    from safeload import __version__

    yield Check(GOOD, "safeload", f"{__version__} in {os.path.dirname(os.path.dirname(__file__))}")  # noqa: PTH120
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Check(GOOD, "python", f"{platform.python_version()} at {sys.executable}, {system}")
    yield from _packages()
    yield _isolation()
    yield from _programs()
    yield from _environment()
    yield from _policy()
    yield from _caches()


def _packages() -> Iterator[Check]:
    """The base, and which extras are there: by the requirements that our own metadata lists."""
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        listed = requires("safeload") or []
    except PackageNotFoundError:
        yield Check(NOTE, "packages", "safeload runs from a source checkout: its requirements are not known")
        return
    groups: dict[str, list[str]] = {}
    for item in listed:
        name, _, marker = item.partition(";")
        extra = marker.rpartition("extra == ")[2].strip(" '\")") if "extra ==" in marker else ""
        groups.setdefault(extra, []).append(_name(name))
    for extra, names in groups.items():
        if extra in {"dev", "bench", "all"}:
            continue
        found, missing = [], []
        for name in names:
            if name == "safeload":
                continue
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                missing.append(name)
        what = f"extra {extra}" if extra else "base packages"
        if not missing:
            yield Check(GOOD, what, ", ".join(found))
        else:
            hint = f"missing {', '.join(missing)}"
            if extra:
                hint += f": pip install 'safeload[{extra}]'"
            yield Check(NOTE if extra else BAD, what, hint)


def _name(requirement: str) -> str:
    """The name in front of a requirement."""
    end = next(
        (at for at, char in enumerate(requirement) if not (char.isalnum() or char in "-_.")), len(requirement)
    )
    return requirement[:end]


def _isolation() -> Check:
    """What a child process gives up here: it is started, and says so."""
    from safeload.isolation.runner import ChildFailure, ask, layers
    from safeload.limits import DEFAULT_LIMITS
    from safeload.reports.text import ROOM

    answer = ask("python", b"x = 1\n", {}, limits=DEFAULT_LIMITS)
    if isinstance(answer, ChildFailure):
        return Check(BAD, "isolation", f"no child process can be started: {answer.detail}")
    held = layers(answer[0])
    missing = [layer for layer in ROOM if not any(name.startswith(layer) for name in held)]
    detail = f"children are held by {', '.join(held) or 'nothing'}"
    if missing:
        return Check(NOTE, "isolation", f"{detail}; this system does not offer {' and '.join(missing)}")
    return Check(GOOD, "isolation", detail)


def _programs() -> Iterator[Check]:
    import shutil

    for name, without in PROGRAMS.items():
        path = shutil.which(name)
        yield Check(GOOD, name, path) if path else Check(NOTE, name, f"not found: {without}")


def _environment() -> Iterator[Check]:
    """Variables that switch off what other libraries guard."""
    for name, what in WEAKENING.items():
        if os.environ.get(name):
            yield Check(NOTE, name, f"is set: {what}")


def _policy() -> Iterator[Check]:
    """Which policy an audit would go by from here, and why that one."""
    from safeload.errors import UsageError
    from safeload.pipeline import resolve_policy
    from safeload.sources.policy_files import ENVIRONMENT, ORGANISATION
    from safeload.sources.tool_settings import read_settings

    try:
        read_settings()
    except UsageError as error:
        yield Check(BAD, "settings", str(error))
    try:
        policy = resolve_policy()
    except UsageError as error:
        for line in str(error).splitlines():
            yield Check(BAD, "policy", line)
    else:
        yield Check(GOOD, "policy", f"{policy.name} ({policy.source}, {policy.digest})")
        if policy.trust_store_path is not None:
            there = os.path.isdir(policy.trust_store_path)  # noqa: PTH112 - a path of the policy, as it stands
            state, what = (GOOD, "") if there else (BAD, " does not exist")
            yield Check(state, "trust store", f"{policy.trust_store_path}{what}")
    if os.environ.get(ENVIRONMENT):
        yield Check(GOOD, ENVIRONMENT, os.environ[ENVIRONMENT])
    there = os.path.exists(ORGANISATION)  # noqa: PTH110
    found = "applies beside every other policy" if there else "none"
    yield Check(GOOD, "organisation", f"{ORGANISATION}: {found}")


def _caches() -> Iterator[Check]:
    """Where files of a Hub lie, and where accepted commits are remembered."""
    from safeload.provenance.freshness import default_memory

    try:
        from huggingface_hub import constants
    except ImportError:
        yield Check(BAD, "Hub cache", "huggingface_hub is not installed")
    else:
        yield _folder("Hub cache", str(constants.HF_HUB_CACHE))
        if constants.HF_HUB_OFFLINE:
            yield Check(NOTE, "Hub", "offline: HF_HUB_OFFLINE is set")
    yield _folder("memory", os.path.dirname(default_memory()))  # noqa: PTH120 - one call for a string


def _folder(what: str, path: str) -> Check:
    """Whether a folder can be written, or made."""
    place = path
    while not os.path.exists(place) and place != os.path.dirname(place):  # noqa: PTH110, PTH120
        place = os.path.dirname(place)  # noqa: PTH120
    writable = os.access(place, os.W_OK | os.X_OK)
    there = "" if place == path else " (not there yet)"
    return Check(GOOD if writable else NOTE, what, f"{path}{there}{'' if writable else ' cannot be written'}")
