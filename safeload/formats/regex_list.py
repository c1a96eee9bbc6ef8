r"""The regular expressions that the tokenizers of known model families use.

A list of data: an expression is known if it stands here, character by character. A change of one
character splits text in another way than the model was trained with, and an expression that
backtracks can stop a process for minutes (CWE-1333). Adding one: take it from the family's published
`tokenizer.json`, see that no quantifier stands inside a quantified group, and name the family.
"""

from __future__ import annotations

_SUFFIX = r"'s|'t|'re|'ve|'m|'ll|'d"
_ANY_CASE = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_END = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
_PUNCTUATED = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
_POSSESSIVE = r"|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
_CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%s"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%s"
    r"|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n/]*" + _END
)

KNOWN: frozenset[str] = frozenset(
    {
        # GPT-2 and the byte-level families that spell it out
        _SUFFIX + r"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        # GPT-4 (cl100k), Llama 3
        _ANY_CASE + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + _END,
        # GPT-4 (cl100k) with possessive quantifiers, as its authors write it
        _ANY_CASE + _POSSESSIVE,
        r"'(?i:[sdmt]|ll|ve|re)" + _POSSESSIVE,
        # Qwen 2, 2.5, 3
        _ANY_CASE + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + _END,
        # Qwen 3.5
        _ANY_CASE + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + _END,
        # GPT-4o (o200k), Llama 4
        _CASED % (_ANY_CASE + "?", _ANY_CASE + "?", "{1,3}"),
        # Mistral, since its tekken tokenizer
        _CASED % ("", "", ""),
        # CLIP: text, with its markers, and the normaliser
        _SUFFIX + r"|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
        r"<\|startoftext\|>|<\|endoftext\|>|" + _SUFFIX + r"|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
        r"\s+",
        # DeepSeek V2, V3, Coder
        "[\r\n]", r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"\p{N}", r"\p{N}+", r"\p{N}{1,3}",
        "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+",
        "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
        _PUNCTUATED + r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + _END,
        # the splits of BLOOM and of Falcon
        " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+", "[0-9][0-9][0-9]",
        # normalisers of SentencePiece conversions: T5, ALBERT, XLM-R, mBART, Pegasus, NLLB, Barthez,
        # SeamlessM4T
        r" {2,}", r"\n", r"[\n\r\t]", r"\s{2,}|[\n\r\t]", " +\u2581", "^\u2581+$",
    }
)  # fmt: skip
"""Every known expression."""
