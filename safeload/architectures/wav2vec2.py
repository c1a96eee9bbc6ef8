"""wav2vec2: wav2vec 2.0, XLSR and MMS, for transcription, emotion, keywords and speakers.

Baevski et al., https://arxiv.org/abs/2006.11477. Parameter names are those of the published files, but for
the two that older ones call `weight_g` and `weight_v`. Beside the heads of hubert's this family has those
for frames, for speakers (x-vectors) and for its own pretraining.

Shapes: B batch, T frames, D width, C features, G codebook groups, W codewords in a group, N negatives,
Q width of the quantised features.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.losses import token_loss
from safeload.architectures.base.pooled_head import pooled_variant
from safeload.architectures.base.speech import (
    CtcHead,
    FrameHead,
    SoundHead,
    SpeechBackbone,
    SpeechHead,
    WeighedHead,
)
from safeload.architectures.base.speech_outputs import (
    Wav2Vec2BaseModelOutput,
    Wav2Vec2ForPreTrainingOutput,
    XVectorOutput,
)
from safeload.architectures.layers.modules import Linear, empty_parameter
from safeload.architectures.layers.speech import EvenLinear

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.model import Model
    from safeload.architectures.base.outputs import ModelOutput

RENAMES = (
    ("conv.weight_g", "conv.parametrizations.weight.original0"),
    ("conv.weight_v", "conv.parametrizations.weight.original1"),
)
"""Weight norm as torch stored it before version 2."""


class Wav2Vec2Model(SpeechBackbone):
    """The encoder, which also returns the features that it was made from."""

    base_model_prefix: ClassVar[str] = "wav2vec2"

    def _output(self, encoded: dict[str, Any], features_BTC: Tensor) -> ModelOutput:
        return Wav2Vec2BaseModelOutput(**encoded, extract_features=features_BTC)


class _Wav2Vec2Head(SpeechHead):
    base_model_prefix: ClassVar[str] = "wav2vec2"
    backbone: ClassVar[type[Model]] = Wav2Vec2Model


class Wav2Vec2ForCTC(_Wav2Vec2Head, CtcHead):
    """Which character each frame says."""


class Wav2Vec2ForSequenceClassification(_Wav2Vec2Head, SoundHead):
    """One decision per sound."""


class Wav2Vec2ForAudioFrameClassification(_Wav2Vec2Head, FrameHead):
    """One decision per frame."""


class TimeDelayLayer(nn.Module):
    """A dilated convolution whose weight is stored as that of a linear layer over the kernel's frames."""

    def __init__(self, config: Config, index: int) -> None:
        super().__init__()
        self.inputs = config.tdnn_dim[max(index - 1, 0)]
        self.size = config.tdnn_kernel[index]
        self.dilation = config.tdnn_dilation[index]
        self.kernel = Linear(self.inputs * self.size, config.tdnn_dim[index])

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Fewer frames."""
        weight = self.kernel.weight.view(-1, self.size, self.inputs).transpose(1, 2)
        y_BDT = F.conv1d(x_BTD.transpose(1, 2), weight, self.kernel.bias, dilation=self.dilation)
        return F.relu(y_BDT.transpose(1, 2))


class MarginLoss(nn.Module):
    """Additive margin softmax, https://arxiv.org/abs/1801.05599: angles to the labels' directions."""

    def __init__(self, inputs: int, labels: int) -> None:
        super().__init__()
        self.weight = empty_parameter(inputs, labels)

    def fresh(self, leaf: str, value: Tensor) -> Tensor | None:
        """Directions, whose length does not matter."""
        return value.normal_() if leaf == "weight" else None

    def forward(self, x_BD: Tensor, labels_B: Tensor) -> Tensor:
        """The loss; the right label has to win by a margin of 0.4 in cosine."""
        labels_B = labels_B.flatten()
        cosine_BL = F.normalize(x_BD, dim=1) @ F.normalize(self.weight, dim=0)
        right_BL = F.one_hot(labels_B, cosine_BL.shape[1]).bool()
        return token_loss(30.0 * torch.where(right_BL, cosine_BL - 0.4, cosine_BL), labels_B)


