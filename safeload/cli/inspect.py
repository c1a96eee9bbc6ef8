"""`safeload inspect FILE`: what a pickle would import and call, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from safeload.cli._options import files, policy_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import AuditReport, Location
    from safeload.scanners import Stream

SHOWN = 200
"""Imports or calls of one stream that are written out."""


@click.command(short_help="Show what the pickles of a file would import and call.")
@click.argument("file", metavar="FILE", shell_complete=files)
@policy_option
@click.option("--output", "-o", metavar="OUT", shell_complete=files, help="Write to OUT instead of stdout.")
def command(file: str, policy: str | None, output: str | None) -> int:
    """Show what each pickle stream of FILE would import and call, with byte offsets.

    Nothing is imported or called. The second reader's decompilation follows where it ran. The exit
    code is that of an audit of the file.
    """
    from pathlib import Path

    from safeload.cli._output import write
    from safeload.cli.audit import exit_code
    from safeload.errors import UsageError
    from safeload.pipeline import audit

    path = Path(file)
    if not path.exists():
        raise UsageError(f"{file}: no such file")
    if not path.is_file():
        raise UsageError(f"{file} is not a file: `safeload audit` takes folders")
    report = audit(path, policy=policy)
    write("\n".join(describe(report)) + "\n", output)
    return exit_code(report)


def describe(report: AuditReport) -> Iterator[str]:
    """The lines of the whole description."""
    from typing import cast

    from safeload.reports._words import files, shown

    for artifact in files(report.artifacts):
        yield f"{shown(artifact.location.artifact)}: {artifact.format or 'no known format'}"
    if not report.streams:
        yield "  holds no pickle stream that could be read"
    for item in report.streams:
        yield from _stream(cast("Stream", item), report)
    yield ""
    for reason in report.decision.denials:
        yield f"denied: {shown(str(reason.finding.location))}: {shown(reason.finding.message)}"
    if not report.decision.denials:
        yield "denied: nothing of this file by itself; `safeload audit` judges a checkpoint"


def _stream(stream: Stream, report: AuditReport) -> Iterator[str]:
    from safeload.reports._words import shown

    trace = stream.trace
    name = stream.location.name
    yield ""
    start = f" at byte {stream.location.offset}" if stream.location.offset else ""
    size = f"protocol {trace.protocol}, {trace.opcodes} opcodes"
    yield f"stream {shown(name)}{start}: {trace.status.value}, {size}"
    yield f"  imports ({len(trace.globals)})"
    for use in trace.globals[:SHOWN]:
        mark = "known gadget" if use.gadget else "contract" if use.listed else "not listed"
        what = f", {use.gadget}" if use.gadget else ""
        times = f" x{use.count}" if use.count > 1 else ""
        line = f"{shown(use.module)}.{shown(use.name)}{times} ({mark}{shown(what)})"
        yield f"    byte {use.offset:>8} {use.opcode:<14} {line}"
    yield from _more(len(trace.globals))
    yield from _free_calls(stream)
    yield f"  uses outside a contract ({len(trace.rejected_calls)})"
    for call in trace.rejected_calls[:SHOWN]:
        yield f"    byte {call.offset:>8} {call.opcode:<14} {shown(call.callable)}: {shown(call.why)}"
    yield from _more(len(trace.rejected_calls))
    if trace.calls:
        yield f"  calls under a contract ({sum(trace.calls.values())})"
        for callable_name, count in sorted(trace.calls.items()):
            yield f"    {shown(callable_name)} x{count}"
    if trace.error is not None:
        yield f"  breaks: {shown(str(trace.error))}"
    if trace.trailing:
        yield f"  {trace.trailing} bytes behind STOP"
    yield from _second_reader(stream.location, report)


def _free_calls(stream: Stream) -> Iterator[str]:
    """The calls of globals that no contract describes, in order.

    The trace of an audit keeps no order, since checkpoints make a call per tensor; so the stream, which
    is short where it matters, is interpreted once more with a log.
    """
    from safeload.formats.pickle_machine import run_pickle
    from safeload.limits import DEFAULT_LIMITS
    from safeload.reports._words import shown

    free = {(use.module, use.name) for use in stream.trace.globals if not use.listed}
    if not free:
        return
    events = run_pickle(stream.data, DEFAULT_LIMITS, persistent="torch", log=True).events
    calls = [event for event in events if event[0] != "global" and event[1:] in free]
    yield f"  calls of what is not listed, in order ({len(calls)})"
    for opcode, module, name in calls[:SHOWN]:
        yield f"    {opcode:<28} {shown(str(module))}.{shown(str(name))}"
    yield from _more(len(calls))


def _second_reader(place: Location, report: AuditReport) -> Iterator[str]:
    """What the second reader said about this stream, and its decompilation."""
    from safeload.reports._words import quoted, rating, shown

    for fact in report.facts:
        if fact.kind == "pickle.second-reader" and fact.location == place:
            detail = f": {fact.data['detail']}" if fact.data.get("detail") else ""
            said = shown(f"{fact.data.get('status')}{detail}")
            yield f"  second reader (fickling) {said}{rating(fact)}"
    for line in report.explanations.get(str(place), "").splitlines():
        yield quoted(line)


def _more(count: int) -> Iterator[str]:
    if count > SHOWN:
        yield f"    and {count - SHOWN} more"
