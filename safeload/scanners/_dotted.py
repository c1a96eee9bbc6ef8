"""Names in documents that a loader would import: a class of a known library, of a project, or anything.

Guarantee: a name is `known` only where a closed pattern says so, as a whole. Nothing is imported to find
out. Known are constructors that take numbers, names and tensors and open nothing: layers, optimisers,
schedulers, modules of sentence-transformers and of latent diffusion.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from safeload.core import Json

# patterns are text, and compiled by the first document that holds a dotted name: most hold none
_LONGEST = 300
"""Characters of a name. Longer ones are no names, and cost the patterns time."""
Grade = Literal["known", "project", "anything"]

_LAYERS = (
    "Transformer|Pooling|Dense|Normalize|Router|Asym|BoW|CNN|LSTM|LayerNorm|Dropout|CLIPModel|StaticEmbedding"
    "|WeightedLayerPooling|WordEmbeddings|WordWeights|WKPooling|MLMTransformer|SpladePooling|SparseAutoEncoder"
    "|SparseStaticEmbedding|LogitScore|MultiVectorMask|HierarchicalTokenPooling|WhitespaceTokenizer"
    "|WordTokenizer|PhraseTokenizer|CSRSparsity|IDF"
)
_SENTENCE_MODULE = (
    r"sentence_transformers\.((base|cross_encoder|sentence_transformer|sparse_encoder|multi_vector_encoder)\.)?"
    rf"(models|modules)(\.(?!_)[A-Za-z0-9_]+){{0,2}}\.({_LAYERS})\Z"
)
_ACTIVATION = (
    r"torch\.nn\.(modules\.(activation|linear)\.)?"
    r"(Identity|Tanh|Sigmoid|ReLU6?|LeakyReLU|PReLU|ELU|SELU|CELU|GELU|SiLU|Mish|Hardswish|Hardtanh"
    r"|Hardsigmoid|Softmax|LogSoftmax|LogSigmoid|Softplus|Softsign|Tanhshrink|Softshrink)\Z"
)
_KNOWN = r"""
      torch\.optim(\.[a-z_]+){0,2}\.[A-Z][A-Za-z0-9]*
    | torch\.nn(\.modules(\.[a-z]+)?)?\.[A-Z][A-Za-z0-9]*
    | (pytorch_lightning|lightning\.pytorch)\.
      (callbacks|loggers|strategies|utilities)(\.[a-z_]+){0,2}\.[A-Z][A-Za-z0-9]*
    | (pytorch_lightning|lightning\.pytorch)\.Trainer
    | (ldm|sgm|cldm|ControlNet\.ldm)\.(models|modules|lr_scheduler)(\.[A-Za-z0-9_]+){0,5}\.[A-Z][A-Za-z0-9]*
    | mlflow\.[a-z_]+(\.[a-z_]+)?
    """
_PROJECT = r"[A-Za-z]\w*(\.[A-Za-z]\w*)*\.[A-Z]\w*[a-z]\w*\Z"
"""A class in somebody's package: it looks like no function and no module."""
_TOOLS = frozenset(
    {
        "torch", "torchvision", "torchaudio", "numpy", "scipy", "pandas", "sklearn", "joblib", "dill",
        "cloudpickle", "numexpr", "sympy", "hydra", "omegaconf", "transformers", "diffusers", "datasets",
        "huggingface_hub", "tensorflow", "keras", "jax", "setuptools", "pip", "pkg_resources", "numba",
        "jinja2", "mako", "yaml", "IPython", "jupyter", "requests", "urllib3", "httpx", "fsspec", "triton",
        "psutil", "pytest", "mlflow", "ray", "dask", "accelerate", "peft", "timm",
    }
)  # fmt: skip
"""Libraries that are installed beside a model: what they offer beyond the known names is a tool box."""


def grade(name: Json) -> Grade:
    """What a loader would get that imports and calls `name`.

    Args:
        name: the value as written. What is no text names nothing that could be known.
    """
    if not isinstance(name, str) or len(name) > _LONGEST:
        return "anything"
    if re.fullmatch(_KNOWN, name, re.VERBOSE | re.ASCII) or is_sentence_module(name) or is_activation(name):
        return "known"
    root = name.partition(".")[0]
    if root in sys.stdlib_module_names or root in _TOOLS or root.startswith("_"):
        return "anything"
    return "project" if re.match(_PROJECT, name, re.ASCII) else "anything"


def is_sentence_module(name: str) -> bool:
    """A module class of sentence-transformers, in any of the folders that it has stood in."""
    return re.match(_SENTENCE_MODULE, name, re.ASCII) is not None


def is_activation(name: str) -> bool:
    """An activation of torch, by the name of its class."""
    return re.match(_ACTIVATION, name) is not None
