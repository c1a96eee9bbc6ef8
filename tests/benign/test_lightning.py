"""Checkpoints of Lightning are allowed with the pack `lightning` switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from tests.forge.benign import refusals
from tests.forge.pickle_assembler import assemble

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")


def test_checkpoints_of_the_real_library(tmp_path: Path) -> None:
    """Hyperparameters in omegaconf, callbacks, loops, optimizers and schedulers."""
    pl = pytest.importorskip("pytorch_lightning")
    omegaconf = pytest.importorskip("omegaconf")

    class Model(pl.LightningModule):
        def __init__(self, config, lr: float = 0.1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch, index):
            loss = self.layer(batch[0]).mean()
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters())
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]

    folder = tmp_path / "saved"
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(4, 2)), batch_size=2)
    callbacks = [
        pl.callbacks.ModelCheckpoint(folder, monitor="loss", save_last=True),
        pl.callbacks.EarlyStopping("loss"),
        pl.callbacks.Timer(duration="00:01:00:00"),
    ]
    trainer = pl.Trainer(
        max_epochs=2, logger=False, enable_progress_bar=False, default_root_dir=tmp_path, accelerator="cpu",
        callbacks=callbacks, enable_model_summary=False,
    )  # fmt: skip
    config = omegaconf.OmegaConf.create({"a": 1, "b": [1, {"c": 2.5}], "d": "${a}", "e": None, "f": True})
    trainer.fit(Model(config), loader)
    assert len(list(folder.glob("*.ckpt"))) >= 2
    assert refusals(folder, "lightning") == []
    assert refusals(folder) != []


def test_callbacks_as_keys(tmp_path: Path) -> None:
    """Lightning before 1.5 keeps the state of a callback under its class, which is a key then."""
    callback = ("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")
    stream = assemble(
        "PROTO", 2, "EMPTY_DICT", "BINUNICODE", "callbacks", "EMPTY_DICT", "GLOBAL", callback, "EMPTY_DICT",
        "BINUNICODE", "best_model_score", "NONE", "SETITEM", "SETITEM", "SETITEM", "STOP",
    )  # fmt: skip
    (tmp_path / "old.pkl").write_bytes(stream)
    assert not [text for text in refusals(tmp_path, "lightning") if text.startswith("pickle.")]
    assert [text for text in refusals(tmp_path) if text.startswith("pickle.")]
