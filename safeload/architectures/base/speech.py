"""The frame of models of speech: a backbone, and the heads that wav2vec2 and its relatives share.

A family states its prefix and its backbone; the inputs, the losses and the outputs stand here once.

Shapes: B batch, S samples, T frames, D width, P width of a projection, V vocabulary, L labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.base.losses import token_loss
from safeload.architectures.base.model import Model
from safeload.architectures.base.outputs import SequenceClassifierOutput, TokenClassifierOutput
from safeload.architectures.base.speech_outputs import CtcOutput
from safeload.architectures.layers.modules import Linear, empty_parameter
from safeload.architectures.layers.spec_augment import hidden_spans
from safeload.architectures.layers.speech import (
    FeatureEncoder,
    FeatureProjection,
    frames_heard,
    frames_of,
)
from safeload.architectures.layers.speech_encoder import ConvAdapter, SpeechEncoder
from safeload.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput

_IGNORED = -100
"""A label that does not count."""


class SpeechModel(Model):
    """Anything that hears."""

    main_input_name: ClassVar[str] = "input_values"

    def get_input_embeddings(self) -> NoReturn:
        """There are none: the input is sound.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"a {self.config.model_type} model hears sound and has no word embeddings")

    def freeze_feature_encoder(self) -> None:
        """Leave the convolutions as they are in training."""
        for item in self.base_model.get_submodule("feature_extractor").parameters():
            item.requires_grad = False

    def freeze_base_model(self) -> None:
        """Leave the backbone as it is in training."""
        for item in self.base_model.parameters():
            item.requires_grad = False

    def _frames(self, samples: Tensor | int, *, adapted: bool | None = None) -> Tensor:
        """How many frames there are of a number of samples, behind the adapter if there is one."""
        config = self.config
        frames = frames_of(samples, config.conv_kernel, config.conv_stride)
        if getattr(config, "add_adapter", False) if adapted is None else adapted:
            count = config.num_adapter_layers
            frames = frames_of(frames, [1] * count, [config.adapter_stride] * count)
        return frames

    def _get_feat_extract_output_lengths(
        self, input_lengths: Tensor | int, add_adapter: bool | None = None
    ) -> Tensor:
        """`_frames` under the name that programs know from the reference."""
        return self._frames(input_lengths, adapted=add_adapter)

    def _heard(self, attention_mask: Tensor, frames: int, *, adapted: bool | None = None) -> Tensor:
        return frames_heard(self._frames(attention_mask.sum(-1), adapted=adapted), frames)


