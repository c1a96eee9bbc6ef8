"""The pack `pyannote`: checkpoints of pyannote.audio, which are those of Lightning with a task description.

Needs the pack `lightning`, which comes along. Left out: `pyannote.audio.core.io.Audio` (it opens files),
pipelines and whole models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.packs import lightning
from safeload.formats.pickle_records import table

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Contract, Key

_RECORDS = {
    "pyannote.audio.core.task": "Specifications",
    "pyannote.audio.core.model": "Introspection Output",
    "pyannote.audio.utils.powerset": "Powerset",
    "pyannote.audio.utils.preprocessors": "LowerTemporalResolution DeriveMetaLabels",
}
_ENUMS = {"pyannote.audio.core.task": "Problem Resolution"}


def contracts() -> dict[Key, Contract]:
    """The contracts of the pack."""
    return lightning.contracts() | table(_RECORDS, enums=_ENUMS)
