"""Start a network from the weights of a smaller one, or of one for another scale.

A plain network grows without changing what it computes: new channels are drawn at random but
no existing layer reads them yet, and new layers pass their input on: ReLU leaves it unchanged,
as features are never negative. A change of scale keeps all but the tail, whose outputs are
averaged or repeated, so the result is only close to what it was. The dense residual networks can
start from SwiftSRGAN's weights, and DPSRGAN from SRGAN's.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from vsr.errors import InvalidCheckpoint
from vsr.models.blocks import Generator
from vsr.models.plain import Plain
from vsr.training.network.start_from_srgan import deepen
from vsr.training.network.start_from_swift import densify

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
    """Average, or repeat, the outputs (C·old², …) of a tail so that they are (C·new², …)."""
    if old == new:
        return tail.clone()
    groups = tail.shape[0] // old**2
    if old > new:
        step = old // new
        cells = tail.reshape(groups, new, step, new, step, *tail.shape[1:])
        return cells.mean(dim=(2, 4)).flatten(0, 2)
    grid = tail.reshape(groups, old, old, *tail.shape[1:])
    return grid.repeat_interleave(new // old, 1).repeat_interleave(new // old, 2).flatten(0, 2)


def _bias(conv: nn.Conv2d) -> Tensor:
    assert conv.bias is not None  # the plain networks have one everywhere
    return conv.bias
