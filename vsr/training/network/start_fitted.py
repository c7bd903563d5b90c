"""Start a plain network from a compact one, or from a deeper one, by least squares on pictures.

All are stacks of 3×3 convolutions. A compact network multiplies what is below 0 by a slope of each
channel; a plain one, which is faster and runs in 8-bit integers, cuts it off. From the first layer
to the last:

* A slope becomes the ReLU, shifted or mirrored, that is nearest to it on the pictures, up to a
  factor and an offset: where the slope is 1, one that is shifted until it cuts nothing off.
* The next convolution is solved for what the source's has before its slopes, from the features that
  the new network has by then. So it makes up for what the layers before it lost, and where layers
  are left out, evenly, it stands for several.

Measured on held-out patches, before any training: ``realesr-general-x4v3`` without slopes comes to
39.1 dB of its own pictures, with every second of its layers left out to 34.7 dB.

Source: Y. He, X. Zhang, J. Sun, Channel Pruning for Accelerating Very Deep Neural Networks (ICCV
2017), sections 3.1 and 3.2, of whose equations the convolutions are solved; here no channels are
left out, but slopes and layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.errors import InvalidCheckpoint
from vsr.models.blocks import Generator
from vsr.models.plain import Compact, Plain

PLACES = 1 << 17
"""At most so many places of the pictures give equations for a convolution."""

VALUES = 1 << 14
"""At most so many values of a channel are looked at to choose its ReLU."""

CUT = (0.0005, 0.01, 0.05, 0.15, 0.3, 0.5)
"""Shares of a channel's values that a shifted ReLU may cut off."""

RIDGE = 3e-4
"""Added to the diagonal of the features' moments, relative to it."""

FLOOR = 1e-6
"""Added to the same diagonal, relative to its mean."""

LARGEST = 6e4
"""The largest weight or bias; beyond 65 504 half precision has none."""

BLOCK = 1 << 13
"""Places at once."""


def is_fitted(source: Generator, target: Generator) -> bool:
    """Return whether ``target`` starts from ``source`` by `fit`, and not by its weights as such."""
    if not isinstance(target, Plain):
        return False
    return isinstance(source, Compact) or (
        isinstance(source, Plain) and source.depth > target.depth
    )


def check_fits(source: Generator, target: Generator, where: str) -> None:
    """Check that `fit` has what it needs: a network of the same width that is no shallower.

    Args:
        where: what the weights are called, for messages.

    Raises:
        InvalidCheckpoint: it is of another scale, width or colour, has fewer layers, or weights
            beyond half precision.
    """
    assert isinstance(source, Compact | Plain)
    assert isinstance(target, Plain)
    theirs, mine = ((n.scale, n.channels, n.colour) for n in (source, target))
    if theirs != mine or source.depth < target.depth:
        there, here = (
            f"×{n.scale}, {n.channels} channels, {n.depth} layers, {n.colour}"
            for n in (source, target)
        )
        raise InvalidCheckpoint(
            f"{where}: a network of {there} cannot start one of {here}: it needs the same scale, "
            "channels and colours, and as many layers or more. Choose another --init."
        )
    _check_range(source, where)


def _check_range(net: nn.Module, where: str) -> None:
    if not all((value.abs() <= LARGEST).all() for value in net.state_dict().values()):
        raise InvalidCheckpoint(
            f"{where}: weights beyond {LARGEST:,.0f}, or none that fit. Choose another --init."
        )


@dataclass(frozen=True, slots=True)
class _Layer:
    """A convolution before a ReLU or, the last one, before nothing: weight and bias."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, padding=1)

    def put_into(self, conv: nn.Module) -> None:
        conv.load_state_dict({"weight": self.weight, "bias": self.bias})


@dataclass(frozen=True, slots=True)
class _Shifted:
    """The ReLU nearest to what follows a convolution: relu(sign · x + shift) · factor + offset.

    All are (C,), of a channel each.
    """

    sign: Tensor
    shift: Tensor
    factor: Tensor
    offset: Tensor

    def before(self, layer: _Layer) -> _Layer:
        """Return the convolution whose ReLU is this one's."""
        sign = self.sign[:, None, None, None]
        return _Layer(layer.weight * sign, layer.bias * self.sign + self.shift)

    def after(self, layer: _Layer) -> _Layer:
        """Return the convolution that takes what this ReLU gives for what it stands for."""
        weight = layer.weight * self.factor[None, :, None, None]
        moved = (layer.weight * self.offset[None, :, None, None]).sum((1, 2, 3))
        return _Layer(weight, layer.bias + moved)


