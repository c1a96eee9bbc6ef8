"""Archives, compressed files and polyglots: what one reader finds in them and another does not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

from tests.attacks.catalogue import Row
from tests.forge.archives import ONE_TENSOR, PAYLOAD, TWO_FLOATS, Part, build, plain, torch_parts, torch_zip
from tests.forge.legacy import legacy
from tests.forge.npy import header, npy
from tests.forge.pickle_assembler import assemble
from tests.forge.safetensors import two_tensors

_GOOD = torch_parts(ONE_TENSOR, {"0": TWO_FLOATS})
_EVIL = Part(b"archive/data.pkl", PAYLOAD)
_OBJECT = header("'|O'", "(1,)")


def _zipped(method: int, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name.replace("__", "/").replace("_", ".")), data, method)
    return file.getvalue()


def _tar(members: dict[str, bytes], mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]  # one of its modes
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def _with(part: Part, **changes: object) -> bytes:
    for name, value in changes.items():
        setattr(part, name, value)
    return build([part, *_GOOD[1:]])


def _seven_zip() -> dict[str, bytes]:
    import py7zr

    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as archive:
        archive.writestr(PAYLOAD[:-1] + b"\xff\xff", "model.pkl")
    return {"pytorch_model.bin": file.getvalue()}


def _nested(depth: int) -> bytes:
    data = PAYLOAD
    for _ in range(depth):
        data = _zipped(zipfile.ZIP_STORED, a=data)
    return data


_DANGEROUS = "pickle.dangerous-global"

ROWS = [
    Row("nullifAI", "a broken pickle in a 7z archive", _DANGEROUS, _seven_zip),
    Row(
        "CVE-2025-1889 GHSA-769v-p64c-89pr",
        "a pickle with an odd extension inside a zip",
        _DANGEROUS,
        {
            "pytorch_model.bin": build([*_GOOD, Part(b"archive/config.p", PAYLOAD)]),
            "weights.dat": _zipped(zipfile.ZIP_DEFLATED, model_weights=PAYLOAD),
        },
    ),
    Row(
        "CVE-2025-1944 GHSA-7q5r-7gvp-wc82",
        "the local header names another member than the directory",
        "archive.ambiguous",
        {"pytorch_model.bin": _with(Part(b"archive/data.pkl", PAYLOAD), local={"name": b"archive/data.txt"})},
    ),
    Row(
        "CVE-2025-1945 GHSA-w8jq-xcqf-f792",
        "flag bits that make a reader skip the member",
        "archive.ambiguous",
        {
            "pytorch_model.bin": _with(
                Part(b"archive/data.pkl", PAYLOAD), local={"flags": 0x0809}, central={"flags": 0x0809}
            )
        },
    ),
    Row(
        "CVE-2025-10156 GHSA-mjqp-26hc-grxg",
        "a wrong crc32, which some loaders ignore",
        _DANGEROUS,
        {
            "pytorch_model.bin": _with(
                Part(b"archive/data.pkl", PAYLOAD),
                central={"crc": 1},
                descriptor=b"PK\x07\x08\x01\0\0\0" + bytes(8),
            )
        },
    ),
    Row(
        "modelscan-354",
        "a broken member in front of the pickle",
        _DANGEROUS,
        {"a.zip": build([Part(b"a", b"x", central={"crc": 7}), Part(b"data.pkl", PAYLOAD)])},
    ),
    Row(
        "duplicate-members",
        "two members of one name",
        "archive.ambiguous",
        {"pytorch_model.bin": build([_EVIL, *_GOOD])},
    ),
    Row(
        "folded-members",
        "a name that a loader finds without case",
        "archive.ambiguous",
        {"pytorch_model.bin": build([*_GOOD, Part(b"archive/DATA.PKL", PAYLOAD)])},
    ),
    Row(
        "leading-bytes",
        "bytes in front of an archive",
        "archive.ambiguous",
        {"pytorch_model.bin": build([_EVIL], prefix=b"#!/bin/sh\n")},
    ),
    Row(
        "two-archives",
        "two archives in one file",
        "archive.ambiguous",
        {"pytorch_model.bin": build([_EVIL]) + build(_GOOD, zip64=False)},
    ),
    Row("nested-zip", "a pickle two archives down", _DANGEROUS, {"model.zip": _nested(2)}),
    Row(
        "nested-zip",
        "a pickle more archives down than are opened",
        "limits.exceeded",
        {"model.zip": _nested(9)},
    ),
    Row(
        "zip-lzma",
        "a member in a method that torch cannot read",
        "artifact.malformed",
        {"model.zip": _zipped(zipfile.ZIP_LZMA, a=PAYLOAD)},
    ),
    Row(
        "TorchScript",
        "constants.pkl sends torch.load to the interpreter of TorchScript",
        "format.executable",
        {
            "model.pt": build(
                [
                    *_GOOD,
                    Part(b"archive/constants.pkl", b"\x80\x02)."),
                    Part(b"archive/code/__torch__.py", b"def f():\n  return 1\n"),
                ]
            )
        },
    ),
    *(
        Row(
            "unexpected-members",
            f"a pickle as the member {name}",
            _DANGEROUS,
            {
                "pytorch_model.bin": build(
                    [*[part for part in _GOOD if part.name != name.encode()], Part(name.encode(), PAYLOAD)]
                )
            },
        )
        for name in (
            "archive/version",
            "archive/byteorder",
            "archive/.data/serialization_id",
            "archive/data/1",
        )
    ),
    *(
        Row("extension-mismatch", f"a pickle called {name}", _DANGEROUS, {name: PAYLOAD})
        for name in (
            "model.safetensors",
            "config.json",
            "model.onnx",
            "model.gguf",
            "model.h5",
            "README",
            "A.BIN",
        )
    ),
    Row(
        "CVE-2019-6446",
        "an array of objects, which is a pickle",
        _DANGEROUS,
        {"a.npy": npy(_OBJECT, PAYLOAD), "b.npz": build([plain("x.npy", npy(_OBJECT, PAYLOAD))])},
    ),
    *(
        Row("joblib-compressed", f"a pickle in {name}", _DANGEROUS, {"model.joblib": packed})
        for name, packed in (
            ("zlib", zlib.compress(PAYLOAD)),
            ("gzip", gzip.compress(PAYLOAD)),
            ("bzip2", bz2.compress(PAYLOAD)),
            ("xz", lzma.compress(PAYLOAD)),
            ("lzma", lzma.compress(PAYLOAD, format=lzma.FORMAT_ALONE)),
        )
    ),
    *(
        Row(
            "legacy-torch",
            f"the payload as the {part} of a file before torch 1.6",
            _DANGEROUS,
            {"pytorch_model.bin": legacy(**{part: PAYLOAD})},
        )
        for part in ("magic", "version", "system", "state", "keys")
    ),
    Row(
        "CVE-2025-32434 GHSA-53q9-r3pm-6pq6",
        "torch's tar format, which escaped weights_only",
        "format.executable",
        {
            "pytorch_model.bin": _tar(
                {
                    "sys_info": assemble("PROTO", 2, "EMPTY_DICT", "STOP"),
                    "pickle": PAYLOAD,
                    "tensors": b"",
                    "storages": b"",
                }
            )
        },
    ),
    Row("tar", "a pickle in a tar archive", _DANGEROUS, {"model.tar": _tar({"a/b": PAYLOAD})}),
    Row(
        "tar",
        "a pickle in a compressed tar archive",
        _DANGEROUS,
        {"model.tgz": _tar({"a/b": PAYLOAD}, "w:gz")},
    ),
    Row(
        "polyglot",
        "a pickle that ends as a zip archive",
        "format.polyglot",
        {"pytorch_model.bin": PAYLOAD + build(_GOOD)},
    ),
    Row(
        "polyglot",
        "safetensors that end as a zip archive",
        "format.polyglot",
        {"model.safetensors": two_tensors() + torch_zip(PAYLOAD, {})},
    ),
    Row(
        "zip-bomb",
        "a member of zeros that inflates a thousandfold",
        "limits.exceeded",
        {"a.zip": _zipped(zipfile.ZIP_DEFLATED, a=bytes(64 << 20))},
    ),
]
