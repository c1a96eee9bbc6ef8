"""Files that git reads: `.gitmodules`, `.gitattributes`, and a configuration of git inside a snapshot.

A repository may hold another repository's store in a plain folder. git takes it for one as soon as it is
asked something there, an editor or a prompt is enough, and its `config` names programs to run
(https://github.com/justinsteven/advisories/blob/main/2022_git_buried_bare_repos_and_fsmonitor_various_abuses.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.view import read_all
from safeload.scanners import ScanResult
from safeload.scanners._elsewhere import problem
from safeload.scanners._json_keys import MOST_FACTS
from safeload.scanners._text import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Json, Location
    from safeload.formats.git_config import Setting
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("text", "text-8bit")
NAMES = re.compile(
    r"(config|config\.worktree|\.?gitconfig|\.gitmodules|\.gitattributes|attributes)\Z", re.IGNORECASE
)

_LONGEST = 1 << 20
"""Bytes of a file that is read for its settings: git's own have a few hundred."""
_PROGRAMS = frozenset(
    {
        ("core", "fsmonitor"), ("core", "hookspath"), ("core", "sshcommand"), ("core", "editor"),
        ("core", "pager"), ("core", "askpass"), ("core", "gitproxy"), ("core", "alternaterefscommand"),
        ("sequence", "editor"), ("credential", "helper"), ("gpg", "program"), ("diff", "external"),
        ("diff", "textconv"), ("diff", "command"), ("merge", "driver"), ("filter", "clean"),
        ("filter", "smudge"), ("filter", "process"), ("difftool", "cmd"), ("mergetool", "cmd"),
        ("browser", "cmd"), ("man", "cmd"), ("uploadpack", "packobjectshook"), ("remote", "uploadpack"),
        ("remote", "receivepack"), ("remote", "vcs"), ("interactive", "difffilter"), ("web", "browser"),
        ("trailer", "command"), ("trailer", "cmd"), ("sendemail", "smtpserver"), ("pager", "*"),
    }
)  # fmt: skip
"""Settings whose value is run."""
_LFS = frozenset({"git-lfs clean -- %f", "git-lfs smudge -- %f", "git-lfs filter-process"})
_PLAIN_WORDS = frozenset(
    {"true", "false", "yes", "no", "on", "off", "", "0", "1", "cat", "less", "vim", "vi", "nano"}
)


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """State programs that git would run, addresses of other repositories, and filters of files.

    Raises:
        FormatError: it is no text, or has too many settings.
    """
    from safeload.formats.git_config import attribute_filters, parse_git_config

    result = read_text(subject)
    if result.coverage is not Coverage.SCANNED or subject.view.size > _LONGEST:
        return result
    text = read_all(subject.view).decode("utf-8", "replace")
    name = subject.base_name.lower()
    if name in {".gitattributes", "attributes"}:
        names = attribute_filters(text) if name.startswith(".") else ()
        facts = [*_filters(names, subject.location)]
    else:
        facts = [*_settings(parse_git_config(text), subject.location)]
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts[:MOST_FACTS]))


def _filters(names: tuple[str, ...], location: Location) -> Iterator[Fact]:
    for name in names:
        if name != "lfs":
            data: dict[str, Json] = {"key": "filter", "value": name[:200]}
            yield Fact(kind="config.reference", location=location, data=data)


def _settings(settings: tuple[Setting, ...], location: Location) -> Iterator[Fact]:
    for setting in settings:
        kind = _kind(setting)
        if kind is not None:
            key = ".".join(filter(None, (setting.section, setting.name, setting.key)))[:200]
            yield Fact(
                kind=kind, location=location.at(key=key), data={"key": key, "value": setting.value[:200]}
            )


def _kind(setting: Setting) -> str | None:
    value = setting.value.strip('"')
    if setting.section == "submodule" and setting.key in {"url", "path", "update"}:
        runs = value.startswith(("!", "-", "ext::")) or "\n" in value
        if runs or setting.key == "update":
            return "config.callable" if runs else None
        if setting.key == "path":
            return "config.redirect" if problem(value) is not None else None
        return "config.reference"
    if setting.section == "alias":
        return "config.callable" if value.startswith("!") else None
    if setting.section in {"include", "includeif"} and setting.key == "path":
        return "config.redirect"
    named = {(setting.section, setting.key), (setting.section, "*")}
    if _PROGRAMS.isdisjoint(named) or value.lower() in _PLAIN_WORDS or value in _LFS:
        return None
    return "config.callable"
