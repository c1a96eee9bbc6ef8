"""The marks around a text that a caller may switch: `add_bos_token` and `add_eos_token`."""

from __future__ import annotations

from safeload.preprocessing.backends import set_parts
from safeload.preprocessing.recipe_parts import ends
from safeload.preprocessing.tokens import SpecialTokens


class TextEnds(SpecialTokens):
    """Whether a text gets its marks. Switching one replaces what tokenizer.json puts around a text."""

    _asked: tuple[bool, bool]

    @property
    def add_bos_token(self) -> bool:
        """Whether `bos_token` goes before each text: asked for, and not left to tokenizer.json."""
        return self._asked[0]

    @add_bos_token.setter
    def add_bos_token(self, value: bool) -> None:
        self._set_ends(bos=value, eos=self._asked[1])

    @property
    def add_eos_token(self) -> bool:
        """Whether `eos_token` goes behind each text, in the same sense."""
        return self._asked[1]

    @add_eos_token.setter
    def add_eos_token(self, value: bool) -> None:
        self._set_ends(bos=self._asked[0], eos=value)

    def _set_ends(self, *, bos: bool, eos: bool) -> None:
        self._asked = (bos and self.bos_token is not None, eos and self.eos_token is not None)
        made = ends(self._special, bos=bos, eos=eos)
        set_parts(
            self._backend,
            post_processor=made(lambda name: (getattr(self, name), getattr(self, f"{name}_id"))),
        )
