"""Manifests of models: plain paths, each once, whole pieces, and a subject that fits."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.formats.intoto import parse_statement
from safeload.formats.json_fields import FieldMissing, FieldTypeWrong, NotAnObject
from safeload.formats.model_manifest import (
    MOST_IGNORED,
    Piece,
    PiecesBroken,
    PredicateOutdated,
    PredicateUnsupported,
    ResourceDigestBroken,
    ResourceNameRefused,
    ResourcesMissing,
    ResourceTwice,
    RootDigestWrong,
    SerializationBroken,
    SerializationUnsupported,
    TooManyResources,
    parse_manifest,
)
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.oms import resources, statement

FILES = {"a": b"0123456789", "d/b:1:2": b"xyz"}
A, B = "a" * 64, "b" * 64


def parse(document, limits=DEFAULT_LIMITS):
    return parse_manifest(parse_statement(json.dumps(document).encode(), limits), limits)


def one(name="a", algorithm="sha256", digest=A, **more):
    return {"name": name, "algorithm": algorithm, "digest": digest, **more}


@pytest.mark.parametrize("algorithm", ["sha256", "blake2b"])
def test_whole_files(algorithm):
    """Each path with the digest of its content; what nobody knows is left alone."""
    document = statement(FILES, algorithm=algorithm)
    document["predicate"]["more"] = 1
    document["predicate"]["resources"][0]["uri"] = "x"
    found = parse(document)
    assert found.algorithm == algorithm
    assert list(found.files) == list(FILES)
    assert all(pieces[0].end is None and len(pieces) == 1 for pieces in found.files.values())


@pytest.mark.parametrize("size", [1, 4, 10, 10.0, 99])
def test_pieces_of_files(size):
    """They follow each other; the size may be a float, and the algorithm may say it too."""
    listed = resources(FILES, size=int(size))
    for item in listed[::2]:
        item["algorithm"] = f"sha256-sharded-{int(size)}"
    found = parse(statement(FILES, size=size, listed=listed))
    assert list(found.files) == list(FILES)
    assert [piece.end for piece in found.files["a"]][-1] == 10
    assert sum((piece.end or 0) - piece.start for piece in found.files["a"]) == 10


def test_pieces_may_stand_in_any_order():
    """Implementations sort numbers as numbers or as text."""
    listed = resources({"a": bytes(100)}, size=9)[::-1]
    pieces = parse(statement(size=9, listed=listed)).files["a"]
    assert pieces[0] == Piece(start=0, end=9, digest=listed[-1]["digest"])


def test_what_the_signer_left_out():
    """Paths and the folders around them; a path that leads elsewhere leaves out nothing."""
    found = parse(statement(ignored=["a/", "b/c", "../d", "/e", "", "*"]))
    assert found.ignored == ("a", "b/c")
    assert [found.ignores(path) for path in ("a", "a/x", "ab", "b", "b/c/d", "d", "e")] == [
        True, True, False, False, True, False, False,
    ]  # fmt: skip
    assert parse(statement(ignored=None)).ignored == ()


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (statement(predicateType="https://model_signing/Digests/v0.1"), PredicateOutdated),
        (statement(predicateType="https://slsa.dev/verification_summary/v1"), PredicateUnsupported),
        (statement(serialization={"method": "tree"}), SerializationUnsupported),
        (statement(serialization={"hash_type": "blake3"}), SerializationUnsupported),
        (statement(serialization={"hash_type": "md5"}), SerializationUnsupported),
        (statement(serialization={"hash_type": None}), FieldMissing),
        (statement(serialization={"allow_symlinks": None}), FieldMissing),
        (statement(serialization={"allow_symlinks": 0}), SerializationBroken),
        (statement(serialization={"method": "shards"}), SerializationBroken),
        (statement(size=4, serialization={"shard_size": True}), SerializationBroken),
        (statement(size=4, serialization={"shard_size": 0}), SerializationBroken),
        (statement(size=4, serialization={"shard_size": 4.5}), SerializationBroken),
        (statement(size=4, serialization={"shard_size": "4"}), SerializationBroken),
        (statement(size=4, serialization={"shard_size": 1 << 60}), SerializationBroken),
        (statement(serialization={"ignore_paths": "a"}), FieldTypeWrong),
        (statement(serialization={"ignore_paths": [1]}), SerializationBroken),
        (statement(ignored=["a"] * (MOST_IGNORED + 1)), SerializationBroken),
        (statement(listed=[]), ResourcesMissing),
        (statement(listed=[one(), one()]), ResourceTwice),
        (statement(listed=[one(), one(digest=B)]), ResourceTwice),
        (statement(listed=[one(algorithm="sha512")]), ResourceDigestBroken),
        (statement(listed=[one(algorithm="sha256-sharded-8")]), ResourceDigestBroken),
        (statement(listed=[one(digest=A[:-2])]), ResourceDigestBroken),
        (statement(listed=[one(digest=A.upper())]), ResourceDigestBroken),
        (statement(listed=[one(name=7)]), FieldTypeWrong),
        (statement(size=4, listed=[one()]), ResourceNameRefused),
        (statement(size=4, listed=[one("a:0")]), ResourceNameRefused),
        (statement(size=4, listed=[one("a:0:x")]), ResourceNameRefused),
        (statement(size=4, listed=[one("a:0:04")]), ResourceNameRefused),
        (statement(size=4, listed=[one("a:-0:4")]), ResourceNameRefused),
        (statement(size=4, listed=[one("a:0:\u0664")]), ResourceNameRefused),
        (statement(size=4, listed=[one("a:0:" + "9" * 5000)]), ResourceNameRefused),
        (statement(size=4, listed=[one(":0:4")]), ResourceNameRefused),
        (statement(size=4, listed=[one("a:0:0")]), PiecesBroken),
        (statement(size=4, listed=[one("a:4:0")]), PiecesBroken),
        (statement(size=4, listed=[one("a:1:4")]), PiecesBroken),
        (statement(size=4, listed=[one("a:0:5")]), PiecesBroken),
        (statement(size=4, listed=[one("a:0:3"), one("a:3:7")]), PiecesBroken),
        (statement(size=4, listed=[one("a:0:4"), one("a:8:12")]), PiecesBroken),
        (statement(size=4, listed=[one("a:0:4"), one("a:0:4")]), PiecesBroken),
        (statement(size=4, listed=[one("a:0:4"), one("a:0:3")]), PiecesBroken),
        (statement(subject=[{"name": "m", "digest": {"sha256": A}}]), RootDigestWrong),
    ],
)
def test_each_way_to_be_wrong(document, error):
    """The smallest document that raises it."""
    with pytest.raises(error):
        parse(document)


@pytest.mark.parametrize(
    "name", ["../a", "/a", "a/../b", "a//b", "./a", "a/", "C:a", "a\\b", "a\0", "", "x" * 1025]
)
def test_names_that_lead_elsewhere(name):
    """Our own rules about paths, whoever signed them."""
    with pytest.raises((ResourceNameRefused, FieldTypeWrong)):
        parse(statement(listed=[one(name)]))


def test_parts_that_are_no_objects():
    """Each level is checked before it is read."""
    for change in ({"serialization": [], "resources": []}, {"serialization": {}, "resources": []}, {}):
        with pytest.raises((NotAnObject, FieldMissing)):
            parse(statement(predicate=change))


def test_two_subjects_are_not_one_model():
    """The subject is one, and it is the digest of the digests."""
    document = statement()
    document["subject"].append({"name": "other", "digest": {"sha256": A}})
    with pytest.raises(RootDigestWrong):
        parse(document)


@pytest.mark.parametrize(
    ("size", "budget"), [(None, {"files": 1}), (1, {"signed_pieces": 12}), (4, {"files": 1})]
)
def test_more_than_any_model_has(size, budget):
    """Files, pieces, and files of pieces are bounded each."""
    with pytest.raises(TooManyResources):
        parse(statement(FILES, size=size), replace(DEFAULT_LIMITS, **budget))


@given(
    st.dictionaries(st.text("ab:./", min_size=1, max_size=6), st.binary(max_size=9), min_size=1, max_size=5),
    st.sampled_from([None, 1, 2, 5]),
)
def test_what_is_accepted_says_what_was_signed(files, size):
    """Any names and contents: refused for a name, or each file with all of its bytes."""
    listed = resources(files, size=size)
    try:
        found = parse(statement(listed=listed, size=size))
    except (ResourceNameRefused, ResourcesMissing):
        return
    assert set(found.files) == {name for name, content in files.items() if content or size is None}
    for name, pieces in found.files.items():
        assert pieces[-1].end in (None, len(files[name]))