class SpeechBackbone(SpeechModel):
    """The encoder: convolutions, transformer, and an adapter where the config asks for one."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.feature_extractor = FeatureEncoder(config)
        self.feature_projection = FeatureProjection(
            config, normed=getattr(config, "feat_proj_layer_norm", True)
        )
        if config.mask_time_prob > 0 or config.mask_feature_prob > 0:
            self.masked_spec_embed = empty_parameter(config.hidden_size)
        self.encoder = SpeechEncoder(config)
        self.adapter = ConvAdapter(config) if getattr(config, "add_adapter", False) else None

    def forward(
        self,
        input_values: Tensor,
        attention_mask: Tensor | None = None,
        mask_time_indices: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Hidden states of every frame.

        `attention_mask` is 1 for samples and 0 for padding behind them; `mask_time_indices` is true for the
        frames to hide.
        """
        attentions, hidden = self._wanted(output_attentions, output_hidden_states)
        features_BTC = self.feature_extractor(input_values)
        heard_BT = None
        if attention_mask is not None:
            heard_BT = self._heard(attention_mask, features_BTC.shape[1], adapted=False)
        x_BTD, features_BTC = self.feature_projection(features_BTC)
        encoded = self.encoder(
            self._hide(x_BTD, mask_time_indices, heard_BT),
            heard_BT,
            eager=attentions or self.attn_implementation == "eager",
            hidden=hidden,
            attentions=attentions,
        )
        if self.adapter is not None:
            encoded["last_hidden_state"] = self.adapter(encoded["last_hidden_state"])
        return self._shape(self._output(encoded, features_BTC), return_dict)

    def _output(self, encoded: dict[str, Any], features_BTC: Tensor) -> ModelOutput:
        raise NotImplementedError

    def fresh(self, leaf: str, value: Tensor) -> Tensor | None:
        """The frame that stands for a hidden one starts uniform."""
        return value.uniform_() if leaf == "masked_spec_embed" else None

    def _lengths(self, heard_BT: Tensor | None) -> list[int] | None:
        """Frames of each sound that spans may hide, or None for all of them."""
        return None if heard_BT is None else heard_BT.sum(-1).tolist()

    def _hide(self, x_BTD: Tensor, hidden_BT: Tensor | None, heard_BT: Tensor | None) -> Tensor:
        """Hide the frames that the caller names, or what SpecAugment draws in training."""
        config = self.config
        if not config.apply_spec_augment:
            return x_BTD
        batch, frames, width = x_BTD.shape
        if hidden_BT is None and self.training and config.mask_time_prob > 0:
            hidden_BT = hidden_spans(
                batch,
                frames,
                config.mask_time_prob,
                config.mask_time_length,
                least=config.mask_time_min_masks,
                lengths=self._lengths(heard_BT),
            )
        if hidden_BT is not None:
            if not hasattr(self, "masked_spec_embed"):
                raise UsageError("frames cannot be hidden: the config sets mask_time_prob to 0")
            hidden_BT = hidden_BT.to(device=x_BTD.device, dtype=torch.bool)
            x_BTD = torch.where(hidden_BT[..., None], self.masked_spec_embed.to(x_BTD.dtype), x_BTD)
        if self.training and config.mask_feature_prob > 0:
            hidden_BD = hidden_spans(
                batch,
                width,
                config.mask_feature_prob,
                config.mask_feature_length,
                least=config.mask_feature_min_masks,
            )
            x_BTD = x_BTD.masked_fill(hidden_BD[:, None].to(x_BTD.device), 0.0)
        return x_BTD


