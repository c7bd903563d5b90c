"""What was measured of a network that others wrote, once for each file and library."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from vsr.disk import cache_folder, published
from vsr.models.foreign.adapter import Foreign, try_out
from vsr.models.foreign.reach import macs_per_pixel, overlap_of, reach_of
from vsr.models.traits import Traits

MEASURE = 3
"""Counted up when something is measured in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a network by trying it.

    Attributes:
        scale: output side ÷ input side.
        takes_channels_last: see `vsr.models.foreign.adapter.Foreign`.
        radius: see `vsr.models.foreign.reach.Reach`, as the next two.
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

    Measured once for each file (`vsr.models.foreign.reach.overlap_of`).
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
