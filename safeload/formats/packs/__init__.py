"""Packs: the classes of one producer each, by exact name, whose instances become inert records.

One file per pack, with a function `contracts()`; `pickle_packs` puts them together. Names are those that
the producers' releases write, old module paths included; each docstring says what was left out and why.
"""

NAMES = frozenset(
    {"flair", "lightning", "nn-modules", "numpy", "pyannote", "sklearn", "trainer", "ultralytics"}
)
"""What a policy may switch on. Written out, since reading a policy should not import the tables."""
