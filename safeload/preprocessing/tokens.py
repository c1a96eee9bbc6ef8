"""The special tokens of a tokenizer as attributes: `cls_token`, `cls_token_id`, `all_special_ids`...

One class that the tokenizer inherits from, so that what a text becomes and what a token is called
stay in two files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tokenizers import AddedToken

from safeload.formats.tokenizer_config import SPECIAL_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import tokenizers

_EXTRA = "extra_special_tokens"


def _base_name(key: str) -> str:
    """`cls_token` for `cls_token_id`."""
    return key.removesuffix("_ids").removesuffix("_id")


class SpecialTokens:
    """Vocabulary and special tokens over a backend.

    A named special token is an attribute, and so is its id; both can be set. A token that is not set
    is None.
    """

    _backend: tokenizers.Tokenizer
    _special: dict[str, str | AddedToken | None]
    _extra: list[str | AddedToken]

    bos_token: str | None
    eos_token: str | None
    unk_token: str | None
    sep_token: str | None
    pad_token: str | None
    cls_token: str | None
    mask_token: str | None
    bos_token_id: int | None
    eos_token_id: int | None
    unk_token_id: int | None
    sep_token_id: int | None
    pad_token_id: int | None
    cls_token_id: int | None
    mask_token_id: int | None
    extra_special_tokens: list[str]
    extra_special_tokens_ids: list[int | None]

    SPECIAL_TOKENS_ATTRIBUTES = SPECIAL_TOKENS

    def __init__(
        self,
        backend: tokenizers.Tokenizer,
        special: Mapping[str, str | AddedToken | None],
        extra: Iterable[str | AddedToken],
    ) -> None:
        set_plainly = object.__setattr__
        set_plainly(self, "_backend", backend)
        set_plainly(self, "_special", dict(special))
        set_plainly(self, "_extra", list(extra))

    def __getattr__(self, key: str) -> Any:  # noqa: ANN401 - str, int or lists of them, declared above
        """Special tokens and their ids."""
        if key.startswith("_"):
            raise AttributeError(key)
        name = _base_name(key)
        if name in self._special:
            token = self._special[name]
            if token is None or key == name:
                return None if token is None else str(token)
            return self.convert_tokens_to_ids(str(token))
        if name == _EXTRA:
            texts = [str(token) for token in self._extra]
            return texts if key == name else self.convert_tokens_to_ids(texts)
        raise AttributeError(f"{type(self).__name__} has no attribute {key!r}")

    def __setattr__(self, key: str, value: Any) -> None:  # noqa: ANN401 - same
        name = _base_name(key)
        if name in self._special:
            if key != name and value is not None:
                value = self.convert_ids_to_tokens(value)
            if value is not None and not isinstance(value, str | AddedToken):
                raise ValueError(f"{name} is a string or an AddedToken")
            self._special[name] = value
        elif name == _EXTRA:
            tokens = list(value or ())
            self._extra[:] = tokens if key == name else self.convert_ids_to_tokens(tokens)
        else:
            super().__setattr__(key, value)

    @property
    def backend_tokenizer(self) -> tokenizers.Tokenizer:
        """The tokenizer of the tokenizers library."""
        return self._backend

    @property
    def is_fast(self) -> bool:
        """True: there is no slow tokenizer here."""
        return True

    @property
    def vocab_size(self) -> int:
        """Tokens of the model, without added ones."""
        return self._backend.get_vocab_size(with_added_tokens=False)

    def __len__(self) -> int:
        """Tokens in all."""
        return self._backend.get_vocab_size(with_added_tokens=True)

    def __bool__(self) -> bool:
        """True, also without a token."""
        return True

    def get_vocab(self) -> dict[str, int]:
        """Token to id, added tokens included."""
        return self._backend.get_vocab(with_added_tokens=True)

    @property
    def vocab(self) -> dict[str, int]:
        """Token to id, added tokens included."""
        return self.get_vocab()

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id to added token."""
        return self._backend.get_added_tokens_decoder()

    @property
    def added_tokens_encoder(self) -> dict[str, int]:
        """Added token to id, by id."""
        return {token.content: index for index, token in sorted(self.added_tokens_decoder.items())}

    def get_added_vocab(self) -> dict[str, int]:
        """Added token to id, by id."""
        return self.added_tokens_encoder

    @property
    def special_tokens_map(self) -> dict[str, str]:
        """Attribute to text of each named special token that is set."""
        return {name: str(token) for name, token in self._special.items() if token is not None}

    @property
    def all_special_tokens(self) -> list[str]:
        """Text of every special token, once."""
        tokens = [*self._special.values(), *self._extra]
        return list(dict.fromkeys(str(token) for token in tokens if token is not None))

    @property
    def all_special_ids(self) -> list[int]:
        """Id of every special token."""
        ids: list[int] = self.convert_tokens_to_ids(self.all_special_tokens)
        return ids

    def convert_tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:  # noqa: ANN401 - one or many
        """The id of a token, or of each; that of the unknown token for others."""
        if isinstance(tokens, str):
            index = self._backend.token_to_id(tokens)
            if index is None and tokens != str(self._special.get("unk_token")):
                return self.unk_token_id
            return index
        return [self.convert_tokens_to_ids(token) for token in tokens]

    def convert_ids_to_tokens(
        self,
        ids: int | Iterable[int],
        skip_special_tokens: bool = False,  # noqa: FBT001, FBT002 - the signature that callers know
    ) -> Any:  # noqa: ANN401 - one or many
        """The token of an id, or of each."""
        if isinstance(ids, int):
            return self._backend.id_to_token(ids)
        skipped = set(self.all_special_ids) if skip_special_tokens else set()
        return [self._backend.id_to_token(int(index)) for index in ids if int(index) not in skipped]

    def add_tokens(
        self,
        new_tokens: str | AddedToken | Sequence[str | AddedToken],
        special_tokens: bool = False,  # noqa: FBT001, FBT002 - same
    ) -> int:
        """Add tokens that the vocabulary lacks; how many were new."""
        tokens = [new_tokens] if isinstance(new_tokens, str | AddedToken) else list(new_tokens)
        if not tokens:
            return 0
        return (self._backend.add_special_tokens if special_tokens else self._backend.add_tokens)(tokens)

    def add_special_tokens(
        self,
        special_tokens_dict: Mapping[str, Any],
        replace_extra_special_tokens: bool = True,  # noqa: FBT001, FBT002 - same
    ) -> int:
        """Set named special tokens and extra ones; how many were new to the vocabulary.

        Raises:
            ValueError: a key that is no special token, or a value that is no token.
        """
        added: list[str | AddedToken] = []
        for key, value in special_tokens_dict.items():
            if key in {_EXTRA, "additional_special_tokens"}:
                tokens: list[str | AddedToken] = [_special(item) for item in value]
                if not replace_extra_special_tokens:
                    known = self.extra_special_tokens
                    tokens = self._extra + [token for token in tokens if str(token) not in known]
                    added.extend(tokens[len(self._extra) :])
                else:
                    added.extend(tokens)
                self._extra[:] = tokens or self._extra
            elif key in self._special:
                self._special[key] = _special(value)
                added.append(_special(value))
            else:
                raise ValueError(
                    f"{key} is no special token; these are: {', '.join(self._special)}, {_EXTRA}"
                )
        return self.add_tokens(added, special_tokens=True)

    def get_special_tokens_mask(
        self,
        token_ids_0: Sequence[int],
        token_ids_1: Sequence[int] | None = None,
        already_has_special_tokens: bool = False,  # noqa: FBT001, FBT002 - same
    ) -> list[int]:
        """1 for each special token of an encoded text, 0 for the others.

        Raises:
            ValueError: the ids are not those of one encoded text.
        """
        if token_ids_1 is not None or not already_has_special_tokens:
            raise ValueError("give the ids of one encoded text, and already_has_special_tokens=True")
        special = set(self.all_special_ids)
        return [int(int(index) in special) for index in token_ids_0]


def _special(token: object) -> AddedToken:
    if isinstance(token, AddedToken):
        return token
    if isinstance(token, str):
        return AddedToken(token, normalized=False, special=True)
    raise ValueError(f"a token is a string or an AddedToken, not {token!r}")
