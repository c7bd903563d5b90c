"""Start a network from the weights of a smaller one, or of one for another scale.

A plain network grows without changing what it computes: new channels are drawn at random but
no existing layer reads them yet, and new layers pass their input on: ReLU leaves it unchanged,
as features are never negative. A change of scale keeps all but the tail, whose outputs are
averaged or repeated, so the result is only close to what it was. The dense residual networks can
start from SwiftSRGAN's weights, and DPSRGAN from SRGAN's.

Start a dense residual network from SwiftSRGAN's weights: a separable convolution is one of it.

All carries over exactly but two things: SRGAN has one slope where SwiftSRGAN has one for each
channel (their mean is taken), and the tails of both dense networks are linear where SwiftSRGAN's
is a tanh (the line nearest to it is taken). DPSRGAN's first convolution of each block, dilated in
every other one, begins as the identity. The statistics of batch norm carry over, so that training
should keep them (``freeze_norm``).

Start DPSRGAN's generator from SRGAN's: each block gets a first convolution more.

The new convolution, dilated in every other block, begins as the identity, so that nothing changes:
the one network computes what the other did. The statistics of batch norm carry over, so that
training should keep them (``freeze_norm``).
"""

from __future__ import annotations

from math import sqrt
from typing import cast

import torch
from torch import Tensor, nn

from vsr.errors import InvalidCheckpoint
from vsr.kernels import resize_matrix
from vsr.models.blocks import Generator
from vsr.models.plain import Plain
from vsr.training.network.forms import composed

BN_EPSILON = 1e-5
"""The epsilon of torch's batch norm; a norm that is to be the identity must undo it by its scale.
"""

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


TANH_SLOPE = 0.44
"""½ + 0.44·z stands for (tanh z + 1) / 2: of 0.25 to 0.5 this was measured to be nearest, in dB,
on photographs, which have few amplitudes near 0 and 1."""


@torch.no_grad()
def densify(source: Generator, target: Generator) -> None:
    """Give SRGAN's or DPSRGAN's generator the weights of a SwiftSRGAN of the same scale and size.

    Raises:
        RuntimeError, KeyError: of another width or depth.
    """
    old, new = source.state_dict(), target.state_dict()
    made: Weights = {}
    _biased(old, "initial.cnn", made, "head")
    made["head_act.weight"] = _slopes(old["initial.act.weight"], new["head_act.weight"])
    depth = depth_of(new, "body")
    if depth != depth_of(old, "residual"):
        raise KeyError("residual")
    for i in range(depth):
        if target.architecture == "dpsrgan":
            _three_layer_block(old, f"residual.{i}", made, f"body.{i}", new)
        else:
            _two_layer_block(old, f"residual.{i}", made, f"body.{i}", new)
    _normed(old, "convblock", made, "mid", "mid_bn", new)
    for j in range(depth_of(new, "up")):
        _biased(old, f"upsampler.{j}.conv", made, f"up.{j}.conv")
        slopes = new[f"up.{j}.act.weight"]
        made[f"up.{j}.act.weight"] = _slopes(old[f"upsampler.{j}.act.weight"], slopes)
    _biased(old, "final_conv", made, "tail")
    made["tail.weight"] = TANH_SLOPE * made["tail.weight"]
    made["tail.bias"] = 0.5 + TANH_SLOPE * made["tail.bias"]
    target.load_state_dict(new | made)


def _two_layer_block(old: Weights, source: str, made: Weights, block: str, new: Weights) -> None:
    _normed(old, f"{source}.block1", made, f"{block}.conv1", f"{block}.bn1", new)
    slopes = new[f"{block}.act.weight"]
    made[f"{block}.act.weight"] = _slopes(old[f"{source}.block1.act.weight"], slopes)
    _normed(old, f"{source}.block2", made, f"{block}.conv2", f"{block}.bn2", new)


def _three_layer_block(old: Weights, source: str, made: Weights, block: str, new: Weights) -> None:
    made.update(identity(new, block))
    _normed(old, f"{source}.block1", made, f"{block}.conv2", f"{block}.bn2", new)
    made[f"{block}.act2.weight"] = old[f"{source}.block1.act.weight"]
    _normed(old, f"{source}.block2", made, f"{block}.conv3", f"{block}.bn3", new)


def _normed(old: Weights, source: str, made: Weights, conv: str, norm: str, new: Weights) -> None:
    """Take a separable convolution without bias and its batch norm."""
    made[f"{conv}.weight"], _ = _dense(old, f"{source}.cnn")
    if f"{conv}.bias" in new:
        made[f"{conv}.bias"] = torch.zeros_like(new[f"{conv}.bias"])
    for part in ("weight", "bias", "running_mean", "running_var"):
        made[f"{norm}.{part}"] = old[f"{source}.bn.{part}"]


