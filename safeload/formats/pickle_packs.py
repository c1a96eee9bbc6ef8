"""Inert records by exact name, in packs that a policy switches on.

A pack lists classes of third parties whose instances stand in honest side files: the Trainer's arguments,
Lightning's callbacks. Such an instance becomes a record of its name and fields. It is never imported,
called or handed to a contract, so listing a class trusts none of its code; it only says that naming it is
no surprise. Names were measured on public checkpoints; there is no rule by prefix.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import Contract, Refused
from safeload.formats.pickle_contracts_numpy import CONTRACTS as NUMPY
from safeload.formats.pickle_contracts_plain import CONTRACTS as PLAIN
from safeload.formats.pickle_contracts_plain import GETATTR
from safeload.formats.pickle_contracts_torch import CONTRACTS as TORCH
from safeload.formats.pickle_trace import InertRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.pickle_contracts import Arguments, Key, Scene

PACKS = ("flair", "lightning", "nn-modules", "numpy", "pyannote", "sklearn", "trainer", "ultralytics")
"""Every pack by name. `numpy` holds contracts, not records: see `pickle_contracts_numpy`."""

_RECORDS: Mapping[str, Mapping[str, str]] = {
    "trainer": {
        "transformers.training_args": "TrainingArguments",
        "transformers.training_args_seq2seq": "Seq2SeqTrainingArguments",
        "transformers.trainer_pt_utils": "AcceleratorConfig",
        "transformers.deepspeed": "HfDeepSpeedConfig HfTrainerDeepSpeedConfig",
        "transformers.integrations.deepspeed": "HfDeepSpeedConfig HfTrainerDeepSpeedConfig",
        "accelerate.state": "PartialState AcceleratorState",
        "accelerate.utils.dataclasses": "DeepSpeedPlugin FullyShardedDataParallelPlugin",
        "argparse": "Namespace",
    },
    "lightning": {
        "pytorch_lightning.callbacks": "EarlyStopping ModelCheckpoint",
        "pytorch_lightning.callbacks.early_stopping": "EarlyStopping",
        "pytorch_lightning.callbacks.model_checkpoint": "ModelCheckpoint",
        "pytorch_lightning.utilities.parsing": "AttributeDict",
        "omegaconf.dictconfig": "DictConfig",
        "omegaconf.listconfig": "ListConfig",
        "omegaconf.base": "ContainerMetadata Metadata",
        "omegaconf.nodes": "AnyNode",
        "typing": "Any",
        "argparse": "Namespace",
    },
    "nn-modules": {
        "torch.nn.modules.activation": "ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Sigmoid Tanh "
        "Softmax LogSoftmax Softplus Hardswish Hardsigmoid Hardtanh GLU MultiheadAttention",
        "torch.nn.modules.batchnorm": "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm",
        "torch.nn.modules.container": "Sequential ModuleList ModuleDict ParameterList ParameterDict",
        "torch.nn.modules.conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
        "torch.nn.modules.dropout": "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout",
        "torch.nn.modules.flatten": "Flatten Unflatten",
        "torch.nn.modules.instancenorm": "InstanceNorm1d InstanceNorm2d InstanceNorm3d",
        "torch.nn.modules.linear": "Identity Linear Bilinear NonDynamicallyQuantizableLinear",
        "torch.nn.modules.loss": "BCELoss BCEWithLogitsLoss CrossEntropyLoss L1Loss MSELoss NLLLoss "
        "SmoothL1Loss HuberLoss KLDivLoss",
        "torch.nn.modules.normalization": "LayerNorm GroupNorm RMSNorm LocalResponseNorm",
        "torch.nn.modules.padding": "ZeroPad2d ConstantPad1d ConstantPad2d ReflectionPad1d ReflectionPad2d "
        "ReplicationPad2d",
        "torch.nn.modules.pixelshuffle": "PixelShuffle PixelUnshuffle",
        "torch.nn.modules.pooling": "MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d "
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d",
        "torch.nn.modules.rnn": "RNN LSTM GRU RNNCell LSTMCell GRUCell",
        "torch.nn.modules.sparse": "Embedding EmbeddingBag",
        "torch.nn.modules.transformer": "Transformer TransformerEncoder TransformerEncoderLayer "
        "TransformerDecoder TransformerDecoderLayer",
        "torch.nn.modules.upsampling": "Upsample UpsamplingNearest2d UpsamplingBilinear2d",
    },
    "ultralytics": {
        "ultralytics.nn.tasks": "DetectionModel SegmentationModel ClassificationModel PoseModel OBBModel "
        "WorldModel",
        "ultralytics.nn.modules.conv": "Conv DWConv Concat ConvTranspose Focus GhostConv LightConv RepConv",
        "ultralytics.nn.modules.block": "Bottleneck C2f C3 C3k C3k2 C2PSA DFL SPPF SPP Proto Attention "
        "PSABlock C2fAttn ADown SCDown",
        "ultralytics.nn.modules.head": "Detect Segment Pose Classify OBB v10Detect",
        "ultralytics.utils": "IterableSimpleNamespace",
        "ultralytics.utils.loss": "v8DetectionLoss BboxLoss E2EDetectLoss",
        "ultralytics.utils.tal": "TaskAlignedAssigner",
        "models.common": "Conv Bottleneck C3 SPP SPPF Concat Focus BottleneckCSP Contract Expand DWConv",
        "models.yolo": "Model Detect DetectionModel SegmentationModel ClassificationModel Segment",
    },
    "pyannote": {
        "pyannote.audio.core.task": "Specifications",
        "pyannote.audio.core.model": "Introspection",
    },
    "flair": {
        "flair.data": "Dictionary",
        "flair.embeddings": "StackedEmbeddings FlairEmbeddings WordEmbeddings",
        "flair.embeddings.token": "StackedEmbeddings FlairEmbeddings WordEmbeddings",
        "flair.models.language_model": "LanguageModel",
        "torch.optim.sgd": "SGD",
        "torch.optim.adam": "Adam",
        "torch.optim.adamw": "AdamW",
    },
    "sklearn": {
        "sklearn.linear_model._logistic": "LogisticRegression",
        "sklearn.linear_model._base": "LinearRegression",
        "sklearn.preprocessing._data": "StandardScaler MinMaxScaler",
        "sklearn.preprocessing._label": "LabelEncoder",
        "sklearn.pipeline": "Pipeline",
    },
}

_ENUMS: Mapping[str, Mapping[str, str]] = {
    "trainer": {
        "transformers.training_args": "OptimizerNames",
        "transformers.trainer_utils": "SchedulerType IntervalStrategy HubStrategy EvaluationStrategy "
        "SaveStrategy FSDPOption ShardedDDPOption",
        "accelerate.utils.dataclasses": "DistributedType DynamoBackend PrecisionType "
        "SageMakerDistributedType",
    },
    "pyannote": {"pyannote.audio.core.task": "Problem Resolution"},
}


def _record(name: str, *, enum: bool) -> Contract:
    def call(args: Arguments, _scene: Scene) -> object:
        if enum and not (len(args) == 1 and type(args[0]) in (str, int)):
            raise Refused("an enum takes one value")
        return InertRecord(name, args)

    return Contract(call=call, new=None if enum else call, enum=enum, record=not enum)


def pack_contracts(pack: str) -> dict[Key, Contract]:
    """The contracts of one pack; none for a name that is no pack of records."""
    table: dict[Key, Contract] = {}
    for enum, groups in ((False, _RECORDS), (True, _ENUMS)):
        for module, names in groups.get(pack, {}).items():
            for name in names.split():
                table[module, name] = _record(f"{module}.{name}", enum=enum)
    if pack in _ENUMS:
        table["builtins", "getattr"] = GETATTR
    return table


@lru_cache(maxsize=16)
def contracts_for(packs: frozenset[str]) -> Mapping[Key, Contract]:
    """Tier A, and the packs that the policy switches on. Unknown pack names list nothing."""
    table: dict[Key, Contract] = {}
    for pack in sorted(packs):
        table.update(pack_contracts(pack))
    if "numpy" in packs:
        table.update(NUMPY)
    table.update(PLAIN)
    table.update(TORCH)
    return table
