"""What the zip scanner does: torch checkpoints by their grammar, any other archive member by member.

An archive that readers understand differently is refused, and what any of them might find in it is
scanned all the same, so that the report names the danger and not only the trick. The layouts that some
loader gives a meaning to (Keras, TorchScript, torch.export, skops, TorchServe, packages of programs) are
told by their members, never by the archive's name, and one archive may have several of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact
from safeload.errors import FormatError
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.torch_zip import is_torch_zip, is_torchscript
from safeload.formats.zip import ZipArchive, parse_zip
from safeload.formats.zip_salvage import find_members
from safeload.scanners._pt2 import account_pt2, is_pt2
from safeload.scanners._torch_zip import scan_torch_zip
from safeload.scanners._zip_account import Account, ambiguous, worse

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import ScanResult, Subject

_QUICK_REACH = 16 << 20


def scan_archive(subject: Subject, limits: Limits) -> ScanResult:
    """The facts of one archive, its members, and what the pipeline should look into.

    Raises:
        FormatError: the view cannot be read.
    """
    nested: tuple[Fact, ...] = ()
    if subject.depth and subject.format != "npz":  # a container's own grammar may hold archives of arrays
        nested = (Fact(kind="archive.nested", location=subject.location, data={"format": "zip"}),)
    try:
        archive = parse_zip(subject.view, limits)
    except FormatError as error:
        return _broken(subject, error, nested, limits)
    if is_torch_zip(archive) and not is_torchscript(archive) and not is_pt2(archive):
        result = scan_torch_zip(subject, archive, nested, limits)
        # Torch did not write it, so nothing says what its members are: each is told from its content.
        if isinstance(result, FormatError):
            return _members(subject, archive, nested, limits, error=result)
        return result
    return _members(subject, archive, nested, limits)


def _broken(subject: Subject, error: FormatError, facts: tuple[Fact, ...], limits: Limits) -> ScanResult:
    """An archive without a structure that can be relied upon."""
    reach = subject.view.size if subject.read_data else _QUICK_REACH
    account = Account(subject, find_members(subject.view, limits, reach=reach), limits)
    account.facts += facts
    if isinstance(error, AmbiguousArchive):
        account.facts.append(ambiguous(subject, error))
    account.look_into(check=False)
    return account.result(worse(error), str(error))


def _members(
    subject: Subject,
    archive: ZipArchive,
    facts: tuple[Fact, ...],
    limits: Limits,
    *,
    error: FormatError | None = None,
) -> ScanResult:
    """Every member by the layouts that it is part of, or as a child of its own.

    `error` says why the archive as a whole is refused.
    """
    # The tables of the other layouts are large, and an ordinary checkpoint is none of them.
    from safeload.scanners._keras_zip import account_keras
    from safeload.scanners._program_zip import account_programs
    from safeload.scanners._skops import account_skops
    from safeload.scanners._torchscript import account_torchscript

    account = Account(subject, archive.members, limits)
    account.facts += facts
    account_pt2(account, archive)
    if is_torchscript(archive):
        account_torchscript(account)
    account_keras(account)
    account_skops(account)
    account_programs(account)
    account.look_into()
    if error is None:
        return account.result()
    account.ambiguity(error)
    return account.result(worse(error), str(error))
