"""The rules by id, for the commands that explain them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload import discovery

if TYPE_CHECKING:
    from safeload.core import Rule


def catalogue() -> dict[str, Rule]:
    """Every rule, ordered by id."""
    rules = [module.RULE for module in discovery.modules("safeload.rules")]
    return {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}
