"""What the resolver must know about an architecture: its entry in the closed table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One model_type: its classes, and how its checkpoints name things."""

    model_type: str
    classes: Mapping[str, type[Model]]
    """Auto class name -> class."""
    named: Mapping[str, Mapping[str, type[Model]]] = field(default_factory=dict)
    """Auto class name -> further classes by their name, of which the first that `architectures` of the
    config names is taken."""
    heads: tuple[str, ...]
    """Starts of parameter names that belong to some head: they may be absent, or left over."""
    elsewhere: tuple[str, ...] = ()
    """Starts of parameter names that only some of the classes use: others leave them over."""
    renames: tuple[tuple[str, str], ...] = ()
    """Endings of names in older files -> endings in ours, in order."""
    ignorable: tuple[str, ...] = ()
    """Whole last levels of the names of tensors that older files store and that hold no information."""
    training: tuple[str, ...] = ()
    """Parameters of the backbone, without its prefix, that only training uses: they may be absent or left
    over, which changes no prediction."""
    refuse: Callable[[Config], str | None] = lambda _: None
    """Why a config cannot be built, or None."""
    refuse_untrained: Callable[[Config], str | None] = lambda _: None
    """Why a config cannot be built without a checkpoint, or None."""

    variant: Callable[[str, Collection[str]], type[Model] | None] = lambda _auto_class, _names: None
    """The class for a head that is not the reference's, which the names of a checkpoint's tensors show."""

    def choose(self, auto_class: str, architectures: Iterable[str]) -> type[Model] | None:
        """The class of an Auto class, by the names that the writer noted where there are several."""
        further = self.named.get(auto_class, {})
        default = self.classes.get(auto_class)
        for name in architectures if further else ():
            if default is not None and name == default.__name__:
                return default
            if name in further:
                return further[name]
        return default

    def is_head(self, name: str) -> bool:
        """Whether a parameter (without or with the base prefix) belongs to some head."""
        return name.startswith(self.heads)

    def is_ignorable(self, name: str) -> bool:
        """Whether a tensor, without the base prefix, holds no information."""
        return any(name == end or name.endswith(f".{end}") for end in self.ignorable)

    def is_of_training(self, name: str, prefix: str) -> bool:
        """Whether a parameter (without or with the base prefix) serves training only."""
        return name.removeprefix(f"{prefix}.") in self.training
