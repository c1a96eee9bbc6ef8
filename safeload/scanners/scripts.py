"""Other programs in plain text: shell scripts, build files, lines that Python runs at start, launchers.

Told by their name or by their first line. Nothing here runs them, and most honest ones do what they say:
that they are there is stated, and in what language.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.scanners._misplaced import misplaced
from safeload.scanners._text import read_text

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import ScanResult, Subject

FORMATS = ("text", "text-8bit")

_BY_EXTENSION = {
    "sh": "a shell script", "bash": "a shell script", "zsh": "a shell script", "fish": "a shell script",
    "ksh": "a shell script", "csh": "a shell script", "command": "a shell script", "bat": "a batch file",
    "cmd": "a batch file", "ps1": "a PowerShell script", "psm1": "a PowerShell script",
    "vbs": "a Windows script", "vbe": "a Windows script", "wsf": "a Windows script",
    "hta": "a Windows script", "jse": "a Windows script", "reg": "registry entries",
    "js": "a JavaScript file", "mjs": "a JavaScript file", "cjs": "a JavaScript file",
    "ts": "a TypeScript file", "rb": "a Ruby script", "pl": "a Perl script", "php": "a PHP script",
    "lua": "a Lua script", "r": "an R script", "jl": "a Julia script", "tcl": "a Tcl script",
    "awk": "an awk script", "groovy": "a Groovy script", "scpt": "an AppleScript",
    "applescript": "an AppleScript", "desktop": "a desktop launcher", "service": "a system service",
    "mk": "a makefile", "ninja": "a build file", "cmake": "a build file", "gradle": "a build file",
    "pth": "a path file", "slurm": "a shell script", "sbatch": "a shell script", "pyx": "a Cython source",
    "c": "a C source", "cc": "a C++ source", "cpp": "a C++ source", "cxx": "a C++ source",
    "cu": "a CUDA source", "cuh": "a CUDA source", "rs": "a Rust source", "go": "a Go source",
    "java": "a Java source", "metal": "a Metal source",
}  # fmt: skip
_BY_NAME = {
    "dockerfile": "a container recipe", "containerfile": "a container recipe", "makefile": "a makefile",
    "gnumakefile": "a makefile", "cmakelists.txt": "a build file", "jenkinsfile": "a build file",
    "vagrantfile": "a build file", "rakefile": "a build file", "justfile": "a build file",
    "procfile": "a list of commands", ".envrc": "a shell script", ".bashrc": "a shell script",
    ".bash_profile": "a shell script", ".profile": "a shell script", ".zshrc": "a shell script",
    ".vimrc": "an editor's start file", ".exrc": "an editor's start file",
    ".gdbinit": "a debugger's start file", ".lldbinit": "a debugger's start file",
    "autorun.inf": "a launcher",
}  # fmt: skip
NAMES = re.compile(
    rf".+\.({'|'.join(_BY_EXTENSION)})\Z|(.*[.])?dockerfile([.].*)?\Z"
    rf"|({'|'.join(map(re.escape, _BY_NAME))})\Z",
    re.IGNORECASE,
)
_RUN_AT_START = re.compile(rb"^import[ \t]", re.MULTILINE)


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """State the language.

    Raises:
        FormatError: it is no text.
    """
    result = read_text(subject)
    language = _language(subject)
    if result.coverage is not Coverage.SCANNED:
        return result
    reason = misplaced(subject) or ""
    fact = Fact(kind="code.script", location=subject.location, data={"language": language})
    coverage = Coverage.MALFORMED if reason else result.coverage
    return type(result)(coverage=coverage, reason=reason, facts=() if language is None else (fact,))


def _language(subject: Subject) -> str | None:
    name = subject.base_name.lower()
    if name.endswith(".pth"):
        # Python runs such lines of a path file in its packages' folder at every start
        lines = subject.view.read(0, min(subject.view.size, 1 << 20))
        return "a path file whose lines Python runs" if _RUN_AT_START.search(lines) else None
    if "dockerfile" in name:
        return "a container recipe"
    return _BY_NAME.get(name) or _BY_EXTENSION.get(name.rpartition(".")[2])
