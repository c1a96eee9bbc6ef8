"""What transformers' Trainer leaves beside a model is allowed: the default policy has its pack on."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from tests.forge.benign import refusals

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")


def tiny() -> BertForSequenceClassification:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    return BertForSequenceClassification(BertConfig(vocab_size=20, max_position_embeddings=16, **sizes))


def test_checkpoint_of_the_real_trainer(tmp_path: Path) -> None:
    """training_args.bin, optimizer.pt, scheduler.pt and rng_state.pth, written by two steps of training."""
    pytest.importorskip("accelerate", reason="the Trainer needs accelerate")
    from transformers import Trainer, TrainingArguments

    rows = [{"input_ids": torch.tensor([1, 2, 3]), "labels": torch.tensor(n % 2)} for n in range(4)]
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "run"), max_steps=2, save_steps=2, per_device_train_batch_size=2,
        report_to=[], use_cpu=True, disable_tqdm=True, save_strategy="steps", lr_scheduler_type="cosine",
    )  # fmt: skip
    Trainer(model=tiny(), args=arguments, train_dataset=rows).train()
    folder = tmp_path / "run" / "checkpoint-2"
    names = {path.name for path in folder.iterdir()}
    assert {"training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth"} <= names
    assert refusals(folder) == []


def test_side_files_as_the_trainer_saves_them(tmp_path: Path) -> None:
    """The same objects without the Trainer: states of optimizer, scheduler and every random generator."""
    model = tiny()
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    torch.save(optimizer.state_dict(), tmp_path / "optimizer.pt")
    torch.save(scheduler.state_dict(), tmp_path / "scheduler.pt")
    states = {
        "python": random.getstate(),
        "numpy": np.random.get_state(),  # noqa: NPY002 - what the Trainer saves
        "cpu": torch.random.get_rng_state(),
        "cuda": [torch.random.get_rng_state()],
    }
    torch.save(states, tmp_path / "rng_state.pth")
    torch.save(states, tmp_path / "rng_state_0.pth")
    model.save_pretrained(tmp_path)
    assert refusals(tmp_path) == []


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arguments_of_other_trainers(tmp_path: Path, protocol: int) -> None:
    """Sequence-to-sequence arguments, with enums, devices and a nested configuration."""
    pytest.importorskip("accelerate", reason="the arguments need accelerate")
    from transformers import Seq2SeqTrainingArguments

    arguments = Seq2SeqTrainingArguments(
        output_dir=str(tmp_path / "out"), use_cpu=True, eval_strategy="no", optim="adafactor", report_to=[],
    )  # fmt: skip
    assert arguments.device
    folder = tmp_path / "saved"
    folder.mkdir()
    torch.save(arguments, folder / "training_args.bin", pickle_protocol=protocol)
    assert refusals(folder) == []
