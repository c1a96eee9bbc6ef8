"""AutoFeatureExtractor and AutoProcessor: which class, from which file, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import safeload
from safeload.errors import FormatError, PolicyDenied, UsageError
from safeload.formats.audio_settings import MODEL_TYPES
from safeload.resolver import auto_processor
from tests.forge.hub import serve
from tests.forge.letters import CAPITALS, write

if TYPE_CHECKING:
    from pathlib import Path

SOUND = np.linspace(-1, 1, 50, dtype=np.float32)
PUBLISHED: dict[str, Any] = {
    "do_normalize": True,
    "feature_size": 1,
    "padding_side": "right",
    "padding_value": 0.0,
    "return_attention_mask": True,
    "sampling_rate": 16_000,
}
"""As most recognisers have it, before files named a class."""


def _folder(folder: Path, **files: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {"preprocessor_config": {**PUBLISHED, "feature_extractor_type": "Wav2Vec2FeatureExtractor"}},
        {"preprocessor_config": PUBLISHED, "config": {"model_type": "hubert"}},
        {
            "preprocessor_config": PUBLISHED,
            "config": {"model_type": "x", "feature_extractor_type": "Wav2Vec2FeatureExtractor"},
        },
        {
            "processor_config": {
                "processor_class": "Wav2Vec2Processor",
                "feature_extractor": {**PUBLISHED, "feature_extractor_type": "Wav2Vec2FeatureExtractor"},
            }
        },
        {
            "processor_config": {
                "audio_processor": {**PUBLISHED, "feature_extractor_type": "Wav2Vec2FeatureExtractor"}
            },
            "preprocessor_config": {"sampling_rate": 1},
        },
    ],
)
def test_where_the_settings_stand(tmp_path: Path, files: dict[str, Any]) -> None:
    """In preprocessor_config.json or inside processor_config.json; the class there, or by the model_type."""
    extractor = safeload.AutoFeatureExtractor.from_pretrained(_folder(tmp_path, **files))
    assert extractor.feature_extractor_type == "Wav2Vec2FeatureExtractor"
    assert extractor.to_dict() == {**PUBLISHED, "feature_extractor_type": "Wav2Vec2FeatureExtractor"}
    assert extractor.name_or_path == str(tmp_path)
    assert extractor.model_input_names == ["input_values", "attention_mask"]
    assert "sampling_rate" in repr(extractor)


def test_the_tables_are_the_references() -> None:
    """The model types of our classes are the reference's, and those without one have none there."""
    from transformers.models.auto.feature_extraction_auto import FEATURE_EXTRACTOR_MAPPING_NAMES
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    for ours, theirs in (
        (MODEL_TYPES, FEATURE_EXTRACTOR_MAPPING_NAMES),
        (auto_processor.MODEL_TYPES, PROCESSOR_MAPPING_NAMES),
    ):
        for name in set(ours.values()):
            assert {key for key, value in ours.items() if value == name} == {
                key for key, value in theirs.items() if value == name
            }
    assert not auto_processor.SINGLE & PROCESSOR_MAPPING_NAMES.keys()


def test_a_model_of_one_part(tmp_path: Path) -> None:
    """A text encoder's processor is its tokenizer; where no part can be had, both reasons are given."""
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    with pytest.raises(UsageError, match=r"no processor: .*vocab\.txt.*; no preprocessor_config"):
        safeload.AutoProcessor.from_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhole\n", encoding="utf-8")
    assert safeload.AutoProcessor.from_pretrained(tmp_path)("Hole")["input_ids"] == [2, 4, 3]


