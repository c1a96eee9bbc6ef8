"""The training losses of the heads, as the reference defines them.

Shapes: B batch, T positions, L labels, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812 - torch's own convention

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.config import Config

_INTEGERS = (torch.int64, torch.int32)


def classification_loss(logits_BL: Tensor, labels: Tensor, config: Config) -> Tensor:
    """Cross entropy, mean squared error or one binary cross entropy per label, by `problem_type`.

    Where the config does not say, the number of labels and the type of `labels` do, and the config
    remembers the answer.
    """
    if config.problem_type is None:
        if config.num_labels == 1:
            config.problem_type = "regression"
        elif labels.dtype in _INTEGERS:
            config.problem_type = "single_label_classification"
        else:
            config.problem_type = "multi_label_classification"
    if config.problem_type == "regression":
        if config.num_labels == 1:
            return F.mse_loss(logits_BL.squeeze(), labels.squeeze())
        return F.mse_loss(logits_BL, labels)
    if config.problem_type == "single_label_classification":
        return token_loss(logits_BL, labels)
    return F.binary_cross_entropy_with_logits(logits_BL, labels)


def token_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy over the last dimension; positions labelled -100 do not count."""
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))


def span_loss(starts_BT: Tensor, ends_BT: Tensor, start_B: Tensor, end_B: Tensor) -> Tensor:
    """Mean cross entropy of start and end; positions behind the input do not count."""
    beyond = starts_BT.shape[1]
    total = sum(
        F.cross_entropy(logits, position.reshape(-1).clamp(0, beyond), ignore_index=beyond)
        for logits, position in ((starts_BT, start_B), (ends_BT, end_B))
    )
    return torch.as_tensor(total) / 2
