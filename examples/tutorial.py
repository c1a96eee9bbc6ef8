"""The AutoClass tutorial of transformers, step by step, through the gate.

    python examples/tutorial.py

Each name is one of the Hub's: its commit is resolved once, its files are judged before anything is built,
and nothing of them is executed. HF_ENDPOINT names another Hub.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from safeload import (
    AutoFeatureExtractor,
    AutoImageProcessor,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PolicyDenied,
)

BERT = "google-bert/bert-base-uncased"
VIT = "google/vit-base-patch16-224"
SPEECH = "ehcalabres/wav2vec2-lg-xlsr-en-speech-emotion-recognition"
DISTILBERT = "distilbert/distilbert-base-uncased"


def main() -> int:
    """Run every step and print what came out."""
    print("a tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(BERT)
    print(" ", dict(tokenizer("In a hole in the ground there lived a hobbit.")))

    print("an image processor")
    image_processor = AutoImageProcessor.from_pretrained(VIT)
    picture = np.zeros((480, 640, 3), dtype=np.uint8)
    print("  pixel_values", tuple(image_processor(picture, return_tensors="pt")["pixel_values"].shape))

    print("a feature extractor")
    feature_extractor = AutoFeatureExtractor.from_pretrained(SPEECH)
    sound = np.sin(np.arange(16_000) / 10).astype(np.float32)
    features = feature_extractor(sound, sampling_rate=16_000, return_tensors="pt")
    print("  input_values", tuple(features["input_values"].shape))

    print("one checkpoint, two tasks: new heads, and the report says so")
    words = AutoTokenizer.from_pretrained(DISTILBERT)(["one text", "another text"], return_tensors="pt")
    sequences = AutoModelForSequenceClassification.from_pretrained(DISTILBERT)
    tokens = AutoModelForTokenClassification.from_pretrained(DISTILBERT)
    print("  sequence logits", tuple(sequences(**words).logits.shape), sequences.load_report.new_head)
    print("  token logits", tuple(tokens(**words).logits.shape), tokens.load_report.new_head)

    print("the same weights from TensorFlow and Flax, read without either")
    torch_model = AutoModel.from_pretrained(DISTILBERT)
    tf_model = AutoModel.from_pretrained(DISTILBERT, from_tf=True)
    flax_model = AutoModel.from_pretrained(DISTILBERT, from_flax=True)
    with torch.no_grad():
        states = [model(**words).last_hidden_state for model in (torch_model, tf_model, flax_model)]
    for name, state in zip(("from_tf", "from_flax"), states[1:], strict=True):
        print(f"  {name} differs by {float((state - states[0]).abs().max()):.1e}")

    print("what was loaded trains, and is saved as safetensors")
    sequences.train()
    optimizer = torch.optim.AdamW(sequences.parameters(), lr=1e-3)
    for _ in range(3):
        loss = sequences(**words, labels=torch.tensor([0, 1])).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    with tempfile.TemporaryDirectory() as folder:
        print(
            "  loss",
            f"{float(loss):.3f}",
            sorted(Path(path).name for path in sequences.save_pretrained(folder)),
        )
        AutoModelForSequenceClassification.from_pretrained(folder)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PolicyDenied as denied:
        print(denied, file=sys.stderr)
        sys.exit(1)
