"""What ``vsr models`` shows about each network: what it is, what it costs, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vsr.models.catalog import DEFAULT_SCALE, SUMMARIES, build, load, names, scales
from vsr.models.flavours import summary
from vsr.models.traits import traits_of
from vsr.models.weights_files import files_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One row of ``vsr models``.

    Attributes:
        name: what ``--model`` calls it.
        summary: what it is, in half a line.
        scales: those with weights available.
        parameters: learnt numbers, at the largest scale, like the next two.
        macs_per_pixel: multiply-accumulates for each low-resolution pixel.
        radius: in low-resolution pixels.
        scores: data set → metric → value, from the card.
        flavour: from the card.
        is_shipped: the weights came with the package.
    """

    name: str
    summary: str
    scales: tuple[int, ...]
    parameters: int
    macs_per_pixel: int
    radius: int
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    flavour: str = ""
    is_shipped: bool = False


def describe() -> tuple[Description, ...]:
    """Return a row for every name, without scores if there is no card."""
    return tuple(_described(name) for name in names())


def _described(name: str) -> Description:
    at_hand = scales(name)
    files = files_of(name)
    if name == "bicubic" or at_hand:
        model = load(name, DEFAULT_SCALE if name == "bicubic" else max(at_hand))
        traits, card = model.traits, model.card
    else:
        traits, card = traits_of(build(name, DEFAULT_SCALE)), None
    return Description(
        name=name,
        summary=SUMMARIES.get(name) or summary(name) or f"yours: {traits.architecture}",
        scales=at_hand,
        parameters=traits.parameters,
        macs_per_pixel=traits.macs_per_pixel,
        radius=traits.radius,
        scores=card.scores if card else {},
        flavour=card.flavour if card else "",
        is_shipped=bool(files) and files[max(files)].is_shipped,
    )
