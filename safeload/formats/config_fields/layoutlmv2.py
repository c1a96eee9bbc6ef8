"""The fields of a layoutlmv2 config.json.

Writers note the settings of the picture's backbone, by their names in detectron2. There is one backbone,
so those can only say what it is; names of files and of other classes have no place among them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.config_fields import _field as f
from safeload.formats.config_fields.bert import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json

_STAGES = ("res2", "res3", "res4", "res5")
DETECTRON: Mapping[str, Json] = MappingProxyType(
    {
        "MODEL.MASK_ON": True,
        "MODEL.PIXEL_STD": [57.375, 57.12, 58.395],
        "MODEL.BACKBONE.NAME": "build_resnet_fpn_backbone",
        "MODEL.FPN.IN_FEATURES": [*_STAGES],
        "MODEL.ANCHOR_GENERATOR.SIZES": [[32], [64], [128], [256], [512]],
        "MODEL.RPN.IN_FEATURES": ["p2", "p3", "p4", "p5", "p6"],
        "MODEL.RPN.PRE_NMS_TOPK_TRAIN": 2000,
        "MODEL.RPN.PRE_NMS_TOPK_TEST": 1000,
        "MODEL.RPN.POST_NMS_TOPK_TRAIN": 1000,
        "MODEL.POST_NMS_TOPK_TEST": 1000,
        "MODEL.ROI_HEADS.NAME": "StandardROIHeads",
        "MODEL.ROI_HEADS.NUM_CLASSES": 5,
        "MODEL.ROI_HEADS.IN_FEATURES": ["p2", "p3", "p4", "p5"],
        "MODEL.ROI_BOX_HEAD.NAME": "FastRCNNConvFCHead",
        "MODEL.ROI_BOX_HEAD.NUM_FC": 2,
        "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION": 14,
        "MODEL.ROI_MASK_HEAD.NAME": "MaskRCNNConvUpsampleHead",
        "MODEL.ROI_MASK_HEAD.NUM_CONV": 4,
        "MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION": 7,
        "MODEL.RESNETS.DEPTH": 101,
        "MODEL.RESNETS.SIZES": [[32], [64], [128], [256], [512]],
        "MODEL.RESNETS.ASPECT_RATIOS": [[0.5, 1.0, 2.0]],
        "MODEL.RESNETS.OUT_FEATURES": [*_STAGES],
        "MODEL.RESNETS.NUM_GROUPS": 32,
        "MODEL.RESNETS.WIDTH_PER_GROUP": 8,
        "MODEL.RESNETS.STRIDE_IN_1X1": False,
    }
)
"""What the reference writes, from microsoft/unilm's detectron2_config.py."""


def _farthest(default: int) -> f.Field:
    return f.Field(kind="integer", default=default, low=1, high=1 << 20)


def _buckets(default: int) -> f.Field:
    """With fewer than four, there is none for a distance of one."""
    return f.Field(kind="integer", default=default, low=4, high=1 << 16)


TABLE = f.ConfigTable(
    model_type="layoutlmv2",
    fields=MappingProxyType(
        {
            **{
                name: spec
                for name, spec in FIELDS.items()
                if name not in ("classifier_dropout", "position_embedding_type")
            },
            "max_2d_position_embeddings": f.tokens(1024),
            "max_rel_pos": _farthest(128),
            "rel_pos_bins": _buckets(32),
            "fast_qkv": f.flag(default=True),
            "max_rel_2d_pos": _farthest(256),
            "rel_2d_pos_bins": _buckets(64),
            "image_feature_pool_shape": f.sizes(7, 7, 256, high=1024),
            "coordinate_size": f.width(128),
            "shape_size": f.width(128),
            "has_relative_attention_bias": f.flag(default=True),
            "has_spatial_attention_bias": f.flag(default=True),
            "has_visual_segment_embedding": f.flag(default=False),
            "detectron2_config_args": f.Field(kind="fixed", nullable=True, entries=DETECTRON),
        }
    ),
    aliases=f.COMMON_ALIASES,
    # a switch of training on several machines
    inert=f.COMMON_INERT | {"convert_sync_batchnorm", "output_past"},
    multiples=(("hidden_size", "num_attention_heads"),),
    below=(("pad_token_id", "vocab_size"),),
)
