"""The network a run starts from: fresh, or from weights there are.

A start for residual generators from which little training is needed: near interpolation.

The first three feature channels carry the picture through the skip connections; the residual
branches start at nothing; the upsampling repeats, and the 9×9 tail smooths what it repeated. So
the first step already sees an enlarged picture, as it does with the plain networks' nearest base,
and the branches learn what is missing. All other weights are drawn as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from vsr.errors import InvalidOption
from vsr.models.blocks import Channels, Generator
from vsr.models.catalog import build, load, scales
from vsr.models.plain import Plain
from vsr.training.network.start_fitted import check_fits, fit, is_fitted
from vsr.training.network.start_from_smaller import transplant

Pictures = Callable[[Channels], Tensor]
"""What returns pictures (N, C, H, W) of the low resolution, as `fit` takes them."""


def start(
    name: str, scale: int, seed: int, init: str | None, pictures: Pictures | None = None
) -> Generator:
    """Return the network that a recipe trains, as it is before the first step.

    Args:
        seed: fixes the random weights.
        init: a model's name or a weights file to begin with, as `given` takes it.
        pictures: on which a plain network is fitted to one with slopes or more layers; None only
            checks that it could be, and leaves it as it is.

    Raises:
        UnknownName, NoSuchFile, InvalidOption, InvalidCheckpoint: no such weights, or weights that
            do not fit.
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        net = build(name, scale)
        start_near_interpolation(net)
    if init is not None:
        there, where = given(init, scale), f"--init {init}"
        if not is_fitted(there, net):
            transplant(there, net, where)
        elif pictures is None:
            check_fits(there, net, where)
        else:
            assert isinstance(net, Plain)
            fit(there, net, pictures(net.colour), where)
    return net.train().requires_grad_(True)


def given(init: str, scale: int) -> Generator:
    """Return the network that ``--init`` names.

    A name with weights for ``scale`` and for others stands for ``scale``.

    Raises:
        UnknownName, NoSuchFile, InvalidOption, InvalidCheckpoint: no such weights.
    """
    there = load(init, scale if scale in scales(init) else None).net
    if there is None:
        raise InvalidOption(f"--init {init}: has no weights. Choose a network.")
    return there


IMAGE = 3
"""Channels of a picture."""

BRANCH_SCALE = 0.1
"""The scale of a batch norm that ends a residual branch, at the start."""

FEATURE_SCALE = 0.1
"""How much the other features take part in the output at the start."""

TANH_GAIN = 2.4
"""(tanh(g·(x − ½)) + 1) / 2 is nearest to x on [0, 1] for about this g."""


Weights = Mapping[str, Tensor]
"""A state dict, which shares its tensors with the network."""


@torch.no_grad()
def start_near_interpolation(net: Generator) -> None:
    """Set the weights of a residual generator so that it begins as a smooth enlargement.

    A network of another kind is left as it is.
    """
    weights = net.state_dict()
    if net.architecture == "swift-srgan":
        _start_separable(weights, net.scale)
    elif net.architecture in ("srgan", "dpsrgan"):
        _start_dense(weights, net.scale)


def _start_dense(weights: Weights, scale: int) -> None:
    _pass_through(weights["head.weight"], weights["head.bias"])
    last = "bn3" if "body.0.bn3.weight" in weights else "bn2"
    for name, value in weights.items():
        if name.endswith((f"{last}.weight", "mid_bn.weight")):
            value.fill_(BRANCH_SCALE)
        if name.startswith("up.") and name.endswith("conv.weight"):
            _repeat(value, weights[name.removesuffix("weight") + "bias"])
    tail = weights["tail.weight"]
    tail.mul_(FEATURE_SCALE)
    weights["tail.bias"].zero_()
    tail[:, :IMAGE] = 0
    for c in range(IMAGE):
        tail[c, c] = smoothing(scale, tail.shape[-1])


def _start_separable(weights: Weights, scale: int) -> None:
    _deltas(weights["initial.cnn.depthwise.weight"], weights["initial.cnn.depthwise.bias"])
    _pass_through(weights["initial.cnn.pointwise.weight"], weights["initial.cnn.pointwise.bias"])
    for name, value in weights.items():
        if name.endswith(("block2.bn.weight", "convblock.bn.weight")):
            value.fill_(BRANCH_SCALE)
        if name.startswith("upsampler.") and name.endswith("depthwise.weight"):
            stage = name.removesuffix("depthwise.weight")
            _deltas(value[:IMAGE], weights[f"{stage}depthwise.bias"][:IMAGE])
            _repeat(weights[f"{stage}pointwise.weight"], weights[f"{stage}pointwise.bias"])
    last = weights["final_conv.depthwise.weight"]
    last[:IMAGE] = smoothing(scale, last.shape[-1])
    weights["final_conv.depthwise.bias"].zero_()
    mix = weights["final_conv.pointwise.weight"]
    mix.mul_(FEATURE_SCALE)
    mix[:, :IMAGE] = TANH_GAIN * torch.eye(IMAGE)[:, :, None, None]
    weights["final_conv.pointwise.bias"].fill_(-TANH_GAIN / 2)


def smoothing(scale: int, side: int) -> Tensor:
    """Return the kernel (side, side) that makes a repeated picture nearly linear between pixels."""
    taps = torch.zeros(side)
    reach = scale // 2
    taps[side // 2 - reach : side // 2 + reach + 1] = 1 / scale
    taps[[side // 2 - reach, side // 2 + reach]] = 1 / (2 * scale)
    return torch.outer(taps, taps)


def _deltas(weight: Tensor, bias: Tensor | None) -> None:
    """Let depthwise kernels (C, 1, k, k) pass what is in the middle."""
    weight.zero_()
    middle = weight.shape[-1] // 2
    weight[:, :, middle, middle] = 1
    if bias is not None:
        bias.zero_()


def _pass_through(weight: Tensor, bias: Tensor | None) -> None:
    """Let the first three channels out be the three channels in."""
    weight[:IMAGE] = 0
    middle = weight.shape[-1] // 2
    for c in range(IMAGE):
        weight[c, c, middle, middle] = 1
    if bias is not None:
        bias[:IMAGE] = 0


def _repeat(weight: Tensor, bias: Tensor | None) -> None:
    """Let a convolution before a ×2 pixel shuffle repeat the first three channels."""
    weight[: 4 * IMAGE] = 0
    middle = weight.shape[-1] // 2
    for row in range(4 * IMAGE):
        weight[row, row // 4, middle, middle] = 1
    if bias is not None:
        bias[: 4 * IMAGE] = 0
