"""What text encoders put around their layers: embeddings, pooler, and the modules of their heads.

Shapes: B batch, T positions, D width, V vocabulary, L labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.modules import Embedding, LayerNorm, Linear, empty_parameter

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.config import Config


class TextEmbeddings(nn.Module):
    """Word, position and, where there are any, segment, summed and normed."""

    def __init__(
        self,
        config: Config,
        width: int,
        *,
        segments: bool = True,
        padding: int | None = None,
        eps: float | None = None,
        dropout: float | None = None,
    ) -> None:
        """`padding`: positions count the words that are not this id, and start behind it (fairseq)."""
        super().__init__()
        self.padding = padding
        words = config.pad_token_id if padding is None else padding
        self.word_embeddings = Embedding(config.vocab_size, width, padding=words)
        self.position_embeddings = Embedding(config.max_position_embeddings, width, padding=padding)
        if segments:
            self.token_type_embeddings = Embedding(config.type_vocab_size, width)
        self.LayerNorm = LayerNorm(width, eps=config.layer_norm_eps if eps is None else eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob if dropout is None else dropout)

    def forward(
        self,
        input_ids: Tensor | None,
        token_type_ids: Tensor | None,
        position_ids: Tensor | None,
        inputs_embeds: Tensor | None,
    ) -> Tensor:
        """Embeddings of shape batch, positions, width."""
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        summed = self.word_embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        batch, length = summed.shape[:2]
        if position_ids is None:
            position_ids = self._positions(input_ids, length, summed.device)
        if hasattr(self, "token_type_embeddings"):
            if token_type_ids is None:
                token_type_ids = torch.zeros((batch, length), dtype=torch.long, device=summed.device)
            summed = summed + self.token_type_embeddings(token_type_ids)
        normed: Tensor = self.dropout(self.LayerNorm(summed + self.position_embeddings(position_ids)))
        return normed

    def _positions(self, input_ids: Tensor | None, length: int, device: torch.device) -> Tensor:
        most = self.position_embeddings.num_embeddings - (0 if self.padding is None else self.padding + 1)
        if length > most:
            raise ValueError(f"{length} positions, and the model has {most}")
        if self.padding is None:
            return torch.arange(length, device=device)[None]
        if input_ids is None:
            return torch.arange(self.padding + 1, self.padding + 1 + length, device=device)[None]
        words = input_ids.ne(self.padding).long()
        return words.cumsum(1) * words + self.padding


class Pooler(nn.Module):
    """The first position through one more layer."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Pooled output of shape batch, width."""
        return torch.tanh(self.dense(x_BTD[:, 0]))


class FirstPositionClassifier(nn.Module):
    """The first position through a layer of its own, then one logit per label."""

    def __init__(self, config: Config, activation: str, dropout: float) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)
        self.activation = ACTIVATIONS[activation]
        self.dropout = nn.Dropout(dropout)
        self.out_proj = Linear(config.hidden_size, config.num_labels)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Logits of shape batch, labels."""
        x_BD = self.activation(self.dense(self.dropout(x_BTD[:, 0])))
        logits_BL: Tensor = self.out_proj(self.dropout(x_BD))
        return logits_BL


class WordHead(nn.Module):
    """Logits over the vocabulary, in the layout of RoBERTa's files (`lm_head`)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)
        self.layer_norm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.decoder = Linear(config.hidden_size, config.vocab_size)
        # the name under which files keep the decoder's bias
        self.bias = empty_parameter(config.vocab_size)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Logits of shape batch, positions, vocabulary."""
        logits_BTV: Tensor = self.decoder(self.layer_norm(nn.functional.gelu(self.dense(x_BTD))))
        return logits_BTV
