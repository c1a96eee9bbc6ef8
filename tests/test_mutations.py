"""A thousand random mutations of a checkpoint: each ends in a verdict, and an ALLOW is no misreading."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from safeload.core import AuditReport, Coverage, Verdict
from safeload.errors import SafeloadError
from safeload.formats.layout import WeightsChoice
from safeload.pipeline import admit, audit
from tests.forge import independent
from tests.forge.checkpoints import tiny_bert
from tests.fuzz.mutate import mutated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = ("safetensors", "sharded", "bin", "legacy")
QUICK, FULL = 60, 1_000
MOST_BYTES = 1 << 20


@pytest.fixture(scope="module", params=KINDS)
def checkpoint(request, tmp_path_factory) -> Path:
    """A tiny BERT in one of the layouts."""
    folder = tmp_path_factory.mktemp("original") / "bert"
    tiny_bert(folder, pickle=request.param == "bin", legacy=request.param == "legacy")
    if request.param == "sharded":
        from transformers import AutoModelForMaskedLM

        model = AutoModelForMaskedLM.from_pretrained(folder)
        (folder / "model.safetensors").unlink()
        model.save_pretrained(folder, max_shard_size="8KB")
    return folder


def variants(folder: Path, scratch: Path, count: int, seed: int) -> Iterator[Path]:
    """The folder, with one file mutated each time."""
    rng = random.Random(seed)
    names = sorted(file.name for file in folder.iterdir())
    contents = {name: (folder / name).read_bytes() for name in names}
    # Weights carry the structure: they get most of the mutations.
    weighted = names + [name for name in names if name.startswith(("model", "pytorch"))] * 3
    for number in range(count):
        name = rng.choice(weighted)
        variant = scratch / str(number)
        shutil.copytree(folder, variant)
        seeds = [contents[name], *([contents[rng.choice(names)]] if rng.random() < 0.2 else [])]
        (variant / name).write_bytes(mutated(seeds, rng, MOST_BYTES))
        yield variant


def ours(folder: Path) -> independent.Tensors | None:
    """What a load would put into a model, or None where it refuses."""
    import torch

    from safeload.resolver.loading import SCOPE
    from safeload.resolver.weights import weights_of

    try:
        snapshot = admit(folder, scope=SCOPE, weights=WeightsChoice())
        _, sources = weights_of(snapshot, WeightsChoice())
    except SafeloadError:
        return None
    found = {}
    for key, source in sources.items():
        entry, dtype = source.entry, getattr(torch, source.entry.dtype)
        tensor = torch.empty(entry.shape, dtype=dtype)
        if tensor.numel():
            stride = entry.stride or tensor.stride()
            items = 1 + sum((size - 1) * step for size, step in zip(entry.shape, stride, strict=True))
            held = snapshot.lend(source.path)
            data = bytearray(held[entry.offset : entry.offset + items * dtype.itemsize])
            tensor = torch.frombuffer(data, dtype=dtype).as_strided(entry.shape, stride)
        found[key] = independent.summary(tensor)
    return found


def check(checkpoint: Path, scratch: Path, count: int, seed: int) -> None:
    """Every variant ends in a verdict; those that would load, load as another reader reads them."""
    loadable: list[tuple[Path, independent.Tensors]] = []
    verdicts = set()
    for variant in variants(checkpoint, scratch, count, seed):
        report = audit(variant)
        assert isinstance(report, AuditReport)
        assert {entry.path for entry in report.manifest.entries} == {file.name for file in variant.iterdir()}
        assert all(isinstance(artifact.coverage, Coverage) for artifact in report.artifacts)
        verdicts.add(report.decision.verdict)
        read = ours(variant) if report.decision.verdict is Verdict.ALLOW else None
        if read is None:
            shutil.rmtree(variant)
        else:
            loadable.append((variant, read))
    assert verdicts == {Verdict.ALLOW, Verdict.DENY}
    assert loadable
    others = independent.read_all(variant for variant, _ in loadable)
    for (variant, read), other in zip(loadable, others, strict=True):
        assert other == read, variant


def test_mutations_end_in_a_verdict(checkpoint, tmp_path):
    """Bit flips, truncations and splices give a verdict, and what is allowed is read alike by others."""
    check(checkpoint, tmp_path, QUICK, seed=1)


@pytest.mark.slow
def test_a_thousand_mutations_end_in_a_verdict(checkpoint, tmp_path):
    """The same for a thousand of them."""
    check(checkpoint, tmp_path, FULL, seed=2)


def test_the_original_is_read_alike(checkpoint):
    """The comparison holds for the honest file, so that a difference means something."""
    assert audit(checkpoint).decision.verdict is Verdict.ALLOW
    assert independent.read_all([checkpoint]) == [ours(checkpoint)]
