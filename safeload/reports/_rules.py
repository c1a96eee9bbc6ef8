"""The rules behind findings, for formats that carry their documentation."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from safeload import discovery

if TYPE_CHECKING:
    from safeload.core import Rule


@functools.cache
def catalogue() -> dict[str, Rule]:
    """Every rule of this version, by id. A report of another version may name others."""
    return {module.RULE.id: module.RULE for module in discovery.modules("safeload.rules")}


def sentence(text: str) -> str:
    """With a full stop at the end."""
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."
