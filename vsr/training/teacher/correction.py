"""What is wrong with a teacher's picture, put right with the truth that the teacher did not see.

A restoring network shifts tones by several codes, draws outlines beyond the range of what it
enlarges, and loses weak texture while it sharpens edges. A student of it learns all three, unless
the target has, in this order:

- ``sharpen``: more of its own high frequencies, for teachers that are too soft;
- ``window``: no value beyond those of the low resolution, enlarged by Lanczos, nearby;
- ``tone``: low frequencies that are the truth's;
- ``texture``: the truth's high frequencies where it has more energy in them than the teacher.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from vsr.errors import InvalidOption
from vsr.training.filters import blurred, enlarged, local_range, luma

DETAIL = 1.5
"""Deviation of the Gaussian above which frequencies are detail, in pixels of the target."""

NEIGHBOURHOOD = 6.0
"""Deviation of the Gaussian over which the energy of detail is averaged, in the same pixels."""

FLOOR = 1e-3
"""Energy of detail below which none is missed ([0, 1])."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """How a teacher's pictures are corrected; the lengths are pixels of the target, 0 is none.

    Attributes:
        tone: deviation of the Gaussian below which frequencies are the truth's.
        texture: share of the detail that is given back where the teacher has lost it all.
        window: side of the window, odd, in whose range at low resolution values must lie.
        sharpen: amount of an unsharp mask.
    """

    tone: float = 16.0
    texture: float = 0.5
    window: int = 17
    sharpen: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.tone <= 64:
            raise InvalidOption(f"--tone {self.tone:g} must be between 0 and 64.")
        if not 0 <= self.texture <= 1:
            raise InvalidOption(f"--texture {self.texture:g} must be between 0 and 1.")
        if not 0 <= self.window <= 65 or (self.window and self.window % 2 == 0):
            raise InvalidOption(f"--window {self.window} must be odd, up to 65, or 0.")
        if not 0 <= self.sharpen <= 2:
            raise InvalidOption(f"--sharpen {self.sharpen:g} must be between 0 and 2.")

    def of(self, taught: Tensor, truth: Tensor, low: Tensor) -> Tensor:
        """Return the target, clamped to [0, 1].

        Args:
            taught: what the teacher made, (N, 3, H, W).
            truth: (N, 3, H, W).
            low: what the teacher saw, (N, 3, h, w).
        """
        if self.sharpen:
            taught = taught + self.sharpen * _detail(taught)
        if self.window:
            least, most = local_range(enlarged(low, taught.shape[-2:]), self.window)
            taught = taught.clamp(least, most)
        if self.tone:
            taught = taught + blurred(truth - taught, self.tone)
        if self.texture:
            taught = taught + self.texture * _missing(taught, truth)
        return taught.clamp(0, 1)


def _detail(picture: Tensor) -> Tensor:
    return picture - blurred(picture, DETAIL)


def _missing(taught: Tensor, truth: Tensor) -> Tensor:
    """Return the truth's detail less the teacher's, where the truth has more, by how much more.

    Detail is of luma, so that no colour is given back.
    """
    mine, true = _detail(luma(taught)), _detail(luma(truth))
    energy, wanted = (blurred(one.square(), NEIGHBOURHOOD).sqrt() for one in (mine, true))
    share = ((wanted - energy) / (wanted + FLOOR)).clamp(0, 1)
    return share * (true - mine)
