"""Checkpoints of torch before 0.1.10: a tar archive of `sys_info`, `pickle`, `tensors` and `storages`.

`torch.load` unpickles three of them piece by piece, with raw numbers in between, and up to 2.5 did so
with the plain unpickler where `weights_only` had been asked for (CVE-2025-32434). Nobody writes the
format any more, so it is refused whatever the pickles hold; they are run all the same, so that the
report names what they would do.

Layout: `legacy_load` in https://github.com/pytorch/pytorch/blob/v2.6.0/torch/serialization.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.pickle_machine import run_pickle
from safeload.record import replace
from safeload.scanners import Stream
from safeload.scanners._pickle_facts import stream_facts

if TYPE_CHECKING:
    from safeload.formats.tar import Tar
    from safeload.limits import Limits
    from safeload.scanners import ScanResult
    from safeload.scanners._archive_account import Account

_MEMBERS = frozenset({"pickle", "tensors", "storages"})
_PIECEWISE = frozenset({"tensors", "storages"})
"""Members with raw numbers between their pickles, where no structure of ours leads."""
_START = re.compile(rb"\x80[\x02-\x05]")
_PROBES = 256
_DETAIL = "the tar format of torch before 0.1.10, whose pickles run as they are read"


def is_torch_tar(archive: Tar) -> bool:
    """Whether torch would take the archive for a checkpoint."""
    return len(_MEMBERS & {member.name.lower() for member in archive.members}) > 1


def account_torch_tar(account: Account, archive: Tar, limits: Limits) -> ScanResult:
    """State what the archive is, and what the pickles within its members would do."""
    data = {"format": "torch-tar", "detail": _DETAIL}
    account.facts.append(Fact(kind="format.executable", location=account.subject.location, data=data))
    streams: list[Stream] = []
    opcodes, probes = 0, 0
    for member in archive.members:
        if member.kind != "file" or member.name.lower() not in _PIECEWISE:
            continue
        if member.size > limits.pickle_bytes:
            continue  # the pickle scanner says so
        place = account.subject.location.within(member.name)
        content = account.subject.view.read(member.offset, member.size)
        at = 0
        while probes < _PROBES and opcodes < limits.pickle_opcodes:
            found = _START.search(content, at)
            if found is None:
                break
            trace = run_pickle(content, limits, packs=account.subject.packs, start=found.start())
            probes += 1
            opcodes += trace.opcodes
            at = max(trace.end, found.end()) if trace.error is None else found.end()
            if found.start() and (trace.globals or trace.rejected_calls):
                account.facts += stream_facts(trace, place, limits)
                streams.append(
                    Stream(
                        location=place.at(offset=found.start()),
                        data=content[found.start() : trace.end],
                        trace=trace,
                    )
                )
    result = replace(account.result(), streams=tuple(streams))
    if result.coverage is Coverage.SCANNED:
        result = replace(result, coverage=Coverage.UNRECOGNISED, reason="a torch tar checkpoint")
    return result
