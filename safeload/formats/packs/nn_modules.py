"""The pack `nn-modules`: a whole module of torch.nn, pickled as an object.

Its fields are dicts of parameters, buffers and modules. Whatever its hooks hold, torch calls, so they
hold nothing (see `pickle_records`).

Left out: quantised modules and everything in `torch.ao` (their `__setstate__` packs weights through
native operators), the lazy modules (they carry hooks), `DistributedDataParallel` (its `__setstate__`
starts a process group), parametrised and scripted modules (classes made at run time).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import Contract, Refused
from safeload.formats.pickle_records import table
from safeload.formats.pickle_trace import InertRecord

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Arguments, Key, Scene

_BACKEND = "torch.nn.backends.thnn"

_RECORDS = {
    "activation": "Threshold ReLU RReLU Hardtanh ReLU6 Sigmoid Hardsigmoid Tanh SiLU Mish Hardswish ELU CELU "
    "SELU GLU GELU Hardshrink LeakyReLU LogSigmoid Softplus Softshrink MultiheadAttention PReLU Softsign "
    "Tanhshrink Softmin Softmax Softmax2d LogSoftmax",
    "adaptive": "AdaptiveLogSoftmaxWithLoss",
    "batchnorm": "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm",
    "channelshuffle": "ChannelShuffle",
    "container": "Sequential ModuleList ModuleDict ParameterList ParameterDict",
    "conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
    "distance": "PairwiseDistance CosineSimilarity",
    "dropout": "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout",
    "flatten": "Flatten Unflatten",
    "fold": "Fold Unfold",
    "instancenorm": "InstanceNorm1d InstanceNorm2d InstanceNorm3d",
    "linear": "Identity Linear NonDynamicallyQuantizableLinear _LinearWithBias Bilinear",
    "loss": "L1Loss NLLLoss NLLLoss2d PoissonNLLLoss GaussianNLLLoss KLDivLoss MSELoss BCELoss "
    "BCEWithLogitsLoss HingeEmbeddingLoss MultiLabelMarginLoss SmoothL1Loss HuberLoss SoftMarginLoss "
    "CrossEntropyLoss MultiLabelSoftMarginLoss CosineEmbeddingLoss MarginRankingLoss MultiMarginLoss "
    "TripletMarginLoss TripletMarginWithDistanceLoss CTCLoss",
    "module": "Module",
    "normalization": "LocalResponseNorm CrossMapLRN2d LayerNorm GroupNorm RMSNorm",
    "padding": "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
    "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d "
    "ZeroPad1d ZeroPad2d ZeroPad3d",
    "pixelshuffle": "PixelShuffle PixelUnshuffle",
    "pooling": "MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d AvgPool1d AvgPool2d "
    "AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d AdaptiveMaxPool1d "
    "AdaptiveMaxPool2d AdaptiveMaxPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d",
    "rnn": "RNN LSTM GRU RNNCell LSTMCell GRUCell",
    "sparse": "Embedding EmbeddingBag",
    "transformer": "Transformer TransformerEncoder TransformerDecoder TransformerEncoderLayer "
    "TransformerDecoderLayer",
    "upsampling": "Upsample UpsamplingNearest2d UpsamplingBilinear2d",
}

_FUNCTIONS = {
    "torch.nn.functional": "relu gelu silu leaky_relu elu selu softplus log_softmax softmax",
    "torch._C._nn": "gelu silu",
    "torch": "relu tanh sigmoid",
}
"""Activations that a transformer layer keeps as a field: they stand there, and nothing may call them."""


def _backend(args: Arguments, _scene: Scene) -> object:
    """The field `_backend` of every module before torch 1.2: a function without arguments."""
    if args:
        raise Refused("takes no arguments")
    return InertRecord(f"{_BACKEND}.THNNFunctionBackend", ())


def contracts() -> dict[Key, Contract]:
    """The contracts of the pack."""
    records = {f"torch.nn.modules.{module}": names for module, names in _RECORDS.items()}
    records["torch.nn.parallel.data_parallel"] = "DataParallel"
    found = table(records, types=_FUNCTIONS)
    found[_BACKEND, "_get_thnn_function_backend"] = Contract(call=_backend)
    return found
