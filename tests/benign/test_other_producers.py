"""Checkpoints of producers that are too large to install here: stand-ins for their classes.

torch.save writes a class by its name alone, so an empty class under the name gives the bytes of the real one.
"""

from __future__ import annotations

import argparse
import enum
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from tests.forge.benign import refusals

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch):
    """Makes a class importable under another name while the test runs."""

    def make(path: str, base: type = object, members: dict[str, object] | None = None):
        module, _, name = path.rpartition(".")
        if base is enum.Enum:
            kind = enum.Enum(name, members or {}, module=module)
        else:
            kind = type(name, (base,), {"__module__": module, **(members or {})})
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            parent = ".".join(parts[:end])
            if parent not in sys.modules:
                monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
        monkeypatch.setattr(sys.modules[module], name, kind, raising=False)
        return kind

    return make


@pytest.mark.parametrize("root", ["ultralytics", "yolov5"])
def test_ultralytics(tmp_path: Path, stand_in, root: str) -> None:
    """A whole detection model with its arguments, loss and training results."""
    if root == "ultralytics":
        names = [
            "nn.tasks.DetectionModel",
            "nn.modules.conv.Conv",
            "nn.modules.block.C2f",
            "nn.modules.head.Detect",
        ]
        names = [f"ultralytics.{name}" for name in names]
        settings = stand_in("ultralytics.utils.IterableSimpleNamespace")()
    else:
        names = ["models.yolo.DetectionModel", "models.common.Conv", "models.common.C3", "models.yolo.Detect"]
        settings = argparse.Namespace()
    model_type, conv, block, head = (stand_in(name, nn.Module) for name in names)
    model = model_type()
    layers = []
    for kind in (conv, block, head):
        layer = kind()
        layer.conv, layer.bn, layer.act = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.SiLU(inplace=True)
        layer.i, layer.f, layer.type = 0, -1, "models.common.Conv"
        layers.append(layer)
    model.model = nn.Sequential(*layers)
    model.stride, model.names, model.yaml = (
        torch.tensor([8.0]),
        {0: "person"},
        {"nc": 80, "backbone": [[-1, 1]]},
    )
    settings.imgsz = 640
    model.args = settings
    checkpoint = {
        "epoch": -1, "best_fitness": np.float64(0.5), "model": model.half(), "ema": None, "updates": None,
        "optimizer": None, "train_args": {"task": "detect"}, "date": "2024-01-01", "version": "8.0.0",
    }  # fmt: skip
    torch.save(checkpoint, tmp_path / "yolo.pt")
    assert refusals(tmp_path, "ultralytics") == []
    assert refusals(tmp_path) != []


def test_pyannote(tmp_path: Path, stand_in) -> None:
    """A Lightning checkpoint with the description of the task: a record with enum members in it."""
    problem = stand_in(
        "pyannote.audio.core.task.Problem", enum.Enum, {"BINARY_CLASSIFICATION": 0, "OTHER": 1}
    )
    resolution = stand_in("pyannote.audio.core.task.Resolution", enum.Enum, {"FRAME": 1, "CHUNK": 2})
    specifications = stand_in("pyannote.audio.core.task.Specifications")()
    specifications.problem, specifications.resolution = problem.BINARY_CLASSIFICATION, resolution.FRAME
    specifications.duration, specifications.classes = 5.0, ["speaker#1", "speaker#2"]
    checkpoint = {
        "epoch": 1, "global_step": 10, "pytorch-lightning_version": "1.5.4",
        "state_dict": nn.Linear(2, 2).state_dict(), "hyper_parameters": {"sincnet": {"stride": 10}},
        "pyannote.audio": {"architecture": {"module": "m", "class": "PyanNet"},
        "specifications": specifications},
        "version": torch.__version__,
    }  # fmt: skip
    torch.save(checkpoint, tmp_path / "pytorch_model.bin")
    assert refusals(tmp_path, "pyannote") == []
    assert refusals(tmp_path) != []


def test_flair(tmp_path: Path, stand_in) -> None:
    """A sequence tagger: dictionary, stacked embeddings on a language model, an optimizer as object."""
    dictionary = stand_in("flair.data.Dictionary")()
    dictionary.item2idx, dictionary.idx2item, dictionary.multi_label = {b"<unk>": 0}, [b"<unk>"], False
    model = stand_in("flair.models.language_model.LanguageModel", nn.Module)()
    model.encoder, model.rnn, model.dictionary = nn.Embedding(3, 2), nn.LSTM(2, 2), dictionary
    embeddings = stand_in("flair.embeddings.token.FlairEmbeddings", nn.Module)()
    embeddings.lm = model
    stacked = stand_in("flair.embeddings.token.StackedEmbeddings", nn.Module)()
    stacked.embeddings, stacked.list_embedding_0 = [embeddings], embeddings
    state = {
        "state_dict": nn.Linear(2, 2).state_dict(), "embeddings": stacked, "tag_dictionary": dictionary,
        "hidden_size": 2, "optimizer": torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1),
    }  # fmt: skip
    torch.save(state, tmp_path / "best-model.pt", _use_new_zipfile_serialization=False)
    assert refusals(tmp_path, "flair") == []
    assert refusals(tmp_path) != []


def test_arguments_of_trl_and_old_transformers(tmp_path: Path, stand_in) -> None:
    """Subclasses of TrainingArguments, both names of accelerate's enum, and enums that are gone."""
    arguments = stand_in("trl.trainer.sft_config.SFTConfig")()
    strategy = stand_in("transformers.trainer_utils.EvaluationStrategy", enum.Enum, {"STEPS": "steps"})
    sharded = stand_in("transformers.trainer_utils.ShardedDDPOption", enum.Enum, {"SIMPLE": "simple"})
    kind = stand_in("accelerate.state.DistributedType", enum.Enum, {"NO": "NO"})
    other = stand_in("accelerate.utils.dataclasses.DistributedType", enum.Enum, {"NO": "NO"})
    state = stand_in("accelerate.state.PartialState")()
    state._cpu, state.device, state.distributed_type = True, torch.device("cpu"), other.NO
    arguments.evaluation_strategy, arguments.sharded_ddp = strategy.STEPS, [sharded.SIMPLE]
    arguments.distributed_state, arguments.kind, arguments.learning_rate = state, kind.NO, 1e-4
    setattr(arguments, "__cached__setup_devices", torch.device("cuda", 0))
    torch.save(arguments, tmp_path / "training_args.bin")
    assert refusals(tmp_path) == []
