"""AutoImageProcessor: which file speaks, which class is meant, what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import safeload
from safeload import AutoImageProcessor
from safeload.errors import FormatError, PolicyDenied, UsageError
from tests.forge.hub import serve
from tests.forge.pictures import picture, put

if TYPE_CHECKING:
    from pathlib import Path


def test_the_file_of_vit_base(tmp_path: Path) -> None:
    """The tutorial's checkpoint says so little: no class in its days, the model_type tells."""
    mean = [0.5, 0.5, 0.5]
    put(tmp_path, do_normalize=True, do_resize=True, image_mean=mean, image_std=mean, size=224)
    put(tmp_path, "config.json", model_type="vit")
    processor = AutoImageProcessor.from_pretrained(tmp_path)
    assert processor.image_processor_type == "ViTImageProcessor"
    assert processor.name_or_path == str(tmp_path)
    assert processor(picture(500, 333), return_tensors="pt").pixel_values.shape == (1, 3, 224, 224)


def test_the_class_by_its_names(tmp_path: Path) -> None:
    """The name in the file comes first, then the name of its older kind, then the model_type."""
    put(tmp_path, "config.json", model_type="clip")
    put(tmp_path)
    assert AutoImageProcessor.from_pretrained(tmp_path).image_processor_type == "CLIPImageProcessor"
    put(tmp_path, feature_extractor_type="DeiTFeatureExtractor")
    assert AutoImageProcessor.from_pretrained(tmp_path).image_processor_type == "DeiTImageProcessor"
    put(tmp_path, feature_extractor_type="DeiTFeatureExtractor", image_processor_type="ViTImageProcessorFast")
    assert AutoImageProcessor.from_pretrained(tmp_path).image_processor_type == "ViTImageProcessor"


def test_a_part_of_a_processor_comes_first(tmp_path: Path) -> None:
    """The settings are written by transformers 5 into processor_config.json; an older one there has none."""
    put(tmp_path, image_processor_type="ViTImageProcessor", size=32)
    put(tmp_path, "processor_config.json", processor_class="CLIPProcessor")
    assert AutoImageProcessor.from_pretrained(tmp_path).size == {"height": 32, "width": 32}
    part = {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 48}}
    put(tmp_path, "processor_config.json", processor_class="CLIPProcessor", image_processor=part)
    assert AutoImageProcessor.from_pretrained(tmp_path).size == {"shortest_edge": 48}


