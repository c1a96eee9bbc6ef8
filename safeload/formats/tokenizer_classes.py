"""The closed table of tokenizer classes: what a name in a configuration may stand for.

A name is looked up here and nowhere else: never in a module, never in code of a repository. For each
class it says how its tokenizer is built, which special tokens it has where the files name none, which
inputs its models take and on which side it pads. The facts are those of transformers 5.23, where
https://huggingface.co/docs/transformers/model_doc/auto#transformers.AutoTokenizer chooses the class.

The ways to build:
  bert         from the vocabulary and the settings; normaliser and pre-tokeniser of tokenizer.json
               are not used, since the class makes its own
  mpnet        the same, with the markers of RoBERTa
  own          the same for byte-level BPE, sentencepiece BPE and Unigram: a recipe of the class
  file         from tokenizer.json as it stands
  ctc          letters of a vocab.json, for speech recognisers
  unsupported  known, but not built here: it is more than a tokenizer, or has no tokenizer.json
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Build = Literal["bert", "mpnet", "own", "file", "ctc", "unsupported"]

PLAIN = "TokenizersBackend"
"""The class that takes tokenizer.json as it stands and adds nothing."""


class TokenizerClass(NamedTuple):
    """What is known about one class."""

    name: str
    """As it is written into a saved tokenizer_config.json."""
    build: Build
    inputs: tuple[str, ...] = ("input_ids", "attention_mask")
    padding_side: Literal["left", "right"] = "right"
    tokens: tuple[tuple[str, str], ...] = ()
    """Special tokens where no file names them: attribute and text."""
    boxes: bool = False
    """Whether it takes words with their places on a page."""
    length: int | None = None
    """`model_max_length` where no file names one."""
    marked: tuple[tuple[str, str], ...] = ()
    """Special tokens that are more than their text: attribute and flags that are set."""


_BERT_INPUTS = ("input_ids", "token_type_ids", "attention_mask")
_ORDER = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


def _tokens(line: str) -> tuple[tuple[str, str], ...]:
    """Special tokens from a line in the order of `_ORDER`, with `-` where a class has none."""
    return tuple((name, text) for name, text in zip(_ORDER, line.split(), strict=True) if text != "-")


_BERT = "- - [UNK] [SEP] [PAD] [CLS] [MASK]"
_ROBERTA = "<s> </s> <unk> </s> <pad> <s> <mask>"
_ALBERT = "[CLS] [SEP] <unk> [SEP] <pad> [CLS] [MASK]"
_DEBERTA = "[CLS] [SEP] [UNK] [SEP] [PAD] [CLS] [MASK]"
_T5 = "- </s> <unk> - <pad> - -"
_GPT2 = "<|endoftext|> <|endoftext|> <|endoftext|> - - - -"
_QWEN2 = "- <|endoftext|> <|endoftext|> - <|endoftext|> - -"
_GEMMA = "<bos> <eos> <unk> - <pad> - <mask>"

_FILE_CLASSES = (
    ("AlbertTokenizer RemBertTokenizer", "right", _ALBERT),
    (
        (
            "RobertaTokenizer BarthezTokenizer BlenderbotTokenizer CamembertTokenizer MBartTokenizer "
            "NllbTokenizer XLMRobertaTokenizer"
        ),
        "right",
        _ROBERTA,
    ),
    ("BigBirdTokenizer", "right", "<s> </s> <unk> [SEP] <pad> [CLS] [MASK]"),
    ("CLIPTokenizer", "right", "<|startoftext|> <|endoftext|> <|endoftext|> - <|endoftext|> - -"),
    ("CodeGenTokenizer GPT2Tokenizer WhisperTokenizer", "right", _GPT2),
    (
        "CohereTokenizer",
        "left",
        "<BOS_TOKEN> <|END_OF_TURN_TOKEN|> <UNK> <SEP> <PAD> <CLS> <MASK_TOKEN>",
    ),
    ("FunnelTokenizer", "right", "<s> </s> <unk> <sep> <pad> <cls> <mask>"),
    ("ParakeetTokenizer", "right", "- - - - - - -"),
    ("RoFormerTokenizer", "right", _BERT),
    ("GPTNeoXTokenizer", "right", "<|endoftext|> <|endoftext|> <|endoftext|> - <|padding|> - -"),
    ("GemmaTokenizer Siglip2Tokenizer", "left", _GEMMA),
    ("HerbertTokenizer", "right", "- - <unk> </s> <pad> <s> <mask>"),
    ("LasrTokenizer T5Tokenizer VideoPrismTokenizer", "right", _T5),
    ("LlamaTokenizer", "left", "<s> </s> <unk> - - - -"),
    ("MBart50Tokenizer", "right", "- </s> <unk> </s> <pad> <s> <mask>"),
    ("OpenAIGPTTokenizer", "right", "- - <unk> - - - -"),
    ("PegasusTokenizer", "right", "- </s> <unk> - <pad> - <mask_2>"),
    ("Qwen2Tokenizer Qwen3_5Tokenizer", "right", _QWEN2),
    ("ReformerTokenizer", "right", "- </s> <unk> - - - -"),
    ("SeamlessM4TTokenizer XGLMTokenizer", "right", "<s> </s> <unk> </s> <pad> <s> -"),
    ("XLNetTokenizer", "left", "<s> </s> <unk> <sep> <pad> <cls> <mask>"),
)
_OWN = frozenset(
    {
        "AlbertTokenizer", "BarthezTokenizer", "BigBirdTokenizer", "BlenderbotTokenizer", "CLIPTokenizer",
        "CamembertTokenizer", "CodeGenTokenizer", "DebertaTokenizer", "DebertaV2Tokenizer",
        "GPT2Tokenizer", "GPTNeoXTokenizer", "GemmaTokenizer", "LlamaTokenizer", "OpenAIGPTTokenizer",
        "PegasusTokenizer", "Qwen2Tokenizer", "Qwen3_5Tokenizer", "RobertaTokenizer", "Siglip2Tokenizer",
        "T5Tokenizer", "XGLMTokenizer", "XLMRobertaTokenizer", "XLNetTokenizer",
    }
)  # fmt: skip
"""Those of the table whose recipe is known; the others are taken from tokenizer.json as it stands."""
_PLAIN_MARKS = "bos_token:normalized eos_token:normalized unk_token:normalized pad_token:normalized"
_MARKED = (
    ("BarthezTokenizer", "mask_token:lstrip,normalized"),
    (
        "BigBirdTokenizer",
        f"{_PLAIN_MARKS} cls_token:normalized sep_token:normalized mask_token:lstrip,normalized",
    ),
    ("BlenderbotTokenizer", "mask_token:lstrip"),
    ("CamembertTokenizer", "mask_token:lstrip,special"),
    ("MPNetTokenizer", "mask_token:lstrip"),
    ("XLNetTokenizer", "mask_token:lstrip,normalized"),
)
"""Flags with which a class adds its special tokens, where a file gives their text alone."""
_UNSUPPORTED = (
    "BartphoTokenizer BertGenerationTokenizer BertJapaneseTokenizer BertweetTokenizer BioGptTokenizer "
    "BlenderbotSmallTokenizer ByT5Tokenizer CTRLTokenizer CanineTokenizer ClvpTokenizer CodeLlamaTokenizer "
    "CpmAntTokenizer CpmTokenizer DPRReaderTokenizer DiaTokenizer EsmTokenizer EsmcTokenizer FSMTTokenizer "
    "FastSpeech2ConformerTokenizer FlaubertTokenizer GPTNeoXJapaneseTokenizer GPTSw3Tokenizer "
    "LayoutLMv3Tokenizer LayoutXLMTokenizer LukeTokenizer M2M100Tokenizer "
    "MLukeTokenizer MarianTokenizer MarkupLMTokenizer MgpstrTokenizer MyT5Tokenizer NougatTokenizer "
    "PLBartTokenizer PerceiverTokenizer PhobertTokenizer Pop2PianoTokenizer ProphetNetTokenizer RagTokenizer "
    "RoCBertTokenizer SiglipTokenizer Speech2TextTokenizer SpeechT5Tokenizer SplinterTokenizer "
    "TapasTokenizer UdopTokenizer VitsTokenizer Wav2Vec2PhonemeCTCTokenizer XLMTokenizer"
)
_ALIASES = (
    ("BertTokenizer", "ElectraTokenizer LayoutLMTokenizer LxmertTokenizer MobileBertTokenizer"),
    ("BertTokenizer", "SqueezeBertTokenizer"),
    ("RobertaTokenizer", "BartTokenizer LEDTokenizer LongformerTokenizer MvpTokenizer"),
    (PLAIN, "PreTrainedTokenizer"),
    ("Wav2Vec2CTCTokenizer", "Wav2Vec2Tokenizer"),
)
"""Names of classes that are another class; `Fast` at the end of a name is dropped beforehand."""


def _table() -> dict[str, TokenizerClass]:
    bert = ("BertTokenizer", "ConvBertTokenizer", "DPRContextEncoderTokenizer", "DPRQuestionEncoderTokenizer")
    table = {
        name: TokenizerClass(name=name, build="bert", inputs=_BERT_INPUTS, tokens=_tokens(_BERT))
        for name in bert
    }
    table["DistilBertTokenizer"] = TokenizerClass(
        name="DistilBertTokenizer", build="bert", tokens=_tokens(_BERT)
    )
    table["LayoutLMv2Tokenizer"] = TokenizerClass(
        name="LayoutLMv2Tokenizer",
        build="bert",
        inputs=("input_ids", "attention_mask", "token_type_ids"),
        tokens=_tokens(_BERT),
        boxes=True,
        length=512,
    )
    table["MPNetTokenizer"] = TokenizerClass(
        name="MPNetTokenizer", build="mpnet", tokens=_tokens("<s> </s> [UNK] </s> <pad> <s> <mask>")
    )
    table[PLAIN] = TokenizerClass(name=PLAIN, build="file")
    for names, side, line in _FILE_CLASSES:
        for name in names.split():
            table[name] = TokenizerClass(
                name=name,
                build="file",
                padding_side="left" if side == "left" else "right",
                tokens=_tokens(line),
            )
    for name in ("DebertaTokenizer", "DebertaV2Tokenizer"):
        table[name] = TokenizerClass(
            name=name,
            build="file",
            inputs=("input_ids", "attention_mask", "token_type_ids"),
            tokens=_tokens(_DEBERTA),
        )
    table["FNetTokenizer"] = TokenizerClass(
        name="FNetTokenizer", build="file", inputs=("input_ids", "token_type_ids"), tokens=_tokens(_ALBERT)
    )
    table["Wav2Vec2CTCTokenizer"] = TokenizerClass(
        name="Wav2Vec2CTCTokenizer",
        build="ctc",
        tokens=(*_tokens("<s> </s> <unk> - <pad> - -"), ("word_delimiter_token", "|")),
    )
    for name in _OWN:
        table[name] = table[name]._replace(build="own")
    for name, line in _MARKED:
        marks = tuple((word.partition(":")[0], word.partition(":")[2]) for word in line.split())
        table[name] = table[name]._replace(marked=marks)
    for name in _UNSUPPORTED.split():
        table[name] = TokenizerClass(name=name, build="unsupported")
    for name, others in _ALIASES:
        for other in others.split():
            table[other] = table[name]
    return table


CLASSES: Mapping[str, TokenizerClass] = MappingProxyType(_table())
"""Class name without `Fast` to class."""

SENTENCEPIECE: Mapping[str, str] = MappingProxyType(
    {
        "AlbertTokenizer": "spiece.model",
        "CamembertTokenizer": "sentencepiece.bpe.model",
        "DebertaV2Tokenizer": "spm.model",
        "GemmaTokenizer": "tokenizer.model",
        "LlamaTokenizer": "tokenizer.model",
        "T5Tokenizer": "spiece.model",
        PLAIN: "tokenizer.model",
        "XLMRobertaTokenizer": "sentencepiece.bpe.model",
    }
)
"""Class to the sentencepiece model that it can be built from where there is no tokenizer.json."""

_BY_CLASS = (
    ("AlbertTokenizer", "albert yoso"),
    ("BarthezTokenizer", "barthez"),
    (
        "BertTokenizer",
        (
            "align bark bert blip bros chinese_clip convbert distilbert electra ernie flava git "
            "grounding-dino "
            "layoutlm lxmert megatron-bert mm-grounding-dino mobilebert nezha nomic_bert qdqbert realm "
            "retribert squeezebert tvp vilt visual_bert"
        ),
    ),
    ("BigBirdTokenizer", "big_bird"),
    ("BlenderbotTokenizer", "blenderbot"),
    ("CLIPTokenizer", "aimv2 clip clipseg groupvit omdet-turbo oneformer owlv2 owlvit sam3 sam3_video xclip"),
    ("CamembertTokenizer", "camembert"),
    ("CohereTokenizer", "aya_vision cohere cohere2"),
    ("DPRQuestionEncoderTokenizer", "dpr"),
    ("DebertaTokenizer", "deberta"),
    ("DebertaV2Tokenizer", "deberta-v2"),
    ("FNetTokenizer", "fnet"),
    ("FunnelTokenizer", "funnel"),
    (
        "GPT2Tokenizer",
        (
            "blip-2 codegen dbrx emu3 gpt2 gpt_neo gptj hyperclovax_vision_v2 instructblip instructblipvideo "
            "jais2 opt phi starcoder2"
        ),
    ),
    ("GPTNeoXTokenizer", "falcon_mamba gpt_neox mamba mamba2 mpt olmo olmoe rwkv xlstm"),
    (
        "GemmaTokenizer",
        "gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma shieldgemma2 t5gemma",
    ),
    ("HerbertTokenizer", "herbert"),
    ("LlamaTokenizer", "idefics idefics2"),
    ("MBart50Tokenizer", "mbart50"),
    ("MBartTokenizer", "mbart"),
    ("MPNetTokenizer", "mpnet"),
    ("NllbTokenizer", "nllb nllb-moe"),
    ("OpenAIGPTTokenizer", "openai-gpt"),
    ("PegasusTokenizer", "pegasus"),
    (
        "Qwen2Tokenizer",
        (
            "qwen2 qwen2_5_omni qwen2_5_vl qwen2_audio qwen2_moe qwen2_vl qwen3 qwen3_asr qwen3_moe "
            "qwen3_next "
            "qwen3_omni_moe qwen3_vl qwen3_vl_moe audioflamingo3 colqwen2 internvl ovis2 "
            "lighton_ocr vibevoice"
        ),
    ),
    ("Qwen3_5Tokenizer", "qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen4_exp"),
    ("ReformerTokenizer", "reformer"),
    ("RemBertTokenizer", "rembert"),
    ("RoFormerTokenizer", "roformer"),
    (
        "RobertaTokenizer",
        (
            "bart bridgetower clap data2vec-text florence2 ibert led lilt longformer mega mra mvp roberta "
            "roberta-prelayernorm"
        ),
    ),
    ("SeamlessM4TTokenizer", "seamless_m4t seamless_m4t_v2"),
    ("Siglip2Tokenizer", "siglip2"),
    ("T5Tokenizer", "mt5 musicgen musicgen_melody switch_transformers t5"),
    ("WhisperTokenizer", "whisper"),
    ("XGLMTokenizer", "xglm"),
    ("XLMRobertaTokenizer", "gte jina_embeddings_v3 metaclip_2 trocr xlm-roberta xmod"),
    ("XLNetTokenizer", "xlnet"),
    ("LayoutLMv2Tokenizer", "layoutlmv2"),
    ("LayoutLMv3Tokenizer", "layoutlmv3"),
    ("LayoutXLMTokenizer", "layoutxlm"),
    ("MarkupLMTokenizer", "markuplm"),
    ("UdopTokenizer", "udop"),
    ("LukeTokenizer", "luke"),
    ("SplinterTokenizer", "splinter"),
    ("TapasTokenizer", "tapas"),
    ("CodeLlamaTokenizer", "code_llama"),
    ("ByT5Tokenizer", "byt5"),
    ("CanineTokenizer", "canine"),
    ("EsmTokenizer", "esm"),
    ("Wav2Vec2CTCTokenizer", "data2vec-audio hubert unispeech unispeech-sat wav2vec2 wav2vec2-bert"),
    ("Wav2Vec2CTCTokenizer", "wav2vec2-conformer"),
    (
        PLAIN,
        (
            "aria beam bigbird_pegasus canary flex_olmo glm glm4 glm4_moe glm4_moe_lite glm4v "
            "glm4v_moe glm_image "
            "glmasr got_ocr2 gpt_bigcode granite granitemoe granitemoehybrid granitemoeshared kimi_k25 "
            "kimi_linear kosmos-2 mimo_v2_flash ministral ministral3 mistral mistral3 mistral_large4 mixtral "
            "nystromformer olmo2 olmo3 olmo_hybrid pegasus_x persimmon pix2struct pixtral stablelm "
            "umt5 voxtral "
            "voxtral_realtime xlm-roberta-xl"
        ),
    ),
)
_WRONG_NAMES = (
    "arctic chatlm ernie4_5 ernie4_5_moe fuyu h2ovl_chat hyperclovax hyperclovax_vlm hyperclovax_vision_v2 "
    "internlm2 internlm3 iquestcoder jamba llava llava_next minicpm3 minicpmv minimax_m2 modernbert "
    "modernbert-decoder molmo molmo2 nemotron nvfp4 opencua openvla paddleocr_vl phi3 phi3_v phimoe qwen2 "
    "qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen4_exp step3_vl vipllava cohere_asr camembertv2-base siglip2 "
    "smolvlm"
)

OVERRIDES: frozenset[str] = frozenset(_WRONG_NAMES.split())
"""Model types whose published configurations name a wrong class: the model type's own class wins."""

MODEL_TYPES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(OVERRIDES, PLAIN) | {name: known for known, names in _BY_CLASS for name in names.split()}
)
"""Model type to class name."""


def choose_class(*, named: str | None, model_type: str | None, byte_level: bool = False) -> str:
    """The class name that transformers would build for a configuration.

    Args:
        named: `tokenizer_class` of tokenizer_config.json, else of config.json.
        model_type: `model_type` of config.json.
        byte_level: whether tokenizer.json has a part that works on bytes: LlamaTokenizer has none, and
            Llama 3 names it all the same.

    Returns:
        A name without `Fast` at its end. It need not be in the table: the name is the repository's.
    """
    usual = MODEL_TYPES.get(model_type or "")
    if named is None:
        return usual or PLAIN
    asked = named.removesuffix("Fast")
    if asked == "LlamaTokenizer" and byte_level and model_type not in OVERRIDES:
        return PLAIN
    if usual is None or usual == asked:
        return asked
    if usual == PLAIN:
        return PLAIN
    return usual if model_type in OVERRIDES else asked