@torch.inference_mode()
def fit(source: Generator, target: Plain, pictures: Tensor, where: str) -> None:
    """Give ``target`` weights with which it computes nearly what ``source`` does.

    Args:
        pictures: (N, C, H, W), float32, [0, 1], in the low resolution, such as it is to enlarge.
        where: what the weights are called, for messages.

    Raises:
        InvalidCheckpoint: as `check_fits`, or the weights are so large that nothing fits.
    """
    check_fits(source, target, where)
    assert isinstance(source, Compact | Plain)
    layers, slopes = _taken_apart(source)
    count, last = len(slopes), target.depth
    kept = [round(index * (count - 1) / last) for index in range(last + 1)]
    always = torch.Generator().manual_seed(len(pictures))
    layer, mine = layers[0], pictures
    theirs = layer(pictures)  # before the slopes
    made = []
    for place, following in pairwise([*kept, count]):
        shifted = _nearest(layer(mine), slopes[place], always)
        layer = shifted.before(layer)
        made.append(layer)
        mine = F.relu(layer(mine))
        for index in range(place, following):
            theirs = layers[index + 1](F.prelu(theirs, slopes[index]))
        guess = shifted.after(layers[following]) if following == place + 1 else None
        layer = _solved(mine, theirs, guess, always)
    made.append(layer)
    for conv, one in zip((target.head, *target.body, target.tail), made, strict=True):
        one.put_into(conv)
    _check_range(target, where)


def _taken_apart(net: Compact | Plain) -> tuple[list[_Layer], list[Tensor]]:
    """Return the convolutions, and the slopes between them; those of a ReLU are 0."""
    if isinstance(net, Compact):
        convolutions = net.convolutions
        slopes = [one.weight.detach() for one in net.activations]
    else:
        convolutions = cast(tuple[nn.Conv2d, ...], (net.head, *net.body, net.tail))
        slopes = [torch.zeros(net.channels)] * (net.depth + 1)
    layers = []
    for conv in convolutions:
        assert conv.bias is not None  # both kinds have one everywhere
        layers.append(_Layer(conv.weight.detach(), conv.bias.detach()))
    return layers, slopes


def _nearest(x: Tensor, slope: Tensor, always: torch.Generator) -> _Shifted:
    """Return the ReLU that is nearest to a slope below 0, for values (N, C, H, W)."""
    values = x.transpose(0, 1).flatten(1)
    values = values[:, torch.randperm(values.shape[1], generator=always)[:VALUES]]
    wanted = torch.where(values > 0, values, values * slope[:, None])
    cut = torch.tensor(CUT)
    low, high = torch.quantile(values, cut, dim=1), torch.quantile(values, 1 - cut, dim=1)
    zero = torch.zeros_like(slope)
    tries = [(1.0, shift) for shift in (zero, *-low)] + [(-1.0, shift) for shift in (zero, *high)]
    best = torch.full_like(slope, torch.inf)
    sign, shift, factor, offset = (torch.zeros_like(slope) for _ in range(4))
    for side, moved in tries:
        bent = F.relu(side * values + moved[:, None])
        away = bent - bent.mean(1, keepdim=True)
        gain = (away * wanted).mean(1) / away.square().mean(1).clamp_min(1e-12)
        base = wanted.mean(1) - gain * bent.mean(1)
        error = (gain[:, None] * bent + base[:, None] - wanted).square().mean(1)
        is_better = error < best
        best = torch.where(is_better, error, best)
        sign = torch.where(is_better, side, sign)
        shift = torch.where(is_better, moved, shift)
        factor = torch.where(is_better, gain, factor)
        offset = torch.where(is_better, base, offset)
    return _Shifted(sign, shift, factor, offset)


def _solved(
    features: Tensor, wanted: Tensor, guess: _Layer | None, always: torch.Generator
) -> _Layer:
    """Return the convolution of ``features`` that is nearest to ``wanted``, both (N, C, H, W).

    Args:
        guess: what it is near to where the features do not tell; None for nothing.
    """
    padded = F.pad(features, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    count, channels, height, width = features.shape
    places = torch.randperm(count * height * width, generator=always)[:PLACES]
    targets = wanted.permute(0, 2, 3, 1)
    inputs, outputs = 9 * channels + 1, wanted.shape[1]
    moments = torch.zeros(inputs, inputs, dtype=torch.float64)
    products = torch.zeros(inputs, outputs, dtype=torch.float64)
    for some in torch.split(places, BLOCK):
        one, row, column = some // (height * width), some // width % height, some % width
        taps = [padded[one, row + y, column + x] for y in range(3) for x in range(3)]
        taken = torch.cat((*taps, taps[0].new_ones(len(some), 1)), 1)
        moments += (taken.T @ taken).double()
        products += (taken.T @ targets[one, row, column]).double()
    start = torch.zeros_like(products)
    if guess is not None:
        start[:-1] = guess.weight.permute(2, 3, 1, 0).flatten(0, 2)
        start[-1] = guess.bias
    diagonal = torch.diag(moments)
    ridge = torch.diag(diagonal * RIDGE + diagonal.mean() * FLOOR)
    added, _ = torch.linalg.solve_ex(moments + ridge, products - moments @ start)
    found = start + added  # not finite where there is no solution, which `fit` refuses
    weight = found[:-1].reshape(3, 3, channels, outputs).permute(3, 2, 0, 1)
    return _Layer(weight.float().contiguous(), found[-1].float().contiguous())