def test_arguments_replace_settings(tmp_path: Path) -> None:
    """A setting as an argument, one of transformers' names for a backend, and what is left over."""
    put(tmp_path, image_processor_type="ViTImageProcessor")
    processor = AutoImageProcessor.from_pretrained(tmp_path, size=(20, 30), do_normalize=False)
    assert processor.size == {"height": 20, "width": 30}
    assert processor(picture(), return_tensors="np").pixel_values.max() <= 1
    assert AutoImageProcessor.from_pretrained(tmp_path, use_fast=False).backend == "pil"
    assert AutoImageProcessor.from_pretrained(tmp_path, backend="torchvision").backend == "torchvision"
    assert AutoImageProcessor.from_pretrained(tmp_path, token="x", revision="main").do_resize
    _, unused = AutoImageProcessor.from_pretrained(tmp_path, foo=1, return_unused_kwargs=True)
    assert unused == {"foo": 1}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"trust_remote_code": True}, "code from a repository is never run"),
        ({"subfolder": "x"}, "give the folder itself"),
        ({"revision": "v2"}, "no revisions"),
        ({"image_processor_filename": "other.json"}, "stand in preprocessor_config.json"),
        ({"config": 3}, "the checkpoint's own files"),
        ({"backend": "cv2"}, "is none of pil, torchvision"),
        ({"backend": 3}, "no name"),
        ({"use_fast": "yes"}, "use_fast is True, False or None"),
        ({"foo": 1}, "unknown argument foo"),
        ({"size": 0}, "size: size.height is 0"),
    ],
)
def test_arguments_that_are_refused(arguments: dict[str, Any], reason: str, tmp_path: Path) -> None:
    """Each is honoured or refused with its reason."""
    put(tmp_path, image_processor_type="ViTImageProcessor")
    with pytest.raises(UsageError, match=reason):
        AutoImageProcessor.from_pretrained(tmp_path, **arguments)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """No file, no class, a class that is not supported."""
    put(tmp_path, "config.json", model_type="vit")
    with pytest.raises(UsageError, match=r"no preprocessor_config\.json"):
        AutoImageProcessor.from_pretrained(tmp_path)
    put(tmp_path, image_processor_type="BeitImageProcessor")
    with pytest.raises(UsageError, match=r"BeitImageProcessor is not supported yet; supported: ViTImage"):
        AutoImageProcessor.from_pretrained(tmp_path)
    put(tmp_path, size=3)
    put(tmp_path, "config.json", model_type="bert")
    with pytest.raises(UsageError, match="model_type bert has none"):
        AutoImageProcessor.from_pretrained(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(UsageError, match=r"no model_type in config\.json has none"):
        AutoImageProcessor.from_pretrained(tmp_path)
    with pytest.raises(UsageError, match="not built directly"):
        AutoImageProcessor()


def test_hostile_files(tmp_path: Path) -> None:
    """A model's class in the place of a processor's, code from elsewhere, and sizes beyond the budget."""
    put(tmp_path, image_processor_type="BertForSequenceClassification")
    with pytest.raises(UsageError, match="BertForSequenceClassification is not supported"):
        AutoImageProcessor.from_pretrained(tmp_path)
    assert "tokenizer.unlisted-class" in {
        reason.finding.rule for reason in safeload.audit(tmp_path).decision.reasons
    }
    put(tmp_path, image_processor_type="x", auto_map={"AutoImageProcessor": "org/evil--code.Evil"})
    with pytest.raises(PolicyDenied) as denied:
        AutoImageProcessor.from_pretrained(tmp_path)
    assert {reason.finding.rule for reason in denied.value.decision.reasons} >= {"config.remote-code"}
    put(tmp_path, image_processor_type="ViTImageProcessor", size={"height": 10**12, "width": 10**12})
    with pytest.raises(FormatError, match=r"size\.height is 1000000000000, outside 1 to 16384"):
        AutoImageProcessor.from_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text("[]")
    with pytest.raises(UsageError, match=r"no preprocessor_config\.json"):
        AutoImageProcessor.from_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text('{"size": 1, "size": 2}')
    with pytest.raises(PolicyDenied):
        AutoImageProcessor.from_pretrained(tmp_path)


def test_no_weights_and_no_torch(tmp_path: Path) -> None:
    """A processor is loaded and used without torch, and no byte of weights is handed out for it."""
    put(tmp_path, image_processor_type="ViTImageProcessor")
    program = (
        "import sys, numpy, safeload\n"
        f"processor = safeload.AutoImageProcessor.from_pretrained({str(tmp_path)!r})\n"
        "assert 'PIL' not in sys.modules\n"
        "processor(numpy.zeros((9, 9, 3), dtype='uint8'), return_tensors='np')\n"
        "print([name for name in ('torch', 'transformers', 'PIL.TiffImagePlugin') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_saved_where_it_was_asked_for(tmp_path: Path) -> None:
    """One file, with the name that others read."""
    put(tmp_path, image_processor_type="ViTImageProcessor")
    written = AutoImageProcessor.from_pretrained(tmp_path).save_pretrained(tmp_path / "new")
    assert written == (str(tmp_path / "new" / "preprocessor_config.json"),)
    assert safeload.AutoImageProcessor.from_pretrained(tmp_path / "new").size == {"height": 224, "width": 224}


def test_from_a_hub(tmp_path: Path) -> None:
    """The tutorial's line: a name, of which the settings are downloaded and judged."""
    program = (
        "import sys, numpy, safeload\n"
        "name, commit, cache = 'google/vit-base-patch16-224', *sys.argv[1:]\n"
        "processor = safeload.AutoImageProcessor.from_pretrained(name, revision=commit, cache_dir=cache)\n"
        "image = numpy.zeros((9, 9, 3), dtype='uint8')\n"
        "print(processor(image, return_tensors='np').pixel_values.shape)\n"
    )
    with serve() as hub:
        commit = hub.repository("google/vit-base-patch16-224").commit(
            {
                "config.json": b'{"model_type": "vit"}',
                "preprocessor_config.json": b'{"do_normalize": true, "do_resize": true, "size": 224}',
            }
        )
        done = subprocess.run(
            [sys.executable, "-c", program, commit, str(tmp_path)],
            capture_output=True, text=True, check=True, timeout=120,
            # the endpoint is read when huggingface_hub is imported
            env={**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path)},
        )  # fmt: skip
    assert done.stdout.strip() == "(1, 3, 224, 224)"