def test_settings_of_the_caller(tmp_path: Path) -> None:
    """An argument that is a setting replaces the file's; others are named, or handed back."""
    _folder(tmp_path, preprocessor_config=PUBLISHED, config={"model_type": "wav2vec2"})
    load = safeload.AutoFeatureExtractor.from_pretrained
    extractor, unused = load(
        tmp_path, sampling_rate=8_000, local_files_only=True, volume=3, return_unused_kwargs=True
    )
    assert extractor.sampling_rate == 8_000
    assert unused == {"volume": 3}
    with pytest.raises(UsageError, match="unknown argument volume"):
        load(tmp_path, volume=3)
    with pytest.raises(UsageError, match="sampling_rate is 0, outside 1 to"):
        load(tmp_path, sampling_rate=0)
    with pytest.raises(UsageError, match="trust_remote_code=True is refused"):
        load(tmp_path, trust_remote_code=True)
    extractor.do_normalize = False
    assert not extractor.do_normalize
    with pytest.raises(UsageError, match="padding_side is left or right"):
        extractor.padding_side = "top"
    with pytest.raises(AttributeError, match="has no loudness"):
        _ = extractor.loudness


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"feature_size": 80}, "feature_size is 80, outside 1 to 1"),
        ({"sampling_rate": 10**12}, "sampling_rate is 1000000000000, outside"),
        ({"sampling_rate": 16e3}, "sampling_rate is no whole number"),
        ({"sampling_rate": True}, "sampling_rate is no whole number"),
        ({"padding_value": "0"}, "padding_value is no number"),
        ({"padding_value": 1e300}, "padding_value is outside"),
        ({"padding_side": ["left"]}, "padding_side is left or right"),
        ({"do_normalize": 1}, "do_normalize is true or false"),
        ({"return_attention_mask": "no"}, "return_attention_mask is true or false"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    """A file whose settings have another type or are out of bounds loads nothing."""
    _folder(tmp_path, preprocessor_config={**PUBLISHED, **changes}, config={"model_type": "wav2vec2"})
    with pytest.raises(FormatError, match=reason):
        safeload.AutoFeatureExtractor.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"config": {"model_type": "wav2vec2"}}, r"no preprocessor_config\.json in"),
        ({"preprocessor_config": PUBLISHED}, "names no class, and model_type None has none"),
        ({"preprocessor_config": PUBLISHED, "config": {"model_type": "bert"}}, "model_type bert has none"),
        (
            {"preprocessor_config": {**PUBLISHED, "feature_extractor_type": "WhisperFeatureExtractor"}},
            "feature extractor WhisperFeatureExtractor is not supported yet; supported: Wav2Vec2Feature",
        ),
        ({"preprocessor_config": [1]}, "is no object of settings"),
    ],
)
def test_what_is_not_supported(tmp_path: Path, files: dict[str, Any], reason: str) -> None:
    """No settings, no class, or one that the closed table does not have."""
    with pytest.raises(UsageError, match=reason):
        safeload.AutoFeatureExtractor.from_pretrained(_folder(tmp_path, **files))


@pytest.mark.parametrize("name", ["BertForSequenceClassification", "os.system", "__class__"])
def test_a_name_is_looked_up_in_the_table_alone(tmp_path: Path, name: str) -> None:
    """A name that is no feature extractor is refused by its rule or by the table; nothing is imported."""
    _folder(tmp_path, preprocessor_config={**PUBLISHED, "feature_extractor_type": name})
    with pytest.raises((PolicyDenied, UsageError)):
        safeload.AutoFeatureExtractor.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"auto_map": {"AutoFeatureExtractor": "evil/code--x.Y"}}, r"config\.remote-code"),
        ({"feature_extractor_type": "os.system"}, r"config\.instantiates-callable"),
        ({"audio_tokenizer_name_or_path": "evil/model"}, r"config\.redirect"),
        ({"audio_tokenizer": {"audio_tokenizer_name_or_path": "evil/model"}}, r"config\.redirect"),
    ],
)
@pytest.mark.parametrize("auto_class", ["AutoFeatureExtractor", "AutoProcessor"])
def test_hostile_files(tmp_path: Path, auto_class: str, changes: dict[str, Any], rule: str) -> None:
    """Code, calls and second repositories that a file of a processor asks for are denied by their rules."""
    folder = _speech(tmp_path, preprocessor_config={**PUBLISHED, **changes})
    with pytest.raises(PolicyDenied, match=rule):
        getattr(safeload, auto_class).from_pretrained(folder)


