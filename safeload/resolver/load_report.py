"""What a load found missing, left over, renamed or new, for people and as a dict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from safeload.core import visible

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A tensor whose shape is not the parameter's."""

    name: str
    found: tuple[int, ...]
    wanted: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """How a checkpoint's tensors and a model's parameters met. Names are sorted."""

    architecture: str
    """Our class's name."""
    note: str = ""
    """What is special about the class, where it is not the reference's for this task."""
    loaded: int = 0
    """Parameters that got their values from the checkpoint."""
    missing: tuple[str, ...] = ()
    """Parameters of a head that the checkpoint lacks."""
    training: tuple[str, ...] = ()
    """Parameters that the checkpoint lacks and that only training uses: they start untrained."""
    mismatched: tuple[Mismatch, ...] = ()
    """Parameters of a head that the checkpoint has in another shape, where the caller allows it."""
    unexpected: tuple[str, ...] = ()
    """Tensors that the model has no place for, under the checkpoint's names."""
    unknown: tuple[str, ...] = ()
    """Those among the unexpected that belong to no head of the architecture either."""
    ignored: tuple[str, ...] = ()
    """Tensors of older files that hold no information."""
    renamed: tuple[tuple[str, str], ...] = ()
    """Names in the checkpoint that are not the model's, and the parameters they went to."""
    tied: tuple[tuple[str, str], ...] = ()
    """Parameters that are one and the same as another one."""

    @property
    def new_head(self) -> tuple[str, ...]:
        """Parameters that start untrained."""
        return tuple(sorted({*self.missing, *(item.name for item in self.mismatched)}))

    def to_dict(self) -> dict[str, Any]:
        """What `output_loading_info=True` returns, in the shape that transformers gives it."""
        return {
            # one that is tied to a missing one is missing too
            "missing_keys": {
                *self.missing,
                *self.training,
                *(name for name, kept in self.tied if kept in self.missing),
            },
            "unexpected_keys": set(self.unexpected),
            "mismatched_keys": {(item.name, item.found, item.wanted) for item in self.mismatched},
            "error_msgs": [],
        }

    def render(self) -> str:
        """The report as a table."""
        rows = [
            *(("new, untrained", name, "not in the checkpoint") for name in self.missing),
            *(
                (
                    "new, untrained",
                    item.name,
                    f"{list(item.found)} in the checkpoint, {list(item.wanted)} here",
                )
                for item in self.mismatched
            ),
            *(("for training only", name, "not in the checkpoint") for name in self.training),
            *(
                (
                    "not used",
                    name,
                    "unknown to this architecture" if name in self.unknown else "another head's",
                )
                for name in self.unexpected
            ),
            *(
                ("renamed", name, f"to {target}")
                for name, target in self.renamed
                # the base prefix, added or taken off, is no news
                if not target.endswith(name) and not name.endswith(target)
            ),
        ]
        head = f"{self.architecture}: {self.loaded} parameters loaded, {len(self.new_head)} new"
        shown = [(kind, visible(name), visible(detail)) for kind, name, detail in rows[:_SHOWN]]
        widths = [max((len(row[column]) for row in shown), default=0) for column in range(2)]
        lines = [f"  {self.note}"] if self.note else []
        lines += [f"  {kind:{widths[0]}}  {name:{widths[1]}}  {detail}" for kind, name, detail in shown]
        if len(rows) > _SHOWN:
            lines.append(f"  and {len(rows) - _SHOWN} more")
        if self.new_head:
            lines.append("  train the new parameters before you use the model's predictions")
        return "\n".join((head, *lines))
