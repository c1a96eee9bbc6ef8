"""Texts as letters: a small backend in the place of one of the tokenizers library, for CTC.

It has the methods of `tokenizers.Tokenizer` that `Tokenizer` uses, and nothing else. Splitting a text:

    1. tokens that were added, and those of several characters, are found from left to right; where several
       start at one place the longest is taken
    2. one that strips takes the white space at its sides along
    3. what is between them becomes single characters, a space the token that delimits words

Transcribes `Wav2Vec2CTCTokenizer` of transformers 5.23, but for step 1 among tokens that overlap in a text:
there the reference's search gives some up for one that then does not come. No file access here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from tokenizers import AddedToken

from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LONGEST = 256
"""Most characters of a token that is looked for in texts: the cost of each place in a text is bounded by
it."""


class LetterEncoding:
    """One encoded text: what `tokenizers.Encoding` has, without places in the text."""

    def __init__(self, ids: Sequence[int], tokens: Sequence[str]) -> None:
        self.ids = list(ids)
        self.tokens = list(tokens)
        self.attention_mask = [1] * len(self.ids)
        self.type_ids = [0] * len(self.ids)
        self.special_tokens_mask = [0] * len(self.ids)
        self.overflowing: list[LetterEncoding] = []
        self.n_sequences = 1

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.ids)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ValueError(f"this tokenizer of letters keeps no places in the text, and so no {name}")

    def pad(self, length: int, padding: Mapping[str, Any]) -> None:
        """Fill up to `length` tokens."""
        missing = length - len(self.ids)
        if missing <= 0:
            return
        for name, value in (
            ("ids", padding["pad_id"]),
            ("tokens", padding["pad_token"]),
            ("attention_mask", 0),
            ("type_ids", padding["pad_type_id"]),
            ("special_tokens_mask", 1),
        ):
            row, filling = getattr(self, name), [value] * missing
            setattr(self, name, row + filling if padding["direction"] == "right" else filling + row)


class _Form(NamedTuple):
    """What splits texts, made anew when a token is added."""

    tokens: Mapping[str, AddedToken]
    """What is looked for in texts."""
    lengths: Mapping[str, tuple[int, ...]]
    """First character -> lengths of the tokens that start with it, the longest first."""
    ids: Mapping[str, int]
    """Every token, added ones as well."""


class Letters:
    """Vocabulary and added tokens, and what a text becomes with them.

    Args:
        vocabulary: token to id.
        added: tokens that the files add, by id.
        upper: whether texts are written in capitals.

    Raises:
        UsageError: a token is too long to be looked for.
    """

    def __init__(
        self, vocabulary: Mapping[str, int], added: Mapping[int, AddedToken], *, upper: bool = False
    ) -> None:
        self.upper = upper
        self.delimiter = "|"
        self.unknown: str | None = None
        self.encode_special_tokens = False
        self.truncation: dict[str, Any] | None = None
        self.padding: dict[str, Any] | None = None
        self.decoder = None
        self.use(vocabulary)
        self.added = dict(added)
        self._form: _Form | None = None

    def use(self, vocabulary: Mapping[str, int]) -> None:
        """Take another vocabulary; added tokens whose ids it has go."""
        self.vocabulary = dict(vocabulary)
        self.by_id = {index: token for token, index in self.vocabulary.items()}
        self.added = {i: token for i, token in getattr(self, "added", {}).items() if i not in self.by_id}
        self._form = None

    def add_words(self) -> None:
        """Look for the vocabulary's own tokens of several characters."""
        self.add_tokens(
            [
                AddedToken(token, rstrip=True, lstrip=True, normalized=False)
                for token in self.vocabulary
                if len(token) > 1
            ]
        )

    def add_tokens(self, tokens: Iterable[str | AddedToken]) -> int:
        """Add tokens; how many the vocabulary lacked."""
        known = self.get_vocab()
        new = 0
        for item in tokens:
            token = (
                AddedToken(item, rstrip=False, lstrip=False, normalized=False)
                if isinstance(item, str)
                else item
            )
            if len(token.content) > LONGEST:
                raise UsageError(f"a token has {len(token.content)} characters, more than {LONGEST}")
            if not token.content:
                continue
            index = known.get(token.content)
            if index is None:
                index = known[token.content] = len(known)
                new += 1
            self.added[index] = token
        self._form = None
        return new

    def add_special_tokens(self, tokens: Iterable[str | AddedToken]) -> int:
        """Add tokens that are special."""
        made = []
        for item in tokens:
            token = AddedToken(str(item), normalized=False) if isinstance(item, str) else item
            token.special = True
            made.append(token)
        return self.add_tokens(made)

    def get_added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Added tokens by id."""
        return dict(sorted(self.added.items()))

    def get_vocab(self, with_added_tokens: bool = True) -> dict[str, int]:  # noqa: FBT001, FBT002 - the library's signature
        """Token to id."""
        if not with_added_tokens:
            return dict(self.vocabulary)
        return self.vocabulary | {token.content: index for index, token in sorted(self.added.items())}

    def get_vocab_size(self, with_added_tokens: bool = True) -> int:  # noqa: FBT001, FBT002 - same
        """Number of tokens."""
        return len(self.get_vocab() if with_added_tokens else self.by_id)

    def token_to_id(self, token: str) -> int | None:
        """The id of a token, or None."""
        return self._formed().ids.get(token)

    def id_to_token(self, index: int) -> str | None:
        """The token of an id: the vocabulary's, else an added one's, else the unknown one."""
        if index in self.by_id:
            return self.by_id[index]
        added = self.added.get(index)
        return self.unknown if added is None else added.content

    def num_special_tokens_to_add(self, pair: bool = False) -> int:  # noqa: ARG002, FBT001, FBT002 - same
        """None: a transcription is its letters."""
        return 0

    def no_truncation(self) -> None:
        """Keep whole texts."""
        self.truncation = None

    def enable_truncation(self, max_length: int, **options: Any) -> None:  # noqa: ANN401 - the library's
        """Cut texts at `max_length`."""
        self.truncation = {"max_length": max_length, **options}

    def no_padding(self) -> None:
        """Leave texts as long as they are."""
        self.padding = None

    def enable_padding(self, **options: Any) -> None:  # noqa: ANN401 - same
        """Fill texts up."""
        self.padding = options

    def encode_batch(
        self,
        batch: Sequence[Any],
        add_special_tokens: bool = True,  # noqa: ARG002, FBT001, FBT002 - same
        is_pretokenized: bool = False,  # noqa: FBT001, FBT002 - same
    ) -> list[LetterEncoding]:
        """Encode texts, or lists of words, which are written without a space between them."""
        unknown = None if self.unknown is None else self.token_to_id(self.unknown)
        ids = self._formed().ids
        encodings = []
        for item in batch:
            texts = item if is_pretokenized else [item]
            tokens = self._cut([token for text in texts for token in self.split(text)])
            numbers = [ids.get(token, unknown) for token in tokens]
            missing = [token for token, number in zip(tokens, numbers, strict=True) if number is None]
            if missing:
                raise ValueError(f"{missing[0]!r} is not in the vocabulary, which has no unknown token")
            encodings.append(LetterEncoding([number for number in numbers if number is not None], tokens))
        if self.padding is not None:
            length = self.padding["length"] or max(map(len, encodings), default=0)
            multiple = self.padding["pad_to_multiple_of"]
            if multiple:
                length = -(-length // multiple) * multiple
            for encoding in encodings:
                encoding.pad(length, self.padding)
        return encodings

    def split(self, text: str) -> list[str]:
        """The tokens of a text."""
        if not isinstance(text, str):
            raise TypeError(f"a text is a string, not {type(text).__name__}")
        if self.encode_special_tokens:
            return self._characters(text)
        form = self._formed()
        pieces = list(_pieces(text, form))
        for index, piece in enumerate(pieces):
            token = form.tokens.get(piece)
            if token is None:
                continue
            left = pieces[index - 1] if index else ""
            right = pieces[index + 1] if index + 1 < len(pieces) else ""
            if token.rstrip and right:
                pieces[index + 1] = right.lstrip()
            if token.lstrip and left:
                pieces[index - 1] = left.rstrip()
            if token.single_word and left and left[-1] != " ":
                pieces[index - 1] += piece
                pieces[index] = ""
            elif token.single_word and right and right[0] != " ":
                pieces[index + 1] = piece + pieces[index + 1]
                pieces[index] = ""
        found: list[str] = []
        for piece in pieces:
            found.extend([piece] if piece in form.tokens else self._characters(piece))
        return found

    def _characters(self, text: str) -> list[str]:
        return list((text.upper() if self.upper else text).replace(" ", self.delimiter))

    def _cut(self, tokens: list[str]) -> list[str]:
        if self.truncation is None:
            return tokens
        most = self.truncation["max_length"]
        if self.truncation.get("direction") == "left":
            return tokens[max(len(tokens) - most, 0) :]
        return tokens[:most]

    def _formed(self) -> _Form:
        if self._form is None:
            lengths: dict[str, set[int]] = {}
            tokens = {token.content: token for token in self.added.values()}
            for content in tokens:
                lengths.setdefault(content[0], set()).add(len(content))
            ordered = {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}
            self._form = _Form(tokens, ordered, self.get_vocab())
        return self._form


def _pieces(text: str, form: _Form) -> Iterator[str]:
    """Step 1."""
    start = place = 0
    while place < len(text):
        for length in form.lengths.get(text[place], ()):
            if text[place : place + length] in form.tokens:
                if start < place:
                    yield text[start:place]
                yield text[place : place + length]
                place += length
                start = place
                break
        else:
            place += 1
    if start < len(text):
        yield text[start:]
