"""What lies beside each sample along an axis: edges held, neighbours joined in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

Join = Callable[[Tensor, Tensor], Tensor]


def held(values: Tensor, before: int, after: int, dim: int) -> Tensor:
    """Return values with the first and the last repeated along ``dim``."""
    first, last = values.narrow(dim, 0, 1), values.narrow(dim, values.shape[dim] - 1, 1)
    return torch.cat((*[first] * before, values, *[last] * after), dim)


def joined(values: Tensor, count: int, dim: int, join: Join) -> Tensor:
    """Return what joins each ``count`` neighbours along ``dim``, wherever there are all of them."""
    length = values.shape[dim] - count + 1
    return reduce(join, (values.narrow(dim, place, length) for place in range(count)))
