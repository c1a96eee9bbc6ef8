"""The pack `lightning`: checkpoints of PyTorch Lightning, with hyperparameters in omegaconf.

A `.ckpt` is a dict of state dicts; names of its own come from callbacks (as keys of their states in
releases before 1.5, where the class itself is written), from `hyper_parameters`, and from progress.

Left out: loggers, the Trainer and the progress bars (they hold file handles and rich objects), and
`omegaconf.nodes.InterpolationResultNode`. `typing.Any` stands as a type and is never made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.pickle_records import table

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Contract, Key

_CALLBACKS = {
    "batch_size_finder": "BatchSizeFinder",
    "device_stats_monitor": "DeviceStatsMonitor",
    "early_stopping": "EarlyStopping",
    "gpu_stats_monitor": "GPUStatsMonitor",
    "gradient_accumulation_scheduler": "GradientAccumulationScheduler",
    "lr_finder": "LearningRateFinder",
    "lr_monitor": "LearningRateMonitor",
    "model_checkpoint": "ModelCheckpoint",
    "model_summary": "ModelSummary",
    "stochastic_weight_avg": "StochasticWeightAveraging",
    "timer": "Timer",
}
_PROGRESS = (
    "_ReadyCompletedTracker _StartedTracker _ProcessedTracker _Progress _BatchProgress _SchedulerProgress "
    "_OptimizerProgress _OptimizationProgress ReadyCompletedTracker StartedTracker ProcessedTracker Progress "
    "BatchProgress SchedulerProgress OptimizerProgress OptimizationProgress"
)
_ENUM_NAMES = {
    "callbacks.early_stopping": "EarlyStoppingReason",
    "callbacks.timer": "Interval",
    "callbacks.prediction_writer": "WriteInterval",
    "trainer.states": "TrainerStatus TrainerFn RunningStage",
    "utilities.enums": "AMPType AutoRestartBatchKeys DeviceType DistributedType GradClipAlgorithmType "
    "ModelSummaryMode PrecisionType _FaultTolerantMode _AcceleratorType _StrategyType",
}
_OMEGACONF = {
    "omegaconf.dictconfig": "DictConfig",
    "omegaconf.listconfig": "ListConfig",
    "omegaconf.tupleconfig": "TupleConfig",
    "omegaconf.base": "ContainerMetadata Metadata",
    "omegaconf.nodes": "AnyNode NoneNode StringNode PathNode IntegerNode BytesNode FloatNode BooleanNode "
    "EnumNode LiteralNode",
}


def contracts() -> dict[Key, Contract]:
    """The contracts of the pack."""
    records = dict(_OMEGACONF)
    enums: dict[str, str] = {}
    dicts = {
        "lightning.fabric.utilities.data": "AttributeDict",
        "lightning_fabric.utilities.data": "AttributeDict",
    }
    for root in ("pytorch_lightning", "lightning.pytorch"):
        records[f"{root}.callbacks"] = " ".join(_CALLBACKS.values())
        records |= {f"{root}.callbacks.{module}": name for module, name in _CALLBACKS.items()}
        records |= {f"{root}.loops.progress": _PROGRESS, f"{root}.trainer.progress": _PROGRESS}
        enums |= {f"{root}.{module}": names for module, names in _ENUM_NAMES.items()}
        dicts[f"{root}.utilities.parsing"] = "AttributeDict"
    return table(records, enums=enums, dicts=dicts, types={"typing": "Any"})
