"""How a config field is described, and the fields that every architecture has.

Pure data. The names are those that the writers of transformers 4 and 5 emit; a default is what the
reference assumes where a file does not mention the field.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json

Kind: TypeAlias = Literal[
    "integer", "number", "flag", "choice", "text", "ids", "size", "integers", "words", "rope"
]
"""`ids` is a token id or a list of them; `size` is one number, or height and width; `integers` a list;
`words` a list of choices; `rope` the object that describes rotary positions."""


@record
class Field:
    """Type, bounds and default of one known field."""

    kind: Kind
    default: Json = None
    low: float = 0
    high: float = 0
    choices: frozenset[str] = frozenset()
    """The closed set that a `choice` is from."""
    nullable: bool = False
    most: int = 0
    """Most entries of `integers` and `words`, which have at least one, and of `ids`."""


@record
class ConfigTable:
    """What a config.json of one model_type may say."""

    model_type: str
    fields: Mapping[str, Field]
    aliases: Mapping[str, str] = MappingProxyType({})
    """Other name -> name in `fields`."""
    inert: frozenset[str] = frozenset()
    """Fields that writers emit and that change nothing here: kept as they are."""
    multiples: tuple[tuple[str, str], ...] = ()
    """Pairs of fields of which the first is a multiple of the second."""
    below: tuple[tuple[str, str], ...] = ()
    """Pairs of fields of which the first is smaller than the second."""
    parts: Mapping[str, ConfigTable] = MappingProxyType({})
    """Objects inside with a table of their own, by name. Older writers added `_dict` to the name."""
    alike: tuple[tuple[str, ...], ...] = ()
    """Groups of lists that have the same length."""


LABELS = 100_000
"""Most labels of a classifier: ImageNet-21k has 21,843."""
_WIDTH = 1 << 17
_TOKENS = 1 << 24
_PIXELS = 1 << 14
"""Longest edge of an image for a model: ten times that of the largest published one."""

IDS = 1_024
"""Most ids that end a text: published models have up to ten."""

ROPE_TYPES = frozenset({"default", "linear", "dynamic", "yarn", "longrope", "llama3", "su", "mrope"})
ROPE_NUMBERS = frozenset(
    {
        "rope_theta", "factor", "low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow",
        "attention_factor", "mscale", "mscale_all_dim", "original_max_position_embeddings",
        "partial_rotary_factor", "short_mscale", "long_mscale",
    }
)  # fmt: skip
ROPE_LISTS = frozenset({"short_factor", "long_factor", "mrope_section"})
ROPE_FLAGS = frozenset({"truncate", "finetuned", "mrope_interleaved"})
"""Of an object `rope_parameters` or `rope_scaling`; beside them `rope_type`, or `type`."""
ROPE_ENTRIES = 1 << 12
"""Most entries of a list in such an object: one for each pair of features of a head."""

ACTIVATIONS = frozenset(
    {
        "gelu", "gelu_10", "gelu_accurate", "gelu_fast", "gelu_new", "gelu_python", "gelu_python_tanh",
        "gelu_pytorch_tanh", "hardswish", "leaky_relu", "linear", "mish", "quick_gelu", "relu", "relu2",
        "relu6", "sigmoid", "silu", "swish", "tanh",
    }
)  # fmt: skip
DTYPES = frozenset({"float16", "bfloat16", "float32", "float64"})
PROBLEM_TYPES = frozenset({"regression", "single_label_classification", "multi_label_classification"})


def width(default: int) -> Field:
    """A number of features."""
    return Field(kind="integer", default=default, low=1, high=_WIDTH)


def layers(default: int) -> Field:
    """A number of layers. The deepest published encoders have fewer than 100."""
    return Field(kind="integer", default=default, low=0, high=1_024)


def tokens(default: int) -> Field:
    """A number of vocabulary entries or positions."""
    return Field(kind="integer", default=default, low=1, high=_TOKENS)


def image_edge(default: int) -> Field:
    """Height and width of an image or a part of it, in pixels: one number for both, or a pair."""
    return Field(kind="size", default=default, low=1, high=_PIXELS)


def token_id(default: int | None) -> Field:
    """The id of a special token; some writers use -1 for none."""
    return Field(kind="integer", default=default, low=-1, high=_TOKENS, nullable=True)


def token_ids(default: int | None) -> Field:
    """One token id or a list of them."""
    return Field(kind="ids", default=default, low=-1, high=_TOKENS, nullable=True, most=IDS)


def sizes(*default: int, high: int = _WIDTH) -> Field:
    """One number for each layer of a stack. Published stacks of convolutions have up to seven layers."""
    return Field(kind="integers", default=default, low=1, high=high, most=64)


def probability(default: float | None, *, nullable: bool = False) -> Field:
    """A dropout probability."""
    return Field(kind="number", default=default, low=0.0, high=1.0, nullable=nullable)


def small(default: float) -> Field:
    """A standard deviation or an epsilon."""
    return Field(kind="number", default=default, low=0.0, high=1e3)


def flag(*, default: bool) -> Field:
    """True or false."""
    return Field(kind="flag", default=default)


def activation(default: str) -> Field:
    """The name of an activation function."""
    return Field(kind="choice", default=default, choices=ACTIVATIONS)


COMMON: Mapping[str, Field] = MappingProxyType(
    {
        "dtype": Field(kind="choice", choices=DTYPES, nullable=True),
        "problem_type": Field(kind="choice", choices=PROBLEM_TYPES, nullable=True),
        "return_dict": flag(default=True),
        "output_hidden_states": flag(default=False),
        "output_attentions": flag(default=False),
        "tie_word_embeddings": flag(default=True),
        "is_encoder_decoder": flag(default=False),
        "is_decoder": flag(default=False),
        "add_cross_attention": flag(default=False),
        "pad_token_id": token_id(None),
        "bos_token_id": token_id(None),
        "eos_token_id": token_ids(None),
    }
)
COMMON_ALIASES: Mapping[str, str] = MappingProxyType({"torch_dtype": "dtype"})
COMMON_INERT = frozenset(
    {
        # where it came from
        "_name_or_path", "name_or_path", "_commit_hash", "transformers_version", "finetuning_task",
        "_attn_implementation_autoset",
        "task_specific_params", "prefix", "tokenizer_class", "_num_labels",
        # switches of libraries that are gone, and of memory, not of results
        "torchscript", "use_bfloat16", "tf_legacy_loss", "xla_device", "gradient_checkpointing",
        "chunk_size_feed_forward", "use_cache", "output_past", "tie_encoder_decoder", "pruned_heads",
        "cross_attention_hidden_size",
        # text generation, which an encoder does not do
        "max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups",
        "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty",
        "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids",
        "num_return_sequences", "output_scores", "return_dict_in_generate", "forced_bos_token_id",
        "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty",
        "suppress_tokens", "begin_suppress_tokens", "sep_token_id", "decoder_start_token_id",
    }
)  # fmt: skip
"""Fields of the base class that change nothing in an encoder. `pruned_heads` shows in the shapes."""
