"""What is measured of a network that others wrote, once for each file and library: how far it sees.

Its modules do not tell: attention, pooling and resampling mix pixels in ways of their own. NaN,
put into a few columns of a thin strip, comes out wherever these columns can matter; a wider strip
shows whether that has an end. Where it has none, tiles are approximate: a pixel may depend on the
whole frame. Where it has, tiles are tried against the whole before they are believed.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from math import lcm
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vsr.disk.folders import cache_folder
from vsr.disk.publishing import published
from vsr.models.foreign.adapter import SAME, Foreign, drawn, try_out
from vsr.models.traits import Traits

WIDTHS = (64, 512)
"""Widths of the strips; the second is for networks that see nearly all of the first."""

THICKNESS = 16
"""The least thickness of the strips."""

CELLS = (1, 8, 16)
"""Cells on which attention in windows may work, besides what an architecture asks for."""

ODD = 21
"""The side of a tile's core in the trial: no multiple of any cell."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a network sees.

    Attributes:
        radius: in low-resolution pixels; 0 if there is no end to it.
        multiple: on what tiles have to begin.
        is_global: any pixel may change any other.
    """

    radius: int
    multiple: int
    is_global: bool = False


def reach_of(net: Foreign) -> Reach:
    """Measure how far a network sees, in both directions."""
    endless = Reach(0, net.sides.multiple, is_global=True)
    spread = _spread(net, lcm(CELLS[-1], net.sides.multiple))  # from whole cells, of any size
    if spread is None:
        return endless
    for cell in CELLS:
        multiple = lcm(cell, net.sides.multiple)
        reach = Reach(spread + multiple - 1, multiple)
        if all(_is_exact(net, reach, is_upright=upright) for upright in (False, True)):
            return reach
    return endless


@torch.inference_mode()
def _spread(net: Foreign, multiple: int) -> int | None:
    """Return how far beyond a cell of NaN its output goes, in both directions; None without end."""
    farthest = 0
    for is_upright in (False, True):
        for length in WIDTHS:
            strip = drawn(net.channels, net.sides(THICKNESS), net.sides(length))
            long = strip.shape[3]
            first = long // 2 // multiple * multiple
            strip[..., first : first + multiple] = torch.nan
            output = _turned(net(_turned(strip, is_upright)), is_upright)
            seen = torch.isnan(output).any(dim=2).any(dim=1)[0].nonzero()[:, 0] // net.scale
            before, after = first - int(seen.min()), int(seen.max()) - (first + multiple - 1)
            has_end = int(seen.min()) > 0 and int(seen.max()) < long - 1
            if has_end:
                farthest = max(farthest, before, after)
                break
        else:
            return None
    return farthest


@torch.inference_mode()
def _is_exact(net: Foreign, reach: Reach, *, is_upright: bool) -> bool:
    """Return whether tiles of a strip give what the whole strip gives."""
    halo = -(-reach.radius // reach.multiple) * reach.multiple
    core = -(-ODD // reach.multiple) * reach.multiple
    strip = drawn(net.channels, net.sides(THICKNESS), 3 * core + 2 * halo + 5)
    whole = _turned(net(_turned(strip, is_upright)), is_upright)
    scale, length = net.scale, strip.shape[3]
    for start in range(0, length, core):
        first, last = max(0, start - halo), min(length, start + core + halo)
        tile = _turned(net(_turned(strip[..., first:last], is_upright)), is_upright)
        end = min(start + core, length)
        own = tile[..., (start - first) * scale : (end - first) * scale]
        apart = (own - whole[..., start * scale : end * scale]).abs().max()
        if not apart <= SAME * whole.abs().max():
            return False
    return True


def _turned(strip: Tensor, is_upright: bool) -> Tensor:
    return strip.transpose(2, 3).contiguous() if is_upright else strip


OVERLAPS = (8, 16, 24, 32, 48)
"""Overlaps that are tried, on each side of a core, in low-resolution pixels; if none keeps the
seams invisible, the last is taken."""

TRIED_CORE = 64
"""The core of either tile: larger than every overlap, or a tile would be the whole strip."""

SEAM = 1 / 255
"""The largest step that may show where tiles meet: one code of eight bits."""


def overlap_of(net: Foreign) -> int:
    """Return the least overlap of blended tiles with seams of at most one code on a drawn picture.

    Two tiles of a strip are laid over each other by a ramp twice as wide as the overlap. What is
    measured is how the mean over each column differs from that of the whole strip: by how much
    that jumps from one column to the next. A seam goes along a column; what else differs does not.
    """
    for overlap in OVERLAPS:
        own = -(-overlap // net.multiple) * net.multiple
        if _seam(net, own) <= SEAM:
            return own
    return own


@torch.inference_mode()
def _seam(net: Foreign, overlap: int) -> float:
    core = net.sides(TRIED_CORE)
    strip = drawn(net.channels, core, 2 * core)
    left, right = strip[..., : core + overlap], strip[..., core - overlap :]
    whole, width = net(strip), 2 * overlap * net.scale
    ramp = (torch.arange(width) + 0.5) / width
    first, last = net(left), net(right)
    begin = (core - overlap) * net.scale
    over = first[..., begin:] * (1 - ramp) + last[..., :width] * ramp
    blended = torch.cat((first[..., :begin], over, last[..., width:]), dim=3)
    means = (blended - whole).mean(dim=2)
    return float(means.diff(dim=2).abs().max())


def macs_per_pixel(net: Foreign) -> int:
    """Return the multiply-accumulates of its layers for each low-resolution pixel.

    Products between features, as in attention, are not counted.
    """
    macs = 0

    def note(layer: nn.Module, _: Any, output: Tensor) -> None:
        nonlocal macs
        weight = layer.weight
        assert isinstance(weight, Tensor)
        macs += output.numel() * weight.shape[1:].numel()

    layers = [layer for layer in net.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    side = net.sides(2 * THICKNESS)
    try:
        with torch.inference_mode():
            net(drawn(net.channels, side, side))
    finally:
        for hook in hooks:
            hook.remove()
    return macs // side**2


MEASURE = 3
"""Counted up when something is measured in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a network by trying it.

    Attributes:
        scale: output side ÷ input side.
        takes_channels_last: see `vsr.models.foreign.adapter.Foreign`.
        radius: see `vsr.models.foreign.facts.Reach`, as the next two.
        macs_per_pixel: for each low-resolution pixel.
        overlap: by how much blended tiles reach over their cores on each side; None if it was not
            needed yet.
    """

    scale: int
    takes_channels_last: bool
    radius: int
    multiple: int
    is_global: bool
    macs_per_pixel: int
    overlap: int | None = None


def measure(net: Foreign, where: str, sha256: str) -> None:
    """Try a network and give it what was found; remembered for each file.

    Raises:
        InvalidCheckpoint: it fails, or its output is no enlarged image.
    """
    net.sha256 = sha256
    facts = _remembered(sha256)
    if facts is None:
        try_out(net, where)
        reach = reach_of(net)
        facts = Facts(
            scale=net.scale,
            takes_channels_last=net.takes_channels_last,
            radius=reach.radius,
            multiple=reach.multiple,
            is_global=reach.is_global,
            macs_per_pixel=macs_per_pixel(net),
        )
        _remember(sha256, facts)
    net.scale, net.multiple = facts.scale, facts.multiple
    net.takes_channels_last = facts.takes_channels_last
    net.traits = Traits(
        architecture=net.architecture,
        scale=facts.scale,
        colour=net.colour,
        radius=facts.radius,
        multiple=facts.multiple,
        is_global=facts.is_global,
        has_linear_tail=False,
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        macs_per_pixel=facts.macs_per_pixel,
    )


def pass_on(sha256: str, to: str) -> None:
    """Remember for one file what was measured of another with the same tensors."""
    if (facts := _remembered(sha256)) is not None:
        _remember(to, facts)


def overlap(net: Foreign) -> int:
    """Return by how much blended tiles of a network without an exact tile reach over their cores.

    Measured once for each file (`vsr.models.foreign.facts.overlap_of`).
    """
    facts = _remembered(net.sha256)
    if facts is not None and facts.overlap is not None:
        return facts.overlap
    found = overlap_of(net)
    if facts is not None:
        _remember(net.sha256, replace(facts, overlap=found))
    return found


def _place(sha256: str) -> Path:
    library = f"spandrel-{version('spandrel')}-torch-{version('torch')}-{MEASURE}"
    return cache_folder() / "networks" / f"{sha256}-{library}.json"


def _remembered(sha256: str) -> Facts | None:
    if not sha256:
        return None
    try:
        return Facts(**json.loads(_place(sha256).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # absent, or spoiled: it is measured again
        return None


def _remember(sha256: str, facts: Facts) -> None:
    place = _place(sha256)
    with suppress(OSError):  # what cannot be kept is measured again
        place.parent.mkdir(parents=True, exist_ok=True)
        with published(place) as part:
            part.write_text(json.dumps(asdict(facts)), encoding="utf-8")