class SpeechHead(SpeechModel):
    """A backbone under its prefix, and what a subclass adds to it."""

    backbone: ClassVar[type[Model]]

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        setattr(self, self.base_model_prefix, self.backbone(config))

    def forward(
        self,
        input_values: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """What the head makes of the encoded sound; with labels, the loss."""
        _, hidden = self._wanted(output_attentions, output_hidden_states)
        encoded = getattr(self, self.base_model_prefix)(
            input_values,
            attention_mask,
            output_attentions=output_attentions,
            output_hidden_states=hidden or hasattr(self, "layer_weights"),
            return_dict=True,
        )
        answer = self._answer(encoded, input_values, attention_mask, labels)
        answer.hidden_states = encoded.hidden_states if hidden else None
        answer.attentions = encoded.attentions
        return self._shape(answer, return_dict)

    def _answer(
        self,
        encoded: Any,  # noqa: ANN401 - the backbone's output
        samples_BS: Tensor,
        attention_mask: Tensor | None,
        labels: Tensor | None,
    ) -> Any:  # noqa: ANN401 - an output without hidden states and attentions
        raise NotImplementedError

    def _refuse_adapter(self) -> None:
        if getattr(self.config, "add_adapter", False):
            raise UsageError(
                f"{type(self).__name__} has no adapter, and the config asks for one (add_adapter)"
            )


class WeighedHead(SpeechHead):
    """Reads the last layer, or with `use_weighted_layer_sum` a learned mean of all of them."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if config.use_weighted_layer_sum:
            self.layer_weights = empty_parameter(config.num_hidden_layers + 1)

    def fresh(self, leaf: str, value: Tensor) -> Tensor | None:
        """All layers start alike."""
        return value.fill_(1 / len(value)) if leaf == "layer_weights" else None

    def _read(self, encoded: Any) -> Tensor:  # noqa: ANN401
        if not hasattr(self, "layer_weights"):
            last_BTD: Tensor = encoded.last_hidden_state
            return last_BTD
        layers = torch.stack(encoded.hidden_states, dim=1)
        return (layers * self.layer_weights.softmax(-1).view(-1, 1, 1)).sum(dim=1)


class CtcHead(SpeechHead):
    """Which character each frame says, or none: connectionist temporal classification (Graves 2006)."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if config.vocab_size is None:
            raise UsageError("the config has no vocab_size, so this head has no size: pass vocab_size=")
        self.dropout = nn.Dropout(config.final_dropout)
        width = config.hidden_size
        if getattr(config, "add_adapter", False):
            width = config.output_hidden_size or width
        self.lm_head = Linear(width, config.vocab_size)

    def _answer(
        self,
        encoded: Any,  # noqa: ANN401
        samples_BS: Tensor,
        attention_mask: Tensor | None,
        labels: Tensor | None,
    ) -> CtcOutput:
        logits_BTV = self.lm_head(self.dropout(encoded.last_hidden_state))
        loss = None
        if labels is not None:
            if int(labels.max()) >= self.config.vocab_size:
                raise ValueError(f"a label is {int(labels.max())}, and vocab_size {self.config.vocab_size}")
            mask = torch.ones_like(samples_BS, dtype=torch.long) if attention_mask is None else attention_mask
            loss = self._loss(logits_BTV, labels, self._frames(mask.sum(-1)).long())
        return CtcOutput(loss=loss, logits=logits_BTV)

    def _loss(self, logits_BTV: Tensor, labels: Tensor, lengths_B: Tensor) -> Tensor:
        """Labels of -100 and of the blank do not count."""
        blank = self.config.pad_token_id or 0
        labels = labels.to(logits_BTV.device)
        counts = (labels != _IGNORED) & (labels != blank)
        # the kernel knows no half precision
        spoken_TBV = logits_BTV.log_softmax(-1, dtype=torch.float32).transpose(0, 1)
        with torch.backends.cudnn.flags(enabled=False):
            return F.ctc_loss(
                spoken_TBV,
                labels.masked_select(counts),
                lengths_B,
                counts.sum(-1),
                blank=blank,
                reduction=self.config.ctc_loss_reduction,
                zero_infinity=self.config.ctc_zero_infinity,
            )


class SoundHead(WeighedHead):
    """One decision per sound, from the mean of its frames."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._refuse_adapter()
        self.projector = Linear(config.hidden_size, config.classifier_proj_size)
        self.classifier = Linear(config.classifier_proj_size, config.num_labels)

    def _answer(
        self,
        encoded: Any,  # noqa: ANN401
        samples_BS: Tensor,  # noqa: ARG002 - one signature
        attention_mask: Tensor | None,
        labels: Tensor | None,
    ) -> SequenceClassifierOutput:
        x_BTP = self.projector(self._read(encoded))
        if attention_mask is None:
            pooled_BP = x_BTP.mean(dim=1)
        else:
            heard_BT = self._heard(attention_mask, x_BTP.shape[1])
            pooled_BP = x_BTP.masked_fill(~heard_BT[..., None], 0.0).sum(dim=1) / heard_BT.sum(1)[:, None]
        logits_BL = self.classifier(pooled_BP)
        loss = None if labels is None else token_loss(logits_BL, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits_BL)


class FrameHead(WeighedHead):
    """One decision per frame."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._refuse_adapter()
        self.classifier = Linear(config.hidden_size, config.num_labels)

    def _answer(
        self,
        encoded: Any,  # noqa: ANN401
        samples_BS: Tensor,  # noqa: ARG002
        attention_mask: Tensor | None,  # noqa: ARG002
        labels: Tensor | None,
    ) -> TokenClassifierOutput:
        logits_BTL = self.classifier(self._read(encoded))
        loss = None
        if labels is not None:
            # labels have a one in the column of the label
            loss = token_loss(logits_BTL, labels.view(-1, logits_BTL.shape[-1]).argmax(1))
        return TokenClassifierOutput(loss=loss, logits=logits_BTL)
