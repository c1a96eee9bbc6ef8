"""Core ML models: the kind of model, its version, and the classes and files outside it.

Implements the frame of https://github.com/apple/coremltools/tree/main/mlmodel/format. Guarantees for a
record: pipelines and networks were walked to every layer, so that each custom layer, custom model and linked
model is named. Parameters of layers, trees and ML programs hold numbers and are stepped over.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.protobuf import BYTES, INT, SKIP, TEXT, integer, text, walk
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.core import View
    from safeload.formats.protobuf import Schema, Values
    from safeload.limits import Limits

_LAYERS = (
    100, 120, 130, 140, 150, 160, 165, 170, 175, 180, 190, 200, 210, 211, 212, 220, 230, 231, 240, 245, 250,
    260,
    261, 270, 280, 290, 300, 301, 310, 320, 330, 340, 345, 350, 400, 410, 420, 430, 600, 620, 625, 635, 640,
    660,
    665, 670, 680, 685, 700, 710, 715, 720, 730, 735, 740, 750, 755, 760, 770, 775, 780, 790, 795, 815, 820,
    825,
    827, 830, 832, 840, 845, 850, 855, 865, 870, 875, 880, 885, 890, 895, 900, 905, 920, 925, 930, 935, 940,
    945,
    950, 952, 954, 960, 965, 975, 980, 985, 995, 1000, 1005, 1015, 1020, 1025, 1040, 1045, 1065, 1070, 1080,
    1085,
    1090, 1100, 1105, 1110, 1120, 1125, 1130, 1135, 1140, 1145, 1150, 1155, 1170, 1175, 1180, 1190, 1195,
    1200,
    1210, 1215, 1220, 1230, 1250, 1255, 1260, 1265, 1270, 1275, 1280, 1285, 1290, 1295, 1313, 1315, 1320,
    1325,
    1330, 1350, 1400, 1450, 1455, 1460, 1461, 1465, 1466, 1470, 1471,
)  # fmt: skip
_KINDS = MappingProxyType(
    {
        300: "glmRegressor", 301: "supportVectorRegressor", 302: "treeEnsembleRegressor",
        304: "bayesianProbitRegressor", 400: "glmClassifier", 401: "supportVectorClassifier",
        402: "treeEnsembleClassifier", 404: "kNearestNeighborsClassifier", 501: "itemSimilarityRecommender",
        502: "mlProgram", 560: "classConfidenceThresholding", 600: "oneHotEncoder", 601: "imputer",
        602: "featureVectorizer", 603: "dictVectorizer", 604: "scaler", 606: "categoricalMapping",
        607: "normalizer", 609: "arrayFeatureExtractor", 610: "nonMaximumSuppression", 900: "identity",
        2000: "textClassifier", 2001: "wordTagger", 2002: "visionFeaturePrint", 2003:
        "soundAnalysisPreprocessing",
        2004: "gazetteer", 2005: "wordEmbedding", 2006: "audioFeaturePrint", 3000: "serializedModel",
    }
)  # fmt: skip
"""Kinds of models that hold numbers and tables."""
_NETWORK = {
    1: ("layers", "Layer*"), 2: ("preprocessing", SKIP), 5: ("arrayInputShapeMapping", INT),
    6: ("imageInputShapeMapping", INT), 10: ("updateParams", SKIP), 100: ("stringClassLabels", SKIP),
    101: ("int64ClassLabels", SKIP), 200: ("labelProbabilityLayerName", BYTES),
}  # fmt: skip
_NETWORKS = MappingProxyType(
    {303: "neuralNetworkRegressor", 403: "neuralNetworkClassifier", 500: "neuralNetwork"}
)
_SCHEMA: Schema = MappingProxyType(
    {
        "Model": {
            1: ("specificationVersion", INT), 2: ("description", SKIP), 10: ("isUpdatable", INT),
            200: ("pipelineClassifier", "PipelineFrame"), 201: ("pipelineRegressor", "PipelineFrame"),
            202: ("pipeline", "Pipeline"), 555: ("customModel", "Custom"), 556: ("linkedModel", "Linked"),
            **{number: (name, "Network") for number, name in _NETWORKS.items()},
            **{number: (name, SKIP) for number, name in _KINDS.items()},
        },
        "PipelineFrame": {1: ("pipeline", "Pipeline")},
        "Pipeline": {1: ("models", "Model*"), 2: ("names", SKIP)},
        "Network": _NETWORK,
        "Layer": {
            1: ("name", BYTES), 2: ("input", SKIP), 3: ("output", SKIP), 4: ("inputTensor", SKIP),
            5: ("outputTensor", SKIP), 10: ("isUpdatable", INT), 500: ("custom", "Custom"),
            605: ("branch", "Branch"), 615: ("loop", "Loop"),
            **{number: (f"layer_{number}", SKIP) for number in _LAYERS},
        },
        "Custom": {10: ("className", TEXT), 20: ("weights", SKIP), 30: ("parameters", SKIP), 40:
        ("description", BYTES)},
        "Branch": {1: ("ifBranch", "Network"), 2: ("elseBranch", "Network")},
        "Loop": {
            1: ("maxLoopIterations", INT), 2: ("conditionVar", BYTES), 3: ("conditionNetwork", "Network"),
            4: ("bodyNetwork", "Network"),
        },
        "Linked": {1: ("linkedModelFile", "LinkedFile")},
        "LinkedFile": {1: ("linkedModelFileName", "StringParameter"), 2: ("linkedModelSearchPath",
        "StringParameter")},
        "StringParameter": {1: ("defaultValue", TEXT)},
    }
)  # fmt: skip


class NoModel(FormatError):
    """A file without a version."""


class UnlistedField(FormatError):
    """A field that the schema here lacks."""


@record
class CoreMl:
    """A model."""

    version: int
    kinds: tuple[str, ...]
    """What it is, and what the models inside it are."""
    custom: tuple[str, ...]
    """Classes of the application that it calls."""
    linked: tuple[str, ...]
    """Models in other places that it takes the rest from."""


def parse_coreml(view: View, limits: Limits) -> CoreMl:
    """Read a model.

    Raises:
        FormatError: one subclass per way to be wrong; `UnlistedField` where the file is valid, but newer.
        LimitExceeded: a budget does not hold.
    """
    kinds: set[str] = set()
    custom: set[str] = set()
    linked: set[str] = set()

    def model(values: Values, _start: int) -> None:
        kinds.update(values.keys() & {*_NETWORKS.values(), "pipeline", "customModel", "linkedModel"})

    def linked_file(values: Values, _start: int) -> None:
        for part in values.values():
            if isinstance(part, dict):
                linked.add(text(part, "defaultValue"))

    finish: Mapping[str, Callable[[Values, int], object]] = {
        "Model": model,
        "Custom": lambda values, _: custom.add(text(values, "className")),
        "LinkedFile": linked_file,
        "Layer": lambda _values, _: None,
    }
    walked = walk(view, _SCHEMA, "Model", limits, finish)
    model(dict(walked.values), 0)
    if not integer(walked.values, "specificationVersion"):
        raise NoModel("the model has no version")
    if walked.unknown is not None:
        raise UnlistedField(f"{walked.unknown} is none that this version reads")
    return CoreMl(
        version=integer(walked.values, "specificationVersion"),
        kinds=tuple(sorted(kinds)),
        custom=tuple(sorted(custom)),
        linked=tuple(sorted(linked - {""})),
    )
