"""Files that are small and ask for much: by kind, each beside an honest file of the same size and kind.

A new kind is a row in `bombs_of_pickle` or `bombs_of_data`: a name, and a function of a size in bytes. A
new family is a row of BOMBS, and one of TWINS: a file name, and a function that builds an honest file.

What is here is data that no loader is handed. Most of it comes from scanners' and CPython's own trackers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import bomb_twins as twins
from benchmarks import bombs_of_data as data
from benchmarks import bombs_of_pickle as pickles

Make = Callable[[int], bytes]

SIZE = 4_000_000
"""Bytes of each file, about: the largest that the bounds are promised for."""
_FULL = 0.7
"""Bombs of this part of it are measured against a twin of the full size."""

TWINS: dict[str, tuple[str, Make]] = {
    "pickle": ("model.pkl", twins.plain_pickle),
    "json": ("trainer_state.json", twins.plain_json),
    "tokenizer": ("tokenizer.json", twins.tokenizer),
    "safetensors": ("model.safetensors", twins.plain_safetensors),
    "npy": ("array.npy", twins.plain_npy),
    "gguf": ("model.gguf", twins.plain_gguf),
    "msgpack": ("flax_model.msgpack", twins.plain_msgpack),
    "hdf5": ("tf_model.h5", twins.plain_hdf5),
    "zip": ("files.zip", twins.plain_zip),
    "gzip": ("file.gz", twins.plain_gzip),
    "text": ("notes.txt", twins.plain_text),
    "torch-legacy": ("pytorch_model.bin", twins.plain_legacy),
    "torch": ("pytorch_model.bin", twins.plain_torch),
}
"""Family: name of the file, an honest one of about so many bytes."""

BOMBS: dict[str, dict[str, Make]] = {
    "pickle": {**pickles.PICKLES, **pickles.JOBLIBS},
    "json": data.JSONS,
    "tokenizer": data.TOKENIZERS,
    "safetensors": data.SAFETENSORS,
    "npy": data.NPYS,
    "gguf": data.GGUFS,
    "msgpack": data.MSGPACKS,
    "zip": data.ZIPS,
    "gzip": data.GZIPS,
    "text": data.TEXTS,
    "torch-legacy": data.LEGACIES,
    "hdf5": data.HDF5S,
    "torch": data.TORCHES,
}
"""Family: name of the bomb, the bytes of one of about so many."""


def main(folder: Path, family: str, *kinds: str) -> None:
    """Write files of one family, each to a folder of its number, and a twin of its size beside it.

    In a process of its own: what a parent holds in memory shows up in its children. Files of about the
    full size share one twin.
    """
    name, twin = TWINS[family]
    for number, kind in enumerate(kinds):
        bomb = BOMBS[family][kind](SIZE)
        place = folder / str(number)
        place.mkdir(parents=True)
        (place / name).write_bytes(bomb)
        size = SIZE if len(bomb) > _FULL * SIZE else len(bomb)
        place = folder / f"twin-{number if size < SIZE else 'full'}"
        if not place.exists():
            place.mkdir()
            (place / name).write_bytes(twin(size))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