class Wav2Vec2ForXVector(_Wav2Vec2Head, WeighedHead):
    """Who speaks: mean and spread of the frames behind a time delay network, as an embedding (x-vector)."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._refuse_adapter()
        self.projector = Linear(config.hidden_size, config.tdnn_dim[0])
        self.tdnn = nn.ModuleList(TimeDelayLayer(config, index) for index in range(len(config.tdnn_dim)))
        self.feature_extractor = Linear(2 * config.tdnn_dim[-1], config.xvector_output_dim)
        self.classifier = Linear(config.xvector_output_dim, config.xvector_output_dim)
        self.objective = MarginLoss(config.xvector_output_dim, config.num_labels)

    def _answer(
        self,
        encoded: Any,  # noqa: ANN401 - the backbone's output
        samples_BS: Tensor,  # noqa: ARG002 - one signature
        attention_mask: Tensor | None,
        labels: Tensor | None,
    ) -> XVectorOutput:
        x_BTD = self.projector(self._read(encoded))
        for layer in self.tdnn:
            x_BTD = layer(x_BTD)
        if attention_mask is None:
            statistics = torch.cat([x_BTD.mean(dim=1), x_BTD.std(dim=1)], dim=-1)
        else:
            # the reference does not count the dilation: its lengths are what models were trained with
            lengths_B = self._frames(attention_mask.sum(-1)) - sum(self.config.tdnn_kernel)
            lengths = (lengths_B + len(self.config.tdnn_kernel)).tolist()
            rows = [x_TD[: int(length)] for x_TD, length in zip(x_BTD, lengths, strict=True)]
            statistics = torch.stack([torch.cat([row.mean(dim=0), row.std(dim=0)]) for row in rows])
        embeddings = self.feature_extractor(statistics)
        logits = self.classifier(embeddings)
        loss = None if labels is None else self.objective(logits, labels)
        return XVectorOutput(loss=loss, logits=logits, embeddings=embeddings)


class _WideLinear(Linear):
    def fresh(self, leaf: str, value: Tensor) -> Tensor:
        """Logits of codewords start far apart."""
        return value.normal_(0.0, 1.0) if leaf == "weight" else value.zero_()


class Quantizer(nn.Module):
    """Each frame as one codeword of every group (Jang et al., https://arxiv.org/abs/1611.01144)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.groups = config.num_codevector_groups
        words = self.groups * config.num_codevectors_per_group
        self.codevectors = empty_parameter(1, words, config.codevector_dim // self.groups)
        self.weight_proj = _WideLinear(config.conv_dim[-1], words)
        self.temperature = 2.0

    def fresh(self, leaf: str, value: Tensor) -> Tensor | None:
        """Codewords start uniform."""
        return value.uniform_() if leaf == "codevectors" else None

    def forward(self, x_BTC: Tensor, hidden_BT: Tensor | None) -> tuple[Tensor, Tensor]:
        """The quantised features, and how many codewords are in use (perplexity)."""
        batch, frames, _ = x_BTC.shape
        logits_NGW = self.weight_proj(x_BTC).view(batch * frames, self.groups, -1)
        if self.training:
            flat = logits_NGW.flatten(0, 1).float()
            chosen_NGW = F.gumbel_softmax(flat, tau=self.temperature, hard=True).view_as(logits_NGW)
            chosen_NGW = chosen_NGW.type_as(logits_NGW)
            spread_NGW = logits_NGW.float().softmax(-1)
        else:
            best = logits_NGW.argmax(-1, keepdim=True)
            chosen_NGW = torch.zeros_like(logits_NGW).scatter_(-1, best, 1.0)
            spread_NGW = chosen_NGW
        words_GWQ = self.codevectors.view(self.groups, logits_NGW.shape[-1], -1)
        picked = torch.einsum("ngw,gwq->ngq", chosen_NGW, words_GWQ)
        return picked.reshape(batch, frames, -1), _perplexity(spread_NGW, hidden_BT)


def _perplexity(spread_NGW: Tensor, hidden_BT: Tensor | None) -> Tensor:
    if hidden_BT is None:
        mean_GW = spread_NGW.mean(dim=0)
    else:
        counted = spread_NGW * hidden_BT.flatten()[:, None, None]
        mean_GW = counted.sum(dim=0) / hidden_BT.sum()
    return torch.exp(-torch.xlogy(mean_GW, mean_GW).sum(dim=-1)).sum()


class Wav2Vec2ForPreTraining(_Wav2Vec2Head):
    """Which quantised features stand behind the hidden frames."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout_features = nn.Dropout(config.feat_quantizer_dropout)
        self.quantizer = Quantizer(config)
        self.project_hid = EvenLinear(config.hidden_size, config.proj_codevector_dim)
        self.project_q = EvenLinear(config.codevector_dim, config.proj_codevector_dim)

    def set_gumbel_temperature(self, temperature: float) -> None:
        """How evenly codewords are drawn in training; it falls while a model is trained."""
        self.quantizer.temperature = temperature

    def forward(  # type: ignore[override]  # frames to hide and negatives in the place of labels
        self,
        input_values: Tensor,
        attention_mask: Tensor | None = None,
        mask_time_indices: Tensor | None = None,
        sampled_negative_indices: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Predicted and quantised features; with the places of negatives, of shape B, T, N, the loss."""
        hidden_BT = None if mask_time_indices is None else mask_time_indices.bool()
        encoded = getattr(self, self.base_model_prefix)(
            input_values,
            attention_mask,
            hidden_BT,
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
            return_dict=True,
        )
        predicted_BTQ = self.project_hid(encoded.last_hidden_state)
        words_BTQ, perplexity = self.quantizer(self.dropout_features(encoded.extract_features), hidden_BT)
        wanted_BTQ = self.project_q(words_BTQ.to(self.project_q.weight.dtype))
        loss = contrastive = diversity = None
        if sampled_negative_indices is not None:
            if hidden_BT is None:
                raise ValueError("the loss needs mask_time_indices: it counts the hidden frames")
            contrastive = self._contrast(predicted_BTQ, wanted_BTQ, sampled_negative_indices, hidden_BT)
            count = self.config.num_codevectors_per_group * self.config.num_codevector_groups
            diversity = (count - perplexity) / count * hidden_BT.sum()
            loss = contrastive + self.config.diversity_loss_weight * diversity
        output = Wav2Vec2ForPreTrainingOutput(
            loss=loss,
            projected_states=predicted_BTQ,
            projected_quantized_states=wanted_BTQ,
            codevector_perplexity=perplexity,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
            contrastive_loss=contrastive,
            diversity_loss=diversity,
        )
        return self._shape(output, return_dict)

    def _contrast(
        self, predicted_BTQ: Tensor, wanted_BTQ: Tensor, negatives_BTN: Tensor, hidden_BT: Tensor
    ) -> Tensor:
        """Cross entropy of the right features among the negatives, in cosine; equal ones do not compete."""
        width = wanted_BTQ.shape[-1]
        wrong_NBTQ = wanted_BTQ.reshape(-1, width)[negatives_BTN.long()].permute(2, 0, 1, 3)
        offered = torch.cat([wanted_BTQ[None], wrong_NBTQ])
        logits = F.cosine_similarity(predicted_BTQ.float(), offered.float(), dim=-1).type_as(offered)
        logits = logits / self.config.contrastive_logits_temperature
        same = (wanted_BTQ == wrong_NBTQ).all(-1)
        logits = torch.cat([logits[:1], logits[1:].masked_fill(same, float("-inf"))])
        # the right one is always the first
        target = torch.where(hidden_BT, 0, -100).transpose(0, 1).flatten()
        rows = logits.transpose(0, 2).reshape(-1, logits.shape[0])
        return F.cross_entropy(rows.float(), target, reduction="sum")


def refuse(config: Config) -> str | None:
    """Why an encoder of this family cannot be built, or None."""
    if config.is_decoder or config.add_cross_attention or config.is_encoder_decoder:
        return "it is a decoder or has cross-attention, and only encoders are supported"
    if getattr(config, "conv_pos_batch_norm", False):
        return "its positions have a batch norm (conv_pos_batch_norm), and only weight norm is supported"
    return None


_CLASSES: Mapping[str, type[Model]] = MappingProxyType(
    {
        "AutoModel": Wav2Vec2Model,
        "AutoModelForPreTraining": Wav2Vec2ForPreTraining,
        "AutoModelForCTC": Wav2Vec2ForCTC,
        "AutoModelForAudioClassification": Wav2Vec2ForSequenceClassification,
        "AutoModelForAudioFrameClassification": Wav2Vec2ForAudioFrameClassification,
        "AutoModelForAudioXVector": Wav2Vec2ForXVector,
    }
)
ARCHITECTURE = Architecture(
    model_type="wav2vec2",
    classes=_CLASSES,
    heads=(
        "lm_head.", "projector.", "classifier.", "layer_weights", "tdnn.", "objective.", "quantizer.",
        "project_hid.", "project_q.", "feature_extractor.weight", "feature_extractor.bias",
    ),
    renames=RENAMES,
    training=("masked_spec_embed",),
    variant=pooled_variant("wav2vec2", Wav2Vec2Model, "Wav2Vec2ForSpeechClassification"),
    refuse=refuse,
)  # fmt: skip
