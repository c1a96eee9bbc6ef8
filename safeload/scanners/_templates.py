"""The fact about one chat template, wherever it stands."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from safeload.core import Fact

if TYPE_CHECKING:
    from safeload.core import Location


def template_fact(where: str, text: str, location: Location) -> Fact:
    """Place, size in bytes and digest of a template. It is neither parsed nor rendered."""
    data = text.encode("utf-8", "surrogatepass")
    return Fact(
        kind="template.found",
        location=location.at(key=where),
        data={"where": where, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()},
    )
