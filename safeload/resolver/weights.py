"""Which tensor of a checkpoint goes to which parameter of a model: decided before a byte is read.

    1. choose   the weight file or the shard index
    2. list     names, types and shapes from the judged headers
    3. match    renames of older files, then the base prefix added or taken off
    4. check    a backbone parameter must be there in its shape; a head may be new
    5. fill     the parameters become views of the judged memory

Nothing here can be talked into loading less than the backbone, or one tensor twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn

from safeload.core import visible
from safeload.errors import FormatError, LimitExceeded, UsageError
from safeload.formats.safetensors import Safetensors
from safeload.formats.shard_index import ShardIndex
from safeload.formats.tensors import TensorEntry
from safeload.formats.torch_legacy import TorchLegacy
from safeload.formats.torch_zip import TorchZip
from safeload.resolver.foreign_names import from_flax, from_tensorflow
from safeload.resolver.load_report import LoadReport, Mismatch
from safeload.resolver.memory import FLOATS, Memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.architecture import Architecture
    from safeload.architectures.base.model import Model
    from safeload.core import VerifiedSnapshot
    from safeload.formats.layout import WeightsChoice


class NoTensors(FormatError):
    """A weight file in which no tensors were found."""


class ShardIncomplete(FormatError):
    """A tensor that is not in the shard that the index names."""


class BackboneIncomplete(FormatError):
    """Tensors of the backbone that the checkpoint lacks."""


class ShapeMismatch(FormatError):
    """A tensor of the backbone in another shape than the config asks for."""


class DtypeMismatch(FormatError):
    """A tensor whose type no parameter can have."""


class NamesCollide(FormatError):
    """Two tensors of the checkpoint that would go to the same parameter."""


class CopiesDiffer(FormatError):
    """One variable that stands in a file several times, with different values."""


class NewHeadTooLarge(LimitExceeded):
    """A new head larger than everything that the checkpoint holds: a few bytes of config ask for it."""


_NEW_HEAD_ELEMENTS = 1 << 24
"""A new head of this size is never too large: 64 MiB of float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One tensor and the file that it is in."""

    path: str
    entry: TensorEntry
    copies: tuple[TensorEntry, ...] = ()
    """Further places in the same file that hold this tensor, and have to hold the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What `fill` will do."""

    sources: Mapping[str, Source]
    """Parameter -> tensor."""
    ties: tuple[tuple[str, str], ...]
    """Parameter -> parameter that it becomes one with, unless both are there and differ."""
    report: LoadReport


@dataclass(slots=True)
class _Match:
    """The state of steps 3 and 4."""

    sources: dict[str, Source] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    mismatched: list[Mismatch] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)


def weights_of(snapshot: VerifiedSnapshot, choice: WeightsChoice) -> tuple[str, dict[str, Source]]:
    """Steps 1 and 2: the file that was chosen, and every tensor of the checkpoint by name.

    Raises:
        FormatError: no tensors, or shards that do not hold what the index says.
        UsageError: the snapshot has no weight file that we read.
    """
    candidates = choice.candidates()
    for name in candidates:
        if not snapshot.hands_out(name):
            continue
        record = snapshot.record(name)
        if name.endswith(".json") and not isinstance(record, ShardIndex):
            raise NoTensors(f"{visible(name)} is no shard index")
        if not isinstance(record, ShardIndex):
            return name, _sources(name, record)
        shards = {shard: _sources(shard, snapshot.record(shard)) for shard in record.shards}
        sources = {}
        for key, shard in record.weight_map.items():
            source = shards[shard].get(key)
            if source is None:
                raise ShardIncomplete(f"{visible(key)} is not in {visible(shard)}, which the index names")
            sources[key] = source
        return name, sources
    raise UsageError(f"no weights: none of {', '.join(candidates)} is in the snapshot")


def plan_load(
    model: Model,
    tensors: Mapping[str, Source],
    architecture: Architecture,
    *,
    ignore_mismatched: bool = False,
) -> Plan:
    """Steps 3 and 4, from headers alone.

    Raises:
        FormatError: the backbone is incomplete or does not fit.
        UsageError: a head does not fit, and the caller did not allow a new one.
    """
    wanted = {name: tuple(value.shape) for name, value in model.named_parameters(remove_duplicate=False)}
    ties = dict(model.tied) if model.config.tie_word_embeddings else {}
    match = _match(model, tensors, architecture, wanted)
    _check_fit(match, architecture, wanted, ignore_mismatched=ignore_mismatched)
    absent = [name for name in wanted if name not in match.sources]
    tied = []
    for target, source in ties.items():
        # older files may hold a tied pair under either name, or both
        if source in absent and target in match.sources:
            match.sources[source] = match.sources.pop(target)
            absent.remove(source)
            absent.append(target)
        tied.append((target, source))
    match.missing = [name for name in absent if name not in ties]
    refused = {item.name for item in match.mismatched}
    base = model.base_model_prefix
    training = [name for name in match.missing if architecture.is_of_training(name, base)]
    match.missing = [name for name in match.missing if name not in training]
    gone = [name for name in match.missing if not architecture.is_head(name)]
    if gone:
        raise BackboneIncomplete(
            f"the checkpoint lacks {_some(gone)} of the {architecture.model_type} backbone"
        )
    unknown = [
        name
        for name in match.unexpected
        if not architecture.is_head(_bare(name, model))
        and not architecture.is_of_training(name, base)
        and not _bare(name, model).startswith(architecture.elsewhere)
    ]
    report = LoadReport(
        architecture=type(model).__name__,
        loaded=len(match.sources),
        note=type(model).note,
        missing=tuple(sorted(set(match.missing) - refused)),
        training=tuple(sorted(training)),
        mismatched=tuple(match.mismatched),
        unexpected=tuple(sorted(match.unexpected)),
        unknown=tuple(sorted(unknown)),
        ignored=tuple(sorted(match.ignored)),
        renamed=tuple(match.renamed),
        tied=tuple(tied),
    )
    held = sum(math.prod(wanted[name]) for name in match.sources)
    asked = sum(math.prod(wanted[name]) for name in report.new_head)
    if asked > max(held, _NEW_HEAD_ELEMENTS):
        raise NewHeadTooLarge(f"a new head of {asked} elements on a checkpoint of {held}")
    return Plan(sources=match.sources, ties=tuple(tied), report=report)


def fill(model: Model, plan: Plan, snapshot: VerifiedSnapshot, dtype: torch.dtype) -> None:
    """Step 5: make every planned parameter a view of judged memory, start new heads, tie.

    Raises:
        FormatError: the memory does not hold a planned tensor.
    """
    by_path: dict[str, list[TensorEntry]] = {}
    for source in plan.sources.values():
        by_path.setdefault(source.path, []).extend((source.entry, *source.copies))
    memories = {path: Memory(snapshot.lend(path), entries) for path, entries in by_path.items()}
    for name, source in plan.sources.items():
        # a kernel of TensorFlow or Flax is stored transposed
        memory = memories[source.path]
        value: Tensor = memory.tensor(source.entry).contiguous()
        if not all(torch.equal(memory.tensor(copy), value) for copy in source.copies):
            raise CopiesDiffer(f"{name} stands in {visible(source.path)} twice, with different values")
        model.put(name, nn.Parameter(value if value.dtype is dtype else value.to(dtype)))
    model.start((*plan.report.new_head, *plan.report.training), dtype)
    for target, name in plan.ties:
        kept = model.get_parameter(name)
        own = plan.sources.get(target)
        if own is None or own == plan.sources.get(name) or torch.equal(model.get_parameter(target), kept):
            model.put(target, kept)


def first_float(tensors: Mapping[str, Source]) -> str | None:
    """Type of the first floating tensor of a checkpoint, which an unstated dtype means."""
    return next((item.entry.dtype for item in tensors.values() if item.entry.dtype in FLOATS), None)


def _match(
    model: Model,
    tensors: Mapping[str, Source],
    architecture: Architecture,
    wanted: Mapping[str, tuple[int, ...]],
) -> _Match:
    """Step 3."""
    match = _Match()
    prefix = f"{model.base_model_prefix}."
    for key, source in tensors.items():
        name = key
        for old, new in architecture.renames:
            if name not in wanted and name.endswith(old):
                name = name.removesuffix(old) + new
        if name not in wanted:
            if prefix + name in wanted:
                name = prefix + name
            elif name.startswith(prefix) and name.removeprefix(prefix) in wanted:
                name = name.removeprefix(prefix)
            else:
                kind = match.ignored if architecture.is_ignorable(_bare(key, model)) else match.unexpected
                kind.append(key)
                continue
        if name in match.sources:
            raise NamesCollide(f"{visible(key)} and another tensor would both become {name}")
        match.sources[name] = source
        if name != key:
            match.renamed.append((key, name))
    return match


def _check_fit(
    match: _Match,
    architecture: Architecture,
    wanted: Mapping[str, tuple[int, ...]],
    *,
    ignore_mismatched: bool,
) -> None:
    """Step 4: types, shapes."""
    for name, source in tuple(match.sources.items()):
        entry = source.entry
        if not wanted[name] and entry.shape == (1,):
            # Keras has no variables without dimensions
            entry = TensorEntry(entry.dtype, (), entry.offset)
            match.sources[name] = Source(path=source.path, entry=entry)
        if entry.dtype not in FLOATS:
            raise DtypeMismatch(f"{name} is {entry.dtype}, and parameters are one of {', '.join(FLOATS)}")
        if entry.shape == wanted[name]:
            continue
        fact = f"{name} is {list(entry.shape)} in the checkpoint and {list(wanted[name])} by the config"
        if not architecture.is_head(name):
            raise ShapeMismatch(fact)
        if not ignore_mismatched:
            raise UsageError(f"{fact}: pass ignore_mismatched_sizes=True to start it untrained")
        match.mismatched.append(Mismatch(name=name, found=entry.shape, wanted=wanted[name]))
        del match.sources[name]


def _sources(path: str, record: object) -> dict[str, Source]:
    """The tensors of one file under torch's names."""
    tensors: Mapping[str, TensorEntry] = {}
    copies: Mapping[str, list[TensorEntry]] = {}
    # The name picks the layout and the content has to follow: a name of torch with tensors of Flax in it
    # is neither.
    if path.endswith((".h5", ".msgpack")):
        # the readers of other frameworks are ten modules that most loads do not need
        from safeload.formats.hdf5 import Hdf5
        from safeload.formats.msgpack import Msgpack

        if isinstance(record, Hdf5) and path.endswith(".h5"):
            tensors, copies = from_tensorflow(record)
        elif isinstance(record, Msgpack) and path.endswith(".msgpack"):
            tensors = from_flax(record)
    elif isinstance(record, (Safetensors, TorchZip, TorchLegacy)):
        tensors = record.tensors
    if not tensors:
        raise NoTensors(f"{visible(path)} holds no tensors by name")
    return {
        name: Source(path=path, entry=entry, copies=tuple(copies.get(name, ())))
        for name, entry in tensors.items()
    }


def _bare(key: str, model: Model) -> str:
    return key.removeprefix(f"{model.base_model_prefix}.")


def _some(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more tensors"
