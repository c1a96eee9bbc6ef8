"""A trace as facts: shared by the scanners of formats that hold pickle streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact

if TYPE_CHECKING:
    from safeload.core import Json, Location
    from safeload.formats.pickle_trace import GlobalUse, Trace
    from safeload.limits import Limits


def stream_facts(trace: Trace, location: Location, limits: Limits) -> tuple[Fact, ...]:
    """The facts that a trace gives rise to, at most `limits.pickle_findings` globals and calls.

    Bytes behind STOP are not among them: whether they matter is for the container to say.
    """
    facts: list[Fact] = [
        Fact(
            kind="pickle.global",
            location=location.at(offset=use.offset),
            data={
                "module": use.module,
                "name": use.name,
                "known": use.gadget is not None,
                "what": use.gadget or "",
                "opcode": use.opcode,
                **_pack(use),
            },
        )
        for use in trace.globals
        if not use.listed
    ]
    facts += (
        Fact(
            kind="pickle.call",
            location=location.at(offset=call.offset),
            data={
                "callable": call.callable,
                "opcode": call.opcode,
                "why": call.why,
                "known": call.gadget is not None,
                "what": call.gadget or "",
            },
        )
        for call in trace.rejected_calls
    )
    # the worst first, so that the cut never hides it
    facts.sort(key=lambda fact: not fact.data["known"])
    cut = facts[limits.pickle_findings :]
    del facts[limits.pickle_findings :]
    facts.sort(key=lambda fact: fact.location.offset or 0)
    more = trace.truncated_findings + len(cut)
    if more:
        known = trace.truncated_gadgets + sum(fact.data["known"] is True for fact in cut)
        facts.append(Fact(kind="pickle.more", location=location, data={"count": more, "known": known}))
    if trace.error is not None:
        facts.append(
            Fact(
                kind="pickle.malformed",
                location=location.at(offset=trace.error.offset),
                data={"error": trace.error.code, "detail": trace.error.detail},
            )
        )
    return tuple(facts)


def _pack(use: GlobalUse) -> dict[str, Json]:
    """The pack that lists the name: this policy has not switched it on."""
    if use.gadget is not None:
        return {}
    from safeload.formats.pickle_packs import pack_of  # long lists, only for names that none in use has

    pack = pack_of(use.module, use.name)
    return {} if pack is None else {"pack": pack}


def facts_behind(
    data: bytes, at: int, location: Location, packs: frozenset[str], limits: Limits
) -> tuple[Fact, ...]:
    """The facts of bytes behind the last STOP that a loader heeds: a tool that goes on would run them.

    Args:
        data: these bytes.
        at: the place of the first of them in the artifact.
        location: the artifact.
        packs: packs of inert records that the policy switches on.
        limits: the budgets.
    """
    from safeload.formats.pickle_machine import run_pickle  # only where there is a pickle

    trace = run_pickle(data, limits, packs=packs)
    stream = trace.error is None or bool(trace.globals) or bool(trace.rejected_calls)
    found: dict[str, Json] = {"size": len(data), "pickle": stream}
    facts = [Fact(kind="pickle.trailing", location=location.at(offset=at), data=found)]
    for fact in stream_facts(trace, location, limits) if stream else ():
        where = location.at(offset=at + (fact.location.offset or 0))
        facts.append(Fact(kind=fact.kind, location=where, data=fact.data))
    return tuple(facts)
