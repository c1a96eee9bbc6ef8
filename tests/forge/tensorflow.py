"""Builds TensorFlow's files: graphs, checkpoint indexes, event logs.

The layouts were compared once with files that TensorFlow 2.21 wrote: `tf.saved_model.save` of a module with a
`tf.function`, a string variable and a vocabulary asset; `tf.train.Checkpoint(...).save`; a
`tf.compat.v1.train.Saver`; `graph.as_graph_def()`; and a `tf.summary` writer. All of them were SCANNED.
"""

from __future__ import annotations

from safeload.formats.crc32c import masked_crc32c
from tests.forge.protobuf import block, number, varint

FLOAT, STRING = 1, 7


def attr(key: str, value: bytes) -> bytes:
    """One attribute of a node: `value` is an AttrValue."""
    return block(1, key) + block(2, value)


def node(operator: str, name: str = "n", *attributes: bytes, inputs: tuple[str, ...] = ()) -> bytes:
    """A NodeDef."""
    taken = b"".join(block(3, item) for item in inputs)
    return block(1, name) + block(2, operator) + taken + b"".join(block(5, item) for item in attributes)


def const(name: str, text: str) -> bytes:
    """A node that holds a text."""
    return node("Const", name, attr("value", block(8, number(1, STRING) + block(8, text))))


def call(name: str, callee: str, *inputs: str) -> bytes:
    """A node that calls a function."""
    target = attr("f", block(10, block(1, callee)))
    return node("StatefulPartitionedCall", name, target, inputs=inputs)


def function(name: str, *nodes: bytes, arguments: tuple[str, ...] = ()) -> bytes:
    """A FunctionDef."""
    signature = block(1, name) + b"".join(block(2, block(1, item)) for item in arguments)
    return block(1, signature) + b"".join(block(3, item) for item in nodes)


def graph(*nodes: bytes, functions: tuple[bytes, ...] = ()) -> bytes:
    """A GraphDef."""
    library = b"".join(block(1, item) for item in functions)
    return b"".join(block(1, item) for item in nodes) + (block(2, library) if functions else b"")


def meta_graph(body: bytes, *parts: bytes) -> bytes:
    """A MetaGraphDef."""
    return block(1, block(4, "serve") + block(5, "2.21.0")) + block(2, body) + b"".join(parts)


def saved_model(body: bytes, *parts: bytes) -> bytes:
    """A SavedModel."""
    return number(1, 1) + block(2, meta_graph(body, *parts))


def asset(filename: str) -> bytes:
    """A file that the graph opens, as a part of a MetaGraphDef."""
    return block(6, block(1, block(1, "asset:0")) + block(2, filename))


def keras_object(metadata: str) -> bytes:
    """Keras' description of an object, as a part of a MetaGraphDef."""
    user = block(1, "_tf_keras_layer") + block(3, metadata)
    return block(7, block(1, block(4, user)))


def keras_metadata(metadata: str) -> bytes:
    """The file keras_metadata.pb."""
    return block(1, block(3, "root") + block(4, "_tf_keras_model") + block(5, metadata))


def header(shards: int = 1, endianness: int = 0) -> bytes:
    """A BundleHeaderProto."""
    return number(1, shards) + (number(2, endianness) if endianness else b"") + block(3, number(1, 1))


def bundle_entry(
    kind: int, sizes: tuple[int, ...], offset: int, size: int, shard: int = 0, more: bytes = b""
) -> bytes:
    """A BundleEntryProto."""
    shape = b"".join(block(2, number(1, length)) for length in sizes)
    head = number(1, kind) + block(2, shape) + (number(3, shard) if shard else b"")
    return head + number(4, offset) + number(5, size) + more


def leveldb_block(*entries: tuple[bytes, bytes]) -> bytes:
    """A block whose entries share nothing."""
    body = b"".join(b"\0" + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
    return body + bytes(4) + (1).to_bytes(4, "little")


def closed(data: bytes, kind: int = 0) -> bytes:
    """A block with its trailer."""
    return data + bytes((kind,)) + masked_crc32c(data + bytes((kind,))).to_bytes(4, "little")


def table(*blocks: bytes, kind: int = 0) -> bytes:
    """A table of data blocks, each as it stands in the file without its trailer."""
    out, handles = b"", []
    for at, data in enumerate(blocks):
        handles.append((bytes((0x7E, at)), varint(len(out)) + varint(len(data))))
        out += closed(data, kind)
    meta = varint(len(out)) + varint(8)
    out += closed(bytes(4) + (1).to_bytes(4, "little"))
    index = leveldb_block(*handles)
    place = varint(len(out)) + varint(len(index))
    return out + closed(index) + (meta + place).ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def index(*entries: tuple[str, bytes], head: bytes | None = None) -> bytes:
    """A checkpoint index: header, then entries in order."""
    first = (b"", header() if head is None else head)
    return table(leveldb_block(first, *((key.encode(), value) for key, value in entries)))


def small_index() -> bytes:
    """Two tensors, one behind the other, of 24 and 8 bytes."""
    return index(("a", bundle_entry(FLOAT, (2, 3), 0, 24)), ("b", bundle_entry(FLOAT, (2,), 24, 8)))


def tfrecord(*records: bytes) -> bytes:
    """Framed records; the sums of the data are not looked at."""
    out = b""
    for data in records:
        length = len(data).to_bytes(8, "little")
        out += length + masked_crc32c(length).to_bytes(4, "little") + data + bytes(4)
    return out
