"""The layers of a plain network between head and tail, in 8-bit integers.

Each feature has a step of its own: the value of one code. A step is as small as the range of its
feature allows, or larger where that lets the weights that make it fill theirs better: their ratio
is a power of two.

Everything but the head of the trial run is integer, so that each machine finds the same numbers.

The errors of rounded weights are compensated: each weight is rounded in turn, and the error that
it leaves is compensated by those still to come, the bias last. Rounded one by one, the errors of a
channel's nine taps add up on flat fields.

Source: E. Frantar et al., GPTQ: Accurate Post-Training Quantization (ICLR 2023), algorithm 1; here
without blocks, most important inputs first, and in float64.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsr.colour import Matrix, luma_weights
from vsr.models.int8 import pictures
from vsr.models.int8.convolution import LIMIT, PAIR, PEAK, IntegerConv
from vsr.models.plain import Plain

ONE = 64
"""The value of the input that the bias is multiplied by; near that of features."""

DAMPING = 1e-4
"""Added to the diagonal of the inputs' moments, relative to its mean."""


BLOCK = 256
"""The most products of two codes whose sum is exact in float32: 255² · 256 < 2²⁴."""


def moments(samples: Tensor, weights: Tensor) -> Tensor:
    """Return Σ weight · x xᵀ (K + 1, K + 1), float64, of samples (N, K), with `ONE` as last input.

    Of whole numbers below 2⁸ the sums are exact, in whatever order they are added.

    Args:
        samples: uint8.
        weights: (N,), whole numbers.
    """
    second = torch.zeros(samples.shape[1] + 1, samples.shape[1] + 1, dtype=torch.float64)
    x = torch.cat((samples.float(), samples.new_full((len(samples), 1), ONE).float()), 1)
    for weight in sorted(set(weights.tolist())):
        for block in torch.split(x[weights == weight], BLOCK):
            second.add_(block.T @ block, alpha=weight)
    return second


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
    factors = (upper / torch.diag(upper)[:, None]).numpy()
    # in numpy, whose calls take a tenth of torch's time on so few numbers
    rest = torch.cat((weight, bias[:, None] / ONE), 1)[:, order].T.contiguous().numpy()
    whole = np.zeros((count + 1, len(weight)))  # one more, if K is odd
    for index, column in enumerate(order[:count].tolist()):
        neighbour = whole[column ^ 1]  # 0 until it is rounded itself
        least = np.maximum(-PAIR - np.minimum(neighbour, 0.0), -LIMIT)
        most = np.minimum(PAIR - np.maximum(neighbour, 0.0), LIMIT)
        chosen = np.clip(np.rint(rest[index]), least, most)
        whole[column] = chosen
        rest[index + 1 :] -= factors[index, index + 1 :, None] * (rest[index] - chosen)
    return torch.from_numpy(whole[:count].T.copy()), torch.from_numpy(np.rint(rest[count] * ONE))


def needed(weight: Tensor) -> Tensor:
    """Return the least unit (O,) with which weights (O, K) stay within `LIMIT` and `PAIR`."""
    even = F.pad(weight, (0, weight.shape[1] % 2)).view(len(weight), -1, 2)
    pairs = torch.maximum(even.clamp_min(0).sum(2), -even.clamp_max(0).sum(2)).amax(1)
    return torch.maximum(weight.abs().amax(1) / LIMIT, pairs / PAIR)


SAMPLES = 64
"""Places of each picture whose neighbourhoods weights are rounded for."""

WEIGHTS = {"scenes": 10, "hard": 1, "flat": 3}
"""How much the sums of each kind of picture matter when weights are rounded."""

HEADROOM = 1.25
"""Ranges are this much larger than on scenes, or those of hard pictures: nothing is clipped there,
where an error of one layer grows in all that follow."""

QUIETEST = 1e-3
"""The least range of a feature, relative to the largest of its layer."""


