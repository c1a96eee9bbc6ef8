"""The pack `flair`: sequence taggers of flair, with embeddings and an optimizer as objects.

Needs the pack `nn-modules`, which comes along.

Left out: embeddings on a transformer and on byte pairs (their `__setstate__` writes files, and reads
tokenizers and models from them), ELMo (likewise), ONNX and JIT ones; `_io.BytesIO`, with which another
pickle hides in a field; gensim's `KeyedVectors` up to where they memory-map files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.packs import nn_modules
from safeload.formats.pickle_records import table

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Contract, Key

_WORDS = (
    "StackedEmbeddings WordEmbeddings CharacterEmbeddings FlairEmbeddings PooledFlairEmbeddings "
    "OneHotEmbeddings HashEmbeddings"
)
_DOCUMENT = "DocumentPoolEmbeddings DocumentRNNEmbeddings DocumentLMEmbeddings DocumentCNNEmbeddings"
_LEGACY = "CharLMEmbeddings DocumentMeanEmbeddings DocumentLSTMEmbeddings"

_RECORDS = {
    "flair.data": "Dictionary",
    "flair.embeddings": f"{_WORDS} {_DOCUMENT} {_LEGACY}",
    "flair.embeddings.base": "ScalarMix",
    "flair.embeddings.token": _WORDS,
    "flair.embeddings.document": _DOCUMENT,
    "flair.embeddings.legacy": _LEGACY,
    "flair.models.language_model": "LanguageModel",
    "flair.models.sequence_tagger_utils.crf": "CRF",
    "flair.models.sequence_tagger_utils.viterbi": "ViterbiLoss ViterbiDecoder",
    "flair.nn": "LockedDropout WordDropout",
    "flair.nn.dropout": "LockedDropout WordDropout",
    "flair.nn.decoder": "PrototypicalDecoder",
    "flair.nn.distance.cosine": "CosineDistance LogitCosineDistance NegativeScaledDotProduct",
    "flair.nn.distance.euclidean": "EuclideanDistance EuclideanMean",
    "flair.optim": "SGDW AdamW ExpAnnealLR ReduceLRWDOnPlateau",
    "flair.training_utils": "AnnealOnPlateau",
    "gensim.models.keyedvectors": "Vocab CompatVocab Word2VecKeyedVectors WordEmbeddingsKeyedVectors",
    "torch.optim.adadelta": "Adadelta",
    "torch.optim.adagrad": "Adagrad",
    "torch.optim.adam": "Adam",
    "torch.optim.adamax": "Adamax",
    "torch.optim.adamw": "AdamW",
    "torch.optim.asgd": "ASGD",
    "torch.optim.nadam": "NAdam",
    "torch.optim.radam": "RAdam",
    "torch.optim.rmsprop": "RMSprop",
    "torch.optim.rprop": "Rprop",
    "torch.optim.sgd": "SGD",
    "torch.optim.sparse_adam": "SparseAdam",
    "torch.optim.lr_scheduler": "ReduceLROnPlateau StepLR MultiStepLR ExponentialLR ConstantLR LinearLR "
    "CosineAnnealingLR CosineAnnealingWarmRestarts",
}
_TYPES = {"torch.optim.optimizer": "_RequiredParameter"}
_ENUMS = {"flair.training_utils": "EvaluationMetric"}


def contracts() -> dict[Key, Contract]:
    """The contracts of the pack."""
    return nn_modules.contracts() | table(_RECORDS, enums=_ENUMS, types=_TYPES)
