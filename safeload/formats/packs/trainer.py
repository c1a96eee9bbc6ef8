"""The pack `trainer`: what transformers' Trainer leaves beside a model, and the training libraries on it.

`training_args.bin` is one dataclass of settings with enums in it; optimizer, scheduler and random states
need no names of their own. Subclasses of TrainingArguments are dataclasses, which unpickle as fields.

Left out: `accelerate.optimizer.AcceleratedOptimizer` and the DeepSpeed wrappers (their `__setstate__`
patches methods), `ThreadLocalSharedDict` (a descriptor), and everything in `__main__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.pickle_records import table

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Contract, Key

_ACCELERATE = (
    "AutocastKwargs DistributedDataParallelKwargs GradScalerKwargs InitProcessGroupKwargs AORecipeKwargs "
    "TERecipeKwargs MSAMPRecipeKwargs FP8RecipeKwargs ProfileKwargs DataLoaderConfiguration "
    "ProjectConfiguration GradientAccumulationPlugin TorchDynamoPlugin DeepSpeedPlugin "
    "FullyShardedDataParallelPlugin TorchTensorParallelPlugin TorchContextParallelConfig "
    "TorchTensorParallelConfig DeepSpeedSequenceParallelConfig MegatronLMPlugin BnbQuantizationConfig"
)
_TRL = {
    "alignprop": "AlignPropConfig", "bco": "BCOConfig", "cpo": "CPOConfig", "ddpo": "DDPOConfig",
    "distillation": "DistillationConfig", "dpo": "DPOConfig", "gkd": "GKDConfig", "grpo": "GRPOConfig",
    "kto": "KTOConfig", "model": "ModelConfig", "nash_md": "NashMDConfig", "online_dpo": "OnlineDPOConfig",
    "orpo": "ORPOConfig", "ppo": "PPOConfig", "ppov2": "PPOv2Config", "prm": "PRMConfig",
    "reward": "RewardConfig", "rloo": "RLOOConfig", "sft": "SFTConfig", "xpo": "XPOConfig",
}  # fmt: skip

_RECORDS = {
    "transformers.training_args": "TrainingArguments",
    "transformers.training_args_seq2seq": "Seq2SeqTrainingArguments",
    "transformers.training_args_tf": "TFTrainingArguments",
    "transformers.sagemaker.training_args_sm": "SageMakerTrainingArguments",
    "transformers.trainer_pt_utils": "AcceleratorConfig",
    "transformers.utils.quantization_config": "BitsAndBytesConfig GPTQConfig",
    "transformers.trainer_callback": "TrainerState TrainerControl",
    "transformers.generation.configuration_utils": "GenerationConfig CompileConfig",
    "transformers.deepspeed": "HfDeepSpeedConfig HfTrainerDeepSpeedConfig",
    "transformers.integrations.deepspeed": "HfDeepSpeedConfig HfTrainerDeepSpeedConfig",
    "accelerate.state": "PartialState AcceleratorState GradientState",
    "accelerate.parallelism_config": "ParallelismConfig",
    "accelerate.utils.dataclasses": _ACCELERATE,
    "accelerate.utils.deepspeed": "HfDeepSpeedConfig",
    "deepspeed.runtime.fp16.loss_scaler": "LossScaler DynamicLossScaler",
    "deepspeed.utils.tensor_fragment": "fragment_address",
    "trl.trainer.utils": "OnPolicyConfig",
    "sentence_transformers.training_args": "SentenceTransformerTrainingArguments",
    "sentence_transformers.base.training_args": "BaseTrainingArguments",
    "sentence_transformers.sentence_transformer.training_args": "SentenceTransformerTrainingArguments",
    "sentence_transformers.cross_encoder.training_args": "CrossEncoderTrainingArguments",
    "sentence_transformers.sparse_encoder.training_args": "SparseEncoderTrainingArguments",
    "sentence_transformers.multi_vector_encoder.training_args": "MultiVectorEncoderTrainingArguments",
    "setfit.training_args": "TrainingArguments",
    "axolotl.core.trainer_builder": "AxolotlTrainingArguments",
    "axolotl.core.training_args": "AxolotlTrainingArguments",
    "fastchat.train.train": "TrainingArguments",
    "llava.train.train": "TrainingArguments",
    "open_r1.configs": "SFTConfig GRPOConfig",
    "FlagEmbedding.baai_general_embedding.finetune.arguments": "RetrieverTrainingArguments",
}
_RECORDS |= {f"trl.trainer.{module}_config": name for module, name in _TRL.items()}
_RECORDS |= {
    f"trl.experimental.{module}.{module}_config": _TRL[module]
    for module in ("cpo", "gkd", "kto", "nash_md", "online_dpo", "orpo", "ppo", "xpo", "bco", "prm")
}

_ENUMS = {
    "transformers.training_args": "OptimizerNames ParallelMode",
    "transformers.trainer_utils": "SchedulerType IntervalStrategy HubStrategy EvaluationStrategy "
    "SaveStrategy FSDPOption ShardedDDPOption HPSearchBackend",
    "transformers.debug_utils": "DebugOption",
    "transformers.integrations.integration_utils": "WandbLogModel",
    "transformers.utils.quantization_config": "QuantizationMethod ExllamaVersion",
    "transformers.utils.generic": "PaddingStrategy TensorType",
    "transformers.file_utils": "PaddingStrategy TensorType",
    "accelerate.state": "DistributedType",
    "accelerate.utils.dataclasses": "DistributedType SageMakerDistributedType FP8BackendType "
    "ComputeEnvironment DynamoBackend LoggerType PrecisionType RNGType CustomDtype DDPCommunicationHookType",
    "deepspeed.runtime.zero.config": "ZeroStageEnum",
    "trl.trainer.dpo_config": "FDivergenceType",
    "sentence_transformers.training_args": "BatchSamplers MultiDatasetBatchSamplers",
    "sentence_transformers.base.sampler": "BatchSamplers MultiDatasetBatchSamplers",
    "sentence_transformers.similarity_functions": "SimilarityFunction",
    "sentence_transformers.util.similarity": "SimilarityFunction",
    "peft.utils.peft_types": "PeftType TaskType",
}


def contracts() -> dict[Key, Contract]:
    """The contracts of the pack."""
    return table(_RECORDS, enums=_ENUMS)