@pytest.mark.parametrize(
    ("sound", "options", "reason"),
    [
        (SOUND, {"sampling_rate": 8_000}, "trained with a sampling rate of 16000, and the sounds have 8000"),
        ("hello.wav", {}, "decode files with a library"),
        (["hello.wav"], {}, "not str"),
        (7, {}, "an array or a list of numbers, not int"),
        ([], {}, "the list is empty"),
        (np.zeros((2, 2, 50)), {}, r"one channel are supported, and one has the shape \(2, 50\)"),
        ([np.zeros((2, 50))], {}, "one channel"),
        ([[1.0, "x"]], {}, "not made of numbers"),
        ([SOUND, SOUND[:9]], {"return_tensors": "pt"}, "input_values cannot become one tensor"),
        (SOUND, {"padding": "sideways"}, "padding is 'sideways'"),
        (SOUND, {"padding": "max_length"}, "needs max_length="),
        (SOUND, {"truncation": True}, "needs max_length="),
    ],
)
def test_calls_that_cannot_be(tmp_path: Path, sound: Any, options: dict[str, Any], reason: str) -> None:
    """The errors that people know, with what to do about them."""
    extractor = safeload.AutoFeatureExtractor.from_pretrained(
        _folder(tmp_path, preprocessor_config=PUBLISHED, config={"model_type": "wav2vec2"})
    )
    with pytest.raises(ValueError, match=reason):
        extractor(sound, **{"sampling_rate": 16_000, **options})


def test_a_rate_that_nobody_states_is_a_warning(tmp_path: Path) -> None:
    """Sounds of another rate give wrong results without an error, so the call says so."""
    extractor = safeload.AutoFeatureExtractor.from_pretrained(
        _folder(tmp_path, preprocessor_config=PUBLISHED, config={"model_type": "wav2vec2"})
    )
    with pytest.warns(UserWarning, match="pass sampling_rate="):
        extractor(SOUND)


def test_a_folder_for_padding(tmp_path: Path) -> None:
    """What is no feature, has no rows, or rows that do not belong together."""
    extractor = safeload.AutoFeatureExtractor.from_pretrained(
        _folder(tmp_path, preprocessor_config=PUBLISHED, config={"model_type": "wav2vec2"})
    )
    with pytest.raises(ValueError, match="give features that have input_values"):
        extractor.pad({"input_ids": [[1]]})
    with pytest.raises(ValueError, match="different numbers of rows"):
        extractor.pad({"input_values": [SOUND], "attention_mask": [[1], [1]]})
    assert extractor.pad({"input_values": []}, return_attention_mask=True)["attention_mask"] == []
    masked = extractor.pad(
        {"input_values": [SOUND], "attention_mask": [[1] * 50]}, max_length=60, padding="max_length"
    )
    assert masked["attention_mask"].sum() == 50


def _speech(folder: Path, **files: Any) -> Path:
    write(folder, CAPITALS, {"preprocessor_config": PUBLISHED, **files})
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {"processor_config": {"processor_class": "Wav2Vec2Processor"}},
        {"preprocessor_config": {**PUBLISHED, "processor_class": "Wav2Vec2Processor"}},
        {"tokenizer_config": {"processor_class": "Wav2Vec2Processor"}},
        {"config": {"model_type": "wav2vec2", "processor_class": "Wav2Vec2Processor"}},
        {},
        {"config": {"model_type": "hubert"}},
    ],
)
def test_where_the_class_stands(tmp_path: Path, files: dict[str, Any]) -> None:
    """In any of the files, or by the model_type."""
    processor = safeload.AutoProcessor.from_pretrained(_speech(tmp_path, **files))
    assert processor.class_name == "Wav2Vec2Processor"
    assert processor.feature_extractor.sampling_rate == 16_000
    assert processor.tokenizer("TEA")["input_ids"] == [6, 5, 7]
    assert "Wav2Vec2Processor" in repr(processor)


