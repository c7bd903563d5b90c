"""What `vsr models` shows of each network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vsr.errors import Refused
from vsr.models.catalog import DEFAULT_SCALE, NAMES, SUMMARIES, USUAL, build, load, names, scales
from vsr.models.flavours import summary
from vsr.models.traits import traits_of
from vsr.models.weights_files import files_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One row of ``vsr models``.

    Attributes:
        name: what ``--model`` calls it.
        summary: what it is for, in half a line.
        scales: those with weights available.
        parameters: learnt numbers, at the largest scale, like the next two.
        macs_per_pixel: multiply-accumulates for each low-resolution pixel.
        radius: in low-resolution pixels.
        is_global: there is no radius: it sees the whole frame.
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
    is_global: bool = False
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    flavour: str = ""
    is_shipped: bool = False


def describe() -> tuple[tuple[Description, ...], list[Refused]]:
    """Return a row for every name, without scores if there is no card.

    Returns:
        the rows, the usual networks first and those for comparison last; and why each of the
        others cannot be read: one broken file of the user's, or a missing extra, does not hide
        the rest.
    """
    rows, broken = [], []
    for name in sorted(names(), key=_rank):
        try:
            rows.append(_described(name))
        except Refused as error:
            broken.append(error)
    return tuple(rows), broken


def _rank(name: str) -> int:
    if name in USUAL:
        return USUAL.index(name)
    is_own = not (name in NAMES or summary(name))
    return len(USUAL) + (0 if is_own else 1 if name not in NAMES else 2)


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
        is_global=traits.is_global,
        scores=card.scores if card else {},
        flavour=card.flavour if card else "",
        is_shipped=bool(files) and files[max(files)].is_shipped,
    )
