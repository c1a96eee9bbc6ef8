"""What the encoders of pages share: embeddings of boxes, and attention that knows how far apart words are.

A box is its left, top, right and bottom edge from 0 to 1000.

Shapes: B batch, T positions, D width, H heads.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn

from safeload.architectures.layers.encoder import BlockNames, BlockShape, PostNormBlock, graft
from safeload.architectures.layers.modules import Embedding, LayerNorm, Linear, empty_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config


class LayoutEmbeddings(nn.Module):
    """Tables for words, positions, segments, and the six numbers of a box."""

    def __init__(self, config: Config, *, edges: int, sizes: int) -> None:
        """`edges` and `sizes`: widths of what is looked up for an edge of a box, and for its size."""
        super().__init__()
        width, places = config.hidden_size, config.max_2d_position_embeddings
        self.word_embeddings = Embedding(config.vocab_size, width, padding=config.pad_token_id)
        self.position_embeddings = Embedding(config.max_position_embeddings, width)
        self.x_position_embeddings = Embedding(places, edges)
        self.y_position_embeddings = Embedding(places, edges)
        self.h_position_embeddings = Embedding(places, sizes)
        self.w_position_embeddings = Embedding(places, sizes)
        self.token_type_embeddings = Embedding(config.type_vocab_size, width)
        self.LayerNorm = LayerNorm(width, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def boxes(self, bbox_BT4: Tensor) -> tuple[Tensor, ...]:
        """What is looked up for left, top, right, bottom, height and width.

        Raises:
            IndexError: an edge outside the tables, or a box that ends before it starts.
        """
        left, top, right, bottom = bbox_BT4.unbind(-1)
        try:
            return (
                self.x_position_embeddings(left),
                self.y_position_embeddings(top),
                self.x_position_embeddings(right),
                self.y_position_embeddings(bottom),
                self.h_position_embeddings(bottom - top),
                self.w_position_embeddings(right - left),
            )
        except IndexError as error:
            raise IndexError(
                "edges of boxes are from 0 to 1000, the left one before the right, the top before the bottom"
            ) from error

    def words(
        self,
        input_ids: Tensor | None,
        token_type_ids: Tensor | None,
        position_ids: Tensor,
        inputs_embeds: Tensor | None,
    ) -> Tensor:
        """Word, position and segment, summed; neither boxes nor norm."""
        summed = self.word_embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        if token_type_ids is None:
            token_type_ids = torch.zeros(summed.shape[:2], dtype=torch.long, device=summed.device)
        embedded: Tensor = (
            summed + self.position_embeddings(position_ids) + self.token_type_embeddings(token_type_ids)
        )
        return embedded

    def positions(self, input_ids: Tensor | None, inputs_embeds: Tensor | None) -> Tensor:
        """The positions of the words from 0 on: batch, positions.

        Raises:
            ValueError: not exactly one of the two, or more words than positions.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        given = input_ids if inputs_embeds is None else inputs_embeds
        assert given is not None  # noqa: S101 - one of them is there
        batch, length = given.shape[:2]
        most = self.position_embeddings.num_embeddings
        if length > most:
            raise ValueError(f"{length} positions, and the model has {most}")
        return torch.arange(length, device=given.device).expand(batch, length)


class FastProjection(nn.Module):
    """Query, key and value by one matrix; a key has no bias."""

    starts: ClassVar[Mapping[str, float]] = {"q_bias": 0.0, "v_bias": 0.0}

    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv_linear = Linear(width, 3 * width, bias=False)
        self.q_bias = empty_parameter(1, 1, width)
        self.v_bias = empty_parameter(1, 1, width)

    def forward(self, x_BTD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The three, of the input's shape."""
        query, key, value = self.qkv_linear(x_BTD).chunk(3, dim=-1)
        return query + self.q_bias, key, value + self.v_bias


class FastBlock(PostNormBlock):
    """A post-norm block whose `attention.self` is a `FastProjection`."""

    def _add_projections(self, shape: BlockShape, names: BlockNames) -> None:
        self._fast = names.query.rpartition(".")[0]
        graft(self, self._fast, FastProjection(shape.width))

    def _projected(self, x_BTD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        projected: tuple[Tensor, Tensor, Tensor] = self.get_submodule(self._fast)(x_BTD)
        return projected


class DistanceBias(Linear):
    """A number per head for each bucket of distances: looked up and, as in the reference, not trained."""

    def __init__(self, buckets: int, heads: int, farthest: int) -> None:
        super().__init__(buckets, heads, bias=False)
        self.farthest = farthest

    def forward(self, places_BT: Tensor) -> Tensor:
        """The bias of attention from each place to each: batch, head, from, to."""
        distances_BTT = places_BT[:, None, :] - places_BT[:, :, None]
        buckets_BTT = bucket(distances_BTT, self.in_features, self.farthest)
        return self.weight.detach().t()[buckets_BTT].permute(0, 3, 1, 2)


def bucket(distances: Tensor, buckets: int, farthest: int) -> Tensor:
    """The bucket of each distance (T5, https://arxiv.org/abs/1910.10683).

    Half of the buckets are for what lies behind. Of each half, the first half holds one distance each, and
    the rest grow with the logarithm up to `farthest`.
    """
    half = buckets // 2
    exact = half // 2
    size = distances.abs()
    far = torch.log(size.float() / exact) / math.log(farthest / exact) * (half - exact)
    # the logarithm of zero is not looked at, and has no integer
    wide = (exact + far.clamp(min=0).to(torch.long)).clamp(max=half - 1)
    return torch.where(size < exact, size, wide) + (distances > 0).long() * half