@dataclass(frozen=True, slots=True)
class IntegerFeatures:
    """What is left of a network but its ends.

    Attributes:
        steps: for each layer, the head's first, the value of one code of each feature that it
            makes, (C,), float64.
        body: the convolutions that follow the head.
        tail_moments: of the tail's inputs, for the weights of a tail.
    """

    steps: tuple[Tensor, ...]
    body: tuple[IntegerConv, ...]
    tail_moments: Tensor

    def tail(self, weight: Tensor, most_digits: int | None = None) -> IntegerConv:
        """Return a tail without bias.

        Args:
            weight: (O, C, 3, 3), float64, of the float network.
            most_digits: how many binary digits after the point results may have.
        """
        shift, scaled = tail_shift(weight, self.steps[-1]), weight * self.steps[-1][:, None, None]
        shift = shift.clamp_max(most_digits) if most_digits is not None else shift
        whole, bias = _whole(scaled, scaled.new_zeros(len(scaled)), shift, self.tail_moments)
        return IntegerConv(whole, bias, shift, is_last=True)


def tail_shift(weight: Tensor, steps: Tensor) -> Tensor:
    """Return the largest shift (O,) that keeps a tail's weights (O, C, 3, 3) within their limits.

    Args:
        steps: of its inputs, (C,).
    """
    return torch.floor(-torch.log2(_finest(weight * steps[:, None, None])))


class _Run:
    """The set of pictures on its way through the network, layer by layer."""

    def __init__(self, colour: str) -> None:
        kinds = {"scenes": pictures.scenes(), "hard": pictures.hard(), "flat": pictures.flat()}
        codes = torch.from_numpy(np.concatenate(list(kinds.values())))
        self.images = codes.double() / PEAK
        if colour == "luma":
            weights = torch.tensor(luma_weights(Matrix.SMPTE170M), dtype=torch.float64)
            self.images = torch.einsum("nchw,c->nhw", self.images, weights)[:, None]
        self.is_scene = torch.zeros(len(codes), dtype=torch.bool)
        self.is_scene[: len(kinds["scenes"])] = True
        self.features = codes  # of the layer that was computed last
        counts = [len(kind) for kind in kinds.values()]
        weights_each = torch.tensor([WEIGHTS[name] for name in kinds])
        self._weights = weights_each.repeat_interleave(torch.tensor(counts) * SAMPLES)
        rng = np.random.Generator(np.random.PCG64(4))
        self._places = torch.from_numpy(
            rng.integers(0, pictures.SIDE, (2, len(codes) * SAMPLES), np.int64)
        )
        self._picture = torch.arange(len(codes)).repeat_interleave(SAMPLES)

    def steps(self, values: Tensor, unit: Tensor | float = 1.0) -> Tensor:
        """Return the least step (C,) of features whose values (N, C, H, W) are so many units."""
        largest = values.amax((2, 3)).clamp_min(0).double() * unit
        scenes, others = largest[self.is_scene].amax(0), largest[~self.is_scene].amax(0)
        ranges = torch.maximum(scenes * HEADROOM, others)
        return ranges.clamp_min(max(float(ranges.max()) * QUIETEST, 1e-12)) / PEAK

    def moments(self) -> Tensor:
        """Return the `moments` of the 3×3 neighbourhoods of sampled features."""
        padded = F.pad(self.features, (1, 1, 1, 1)).permute(0, 2, 3, 1)
        rows, columns = self._places
        taps = [padded[self._picture, rows + y, columns + x] for y in range(3) for x in range(3)]
        return moments(torch.cat(taps, 1), self._weights)


@dataclass(frozen=True, slots=True)
class _Weights:
    """A network, equal to any other of the same weights."""

    sha256: str
    net: Plain = field(compare=False, repr=False)


def features_of(net: Plain, sha256: str = "") -> IntegerFeatures:
    """Return the features of a network as `quantise` does, those in use from memory.

    Args:
        sha256: of its weights; without it nothing is remembered.
    """
    return _remembered(_Weights(sha256, net)) if sha256 else quantise(net)


@lru_cache(maxsize=2)
def _remembered(weights: _Weights) -> IntegerFeatures:
    return quantise(weights.net)


