"""Start DPSRGAN's generator from SRGAN's: each block gets a first convolution more.

The new convolution, dilated in every other block, begins as the identity, so that nothing changes:
the one network computes what the other did. The statistics of batch norm carry over, so that
training should keep them (``freeze_norm``).
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor

from vsr.models.blocks import Generator

BN_EPSILON = 1e-5
"""Of torch's batch norm; its scale must undo it where the norm is to be the identity."""

LATER = {"conv1": "conv2", "bn1": "bn2", "act": "act2", "conv2": "conv3", "bn2": "bn3"}
"""What a layer of SRGAN's block is in DPSRGAN's."""

Weights = dict[str, Tensor]


@torch.no_grad()
def deepen(source: Generator, target: Generator) -> None:
    """Give DPSRGAN's generator the weights of an SRGAN of the same scale and size.

    Raises:
        RuntimeError, KeyError: of another width or depth.
    """
    old, new = source.state_dict(), target.state_dict()
    if depth_of(old, "body") != depth_of(new, "body"):
        raise KeyError("body")
    made: Weights = {}
    for name, value in old.items():
        renamed = _renamed(name)
        shape = new[renamed].shape  # a slope for each channel, where SRGAN has one for all
        made[renamed] = value.expand(shape).clone() if value.shape == (1,) else value
    for name in new:
        if name.endswith(".conv1.weight"):
            made |= identity(new, name.removesuffix(".conv1.weight"))
        elif name not in made and name.endswith(".bias"):
            made[name] = torch.zeros_like(new[name])  # SRGAN's have none before a batch norm
    target.load_state_dict(new | made)


def identity(new: Weights, block: str) -> Weights:
    """Return the first convolution, norm and slopes of a block that let everything through."""
    weight = new[f"{block}.conv1.weight"]
    return {
        f"{block}.conv1.weight": torch.nn.init.dirac_(torch.empty_like(weight)),
        f"{block}.conv1.bias": torch.zeros(len(weight)),
        f"{block}.bn1.weight": torch.full((len(weight),), sqrt(1 + BN_EPSILON)),
        f"{block}.bn1.bias": torch.zeros(len(weight)),
        f"{block}.bn1.running_mean": torch.zeros(len(weight)),
        f"{block}.bn1.running_var": torch.ones(len(weight)),
        f"{block}.act1.weight": torch.ones(len(weight)),  # a slope of 1 is no activation
    }


def depth_of(weights: Weights, body: str) -> int:
    """Return how many blocks a state dict has below a name."""
    return len({name.split(".")[1] for name in weights if name.startswith(f"{body}.")})


def _renamed(name: str) -> str:
    """Return what DPSRGAN calls a parameter of SRGAN, whose blocks have one layer less."""
    parts = name.split(".")
    if parts[0] == "body":
        parts[2] = LATER[parts[2]]
    return ".".join(parts)
