"""The checkpoints of the tutorial under their own names, tiny, on a Hub that is served here."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.forge import foreign, vision
from tests.forge.hub import Lfs
from tests.forge.tokenizers import minilm, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.forge.hub import Hub

_LARGE = 50_000
_TOKENIZER = ("vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def publish(hub: Hub, scratch: Path) -> None:
    """Commit every repository that the tutorial names.

    Args:
        hub: served.
        scratch: an empty folder for what transformers writes.
    """
    _commit(hub, "google-bert/bert-base-uncased", _vocabulary(scratch / "bert"))
    _commit(hub, "google/vit-base-patch16-224", _vit(scratch / "vit"))
    name = "ehcalabres/wav2vec2-lg-xlsr-en-speech-emotion-recognition"
    _commit(hub, name, _speech(scratch / "speech"))
    _commit(hub, "distilbert/distilbert-base-uncased", _distilbert(scratch / "distilbert"))


def _commit(hub: Hub, name: str, folder: Path) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.repository(name).commit(
        {path: Lfs(data) if len(data) > _LARGE and not path.endswith("json") else data
         for path, data in files.items()}
    )  # fmt: skip


def _vocabulary(folder: Path) -> Path:
    """The real vocabulary of bert-base-uncased, with a config of that model."""
    import transformers

    folder.mkdir()
    for name in _TOKENIZER:
        shutil.copy(minilm() / name, folder)
    transformers.BertConfig().save_pretrained(folder)
    return folder


def _vit(folder: Path) -> Path:
    import transformers

    transformers.ViTImageProcessor().save_pretrained(folder)
    transformers.ViTConfig().save_pretrained(folder)
    return folder


def _speech(folder: Path) -> Path:
    import transformers

    transformers.Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    transformers.Wav2Vec2Config().save_pretrained(folder)
    return folder


def _distilbert(folder: Path) -> Path:
    """One model in the formats of torch, TensorFlow and Flax."""
    import transformers

    folder = _vocabulary(folder)
    write_json(folder, tokenizer_config={"tokenizer_class": "DistilBertTokenizer", "model_max_length": 512})
    config = transformers.DistilBertConfig(dim=32, n_layers=2, n_heads=4, hidden_dim=48)
    model = vision.randomised(transformers.DistilBertForMaskedLM(config))
    model.save_pretrained(folder)
    foreign.tensorflow(model, folder)
    foreign.flax(model, folder)
    return folder
