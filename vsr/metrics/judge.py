"""All metrics of one image, as far as their parameters were given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vsr.errors import InvalidData
from vsr.metrics.niqe import Pristine, niqe
from vsr.metrics.pictures import Picture
from vsr.metrics.protocol import Pair, fidelity, luma
from vsr.metrics.scores import Scores

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from vsr.metrics.features import Features


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judge:
    """Measures pairs of images.

    Attributes:
        features: of a classifier, on ``device``; None for no feature distance.
        pristine: NIQE's model; None for no NIQE.
    """

    features: Features | None = None
    pristine: Pristine | None = None
    device: torch.device | None = None

    @classmethod
    def open(cls, features: Path | None, pristine: Path | None, device: torch.device) -> Judge:
        """Load the parameter files that were given.

        Raises:
            NoSuchFile: a file that was named is missing.
            InvalidCheckpoint: a file is not of the expected kind.
        """
        from vsr.metrics.features import Features

        return cls(
            features=Features.open(features).to(device) if features else None,
            pristine=Pristine.open(pristine) if pristine else None,
            device=device,
        )

    def scores(self, pair: Pair, border: int) -> Scores:
        """Measure a pair without its outer ``border`` pixels."""
        near = fidelity(pair, border)
        inner = slice(border, -border or None)
        truth, result = pair.truth[inner, inner], pair.result[inner, inner]
        return Scores(
            psnr_y=near.psnr_y,
            ssim_y=near.ssim_y,
            psnr_rgb=near.psnr_rgb,
            feature_distance=self._distance(result, truth),
            niqe=self._niqe(result),
        )

    def _distance(self, result: Picture, truth: Picture) -> float | None:
        if self.features is None:
            return None
        import torch

        from vsr.metrics.features import feature_distance

        with torch.inference_mode():
            return float(feature_distance(self.features, self._tensor(result), self._tensor(truth)))

    def _niqe(self, result: Picture) -> float | None:
        if self.pristine is None:
            return None
        try:
            return niqe(luma(result), self.pristine)
        except InvalidData:  # too small or too flat: not measured, and not an error
            return None

    def _tensor(self, rgb: Picture) -> Tensor:
        import torch

        planes = np.ascontiguousarray(np.moveaxis(rgb, 2, 0)[None])
        return torch.from_numpy(planes).to(self.device).float() / 255.0
