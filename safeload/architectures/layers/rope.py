"""Rotary positions: each pair of features is turned by an angle that grows with the position.

Su et al., https://arxiv.org/abs/2104.09864. Pairs are (i, i + K/2), as published files have them.
Scaled kinds: linear (https://arxiv.org/abs/2306.15595), yarn (https://arxiv.org/abs/2309.00071), and
the one of Llama 3.1 (https://arxiv.org/abs/2407.21783, section 3.2).

Shapes: B batch, H heads, T positions, K width of a head.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.config import Config

_THETA = 10_000.0
_NEEDED = {
    "default": (),
    "linear": ("factor",),
    "yarn": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor"),
}
"""The kinds that can be built, and what each has to be told."""


def settings_of(config: Config) -> dict[str, Any]:
    """The settings under their names in `rope_parameters`, wherever the writer put them."""
    given = {
        key: value
        for key, value in (config.rope_parameters or config.rope_scaling or {}).items()
        if value is not None
    }
    kind = given.pop("type", "default")
    given.setdefault("rope_type", kind)
    given.setdefault("rope_theta", _THETA if config.rope_theta is None else config.rope_theta)
    given.setdefault("original_max_position_embeddings", config.max_position_embeddings)
    return given


def refuse_rope(config: Config, width: int) -> str | None:
    """Why rotary positions cannot be built for heads of this width, or None."""
    both = (config.rope_parameters, config.rope_scaling)
    if all(both) and both[0] != both[1]:
        return "rope_parameters and rope_scaling say different things"
    settings = settings_of(config)
    kind, theta = settings["rope_type"], settings["rope_theta"]
    if kind not in _NEEDED:
        return f"rotary positions of the kind {kind} are not supported; supported: {', '.join(_NEEDED)}"
    if lacking := [name for name in _NEEDED[kind] if name not in settings]:
        return f"rotary positions of the kind {kind} need {', '.join(lacking)}"
    if settings.get("partial_rotary_factor", 1) != 1:
        return "rotary positions of a part of the features are not supported"
    if width % 2:
        return f"a head is {width} wide, and rotary positions need pairs of features"
    if theta < 1 or (kind == "yarn" and theta == 1):
        return f"rope_theta is {theta}, which turns no pair more slowly than another"
    if kind == "llama3" and settings["low_freq_factor"] >= settings["high_freq_factor"]:
        return "low_freq_factor is not below high_freq_factor"
    return None


def frequencies(config: Config, width: int) -> tuple[Tensor, float]:
    """Angles per position, of shape K/2, and what cosine and sine are multiplied by."""
    settings = settings_of(config)
    kind, theta = settings["rope_type"], settings["rope_theta"]
    bases: Tensor = theta ** (torch.arange(0, width, 2, dtype=torch.float32) / width)
    turns = 1.0 / bases
    if kind == "linear":
        return turns / settings["factor"], 1.0
    if kind == "llama3":
        return _llama3(turns, settings), 1.0
    if kind == "yarn":
        return _yarn(bases, settings, width), _yarn_scale(settings)
    return turns, 1.0


def _llama3(turns: Tensor, settings: dict[str, Any]) -> Tensor:
    """Long waves are stretched by the factor, short ones kept, and those between mixed."""
    low, high = settings["low_freq_factor"], settings["high_freq_factor"]
    context, factor = settings["original_max_position_embeddings"], settings["factor"]
    waves = 2 * math.pi / turns
    smooth = (context / waves - low) / (high - low)
    between = (1 - smooth) * turns / factor + smooth * turns
    stretched = torch.where(waves > context / low, turns / factor, turns)
    return torch.where((waves <= context / low) & (waves >= context / high), between, stretched)


def _yarn(bases: Tensor, settings: dict[str, Any], width: int) -> Tensor:
    """Frequencies are stretched by the factor below one bound, kept above another, mixed between."""
    context, theta = settings["original_max_position_embeddings"], settings["rope_theta"]

    def dimension(rotations: float) -> float:
        return width * math.log(context / (rotations * 2 * math.pi)) / (2 * math.log(theta))

    low, high = dimension(settings.get("beta_fast", 32)), dimension(settings.get("beta_slow", 1))
    if settings.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    ramp = (torch.arange(width // 2, dtype=torch.float32) - low) / ((high - low) or 0.001)
    kept = 1 - ramp.clamp(0, 1)
    factor: float = settings["factor"]
    return 1.0 / (factor * bases) * (1 - kept) + 1.0 / bases * kept


def _yarn_scale(settings: dict[str, Any]) -> float:
    if "attention_factor" in settings:
        return float(settings["attention_factor"])
    factor = settings["factor"]

    def scale(by: float = 1.0) -> float:
        return 1.0 if factor <= 1 else 0.1 * by * math.log(factor) + 1.0

    own, whole = settings.get("mscale"), settings.get("mscale_all_dim")
    return scale(own) / scale(whole) if own and whole else scale()


def angles(turns: Tensor, scale: float, position_ids: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosine and sine of shape B, 1, T, K."""
    turned = position_ids[:, :, None].float() * turns
    whole = torch.cat((turned, turned), dim=-1)[:, None]
    return (whole.cos() * scale).to(dtype), (whole.sin() * scale).to(dtype)


def rotate(x_BHTK: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn each pair of features."""
    first, second = x_BHTK.chunk(2, dim=-1)
    return x_BHTK * cosine + torch.cat((-second, first), dim=-1) * sine
