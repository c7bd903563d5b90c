"""Frames whose detail is held steady, as the program does it on luma."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.looks.planar import Rgb
from tests.benchmarks.looks.tones import planes
from vsr.upscaling.steady.likeness import Neighbour
from vsr.upscaling.steady.mixing import Mixer
from vsr.upscaling.steady.motion import Seen


def steadied(frames: Rgb, source: Rgb) -> Rgb:
    """Return (T, sH, sW, 3) with detail that travels with its objects.

    Args:
        source: (T, H, W, 3), of which they were made.
    """
    lumas, given = _lumas(frames), _lumas(source)
    mixer = Mixer(given.shape[1:], lumas.shape[1:])
    details = [mixer.detail(*both) for both in zip(lumas, given, strict=True)]
    fine = [mixer.refined(one) for one in details]
    pairs = list(pairwise([Seen(one) for one in given]))
    made = []
    for at, (frame, luma) in enumerate(zip(frames, lumas, strict=True)):
        others = []
        if at:
            before, own = pairs[at - 1]
            others.append((Neighbour.of(own, before), fine[at - 1]))
        if at < len(pairs):
            own, after = pairs[at]
            others.append((Neighbour.of(own, after), fine[at + 1]))
        mixed = mixer.mixed(luma, details[at], others)
        made.append(frame + (mixed.astype(np.int16) - luma)[..., None])
    return np.clip(np.stack(made), 0, 255).astype(np.uint8)


def _lumas(rgb: Rgb) -> NDArray[np.uint8]:
    """Return whole codes of full range."""
    found: NDArray[np.uint8] = np.rint(planes(rgb)[..., 0]).astype(np.uint8)
    return found
