"""The sizes that a frame goes through: source → network → output. Pure arithmetic.

The network enlarges by the smallest of its scales that reaches the target; a resize fits the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from vsr.errors import InvalidOption, Refused
from vsr.values import OutputSize, Size

SQUARE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizePlan:
    """The sizes of one upscale.

    Attributes:
        source: the coded size of the input.
        scale: what the network enlarges by.
        network: the size that leaves the network.
        output: the size that is written.
        sar: the sample aspect ratio that is written.
    """

    source: Size
    scale: int
    network: Size
    output: Size
    sar: Fraction

    def __post_init__(self) -> None:
        if self.network != self.source.scaled(self.scale):
            raise ValueError(f"{self.source} ×{self.scale} is not {self.network}")

    def turned(self) -> SizePlan:
        """Return the plan as displayed, for players that rotate the stored frame by 90°."""
        return SizePlan(
            source=self.source.turned(),
            scale=self.scale,
            network=self.network.turned(),
            output=self.output.turned(),
            sar=1 / self.sar,
        )

    @property
    def needs_resize(self) -> bool:
        """Whether the network's size differs from the output's."""
        return self.network != self.output

    @property
    def restoring_note(self) -> str | None:
        """What a scale of 1 costs with a network that enlarges; None for others."""
        if self.output.pixels > self.source.pixels or self.scale == 1:
            return None
        return (
            f"the network enlarges ×{self.scale}, and its result is reduced to the source's size: "
            f"as much work as --scale {self.scale}."
        )

    def __str__(self) -> str:
        steps = f"{self.source} → ×{self.scale} {self.network}"
        return f"{steps} → resize {self.output}" if self.needs_resize else steps


def plan_sizes(
    source: Size,
    sar: Fraction,
    target: OutputSize,
    scales: Sequence[int],
    *,
    is_turned: bool = False,
) -> SizePlan:
    """Plan the sizes from ``source`` to ``target`` with a network of these ``scales``.

    A scale of 1 restores: what a network enlarges is reduced again, in the same pass.

    A box gives square pixels: the displayed frame is fitted into it. A pure scale keeps the
    sample aspect ratio. Sides come out even (most encoders refuse odd 4:2:0). If players rotate
    the frame by 90°, the source's size and the plan are those of the stored frame; the target
    and the messages refer to the displayed one.

    Raises:
        Refused: the source is already at or above the target.
        InvalidOption: a sample aspect ratio that is not positive, or no scales.
    """
    if sar <= 0:
        raise InvalidOption(f"a sample aspect ratio of {sar} cannot be displayed.")
    if not scales:
        raise InvalidOption("the model has no scale to enlarge by.")
    if target.scale is not None:
        factor = Fraction(target.scale)
        output = Size(_even(source.width * factor, None), _even(source.height * factor, None))
        output_sar = sar
    else:
        output, output_sar = _fitted(source, sar, target, is_turned=is_turned), SQUARE
    scale = smallest_reaching(source, output, scales)
    if target.scale == 1 and scale > 1:  # to restore: the largest one sees and draws the most
        scale = max(scales)
    return SizePlan(
        source=source, scale=scale, network=source.scaled(scale), output=output, sar=output_sar
    )


def smallest_reaching(source: Size, output: Size, scales: Sequence[int]) -> int:
    """Return the smallest scale that makes both sides reach ``output``, else the largest."""
    for scale in sorted(scales):
        # an odd side rounded up to even counts as reached: a whole scale more would not be intended
        reached = source.scaled(scale)
        if reached.width + 1 >= output.width and reached.height + 1 >= output.height:
            return scale
    return max(scales)


def _fitted(source: Size, sar: Fraction, target: OutputSize, *, is_turned: bool) -> Size:
    """Return the largest even size with the displayed aspect that fits the box."""
    shown_width, shown_height = source.width * sar, Fraction(source.height)
    width, height = target.width, target.height
    if is_turned:
        width, height = height, width
    if width is not None and height is not None and shown_height > shown_width > 0:
        width, height = min(width, height), max(width, height)
    elif width is not None and height is not None:
        width, height = max(width, height), min(width, height)
    factors = []
    if width is not None:
        factors.append(width / shown_width)
    if height is not None:
        factors.append(height / shown_height)
    factor = min(factors)
    if factor <= 1:
        shown = Size(round(shown_width), source.height)
        raise _too_large(source, shown, (width, height), is_turned=is_turned)
    return Size(_even(shown_width * factor, width), _even(shown_height * factor, height))


def _too_large(
    stored: Size, shown: Size, box: tuple[int | None, int | None], *, is_turned: bool
) -> Refused:
    """Return the refusal of a source at or above its target, in displayed sizes."""
    width, height = box
    if is_turned:
        stored, shown, (width, height) = stored.turned(), shown.turned(), (height, width)
    also = f" (shown as {shown})" if shown != stored else ""
    return Refused(
        f"the source is {stored}{also}, at or above the target {width or 'any'}×{height or 'any'}. "
        "Choose a larger target or --scale."
    )


def _even(side: Fraction, limit: int | None) -> int:
    """Return the nearest even number, at least 2 and within the limit."""
    nearest = 2 * floor(side / 2 + Fraction(1, 2))
    if limit is not None:
        nearest = min(nearest, limit - limit % 2)
    return max(2, nearest)
