"""All rows, part by part."""

from __future__ import annotations

from tests.attacks.catalogue import containers, imports, loaders, opcodes, repositories

PARTS = (imports, opcodes, containers, loaders, repositories)
ROWS = [row for part in PARTS for row in part.ROWS]