def test_settings_of_the_parts(tmp_path: Path) -> None:
    """An argument goes to the part that has it; one that neither has is refused."""
    processor = safeload.AutoProcessor.from_pretrained(
        _speech(tmp_path), do_lower_case=True, sampling_rate=8_000, padding_side="left", token=None
    )
    assert processor.tokenizer.do_lower_case
    assert processor.feature_extractor.sampling_rate == 8_000
    assert processor.tokenizer.padding_side == processor.feature_extractor.padding_side == "left"
    with pytest.raises(UsageError, match="does not know the argument 'volume'"):
        safeload.AutoProcessor.from_pretrained(tmp_path, volume=3)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"preprocessor_config": {**PUBLISHED, "processor_class": "Wav2Vec2ProcessorWithLM"}},
            "has a language model in a format of its own",
        ),
        (
            {"processor_config": {"processor_class": "WhisperProcessor"}},
            "processor WhisperProcessor is not supported yet; supported: ",
        ),
        ({"config": {"model_type": "clap"}}, "names a processor class, and its model_type has none"),
    ],
)
def test_processors_that_are_not_supported(tmp_path: Path, files: dict[str, Any], reason: str) -> None:
    """What the closed table lacks is named, with what it has."""
    with pytest.raises(UsageError, match=reason):
        safeload.AutoProcessor.from_pretrained(_speech(tmp_path, **files))


def test_auto_classes_are_not_built(tmp_path: Path) -> None:
    """They are used through from_pretrained."""
    for auto in (safeload.AutoFeatureExtractor, safeload.AutoProcessor):
        with pytest.raises(UsageError, match="is not built directly"):
            auto()


def test_no_torch_for_an_extractor(tmp_path: Path) -> None:
    """A feature extractor and its numbers need numpy alone; loading one needs not even that."""
    _speech(tmp_path)
    program = (
        "import sys, safeload\n"
        f"processor = safeload.AutoProcessor.from_pretrained({str(tmp_path)!r})\n"
        "assert 'numpy' not in sys.modules\n"
        "processor([0.5] * 400, sampling_rate=16_000, return_tensors='np')\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_the_tutorials_feature_extractor(tmp_path: Path) -> None:
    """Step 3 of the tutorial, word for word: a name, of which the settings are downloaded and judged."""
    files = {
        "preprocessor_config.json": {**PUBLISHED, "feature_extractor_type": "Wav2Vec2FeatureExtractor"},
        "config.json": {"model_type": "wav2vec2", "architectures": ["Wav2Vec2ForSpeechClassification"]},
        "vocab.json": CAPITALS,
    }
    program = (
        "import sys\n"
        "from safeload import AutoFeatureExtractor, AutoProcessor\n"
        "name = 'ehcalabres/wav2vec2-lg-xlsr-en-speech-emotion-recognition'\n"
        "options = {'cache_dir': sys.argv[1]}\n"
        "feature_extractor = AutoFeatureExtractor.from_pretrained(name, **options)\n"
        "features = feature_extractor([0.5] * 400, sampling_rate=16_000, return_tensors='np')\n"
        "print(features.input_values.shape, features.attention_mask.sum())\n"
        "print(AutoProcessor.from_pretrained(name, **options)(text='TEA')['input_ids'])\n"
    )
    with serve() as hub:
        hub.repository("ehcalabres/wav2vec2-lg-xlsr-en-speech-emotion-recognition").commit(
            {name: json.dumps(value).encode() for name, value in files.items()}
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            capture_output=True, text=True, check=True, timeout=120,
            # the endpoint is read when huggingface_hub is imported
            env={**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path)},
        )  # fmt: skip
    assert done.stdout.splitlines() == ["(1, 400) 400", "[6, 5, 7]"]
