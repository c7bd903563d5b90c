"""Which frames of a film tell most about a setting: a textured, a dark, and a moving one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from vsr.media.reading.glimpses import Glimpse

Why = Literal["textured", "dark", "moving", "bright", "another", "yours"]

LEAST_CONTRAST = 0.03
"""Below it a frame is as good as empty: black, a fade, a title card."""

CUT = 0.12
"""Where more changes, a cut is more likely than motion."""

APART = 1 / 8
"""How far from each other the frames should be, as a share of the film; closer if need be."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A frame by its time in ticks of the source, and why it was chosen."""

    pts: int
    why: Why


ASPECTS: tuple[tuple[Why, Callable[[Glimpse], float]], ...] = (
    ("textured", lambda one: one.texture),
    ("dark", lambda one: -one.brightness),
    ("moving", lambda one: one.motion if one.motion < CUT else 0.0),
    ("bright", lambda one: one.brightness),
)
"""What is looked for, in the order of importance; the largest value is chosen."""


def telling_frames(
    found: Sequence[Glimpse], count: int, taken: Sequence[int] = ()
) -> tuple[Choice, ...]:
    """Choose up to ``count`` frames, in the order of their times.

    Args:
        found: in the order of their times; at least one.
        taken: times of frames that are shown anyway.
    """
    inner = found[1:] if len(found) > count + 1 else found  # the first is a key frame
    candidates = [one for one in inner if one.contrast >= LEAST_CONTRAST] or list(inner)
    apart = (found[-1].pts - found[0].pts) * APART
    chosen: list[Choice] = []

    def choose(why: Why, value: Callable[[Glimpse], float]) -> None:
        used = [*taken, *(choice.pts for choice in chosen)]
        free = [one for one in candidates if one.pts not in used]
        distant = [one for one in free if all(abs(one.pts - pts) >= apart for pts in used)]
        best = max(distant or free, key=value, default=None)
        if best is not None:
            chosen.append(Choice(best.pts, why))

    for why, value in ASPECTS[:count]:
        choose(why, value)
    while len(chosen) < count:
        before = len(chosen)
        used = [*taken, *(choice.pts for choice in chosen)]
        choose("another", lambda one: min(abs(one.pts - pts) for pts in used))  # noqa: B023 # called at once
        if len(chosen) == before:
            break
    return tuple(sorted(chosen, key=lambda choice: choice.pts))
