"""Configs of speech models that ask for what their checkpoint does not hold: typed errors, no memory."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import safeload
from safeload.errors import FormatError, LimitExceeded, PolicyDenied, UsageError
from safeload.formats.field_values import FieldOutOfBounds, FieldTypeWrong, ValueNotListed
from safeload.formats.model_config import FieldsDisagree, interpret
from tests.forge.encoders import save
from tests.forge.speech import reference

if TYPE_CHECKING:
    from pathlib import Path

LISTS = ("conv_dim", "conv_kernel", "conv_stride", "tdnn_dim", "tdnn_kernel", "tdnn_dilation")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], FieldOutOfBounds),
        ([3] * 65, FieldOutOfBounds),
        ([3] * 100_000, FieldOutOfBounds),
        ([0] * 7, FieldOutOfBounds),
        ([-1] * 7, FieldOutOfBounds),
        ([10**30] * 7, FieldOutOfBounds),
        ([3.0] * 7, FieldTypeWrong),
        ([True] * 7, FieldTypeWrong),
        ([[3]] * 7, FieldTypeWrong),
        (["3"] * 7, FieldTypeWrong),
        (7, FieldTypeWrong),
        ("3333333", FieldTypeWrong),
        ({"0": 3}, FieldTypeWrong),
        (None, FieldTypeWrong),
        ([3], FieldsDisagree),
    ],
)
def test_lists_of_layers(name: str, value: Any, error: type[FormatError]) -> None:
    """Absurd lengths and values, other types, and lists that do not belong together."""
    with pytest.raises(error, match=name):
        interpret({"model_type": "wav2vec2", name: value})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"hidden_size": 770}, FieldsDisagree),
        ({"num_conv_pos_embedding_groups": 7}, FieldsDisagree),
        ({"codevector_dim": 255}, FieldsDisagree),
        ({"num_hidden_layers": 10**9}, FieldOutOfBounds),
        ({"num_conv_pos_embeddings": 0}, FieldOutOfBounds),
        ({"vocab_size": 10**12}, FieldOutOfBounds),
        ({"mask_time_length": 0}, FieldOutOfBounds),
        ({"num_adapter_layers": 10**6}, FieldOutOfBounds),
        ({"layerdrop": 1.5}, FieldOutOfBounds),
        ({"feat_extract_norm": "batch"}, ValueNotListed),
        ({"feat_extract_activation": "os.system"}, ValueNotListed),
        ({"ctc_loss_reduction": "product"}, ValueNotListed),
        ({"pooling_mode": "median"}, ValueNotListed),
    ],
)
def test_single_fields(changes: dict[str, Any], error: type[FormatError]) -> None:
    """Sizes that do not divide, counts without bounds, names outside the closed sets."""
    with pytest.raises(error):
        interpret({"model_type": "wav2vec2", **changes})


def test_what_published_configs_have() -> None:
    """Every field that transformers 4.7 wrote for the first recognisers is known."""
    older = {
        "model_type": "wav2vec2", "feat_extract_dropout": 0.0, "hidden_dropout_prob": 0.1,
        "num_feat_extract_layers": 7, "gradient_checkpointing": False, "mask_channel_length": 10,
        "mask_channel_min_space": 1, "mask_channel_other": 0.0, "mask_channel_prob": 0.0,
        "mask_channel_selection": "static", "mask_time_min_space": 1, "mask_time_other": 0.0,
        "mask_time_selection": "static", "transformers_version": "4.7.0.dev0", "vocab_size": 32,
        "conv_dim": [512] * 7, "conv_kernel": [10, 3, 3, 3, 3, 2, 2], "conv_stride": [5, 2, 2, 2, 2, 2, 2],
        "num_negatives": 100, "tokenizer_class": "Wav2Vec2CTCTokenizer", "finetuning_task": "wav2vec2_clf",
        "pooling_mode": "mean", "problem_type": "regression", "num_labels": 1,
    }  # fmt: skip
    assert interpret(older).unknown == ()
    assert interpret({**older, "model_type": "hubert"}).unknown == ()


def _changed(folder: Path, kind: str, **changes: Any) -> Path:
    save(reference(kind, "AutoModelForCTC"), folder)
    path = folder / "config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, **changes}), encoding="utf-8")
    return folder


_HUGE: tuple[tuple[dict[str, Any], Any], ...] = (
    ({"hidden_size": 131_072, "num_attention_heads": 4}, (FormatError, UsageError)),
    ({"conv_dim": [131_072, 131_072, 131_072]}, FormatError),
    ({"conv_kernel": [4_096, 4_096, 4_096]}, FormatError),
    ({"conv_dim": [16] * 64, "conv_kernel": [2] * 64, "conv_stride": [1] * 64}, FormatError),
    ({"num_conv_pos_embeddings": 8_192}, FormatError),
    ({"intermediate_size": 131_072}, FormatError),
    ({"num_hidden_layers": 400}, FormatError),
    ({"vocab_size": 1 << 24}, UsageError),
)


@pytest.mark.parametrize(("changes", "error"), _HUGE)
@pytest.mark.parametrize("kind", ["wav2vec2", "hubert"])
def test_sizes_against_the_checkpoints_own(
    tmp_path: Path, kind: str, changes: dict[str, Any], error: Any
) -> None:
    """A config that describes another model than the file holds loads nothing, with the place named."""
    with pytest.raises(error):
        safeload.AutoModelForCTC.from_pretrained(_changed(tmp_path, kind, **changes))


@pytest.mark.parametrize(
    ("auto_class", "changes"),
    [
        ("AutoModelForCTC", {"vocab_size": 1 << 24}),
        ("AutoModelForAudioXVector", {"tdnn_dim": [131_072] * 3, "tdnn_kernel": [4_096] * 3}),
        ("AutoModelForAudioXVector", {"xvector_output_dim": 131_072}),
        ("AutoModelForAudioClassification", {"classifier_proj_size": 131_072, "num_labels": 100_000}),
        ("AutoModelForPreTraining", {"num_codevectors_per_group": 131_072, "num_codevector_groups": 1_024,
                                     "codevector_dim": 65_536}),
    ],
)  # fmt: skip
def test_a_new_head_without_measure(tmp_path: Path, auto_class: str, changes: dict[str, Any]) -> None:
    """A few bytes of config do not make a head of gigabytes, even where new heads are asked for."""
    folder = _changed(tmp_path, "wav2vec2", **changes)
    with pytest.raises(LimitExceeded, match="a new head of"):
        getattr(safeload, auto_class).from_pretrained(folder, ignore_mismatched_sizes=True)


def test_no_memory_is_taken(tmp_path: Path) -> None:
    """All of these together take less than 60 MiB more than a load that succeeds."""
    good = save(reference("wav2vec2", "AutoModelForCTC"), tmp_path / "good")
    bad = [str(_changed(tmp_path / str(index), "wav2vec2", **item)) for index, (item, _) in enumerate(_HUGE)]
    program = (
        "import resource, safeload\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        f"safeload.AutoModelForCTC.from_pretrained({str(good)!r})\n"
        "before = peak()\n"
        f"for folder in {bad!r}:\n"
        "    try:\n"
        "        safeload.AutoModelForCTC.from_pretrained(folder, ignore_mismatched_sizes=True)\n"
        "    except safeload.SafeloadError:\n"
        "        continue\n"
        "    raise SystemExit(folder)\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(done.stdout) < 60


def test_a_config_that_cannot_be_is_denied(tmp_path: Path) -> None:
    """In a repository, such a config is malformed, and the default policy refuses it before any load."""
    folder = _changed(tmp_path, "wav2vec2", conv_stride=[0, 0, 0])
    with pytest.raises(PolicyDenied, match="conv_stride is 0"):
        safeload.AutoModelForCTC.from_pretrained(folder)
