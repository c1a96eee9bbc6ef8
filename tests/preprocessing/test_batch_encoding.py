"""BatchEncoding on its own: keys, copies, tensors, and what it says where something is missing."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from safeload.preprocessing.batch_encoding import BatchEncoding


def small() -> BatchEncoding:
    return BatchEncoding({"input_ids": [[1, 2], [3, 4]], "attention_mask": [[1, 1], [1, 0]]})


def test_mapping() -> None:
    """Keys, attributes, slices and unpacking."""
    encoding = small()
    assert encoding["input_ids"] == encoding.input_ids == [[1, 2], [3, 4]]
    assert encoding[1:] == {"input_ids": [[3, 4]], "attention_mask": [[1, 0]]}
    assert {**encoding} == dict(encoding)
    assert "input_ids" in encoding
    with pytest.raises(AttributeError):
        _ = encoding.labels
    with pytest.raises(KeyError, match="input_ids"):
        _ = encoding[0]


def test_without_encodings() -> None:
    """What needs the encodings says so."""
    encoding = small()
    assert not encoding.is_fast
    assert encoding.encodings is None
    assert encoding.n_sequences is None
    with pytest.raises(ValueError, match="needs the encodings"):
        encoding.tokens()
    with pytest.raises(ValueError, match="needs the encodings"):
        encoding.token_to_word(0)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]
)
def test_copies(copied) -> None:
    """Copies and pickles, as data loaders make them, are equal."""
    assert dict(copied(small())) == dict(small())


def test_tensors() -> None:
    """Tensors on request; `to` moves them and leaves the rest."""
    import torch

    encoding = small().convert_to_tensors("pt")
    assert encoding["input_ids"].dtype == torch.int64
    encoding["name"] = "x"
    assert encoding.to("cpu") is encoding
    assert encoding["name"] == "x"
    assert BatchEncoding({"input_ids": [1]}, tensor_type="pt", prepend_batch_axis=True)[
        "input_ids"
    ].shape == (1, 1)
    assert BatchEncoding({"input_ids": [[]]}, tensor_type="np")["input_ids"].dtype == "int64"


def test_ragged_rows() -> None:
    """Rows of different lengths are no tensor, and the message says what to do."""
    with pytest.raises(ValueError, match="padding=True"):
        BatchEncoding({"input_ids": [[1], [1, 2]]}, tensor_type="pt")
    assert BatchEncoding({"input_ids": [[1], [1, 2]]}, tensor_type="np")["input_ids"].dtype == object


def test_unknown_tensor_type() -> None:
    """`tf` is not one of ours."""
    with pytest.raises(ValueError, match="'pt' or 'np'"):
        small().convert_to_tensors("tf")


@pytest.mark.parametrize(("kind", "package"), [("pt", "torch"), ("np", "numpy")])
def test_missing_extra(kind: str, package: str) -> None:
    """Without the library there is one line that says what to install."""
    script = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from safeload.preprocessing.batch_encoding import BatchEncoding\n"
        f"BatchEncoding({{'input_ids': [1]}}, tensor_type={kind!r})"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.stderr.strip().endswith(
        f"MissingExtra: return_tensors='{kind}' needs {package}: pip install 'safeload[torch]'"
    )
