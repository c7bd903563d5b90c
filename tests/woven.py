"""Interlaced and telecined film, woven from progressive pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8] | NDArray[np.uint16]
T = TypeVar("T")

PULLDOWN = (2, 3)
"""Fields that the pictures of a film last, in turn, at 60 fields a second."""


def woven(first: Plane, second: Plane, *, is_top_first: bool = True) -> Plane:
    """Return a frame of the fields of two pictures, of which the first is the earlier one."""
    frame = np.empty_like(first)
    top, bottom = (first, second) if is_top_first else (second, first)
    frame[0::2], frame[1::2] = top[0::2], bottom[1::2]
    return frame


def interlaced(pictures: Iterable[Plane], *, is_top_first: bool = True) -> Iterator[Plane]:
    """Yield a frame for every two pictures: a field of each."""
    sequence = iter(pictures)
    for first, second in zip(sequence, sequence):
        yield woven(first, second, is_top_first=is_top_first)


def fields_of(count: int, first: int = 0) -> list[int]:
    """Return which picture of a film each field of its telecine shows (2:3 pulldown).

    Args:
        first: the picture with which it begins; odd ones last three fields.
    """
    return [index for index in range(first, first + count) for _ in range(PULLDOWN[index % 2])]


def telecined(
    pictures: Sequence[Plane], *, first: int = 0, is_top_first: bool = True
) -> list[Plane]:
    """Return five frames for every four pictures, by 2:3 pulldown."""
    shown = [pictures[index - first] for index in fields_of(len(pictures), first)]
    return list(interlaced(islice(shown, len(shown) // 2 * 2), is_top_first=is_top_first))