def quantise(net: Plain) -> IntegerFeatures:
    """Return the features of a network in integers, with ranges from `pictures`."""
    run = _Run(net.colour)
    with torch.inference_mode():
        head = F.conv2d(run.images, *_numbers(net.head), padding=1)
        steps = [run.steps(head)]
        codes = (head / steps[0][:, None, None]).clamp(0, PEAK).round().to(torch.uint8)
        run.features = codes.contiguous(memory_format=torch.channels_last)
        body = []
        for conv in net.body:
            assert isinstance(conv, nn.Conv2d)
            layer, made = _layer(conv, steps[-1], run)
            run.features = layer(run.features)
            body.append(layer)
            steps.append(made)
        return IntegerFeatures(tuple(steps), tuple(body), run.moments())


def ranges_of(net: Plain) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Return nearly the steps and shifts of `quantise`, from the float network: much sooner.

    Returns:
        the steps of each layer's features, the head's first, and the shifts of each but the head.
    """
    run = _Run(net.colour)
    with torch.inference_mode():
        values = F.conv2d(run.images.float(), *_floats(net.head), padding=1)
        steps, shifts = [run.steps(values)], []
        for conv in net.body:
            assert isinstance(conv, nn.Conv2d)
            finest = _finest(_numbers(conv)[0] * steps[-1][:, None, None])
            values = F.conv2d(values.relu(), *_floats(conv), padding=1)
            shift, made = _shift(run.steps(values), finest)
            shifts.append(shift)
            steps.append(made)
    return tuple(steps), tuple(shifts)


def _shift(least: Tensor, finest: Tensor) -> tuple[Tensor, Tensor]:
    """Return how many bits a sum is shifted by, and the step of a feature that allows it."""
    shift = torch.round(torch.log2(least / finest))
    return shift, torch.maximum(least, finest * torch.exp2(shift))


def _layer(conv: nn.Conv2d, steps: Tensor, run: _Run) -> tuple[IntegerConv, Tensor]:
    """Return a layer in integers, and the steps of what it makes."""
    weight, bias = _numbers(conv)
    weight = weight * steps[:, None, None]
    finest = _finest(weight)
    first = torch.floor(-torch.log2(finest))
    trial = IntegerConv(*_nearest(weight, bias, first), torch.zeros_like(first), is_last=True)
    shift, made = _shift(run.steps(trial(run.features), torch.exp2(-first)), finest)
    whole, offset = _whole(weight / made[:, None, None, None], bias / made, shift, run.moments())
    return IntegerConv(whole, offset, shift), made


def _nearest(weight: Tensor, bias: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Return both as whole numbers of 2^-shift, the weights cut off towards 0 to stay in limits."""
    factor = torch.exp2(shift)
    return (weight * factor[:, None, None, None]).trunc(), (bias * factor).round()


def _whole(weight: Tensor, bias: Tensor, shift: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return both as whole numbers of 2^-shift that keep the sums."""
    factor = torch.exp2(shift)
    taps = _by_tap(weight * factor[:, None, None, None])
    whole, offset = rounded(taps, bias * factor, second)
    c_out, c_in = weight.shape[:2]
    return whole.reshape(c_out, 3, 3, c_in).permute(0, 3, 1, 2), offset


def _finest(weight: Tensor) -> Tensor:
    """Return the least value (O,) of a product that keeps the weights within their limits."""
    finest = needed(_by_tap(weight))
    return finest.clamp_min(max(float(finest.max()) * 1e-4, 1e-12))


def _by_tap(weight: Tensor) -> Tensor:
    """Return weights (O, C, 3, 3) as (O, 9 · C), neighbouring channels side by side."""
    return weight.permute(0, 2, 3, 1).flatten(1)


def _floats(conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    weight, bias = _numbers(conv)
    return weight.float(), bias.float()


def _numbers(conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Return weight and bias in float64."""
    weight = conv.weight.detach().double()
    return weight, weight.new_zeros(len(weight)) if conv.bias is None else conv.bias.double()