def _biased(old: Weights, source: str, made: Weights, conv: str) -> None:
    """Take a separable convolution with biases."""
    made[f"{conv}.weight"], bias = _dense(old, source)
    assert bias is not None
    made[f"{conv}.bias"] = bias


def _dense(old: Weights, source: str) -> tuple[Tensor, Tensor | None]:
    deep, mix = f"{source}.depthwise", f"{source}.pointwise"
    biases = old.get(f"{deep}.bias"), old.get(f"{mix}.bias")
    return composed(old[f"{deep}.weight"], biases[0], old[f"{mix}.weight"], biases[1])


def _slopes(old: Tensor, new: Tensor) -> Tensor:
    """Return slopes for as many channels as ``new`` has."""
    return old if len(old) == len(new) else old.mean().expand(len(new)).clone()


STARTS = {
    ("swift-srgan", "srgan"): densify,
    ("swift-srgan", "dpsrgan"): densify,
    ("srgan", "dpsrgan"): deepen,
}
"""What gives a network, the second, the weights of another architecture."""


@torch.no_grad()
def transplant(source: Generator, target: Generator, where: str) -> None:
    """Give ``target`` the weights of ``source``, grown where ``target`` is larger.

    Args:
        where: what the weights are called, for messages.

    Raises:
        InvalidCheckpoint: they belong to another kind of network, or to a larger one.
    """
    if isinstance(source, Plain) and isinstance(target, Plain):
        _check_fits(source, target, where)
        _grow(source, target)
        return
    start = STARTS.get((source.architecture, target.architecture))
    if (start is None and type(source) is not type(target)) or source.scale != target.scale:
        raise InvalidCheckpoint(
            f"{where}: weights of {source.architecture} ×{source.scale} cannot start "
            f"{target.architecture} ×{target.scale}. Choose another --init."
        )
    try:
        if start is None:
            target.load_state_dict(source.state_dict())
        else:
            start(source, target)
    except (RuntimeError, KeyError) as error:
        raise InvalidCheckpoint(
            f"{where}: of a different width or depth. Choose another --init."
        ) from error


def _check_fits(source: Plain, target: Plain, where: str) -> None:
    if source.colour != target.colour:
        raise InvalidCheckpoint(
            f"{where}: a network for {source.colour} cannot start one for {target.colour}. "
            "Choose another --init."
        )
    if source.channels > target.channels or source.depth > target.depth:
        raise InvalidCheckpoint(
            f"{where}: {source.channels} channels, {source.depth} layers do not fit into "
            f"{target.channels} and {target.depth}. Choose another --init."
        )


def _grow(source: Plain, target: Plain) -> None:
    width = source.channels
    target.head.weight[:width] = source.head.weight
    _bias(target.head)[:width] = _bias(source.head)
    for old, new in zip(_spread(source, target.depth), target.body, strict=True):
        conv = cast(nn.Conv2d, new)
        conv.weight[:width] = 0
        if old is None:
            nn.init.dirac_(conv.weight[:width])
            _bias(conv)[:width] = 0
        else:
            conv.weight[:width, :width] = old.weight
            _bias(conv)[:width] = _bias(old)
    target.tail.weight.zero_()
    target.tail.weight[:, :width] = _rescaled(source.tail.weight, source.scale, target.scale)
    target.tail.bias = nn.Parameter(_rescaled(_bias(source.tail), source.scale, target.scale))


def _spread(source: Plain, depth: int) -> list[nn.Conv2d | None]:
    """Spread the layers there are evenly over ``depth``; None is a new one."""
    places: list[nn.Conv2d | None] = [None] * depth
    for index, conv in enumerate(source.body):
        places[index * depth // source.depth] = cast(nn.Conv2d, conv)
    return places


def _rescaled(tail: Tensor, old: int, new: int) -> Tensor:
    """Average, or repeat, the outputs (C·old², …) of a tail so that they are (C·new², …).

    Scales of which neither divides the other are interpolated within the cell.
    """
    if old == new:
        return tail.clone()
    groups = tail.shape[0] // old**2
    if max(old, new) % min(old, new):
        matrix = torch.from_numpy(resize_matrix(old, new).copy()).to(tail)
        cells = tail.reshape(groups, old, old, *tail.shape[1:])
        return torch.einsum("ia,jb,gab...->gij...", matrix, matrix, cells).flatten(0, 2)
    if old > new:
        step = old // new
        cells = tail.reshape(groups, new, step, new, step, *tail.shape[1:])
        return cells.mean(dim=(2, 4)).flatten(0, 2)
    grid = tail.reshape(groups, old, old, *tail.shape[1:])
    return grid.repeat_interleave(new // old, 1).repeat_interleave(new // old, 2).flatten(0, 2)


def _bias(conv: nn.Conv2d) -> Tensor:
    assert conv.bias is not None  # the plain networks have one everywhere
    return conv.bias
