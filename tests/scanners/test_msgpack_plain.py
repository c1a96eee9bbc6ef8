"""msgpack of other programs: spaCy's files pass, and what they hold is judged."""

from __future__ import annotations

import pickle
import random
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from safeload.errors import FormatError
from safeload.formats.identify import identify
from safeload.formats.msgpack_plain import NotPlain, TooManyRanges, TooManyValues, walk_plain
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.repositories import audited, put
from tests.forge.samples import imatrix

if TYPE_CHECKING:
    from pathlib import Path

PICKLE = b"\x80\x02cos\nsystem\n(S'id'\ntR."


def model(data: bytes, kind: str = "<f4") -> dict[str, Any]:
    """A model of thinc with one array, as spaCy keeps it."""
    array = {b"nd": True, b"type": kind, b"kind": b"", b"shape": [len(data) // 4], b"data": data}
    return {"nodes": [{"index": 0, "name": "ner", "dims": {"nO": None}}], "attrs": [{"a": b"\xc0"}],
            "params": [{"W": array}], "shims": [[]]}  # fmt: skip


def pipeline(root: Path, data: bytes = bytes(range(16)), kind: str = "<f4") -> None:
    """The files of a spaCy pipeline that are msgpack."""
    put(root, "ner/model", msgpack.packb(model(data, kind)))
    put(root, "vocab/key2row", msgpack.packb({11_000_000_000_000_000_000: 0, 2: 1}))
    put(root, "vocab/lookups.bin", msgpack.packb({"lexeme_norm": {1: "a", 2: "b"}}))
    put(root, "lemmatizer/lookups/lookups.bin", msgpack.packb({}))
    put(root, "attribute_ruler/patterns", msgpack.packb([{"patterns": [[{"a": 1}]], "attrs": {"b": 2}}]))
    put(root, "ner/moves", msgpack.packb({"moves": "{}", "strings": ["a"], "cfg": {"neg_key": None}}))


def test_a_pipeline_of_spacy(tmp_path: Path) -> None:
    """Nothing in it is denied."""
    pipeline(tmp_path)
    assert audited(tmp_path).rules == set()


@pytest.mark.parametrize("inside", [PICKLE, msgpack.packb({"config": {}, "state": PICKLE}),
                                    b"\x7fELF\2\1\1" + bytes(57)])  # fmt: skip
def test_what_bytes_hold(tmp_path: Path, inside: bytes) -> None:
    """Numpy's objects are pickles, and shims hold files of other libraries: each is judged."""
    pipeline(tmp_path, inside, "|O")
    assert audited(tmp_path).rules & {"pickle.dangerous-global", "code.native-binary"}


def test_an_inert_pickle_inside(tmp_path: Path) -> None:
    """Near miss."""
    pipeline(tmp_path, pickle.dumps([1, 2, "abc"]), "|O")
    assert audited(tmp_path).rules == set()


def test_a_flax_checkpoint_stays_one(tmp_path: Path) -> None:
    """Under the name of a checkpoint plain msgpack is no checkpoint."""
    put(tmp_path, "flax_model.msgpack", msgpack.packb(model(bytes(16))))
    assert audited(tmp_path).rules == {"artifact.unrecognised"}


@pytest.mark.parametrize(
    "data",
    [b"", b"\x81", b"\x92\1", b"\x80\x80", b"\xc1", b"\xd4\1\0", b"\xc4\5abc", b"\xdf\xff\xff\xff\xff",
     b"\xdd\xff\xff\xff\xff\0", b"\xd9", b"\x91" * 70 + b"\0"],
)  # fmt: skip
def test_what_is_not_plain(data: bytes) -> None:
    """Cut short, with more behind it, reserved, an extension, counts past the end, too deep."""
    with pytest.raises(NotPlain):
        walk_plain(BytesView(data), DEFAULT_LIMITS)


def test_budgets() -> None:
    """Values and ranges have one each."""
    few = replace(DEFAULT_LIMITS, msgpack_values=3, msgpack_ranges=1)
    with pytest.raises(TooManyValues):
        walk_plain(BytesView(msgpack.packb([1, 2, 3])), few)
    with pytest.raises(TooManyRanges):
        walk_plain(BytesView(msgpack.packb([b"abcdef", b"abcdef"])), few)


def test_windows() -> None:
    """A file longer than one window is walked like a short one, and its ranges are right."""
    value = [{"k": number, "b": bytes([65 + number % 26]) * 10} for number in range(9_000)]
    data = msgpack.packb(value)
    ranges = walk_plain(BytesView(data), DEFAULT_LIMITS)
    assert [data[at : at + length] for at, length in ranges] == [item["b"] for item in value]


def test_any_bytes_end_in_ranges_or_a_format_error() -> None:
    """Mutations of a good file, and noise."""
    chance = random.Random(7)
    good = msgpack.packb(model(bytes(range(64))))
    for _ in range(2_000):
        data = bytearray(good if chance.random() < 0.7 else chance.randbytes(60))
        data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            walk_plain(BytesView(bytes(data)), DEFAULT_LIMITS)
        except FormatError:
            continue


def test_noise_is_rarely_msgpack() -> None:
    """Of random bytes few are one value from the first to the last."""
    chance = random.Random(3)
    files = (chance.randbytes(chance.randrange(12, 400)) for _ in range(20_000))
    assert sum(identify(BytesView(data), "x").format == "msgpack" for data in files) <= 4


def test_a_large_table(tmp_path: Path) -> None:
    """Rows of word vectors by their hashes, more than a checkpoint has entries."""
    put(tmp_path, "vocab/key2row", msgpack.packb({(1 << 60) + row: row for row in range(160_000)}))
    assert audited(tmp_path).rules == set()


def test_an_importance_matrix(tmp_path: Path) -> None:
    """What llama.cpp leaves beside quantised models, with and without the newer end."""
    put(tmp_path, "imatrix.dat", imatrix())
    put(tmp_path, "new.dat", imatrix(tail=b"\4\0\0\0\6\0\0\0wiki.t"))
    assert audited(tmp_path).rules == set()
    put(tmp_path, "cut.dat", imatrix()[:-1])
    put(tmp_path, "more.dat", imatrix() + b"abc")
    assert audited(tmp_path).rules == {"artifact.unrecognised"}


def test_a_run_of_wandb(tmp_path: Path) -> None:
    """The log of a training run; what only begins like one is malformed."""
    put(tmp_path, "wandb/run-a.wandb", b":W&B\xe1\xbe\0" + bytes(4) + b"\4\0\1abcd")
    assert audited(tmp_path).rules == set()
    put(tmp_path, "wandb/run-b.wandb", b":W&B\xe1\xbe\0" + bytes(4) + b"\4\0\x91abcd")
    assert audited(tmp_path).rules == {"artifact.malformed"}
