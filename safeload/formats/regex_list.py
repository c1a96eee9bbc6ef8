r"""The regular expressions that the tokenizers of known model families use.

A list of data: an expression is known if it stands here, character by character. A change of one
character splits text in another way than the model was trained with, and an expression that
backtracks can stop a process for minutes (CWE-1333). Adding one: take it from the family's published
`tokenizer.json`, see that it cannot backtrack for long, and name the family. What is not known has to be of
a harmless shape (`regex_shape`).
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

_UPPER, _LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
_NO_HAN = r"&&[^\p{Han}]"
_HAN = (
    rf"[\p{{Han}}]+|[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}{_NO_HAN}]*[{_LOWER}{_NO_HAN}]+{_ANY_CASE}?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}{_NO_HAN}]+[{_LOWER}{_NO_HAN}]*{_ANY_CASE}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + _END
)

_LATER_CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
_LING = (
    r"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
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
        # GPT-2 and GPT-4 as tiktoken 0.8 and later write them
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        _LATER_CL100K,
        # Ling, Ring
        _LING,
        # Kimi, Hunyuan
        _HAN,
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
        "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+", r"\s+$",
        # Chameleon
        r"<sentinel:[0-9]+>", r"(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", r"([\t\n]|    |  )",
        # SuperBPE
        r"(?=(\d{3})+(?!\d))", r"\p{N}{1,3}(?=(\p{N}{3})*(?!\p{N}))",
        # Poro and Viking, then the splits of BLOOM and of Falcon
        " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+",
        " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+", "[0-9][0-9][0-9]",
        # normalisers of SentencePiece conversions: T5, ALBERT, XLM-R, mBART, Pegasus, NLLB, Barthez,
        # SeamlessM4T
        r" {2,}", r"\n", r"[\n\r\t]", r"\s{2,}|[\n\r\t]", " +\u2581", "^\u2581+$", r"[\r\n\t]", r" +", r"\t",
    }
)  # fmt: skip
"""Every known expression."""
