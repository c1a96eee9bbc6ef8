"""Evidence `hub-scan`: what a Hub says of its own scans of the commit.

https://huggingface.co/docs/hub/security-malware

`scansDone` is what counts: a commit that was not scanned yet has an empty list of issues too. Whatever is
not said in the form that is known is UNAVAILABLE, which is never clean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Evidence, Status
from safeload.provenance import HUB_SCAN

if TYPE_CHECKING:
    from safeload.provenance import HubScan

_MOST_NAMED = 5


def collect(scan: HubScan) -> Evidence:
    """The Hub's word about its scans, and whether there is one."""
    status, code, detail = _read(scan)
    return Evidence(kind=HUB_SCAN, status=status, subject=scan.subject, detail=detail, code=code)


def _read(scan: HubScan) -> tuple[Status, str, str]:
    if not scan.asked:
        return (
            Status.UNAVAILABLE,
            "not-asked",
            "the Hub was not asked: there is no network, or none is wanted",
        )
    if scan.stated is None:
        return Status.UNAVAILABLE, "none", "the Hub says nothing of scans"
    done, issues = scan.stated.get("scansDone"), scan.stated.get("filesWithIssues")
    if not isinstance(issues, list):
        return Status.UNAVAILABLE, "unclear", "the Hub does not say in a known form what its scans found"
    if issues:
        named = [_named(item) for item in issues[:_MOST_NAMED]]
        more = f" and {len(issues) - _MOST_NAMED} more" if len(issues) > _MOST_NAMED else ""
        return Status.INVALID, "flagged", f"the Hub's scans name {', '.join(named)}{more}"
    if done is not True:
        return (
            Status.UNAVAILABLE,
            "pending",
            "the Hub's scans are not done, so that it names no file means nothing",
        )
    return Status.VERIFIED, "", "the Hub's scans are done and name no file"


def _named(item: object) -> str:
    """One file of the list, in words."""
    if not isinstance(item, dict) or not isinstance(item.get("path"), str):
        return "a file that it does not name"
    level = item.get("level")
    return f"{item['path'][:200]} ({level[:40]})" if isinstance(level, str) else str(item["path"][:200])
