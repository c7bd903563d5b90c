"""Where the samples of a resampled frame are, along one side.

Target sample j looks at source position ``start + j * step``, in source samples: enough for plain
resizing and for chroma of any siting.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """How one side is resampled: ``target`` samples at ``start + j * step`` of ``source``."""

    source: int
    target: int
    start: float
    step: float

    @classmethod
    def centred(cls, source: int, target: int) -> Axis:
        """Return the axis that keeps the frame's edges in place."""
        step = source / target
        return cls(source, target, (step - 1) / 2, step)

    @classmethod
    def chroma(cls, source: tuple[int, int, float], target: tuple[int, int, float]) -> Axis:
        """Return the axis between chroma grids whose luma grids keep the frame's edges in place.

        Args:
            source: luma samples, subsampling (1 or 2), offset from the first luma sample.
            target: the same of the target.
        """
        source_luma, source_sub, source_offset = source
        target_luma, target_sub, target_offset = target
        step = source_luma / target_luma
        first = (target_offset + 0.5) * step - 0.5
        return cls(
            -(-source_luma // source_sub),
            -(-target_luma // target_sub),
            (first - source_offset) / source_sub,
            target_sub * step / source_sub,
        )

    @property
    def factor(self) -> int:
        """The integer that this axis enlarges by; 0 for any other axis."""
        factor = round(1 / self.step)
        is_whole = factor > 1 and factor * self.step == 1
        return factor if is_whole and self.target <= self.source * factor else 0

    @property
    def is_identity(self) -> bool:
        """Whether every target sample coincides with its source sample."""
        return self.source == self.target and self.start == 0 and self.step == 1
