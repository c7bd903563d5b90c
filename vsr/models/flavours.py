"""The flavours of a network: which weights files belong together, and their shares in a blend.

They go by their names: ``fast-video-light``, ``-medium`` and ``-strong`` were tuned from
``fast`` on compressed video, ``fast-clear`` on what restoring networks make of such video.
Light to import.

A blend is a weighted sum of weights of one architecture: nets that were fine-tuned from one
another stay close enough for the straight line between their weights to pass through useful
networks, at no cost when they run.

Source: X. Wang et al., Deep Network Interpolation for Continuous Imagery Effect Transition
(CVPR 2019), equation 1; here with several anchors, and a direction that is added.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.models.weights_files import (
    WeightsFile,
    files_of,
    is_path,
    known_files,
)
from vsr.values import Blend

if TYPE_CHECKING:
    from torch import Tensor


def between(position: float, count: int) -> tuple[float, ...]:
    """Return the coefficient of each of ``count`` anchors spaced evenly over 0 … 1.

    At most two neighbouring ones are not 0; all sum to 1. At an anchor, its own is exactly 1.
    """
    if count == 1:
        return (1.0,)
    places = [index / (count - 1) for index in range(count)]
    right = min(bisect_right(places, position), count - 1)
    share = (position - places[right - 1]) / (places[right] - places[right - 1])
    coefficients = [0.0] * count
    coefficients[right - 1], coefficients[right] = 1.0 - share, share
    return tuple(coefficients)


def added_up(
    states: Sequence[Mapping[str, Tensor]], coefficients: Sequence[float], where: Sequence[str]
) -> dict[str, Tensor]:
    """Return Σ cᵢ·θᵢ, name by name; a coefficient of 0 leaves its state out.

    Args:
        states: names → tensors, each network's own; at least one coefficient is not 0.
        where: their files' names, for messages.

    Raises:
        InvalidCheckpoint: their names or shapes differ.
    """
    used = [part for part in zip(states, coefficients, where, strict=True) if part[1] != 0]
    shapes = _shapes(used[0][0])
    total = {name: _scaled(tensor, used[0][1]) for name, tensor in used[0][0].items()}
    for state, coefficient, name_of_file in used[1:]:
        if _shapes(state) != shapes:
            raise InvalidCheckpoint(
                f"{name_of_file}: its shapes are not those of {used[0][2]}, so they "
                "cannot be blended. Choose weights that were tuned from those."
            )
        for name, tensor in state.items():
            if tensor.is_floating_point():
                total[name] = total[name] + coefficient * tensor
    return total


def _scaled(tensor: Tensor, coefficient: float) -> Tensor:
    """Return the product; integer counters are left as they are."""
    return coefficient * tensor if tensor.is_floating_point() else tensor


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


VIDEO = {
    "-video-light": "for compressed video, light; blended in by --strength",
    "-video-medium": "for compressed video, medium; likewise",
    "-video-strong": "for compressed video, strong; likewise",
}
"""Name suffixes of the flavours for compressed video, weakest first, with descriptions."""

CLEAR = {"-clear": "that draws detail; blended in by --sharpness"}

ADVERSARIAL = {"-gan": "after an adversarial stage"}
"""Name suffix of the published systems' second stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavours:
    """The weights files of one network at one scale.

    Attributes:
        base: the network itself; strength 0.
        video: for compressed video, weakest first; the last is strength 1, the others are spaced
            evenly between.
        clear: sharpness 1, or None.
    """

    base: WeightsFile
    video: tuple[WeightsFile, ...] = ()
    clear: WeightsFile | None = None

    def shares(self, blend: Blend) -> tuple[tuple[Path, float], ...]:
        """Return the files that a blend sums, each with its coefficient; they sum to 1.

        Sharpness leads from the network of that strength to the clear one, which removes
        artifacts itself: at 1 the strength no longer matters.
        """
        anchors = (self.base, *self.video)
        clear = blend.sharpness if self.clear is not None else 0.0
        shares = dict.fromkeys((entry.path for entry in anchors), 0.0)
        for entry, share in zip(anchors, between(blend.strength, len(anchors)), strict=True):
            shares[entry.path] += (1 - clear) * share
        if self.clear is not None:
            shares[self.clear.path] = clear
        return tuple((path, share) for path, share in shares.items() if share)


def flavours_of(name_or_path: str, scale: int) -> Flavours | None:
    """Return the flavours of a network at a scale; None for a file, or if there are none."""
    found = None if is_path(name_or_path) else files_of(name_or_path).get(scale)
    if found is None:
        return None
    video = tuple(files[scale] for end in VIDEO if scale in (files := files_of(name_or_path + end)))
    clear = files_of(name_or_path + next(iter(CLEAR))).get(scale)
    if not video and clear is None:
        return None
    return Flavours(base=found, video=video, clear=clear)


def shares_of(name_or_path: str, scale: int, blend: Blend) -> tuple[tuple[Path, float], ...]:
    """Return the weights files of a blend that is not plain, and the share of each.

    Raises:
        InvalidOption: the network has no such flavour at this scale.
    """
    flavours = flavours_of(name_or_path, scale)
    for option, value, is_there, ends in (
        ("strength", blend.strength, flavours and flavours.video, VIDEO),
        ("sharpness", blend.sharpness, flavours and flavours.clear, CLEAR),
    ):
        if value and not is_there:
            others = _those_with(tuple(ends))
            raise InvalidOption(
                f"--{option} {value:g}: {name_or_path} ×{scale} has no flavour for it{others}. "
                f"Omit it{', or choose one of those (--model)' if others else ''}."
            )
    assert flavours is not None  # else one of the two was refused
    return flavours.shares(blend)


def weights_of(name_or_path: str, *, is_blended: bool) -> tuple[Path, ...]:
    """Return the existing weights files that a network may be made of, at any scale.

    Args:
        is_blended: include the files of its flavours.
    """
    if is_path(name_or_path):
        path = Path(name_or_path).expanduser()
        return (path,) if path.is_file() else ()
    ends = ("", *VIDEO, *CLEAR) if is_blended else ("",)
    return tuple(
        entry.path for end in ends for _, entry in sorted(files_of(name_or_path + end).items())
    )


def summary(name: str) -> str | None:
    """Return what a flavour is, in half a line; None for any other name."""
    for end, text in (VIDEO | CLEAR | ADVERSARIAL).items():
        base = name.removesuffix(end)
        if base != name and files_of(base):
            return f"{base} {text}"
    return None


def _those_with(ends: tuple[str, ...]) -> str:
    """Name the networks that have a flavour of these, for a message."""
    every = {
        f"{entry.name.removesuffix(end)} ×{entry.scale}"
        for entry in known_files()
        for end in ends
        if entry.name.endswith(end)
    }
    found = sorted(every)
    return f"; {' and '.join(found)} {'do' if found[1:] else 'does'}" if found else ""
