"""Every budget in one place, each with its precedent.

A budget is checked before the memory is allocated or the work is done. Exceeding one raises
`LimitExceeded` and ends as `Coverage.LIMIT_EXCEEDED`, which never counts as clean.
"""

from __future__ import annotations

from safeload.record import record

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30


@record
class Limits:
    """Budgets of one audit. The defaults hold every honest checkpoint we know of."""

    # source
    files: int = 20_000
    """Files in one snapshot. The largest Hub repositories of models hold a few thousand."""
    path_bytes: int = 1_024
    """Length of one path. Linux allows 4096; the Hub's own limit is far lower."""
    directory_depth: int = 32
    resident_bytes: int = 64 * MIB
    """Small files that are kept in memory during an audit; past it they stay open on disk."""
    small_file_bytes: int = 4 * MIB
    """A file up to this size is read whole, once."""

    remote_bytes: int = 64 * MIB
    """What is read of a remote file that a load does not want: its structure, never its tensors."""

    # JSON
    json_bytes: int = 64 * MIB
    """The largest tokenizer.json in wide use (multilingual Unigram) is about 35 MB."""
    json_depth: int = 64
    json_number_digits: int = 64
    """CPython itself refuses integers over 4300 digits; no config needs more than a float64."""
    json_items: int = 4_000_000
    json_short_containers: int = 800_000
    """Arrays and objects of a document of up to 4 MB; a longer one has one more per five bytes. The shortest
    that are common take six: points of polygons."""

    # YAML, source code
    yaml_bytes: int = 4 * MIB
    """Training configurations have up to about 50 kB; it is a small file's size."""
    source_bytes: int = 256 * KIB
    """Python up to which imports and calls are looked for. The longest modeling file has about 150 kB."""

    # text
    vocab_bytes: int = 32 * MIB
    vocab_entries: int = 2_000_000

    # safetensors
    safetensors_header_bytes: int = 100_000_000
    """The limit of the reference implementation."""
    safetensors_tensors: int = 200_000
    tensor_rank: int = 64
    tensor_name_bytes: int = 4_096

    # HDF5
    hdf5_objects: int = 200_000
    """Groups and datasets of one file, as many as tensors of safetensors."""
    hdf5_metadata_bytes: int = 64 * MIB
    """Headers, trees, heaps, names and attribute values; those of a 24-layer encoder are about 1 MB."""

    # numpy
    npy_header_bytes: int = 10_000
    """The limit of numpy itself for files that are not trusted."""

    # msgpack
    msgpack_items: int = 150_000
    """Keys and list items. A Flax train state of 20,000 tensors holds each of them three times."""
    msgpack_text_bytes: int = 16 * MIB
    """Keys and strings as they stand, and again as names from the root."""
    msgpack_values: int = 1_500_000
    """In files of other programs: en_core_web_lg has 685,000 rows of word vectors by their hashes."""
    msgpack_ranges: int = 20_000
    """Ranges of bytes in such files: a spaCy model has a few thousand parameters."""
    msgpack_depth: int = 64
    """The reference C unpacker stops at 1024; Flax models nest about 12 deep."""

    # gguf
    gguf_header_bytes: int = 256 * MIB
    """Metadata and tensor table. A vocabulary of 256,000 tokens with its merges needs about 16 MB."""
    gguf_keys: int = 10_000
    """llama.cpp writes about 50."""
    gguf_tensors: int = 200_000
    gguf_items: int = 8_000_000
    """Strings and nested arrays in all arrays: tokens, merges."""
    gguf_text_bytes: int = 16 * MIB
    """Keys, names and strings that the record keeps. Chat templates have up to about 20 kB."""
    gguf_depth: int = 8
    """Arrays in arrays. The format allows them, llama.cpp reads none."""
    gguf_alignment: int = 1 * MIB
    """llama.cpp writes 32; memory pages have up to 64 kB."""

    # protobuf
    protobuf_fields: int = 2_000_000
    """Fields of one file, nested ones too. An exported decoder of 50,000 nodes needs about 800,000."""
    protobuf_depth: int = 100
    """The limit of the official readers."""
    protobuf_text_bytes: int = 64 * MIB
    """Strings that are decoded: names of nodes, descriptions. Few of them are kept."""
    sentencepiece_bytes: int = 64 * MIB
    """A model of 256,000 pieces has 4 MB, with its normalisation table 5 MB."""
    sentencepiece_piece_bytes: int = 16 * KIB
    """Trainers stop at 16 characters by default; readers have recursed over a piece of 100 kB."""
    tf_index_bytes: int = 4 * MIB
    """The table of a TensorFlow checkpoint: 20,000 tensors need about 2 MB."""
    flatbuffer_items: int = 200_000
    """Tables and vectors of a TFLite file; a model of 10,000 operators has about 60,000."""
    tfrecord_records: int = 1_000_000
    """Records of one event log or data file."""

    # zip
    zip_members: int = 200_000
    zip_directory_bytes: int = 64 * MIB
    zip_name_bytes: int = 1_024
    inflated_bytes: int = 256 * MIB
    """What all deflated members of one archive may grow to."""
    inflate_ratio: int = 200
    """Deflate cannot exceed about 1032:1; honest JSON stays below 50:1."""
    nesting: int = 3
    """Archive in archive in archive."""

    # tar, 7z, and compressed files
    tar_members: int = 20_000
    """Members of a tar or 7z archive: as many as files of a snapshot."""
    tar_header_bytes: int = 1 * MIB
    """One extended header or long name. Go's reader takes as much; honest ones have a few hundred bytes."""
    unpacked_bytes: int = 32 * MIB
    """What one compressed file may always unfold into, held in memory."""
    unpacked_factor: int = 8
    """Bytes more of that for each compressed byte. JSON lines and logs shrink tenfold."""
    unpacked_total_factor: int = 16
    """Bytes that all archives of one audit may unfold into for each byte of the source, beyond
    `inflated_bytes`: small files that repeat in an archive add up."""
    unpack_window_bytes: int = 128 * MIB
    """Window or dictionary of a decoder. `xz -9` uses 64 MiB, `zstd --ultra` 128 MiB."""
    unpack_child_bytes: int = 256 * MIB
    """Memory of the child that unpacks, beside input and output."""
    compressed_streams: int = 20_000
    """Streams in one compressed file. bgzip and pbzip2 write one for every 64 kB and 900 kB."""
    member_errands: int = 24
    """Child processes of one audit for members of archives, whose number a small file can multiply. One
    that unpacks a 7z archive counts as three, since it costs as much."""
    members: int = 10_000
    """Members that one audit looks into, and one more for each kB of the source."""

    # git
    git_object_bytes: int = 16 * MIB
    """One commit, tree or tag. A tree of 100,000 entries has about 5 MB."""
    git_commit_bytes: int = 1 * MIB
    """A commit with a few merged tags has some kB."""
    git_tree_bytes: int = 32 * MIB
    """All trees of one commit together."""
    git_tree_entries: int = 100_000
    """Of one commit. Folders that are named several times count each time."""
    git_pack_bytes: int = 64 * MIB
    """A bundle: commit and trees of 1,000 files are 25 kB."""
    git_pack_objects: int = 200_000
    git_inflated_bytes: int = 64 * MIB
    """What the objects of one bundle, or those that were read from one clone, may grow to."""
    git_delta_depth: int = 4_095
    """git's own limit; `git gc --aggressive` writes 50."""
    fetch_seconds: int = 120
    """How long a server may take to send a commit with its trees; the Hub takes less than one."""
    listing_bytes: int = 32 * MIB
    """What a server may send to list the files of a commit, all pages together: 20,000 files are 8 MB."""
    git_packs: int = 1_000
    """Packs of one clone; git itself gathers them at 50."""

    # signatures
    signature_bytes: int = 64 * KIB
    """An armored signature has 200 to 1,000 bytes."""
    key_file_bytes: int = 1 * MIB
    """One public key with all that others certified about it."""
    attestation_bytes: int = 16 * MIB
    """A bundle, envelope or statement that lists files: 20,000 are 4 MB, and a third more in base64."""
    signed_pieces: int = 200_000
    """Pieces of one signed model. The reference implementation cuts files into pieces of 1 GB."""

    # lock
    lock_bytes: int = 16 * MIB
    """safeload.lock: about 110,000 files, each on a line of its own."""

    # pickle
    pickle_bytes: int = 64 * MIB
    """data.pkl holds no tensor data: 20,000 tensors need about 2 MB."""
    pickle_opcodes: int = 5_000_000
    pickle_short_bytes: int = 4_000_000
    """A stream up to this length has the two budgets that follow, a longer one also more by its length."""
    pickle_short_opcodes: int = 1_750_000
    """And one more per two bytes. A state dict has one in 3.6 bytes; rows of small numbers, one in 1.6."""
    pickle_memo: int = 4_000_000
    pickle_short_memo: int = 1_000_000
    """And one more per four bytes. A state dict has one in eleven."""
    pickle_stack: int = 1_000_000
    """Values that nothing has taken yet. Picklers write lists and dicts a thousand items at a time, so the
    longest tuple decides."""
    pickle_depth: int = 500
    """Nesting of the final value; CPython's own repr gives up at 1000."""
    pickle_expanded: int = 50_000_000
    """Nodes of the final value if every shared part were written out (the 4**40 DAG)."""
    pickle_integer_bytes: int = 1_024
    pickle_findings: int = 200
    """Findings of one stream that are reported one by one; the rest is counted."""
    index_bytes: int = 64 * MIB
    """Elements that are read while a pickle is judged: indices of sparse tensors, small arrays of joblib."""

    # images
    image_pixels: int = 89_478_485
    """Pixels of one image that is opened. Pillow warns above it: 256 MB of RGB."""
    processed_pixels: int = 1 << 24
    """Pixels of one image as a model gets it: 4096 x 4096. Segment Anything takes 1024 x 1024."""

    # words in pictures
    ocr_seconds: int = 60
    """One page, by the clock and of CPU time."""
    ocr_memory_bytes: int = 2 * GIB
    """Address space of tesseract, which grows with the pixels of a page."""
    ocr_bytes: int = 16 * MIB
    """Its table of words: about 60 bytes for each."""

    # chat templates
    template_bytes: int = 256 * KIB
    """Of all templates of one file together. The longest ones in use have about 20 kB."""
    templates: int = 64
    """Templates of one file; Command-R has three."""

    render_seconds: int = 5
    """CPU time of one rendering. The longest templates need some milliseconds for a long conversation."""
    render_memory_bytes: int = 512 * MIB
    """Address space of one rendering; the interpreter with Jinja has about 60 MB."""
    render_characters: int = 8 * MIB
    """Of all conversations of one call. A million tokens are about 4 million characters."""
    render_request_bytes: int = 64 * MIB
    """Template, conversations, tools and documents of one call."""

    # child processes
    second_reader_opcodes: int = 2_000
    """Inert streams longer than this are not read a second time, and the report says so."""
    second_reader_bytes: int = 8 * MIB
    errands: int = 256
    """Child processes that one audit starts for its scanners; each costs about 0.1 s."""
    errand_bytes: int = 256 * MIB
    """Bytes that one child is given to read."""
    child_seconds: int = 20
    child_memory_bytes: int = 1 * GIB


DEFAULT_LIMITS = Limits()

REPORT_BYTES = 256 * MIB
"""A JSON report of ours that is read back: no budget of an audit, and no policy sets it. One with 66,000
findings and as many facts has 35 MB."""
