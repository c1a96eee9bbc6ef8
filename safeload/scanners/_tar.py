"""What the tar scanner does.

An archive that readers understand differently is refused, and what any of them might find in it is
scanned all the same, so that the report names the danger and not only the trick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.tar import read_tar
from safeload.formats.tar_errors import BytesBehindEnd
from safeload.formats.tar_salvage import find_files
from safeload.formats.view import SubView
from safeload.scanners._archive_account import Account
from safeload.scanners._torch_tar import account_torch_tar, is_torch_tar
from safeload.scanners._unpacked import nested

if TYPE_CHECKING:
    from safeload.formats.tar import Tar, TarMember
    from safeload.limits import Limits
    from safeload.scanners import ScanResult, Subject


def scan_tar(subject: Subject, limits: Limits) -> ScanResult:
    """The facts of one archive, its members, and what the pipeline should look into.

    Raises:
        FormatError: the view cannot be read.
    """
    archive = read_tar(subject.view, limits)
    account = Account(subject, nested(subject))
    for problem in archive.problems:
        account.fail(problem)
    links = {member.name: member.target for member in archive.members if member.kind == "symlink"}
    files: set[str] = set()
    for member in archive.members:
        if member.kind == "file":
            account.file(member.name, SubView(subject.view, member.offset, member.size))
            files.add(member.name)
        elif member.kind == "symlink":
            account.symlink(member.name, member.target, links)
        elif member.kind == "hardlink":
            _hard_link(account, member, files)
        elif member.kind == "special":
            account.leads_out(member.name, "a device or named pipe", problem="special")
    if archive.problems:
        _salvage(account, archive)
    if is_torch_tar(archive):
        return account_torch_tar(account, archive, limits)
    return account.result()


def _hard_link(account: Account, member: TarMember, files: set[str]) -> None:
    """A second name for a file of the archive; any other target is a file of the machine it lands on."""
    target = "/".join(part for part in member.target.split("/") if part not in {"", "."})
    if target in files and not member.target.startswith("/"):
        account.link(member.name)
        files.add(member.name)
    else:
        account.leads_out(member.name, "a hard link to what is no earlier file of the archive", member.target)


def _salvage(account: Account, archive: Tar) -> None:
    """What another reader might find."""
    view = account.subject.view
    for member in find_files(view, archive.headers):
        account.file(member.name, SubView(view, member.offset, member.size))
    for problem in archive.problems:
        if isinstance(problem, BytesBehindEnd) and problem.offset is not None:
            rest = SubView(view, problem.offset, view.size - problem.offset)
            account.file("(behind the end)", rest)
