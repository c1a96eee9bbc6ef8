"""What the commands about policies share: resolving one by name, recorded reports, and edits of the text.

Edits keep every other line of a policy as it is: waivers are added at the end, and taken out by their lines.
Each result is read again before it is written.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import FormatError, UsageError
from safeload.formats.toml_lines import key_lines
from safeload.pipeline import rule_ids
from safeload.pipeline.replay import of_report, read_facts
from safeload.policy.combine import resolve
from safeload.sources.policy_files import PolicyText, parent_text, policy_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safeload.pipeline.replay import Recorded
    from safeload.policy.schema import Policy

_MOST_REPORT = 256 << 20


def alone(named: str) -> Policy:
    """The policy of one file or built-in, without the organisation's beside it.

    Raises:
        UsageError: it cannot be read, or has mistakes.
    """
    return resolved([text_of(named)])


def text_of(named: str) -> PolicyText:
    """The text of one file or built-in.

    Raises:
        UsageError: it cannot be read.
    """
    return policy_texts(named, organisation="")[0]


def resolved(texts: Sequence[PolicyText]) -> Policy:
    """Texts as one policy.

    Raises:
        PolicyInvalid: they have mistakes.
    """
    known, unwaivable = rule_ids()
    return resolve(
        texts, rule_ids=known, unwaivable=unwaivable, fetch=functools.partial(parent_text, audited=None)
    )


def reports(paths: Iterable[str]) -> list[Recorded]:
    """Every report in these files, and in the .json files of these folders.

    Raises:
        UsageError: one cannot be read, or there is none.
    """
    found: list[Recorded] = []
    for path in paths:
        place = Path(path)
        for file in sorted(place.rglob("*.json")) if place.is_dir() else [place]:
            try:
                with file.open("rb") as opened:
                    data = opened.read(_MOST_REPORT + 1)
            except OSError as error:
                raise UsageError(
                    f"cannot read {visible(str(file))}: {(error.strerror or '').lower()}"
                ) from None
            found += _recorded(data, visible(str(file)))
    if not found:
        raise UsageError("there is no report: `safeload facts --output FILE` writes one")
    return found


def _recorded(data: bytes, source: str) -> tuple[Recorded, ...]:
    """What a report or a facts document holds.

    Raises:
        UsageError: it is neither.
    """
    from safeload.reports._saved import ReportSchemaUnknown, parse_reports

    try:
        return tuple(of_report(saved.report) for saved in parse_reports(data))
    except ReportSchemaUnknown:
        return read_facts(data, source)
    except FormatError as error:
        raise UsageError(f"{source} is no report: {error}") from None


def today() -> dt.date:
    """The day in UTC."""
    return dt.datetime.fromtimestamp(time.time(), dt.UTC).date()


def quoted(text: str) -> str:
    """A TOML string of any text."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def written(values: dict[str, str], note: str = "") -> str:
    """A waiver as TOML. Days stand without quotes."""
    days = ("created", "expires")
    lines = [f"{key} = {value if key in days else quoted(value)}" for key, value in values.items()]
    return "\n".join(["", f"[[waiver]]{f'  # {visible(note)}' if note else ''}", *lines, ""])


def next_id(policy: Policy, taken: Iterable[str] = ()) -> str:
    """The first of W-0001, W-0002... that no waiver has."""
    known = {item.waiver.id for part in policy.alone for item in part.waivers} | set(taken)
    return next(name for number in range(1, 1_000_000) if (name := f"W-{number:04}") not in known)


def without(text: str, ids: frozenset[str]) -> str:
    """The text of a policy without some waivers and the comments right above them."""
    import tomllib

    found = key_lines(text)
    waivers = tomllib.loads(text).get("waiver", [])
    lines = text.splitlines(keepends=True)
    starts = sorted({line for path, line in found.items() if _is_header(lines[line - 1])})
    gone: set[int] = set()
    for number, waiver in enumerate(waivers):
        if waiver.get("id") not in ids:
            continue
        first = found["waiver", str(number)]
        last = next((line for line in starts if line > first), len(lines) + 1)
        while last - 1 > first and _is_remark(lines[last - 2]):
            last -= 1  # what stands above the next table belongs to that
        while first > 1 and lines[first - 2].lstrip().startswith("#"):
            first -= 1
        while (
            first > 1 and not lines[first - 2].strip() and (last > len(lines) or not lines[last - 1].strip())
        ):
            first -= 1
        gone.update(range(first, last))
    return "".join(line for number, line in enumerate(lines, start=1) if number not in gone)


def _is_header(line: str) -> bool:
    return line.lstrip().startswith("[")


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")
