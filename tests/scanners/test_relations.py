"""scanners.relations: an index against its shards, a pickle against its safetensors twin."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from safeload.formats.shard_index import ShardIndex
from safeload.formats.tensors import TensorEntry
from safeload.formats.tokenizer_config import TokenizerConfig
from safeload.scanners.relations import relate

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Tensors:
    """A record with tensors, of no format in particular."""

    tensors: Mapping[str, TensorEntry]


def table(*names: str, dtype: str = "float32", shape: tuple[int, ...] = (2,)) -> Tensors:
    return Tensors({name: TensorEntry(dtype, shape, 64 * at) for at, name in enumerate(names)})


def index(**weight_map: str) -> ShardIndex:
    return ShardIndex(
        weight_map=MappingProxyType(weight_map),
        shards=tuple(sorted(set(weight_map.values()))),
        metadata=MappingProxyType({}),
    )


SAFE, PICKLE = "model.safetensors", "pytorch_model.bin"
SAFE_INDEX, PICKLE_INDEX = f"{SAFE}.index.json", f"{PICKLE}.index.json"


def facts(records: Mapping[str, object], *more: str) -> list[tuple[str, dict[str, object]]]:
    return [(fact.kind, dict(fact.data)) for fact in relate(records, frozenset({*records, *more}))]


def test_an_index_that_fits() -> None:
    """Every tensor is in the shard that the index names: no fact."""
    records = {SAFE_INDEX: index(a="1.safetensors", b="2.safetensors")}
    records |= {"1.safetensors": table("a"), "2.safetensors": table("b")}
    assert facts(records) == []


def test_a_missing_shard() -> None:
    """A shard that is no file of the snapshot is named."""
    ((kind, data),) = facts(
        {SAFE_INDEX: index(a="1.safetensors", b="2.safetensors"), "1.safetensors": table("a")}
    )
    assert kind == "index.incomplete"
    assert data["name"] == "2.safetensors"


def test_tensors_in_another_shard() -> None:
    """A swap of two tensors is stated for both shards, from both sides."""
    records = {SAFE_INDEX: index(a="1.safetensors", b="2.safetensors")}
    records |= {"1.safetensors": table("b"), "2.safetensors": table("a")}
    found = facts(records)
    assert {kind for kind, _ in found} == {"index.incomplete"}
    assert sorted(str(data["name"]) for _, data in found) == ["a", "a", "b", "b"]


def test_a_tensor_in_two_shards() -> None:
    """A tensor that a second shard holds, too, is stated."""
    records = {SAFE_INDEX: index(a="1.safetensors", b="2.safetensors")}
    records |= {"1.safetensors": table("a"), "2.safetensors": table("a", "b")}
    assert [data["name"] for _, data in facts(records)] == ["a"]


def test_shards_lie_beside_their_index() -> None:
    """The names count from the folder of the index."""
    assert facts({f"x/{SAFE_INDEX}": index(a="1.safetensors"), "x/1.safetensors": table("a")}) == []
    assert facts({f"x/{SAFE_INDEX}": index(a="1.safetensors"), "1.safetensors": table("a")})


@pytest.mark.parametrize(
    ("pickled", "difference"),
    [
        (table("a", "b"), ""),
        (table("b", "a"), ""),
        (table("a"), "only in safetensors: b"),
        (table("a", "b", "c"), "only in the pickle: c"),
        (table("a", "b", dtype="float16"), "other dtype or shape: a, b"),
        (table("a", "b", shape=(1, 2)), "other dtype or shape: a, b"),
    ],
)
def test_twins(pickled: Tensors, difference: str) -> None:
    """Names, shapes and dtypes of the two are compared; the order is not."""
    ((kind, data),) = facts({SAFE: table("a", "b"), PICKLE: pickled})
    assert kind == "weights.twins"
    assert (data["agree"], data["difference"]) == (not difference, difference)


def test_a_tied_name_may_be_missing() -> None:
    """A name that only the pickle has is fine where it is the memory of one that both have."""
    tied = Tensors({**table("a", "b").tensors, "c": TensorEntry("float32", (2,), 64)})
    assert facts({SAFE: table("a", "b"), PICKLE: tied})[0][1]["agree"] is True
    other_type = Tensors({**table("a", "b").tensors, "c": TensorEntry("int32", (2,), 64)})
    assert facts({SAFE: table("a", "b"), PICKLE: other_type})[0][1]["agree"] is False


def test_the_same_place_in_another_shard_is_another_tensor() -> None:
    """Two shards hold their first tensor at the same offset, and it is not the same tensor."""
    records = {SAFE: table("a"), PICKLE_INDEX: index(a="1.bin", extra="2.bin")}
    records |= {"1.bin": table("a"), "2.bin": table("extra")}
    twins = [data for kind, data in facts(records) if kind == "weights.twins"]
    assert [data["difference"] for data in twins] == ["only in the pickle: extra"]


def test_one_format_alone_has_no_twin() -> None:
    """Nothing is stated about a checkpoint in one format."""
    assert facts({SAFE: table("a")}) == facts({PICKLE: table("a")}) == []


@pytest.mark.parametrize("folder", ["", "unet/", "a/b/"])
def test_twins_of_any_folder(folder: str) -> None:
    """Each folder is compared by itself, with shards beside their index."""
    records = {folder + SAFE_INDEX: index(w="1.safetensors"), folder + "1.safetensors": table("w")}
    records |= {folder + PICKLE: table("v"), "other/" + PICKLE: table("x")}
    ((kind, data),) = facts(records)
    assert (kind, data["agree"]) == ("weights.twins", False)
    assert (data["safetensors"], data["pickle"]) == (folder + SAFE_INDEX, folder + PICKLE)


def test_a_shard_that_nobody_names() -> None:
    """A file called like a shard of the index, and not named by it; other files are none of its business."""
    records = {SAFE_INDEX: index(a="model-00001-of-00001.safetensors")}
    records |= {"model-00001-of-00001.safetensors": table("a")}
    more = ("model.fp16-00001-of-00001.safetensors", "x/model-00002-of-00002.safetensors", "model-1.bin")
    assert facts(records, *more) == []
    ((kind, data),) = facts(records, "model-00002-of-00002.safetensors")
    assert (kind, data["name"]) == ("index.incomplete", "model-00002-of-00002.safetensors")


@pytest.mark.parametrize(("size", "kinds"), [(8, []), (9, ["index.size"]), ("8", ["index.size"]), (None, [])])
def test_total_size(size: object, kinds: list[str]) -> None:
    """What the index says about all bytes, and what the shards hold."""
    record = ShardIndex(
        weight_map=MappingProxyType({"a": "1.safetensors"}),
        shards=("1.safetensors",),
        metadata=MappingProxyType({"total_size": size}),
    )
    found = facts({SAFE_INDEX: record, "1.safetensors": table("a")})
    assert [kind for kind, _ in found] == kinds


@pytest.mark.parametrize(
    ("values", "files", "kinds"),
    [
        ({"vocab_file": "/home/me/vocab.txt"}, ("vocab.txt",), []),
        ({"vocab_file": "/home/me/vocab.txt"}, (), ["config.redirect"]),
        ({"vocab_file": "/home/me/vocab.txt"}, ("x/vocab.txt",), ["config.redirect"]),
        ({"vocab_file": "/etc/passwd"}, ("vocab.txt",), ["config.redirect"]),
        ({"tokenizer_file": "/home/me/.cache/x/tokenizer.json"}, ("tokenizer.json",), []),
        ({"tokenizer_file": "/home/me/.cache/x/tokenizer.json"}, (), ["config.redirect"]),
        ({"vocab_file": "vocab.txt", "merges_file": None, "tokenizer_file": 3}, (), []),
    ],
)
def test_files_of_a_tokenizer(values: dict[str, object], files: tuple[str, ...], kinds: list[str]) -> None:
    """A path of the writer's machine is overridden by a file of the folder, or it is followed."""
    record = TokenizerConfig(values=values, templates=())
    assert [kind for kind, _ in facts({"tokenizer_config.json": record}, *files)] == kinds
