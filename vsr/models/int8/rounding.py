"""Weights as whole numbers, so that the sums change as little as possible on given inputs.

Each weight is rounded in turn, and the error that it leaves is compensated by those still to come,
the bias last. Rounded one by one, the errors of a channel's nine taps add up on flat fields.

Source: E. Frantar et al., GPTQ: Accurate Post-Training Quantization (ICLR 2023), algorithm 1; here
without blocks, most important inputs first, and in float64.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vsr.models.int8.convolution import LIMIT, PAIR

ONE = 64
"""The value of the input that the bias is multiplied by; near that of features."""

DAMPING = 1e-4
"""Added to the diagonal of the inputs' moments, relative to its mean."""


def moments(samples: Tensor, weights: Tensor) -> Tensor:
    """Return Σ weight · x xᵀ (K + 1, K + 1), float64, of samples (N, K), with `ONE` as last input.

    Of whole numbers below 2⁸ the sums are exact, in whatever order they are added.
    """
    x = torch.cat((samples.double(), samples.new_full((len(samples), 1), ONE).double()), 1)
    return x.T @ (x * weights.double()[:, None])


def rounded(weight: Tensor, bias: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return weights (O, K) and bias (O,) as whole numbers, the weights within `LIMIT` and `PAIR`.

    Args:
        weight: (O, K), float64, in units of a whole number; columns 2k and 2k + 1 are neighbours.
        bias: (O,), float64.
        second: the `moments` of the K inputs and the bias's.
    """
    count = weight.shape[1]
    diagonal = torch.diag(second)
    order = torch.argsort(diagonal[:count], descending=True, stable=True)
    order = torch.cat((order, order.new_tensor([count])))
    damped = second + torch.diag(torch.full_like(diagonal, float(diagonal.mean()) * DAMPING))
    inverse = torch.linalg.inv(damped[order][:, order])
    upper = torch.linalg.cholesky((inverse + inverse.T) / 2, upper=True)
    rest = torch.cat((weight, bias[:, None] / ONE), 1)[:, order]
    whole = torch.zeros(len(weight), count + 1, dtype=torch.float64)  # one more, if K is odd
    for index, column in enumerate(order[:count].tolist()):
        neighbour = whole[:, column ^ 1]  # 0 until it is rounded itself
        least = (-PAIR - neighbour.clamp_max(0)).clamp_min(-LIMIT)
        most = (PAIR - neighbour.clamp_min(0)).clamp_max(LIMIT)
        chosen = rest[:, index].round().maximum(least).minimum(most)
        whole[:, column] = chosen
        error = (rest[:, index] - chosen) / upper[index, index]
        rest[:, index:] -= error[:, None] * upper[index, index:]
    return whole[:, :count], (rest[:, count] * ONE).round()


def needed(weight: Tensor) -> Tensor:
    """Return the least unit (O,) with which weights (O, K) stay within `LIMIT` and `PAIR`."""
    even = F.pad(weight, (0, weight.shape[1] % 2)).view(len(weight), -1, 2)
    pairs = torch.maximum(even.clamp_min(0).sum(2), -even.clamp_max(0).sum(2)).amax(1)
    return torch.maximum(weight.abs().amax(1) / LIMIT, pairs / PAIR)
