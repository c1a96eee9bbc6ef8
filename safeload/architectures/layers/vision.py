"""What vision transformers put around their layers: patches, positions, pooler.

Shapes: B batch, C channels, Y and X height and width in pixels, P patches, S special tokens in front of
them, T = S + P positions, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.modules import Conv2d, Linear, empty_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config


def edges(size: int | list[int]) -> tuple[int, int]:
    """Height and width of a config's `image_size` or `patch_size`."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def grid(config: Config) -> tuple[int, int]:
    """Rows and columns of patches of an image in the config's size."""
    (height, width), (rows, columns) = edges(config.image_size), edges(config.patch_size)
    return height // rows, width // columns


def unusable_patches(config: Config) -> str | None:
    """Why images of the config's size have no patches, or None."""
    if 0 in grid(config):
        return f"image_size {config.image_size} is below patch_size {config.patch_size}"
    return None


class PatchProjection(nn.Module):
    """Patches that do not overlap, each as one row."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        patch = edges(config.patch_size)
        self.projection = Conv2d(config.num_channels, config.hidden_size, window=patch, stride=patch)

    def forward(self, pixels_BCYX: Tensor) -> Tensor:
        """Shape batch, patches, width."""
        channels = self.projection.in_channels
        if pixels_BCYX.shape[1] != channels:
            raise ValueError(f"an image has {pixels_BCYX.shape[1]} channels, and the model takes {channels}")
        rows_BPD: Tensor = self.projection(pixels_BCYX).flatten(2).transpose(1, 2)
        return rows_BPD


class PatchEmbeddings(nn.Module):
    """Special tokens and patches with their positions; patches behind the mask are replaced."""

    specials: ClassVar[tuple[str, ...]] = ("cls_token",)
    """Parameters that stand in front of the patches, in order."""
    starts: ClassVar[Mapping[str, float]] = {"mask_token": 0.0}

    def __init__(self, config: Config, *, mask: bool = False) -> None:
        """`mask`: with a token for patches that are not seen."""
        super().__init__()
        rows, columns = grid(config)
        self.image_size = edges(config.image_size)
        self.patch_size = edges(config.patch_size)
        for name in self.specials:
            self.register_parameter(name, empty_parameter(1, 1, config.hidden_size))
        self.mask_token = empty_parameter(1, 1, config.hidden_size) if mask else None
        self.patch_embeddings = PatchProjection(config)
        self.position_embeddings = empty_parameter(1, rows * columns + len(self.specials), config.hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self, pixels_BCYX: Tensor, masked_BP: Tensor | None = None, *, interpolate: bool = False
    ) -> Tensor:
        """Shape batch, positions, width."""
        x_BPD = self.patch_embeddings(pixels_BCYX)
        if masked_BP is not None:
            if self.mask_token is None:
                raise ValueError("bool_masked_pos needs a model for masked image modelling: no mask token")
            hidden_BP1 = masked_BP.unsqueeze(-1).type_as(self.mask_token)
            x_BPD = x_BPD * (1.0 - hidden_BP1) + self.mask_token * hidden_BP1
        specials = [getattr(self, name).expand(x_BPD.shape[0], -1, -1) for name in self.specials]
        x_BTD = torch.cat((*specials, x_BPD), 1)
        size = (pixels_BCYX.shape[2], pixels_BCYX.shape[3])
        if interpolate:
            x_BTD = x_BTD + self._interpolated(size)
        elif size != self.image_size:
            raise ValueError(
                f"the image is {size[0]} x {size[1]}, and the model takes {self.image_size[0]} x "
                f"{self.image_size[1]}: resize it, or pass interpolate_pos_encoding=True"
            )
        else:
            x_BTD = x_BTD + self.position_embeddings
        embedded_BTD: Tensor = self.dropout(x_BTD)
        return embedded_BTD

    def _interpolated(self, size: tuple[int, int]) -> Tensor:
        """The positions for an image of another size, on the way between the trained ones."""
        if size == self.image_size:
            return self.position_embeddings
        trained = (self.image_size[0] // self.patch_size[0], self.image_size[1] // self.patch_size[1])
        wanted = (size[0] // self.patch_size[0], size[1] // self.patch_size[1])
        return interpolated(self.position_embeddings, len(self.specials), trained, wanted)


def interpolated(
    positions_1TD: Tensor, specials: int, trained: tuple[int, int], wanted: tuple[int, int]
) -> Tensor:
    """Positions of another grid of patches, on the way between the trained ones; special ones stay."""
    width = positions_1TD.shape[-1]
    image = positions_1TD[:, specials:].reshape(1, *trained, width).permute(0, 3, 1, 2)
    image = F.interpolate(image, size=wanted, mode="bicubic", align_corners=False)
    patches_1PD = image.permute(0, 2, 3, 1).reshape(1, -1, width)
    return torch.cat((positions_1TD[:, :specials], patches_1PD), 1)


class VisionPooler(nn.Module):
    """The first position through one more layer."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.pooler_output_size or config.hidden_size)
        self.activation = ACTIVATIONS[config.pooler_act]

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Pooled output of shape batch, width."""
        pooled_BD: Tensor = self.activation(self.dense(x_BTD[:, 0]))
        return pooled_BD
