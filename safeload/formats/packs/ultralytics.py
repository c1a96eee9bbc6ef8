"""The pack `ultralytics`: YOLO checkpoints that hold a whole model, of ultralytics and of yolov5.

yolov5 pickles from its own folder, so its modules are called `models.common` and `models.yolo`; the
package of the same name on PyPI writes `yolov5.models`. Needs the pack `nn-modules`, which comes along.

Left out: `AutoBackend`, `AutoShape`, `DetectMultiBackend` and `YOLO` (they open files); bound methods
(`getattr` on a model); `dill._dill._load_type`, which turns any type's name into the type: what it gives
back is called by the opcode behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.packs import nn_modules
from safeload.formats.pickle_records import table

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Contract, Key

_TASKS = (
    "BaseModel DetectionModel OBBModel SegmentationModel SemanticSegmentationModel PoseModel DepthModel "
    "ClassificationModel RTDETRDetectionModel WorldModel YOLOEModel YOLOESegModel Ensemble"
)
_BLOCKS = (
    "DFL Proto HGStem HGBlock SPP SPPF C1 C2 C2f C3 C3x RepC3 C3TR C3Ghost GhostBottleneck Bottleneck "
    "BottleneckCSP ResNetBlock ResNetLayer MaxSigmoidAttnBlock C2fAttn ImagePoolingAttn ContrastiveHead "
    "BNContrastiveHead RepBottleneck RepCSP RepNCSPELAN4 ELAN1 AConv ADown SPPELAN CBLinear CBFuse C3f C3k2 "
    "C3k RepVGGDW CIB C2fCIB Attention PSABlock PSA C2PSA C2fPSA SCDown TorchVision AAttn ABlock A2C2f "
    "SwiGLUFFN Residual SAVPE Proto26 RealNVP"
)
_CONV = (
    "Conv Conv2 LightConv DWConv DWConvTranspose2d ConvTranspose Focus GhostConv RepConv ChannelAttention "
    "SpatialAttention CBAM Concat Index"
)
_HEADS = (
    "Detect Segment Segment26 OBB OBB26 Pose Pose26 Depth Classify WorldDetect LRPCHead YOLOEDetect "
    "YOLOESegment YOLOESegment26 RTDETRDecoder v10Detect SemanticSegment"
)
_TRANSFORMER = (
    "TransformerEncoderLayer AIFI TransformerLayer TransformerBlock MLPBlock MLP LayerNorm2d MSDeformAttn "
    "DeformableTransformerDecoderLayer DeformableTransformerDecoder"
)
_LOSSES = (
    "VarifocalLoss FocalLoss DFLoss BboxLoss RotatedBboxLoss KeypointLoss RLELoss MultiChannelDiceLoss "
    "BCEDiceLoss v8DetectionLoss v8SegmentationLoss v8PoseLoss v8ClassificationLoss v8OBBLoss DepthLoss26 "
    "PoseLoss26 SegmentLoss26 E2EDetectLoss E2ELoss TVPDetectLoss TVPSegmentLoss SemanticSegmentationLoss"
)
_ASSIGNERS = "TaskAlignedAssigner RotatedTaskAlignedAssigner PoseTaskAlignedAssigner SegTaskAlignedAssigner"
_COMMON = (
    "Conv DWConv DWConvTranspose2d TransformerLayer TransformerBlock Bottleneck BottleneckCSP CrossConv C3 "
    "C3x C3TR C3SPP C3Ghost SPP SPPF Focus GhostConv GhostBottleneck Contract Expand Concat Proto Classify "
    "Sum MixConv2d"
)
_YOLO = "Model Detect Segment BaseModel DetectionModel SegmentationModel ClassificationModel"

_RECORDS = {
    "ultralytics.nn.tasks": _TASKS,
    "ultralytics.nn.modules": f"{_BLOCKS} {_CONV} {_HEADS} {_TRANSFORMER}",
    "ultralytics.nn.modules.activation": "AGLU",
    "ultralytics.nn.modules.block": _BLOCKS,
    "ultralytics.nn.modules.conv": _CONV,
    "ultralytics.nn.modules.head": _HEADS,
    "ultralytics.nn.modules.transformer": _TRANSFORMER,
    "ultralytics.utils": "IterableSimpleNamespace",
    "ultralytics.utils.loss": _LOSSES,
    "ultralytics.utils.tal": _ASSIGNERS,
    "ultralytics.yolo.utils": "IterableSimpleNamespace",
    "ultralytics.yolo.utils.loss": _LOSSES,
    "ultralytics.yolo.utils.tal": _ASSIGNERS,
    "ultralytics.yolo.v8.detect.train": "Loss",
}
for _root in ("", "yolov5."):
    _RECORDS[_root + "models.common"] = _COMMON
    _RECORDS[_root + "models.yolo"] = _YOLO
    _RECORDS[_root + "models.experimental"] = "CrossConv Sum MixConv2d Ensemble"
    _RECORDS[_root + "utils.activations"] = "SiLU Hardswish Mish FReLU AconC MetaAconC"


def contracts() -> dict[Key, Contract]:
    """The contracts of the pack."""
    return nn_modules.contracts() | table(_RECORDS)
