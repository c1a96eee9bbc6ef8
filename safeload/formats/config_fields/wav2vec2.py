"""The fields of a wav2vec2 config.json, and those that hubert has as well.

`pooling_mode` is not the reference's: trainings with a head of their own wrote it, and the head of that
kind reads it. The inert fields at the end are switches of masking schemes that no version ever had.
"""

from __future__ import annotations

from types import MappingProxyType

from safeload.formats.config_fields import _field as f

_SPAN = 1 << 16
"""Longest span of masked frames, and most of them: twenty minutes of audio."""

SHARED = MappingProxyType(
    {
        **f.COMMON,
        "vocab_size": f.Field(kind="integer", default=32, low=1, high=1 << 24, nullable=True),
        "hidden_size": f.width(768),
        "num_hidden_layers": f.layers(12),
        "num_attention_heads": f.width(12),
        "intermediate_size": f.width(3072),
        "hidden_act": f.activation("gelu"),
        "hidden_dropout": f.probability(0.1),
        "activation_dropout": f.probability(0.1),
        "attention_dropout": f.probability(0.1),
        "feat_proj_dropout": f.probability(0.0),
        "final_dropout": f.probability(0.1),
        "layerdrop": f.probability(0.1),
        "initializer_range": f.small(0.02),
        "layer_norm_eps": f.small(1e-5),
        "feat_extract_norm": f.Field(kind="choice", default="group", choices=frozenset({"group", "layer"})),
        "feat_extract_activation": f.activation("gelu"),
        "conv_dim": f.sizes(512, 512, 512, 512, 512, 512, 512),
        "conv_stride": f.sizes(5, 2, 2, 2, 2, 2, 2, high=4096),
        "conv_kernel": f.sizes(10, 3, 3, 3, 3, 2, 2, high=4096),
        "conv_bias": f.flag(default=False),
        "num_conv_pos_embeddings": f.Field(kind="integer", default=128, low=1, high=8192),
        "num_conv_pos_embedding_groups": f.width(16),
        "do_stable_layer_norm": f.flag(default=False),
        "apply_spec_augment": f.flag(default=True),
        "mask_time_prob": f.probability(0.05),
        "mask_time_length": f.Field(kind="integer", default=10, low=1, high=_SPAN),
        "mask_time_min_masks": f.Field(kind="integer", default=2, low=0, high=_SPAN),
        "mask_feature_prob": f.probability(0.0),
        "mask_feature_length": f.Field(kind="integer", default=10, low=1, high=_SPAN),
        "mask_feature_min_masks": f.Field(kind="integer", default=0, low=0, high=_SPAN),
        "ctc_loss_reduction": f.Field(
            kind="choice", default="sum", choices=frozenset({"sum", "mean", "none"})
        ),
        "ctc_zero_infinity": f.flag(default=False),
        "use_weighted_layer_sum": f.flag(default=False),
        "classifier_proj_size": f.width(256),
        "pad_token_id": f.token_id(0),
        "bos_token_id": f.token_id(1),
        "eos_token_id": f.token_ids(2),
        "pooling_mode": f.Field(kind="choice", choices=frozenset({"mean", "sum", "max"}), nullable=True),
    }
)
"""What wav2vec2 and hubert have."""

INERT = f.COMMON_INERT | {
    # counted anew by every reader, or of a name that nothing reads
    "num_feat_extract_layers", "feat_extract_dropout", "hidden_dropout_prob", "attention_probs_dropout_prob",
    "mask_channel_length", "mask_channel_min_space", "mask_channel_other", "mask_channel_prob",
    "mask_channel_selection", "mask_time_min_space", "mask_time_other", "mask_time_selection",
    "no_mask_channel_overlap", "no_mask_time_overlap",
    "processor_class", "feature_extractor_type",
}  # fmt: skip
MULTIPLES = (("hidden_size", "num_attention_heads"), ("hidden_size", "num_conv_pos_embedding_groups"))
CONVOLUTIONS = ("conv_dim", "conv_stride", "conv_kernel")

TABLE = f.ConfigTable(
    model_type="wav2vec2",
    fields=MappingProxyType(
        {
            **SHARED,
            "feat_quantizer_dropout": f.probability(0.0),
            "num_codevectors_per_group": f.width(320),
            "num_codevector_groups": f.Field(kind="integer", default=2, low=1, high=1024),
            "contrastive_logits_temperature": f.small(0.1),
            "num_negatives": f.width(100),
            "codevector_dim": f.width(256),
            "proj_codevector_dim": f.width(256),
            "diversity_loss_weight": f.small(0.1),
            "tdnn_dim": f.sizes(512, 512, 512, 512, 1500),
            "tdnn_kernel": f.sizes(5, 3, 3, 1, 1, high=4096),
            "tdnn_dilation": f.sizes(1, 2, 3, 1, 1, high=4096),
            "xvector_output_dim": f.width(512),
            "add_adapter": f.flag(default=False),
            "adapter_kernel_size": f.Field(kind="integer", default=3, low=1, high=4096),
            "adapter_stride": f.Field(kind="integer", default=2, low=1, high=4096),
            "num_adapter_layers": f.Field(kind="integer", default=3, low=0, high=64),
            "output_hidden_size": f.Field(kind="integer", low=1, high=1 << 17, nullable=True),
            "adapter_attn_dim": f.Field(kind="integer", low=1, high=1 << 17, nullable=True),
        }
    ),
    aliases=f.COMMON_ALIASES,
    inert=INERT,
    multiples=(*MULTIPLES, ("codevector_dim", "num_codevector_groups")),
    alike=(CONVOLUTIONS, ("tdnn_dim", "tdnn_kernel", "tdnn_dilation")),
)
