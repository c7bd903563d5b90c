"""How a result behaves in motion: boiling, flicker, and pulsing with the key frames.

Frames are luma in codes, (T, H, W). Each figure is of one result; the table divides it by
Lanczos's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

import numpy as np
import torch
from numpy.typing import NDArray

from tests.benchmarks.looks import flow
from tests.benchmarks.looks.filters import box, gaussian, largest
from tests.benchmarks.looks.flow import Flow

Frames = NDArray[np.float32]

SIGMA = 4.0
"""Result pixels: what such a blur takes away is the high-pass part; one source pixel at ×4."""

MOVING, MOVING_SHARE = 0.2, 0.1
"""Source pixels from frame to frame: what moves less is not judged as moving; and the least share
of a frame that must."""

REFINED_WINDOW, REFINED_STEPS = 33, 2
"""On each result, the source's flow is improved over windows of eight source pixels (at ×4): an
error of a tenth of one would count against sharp pictures alone."""

STILL, STILL_SPEED, NEARBY = 1.0, 0.1, 9
"""Codes by which the mean over 9 source pixels may change where it stands still, and pixels by
which it may move."""

ROUNDING = 1 / 12
"""Squared codes: the variance of what is lost by rounding to whole ones."""

STILL_SHARE = 0.02
"""Below this share of still places a clip says nothing about them."""

BLOCK = 32
BORDER = 16


def high_pass(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a blur of `SIGMA` takes away."""
    return luma - gaussian(luma, SIGMA)


def boiling(frames: Frames, flows: Sequence[tuple[int, Flow]]) -> float | None:
    """Return the error along the motion over the detail there, of high-pass parts in RMS.

    Args:
        flows: index of a frame, and the source's flow from it to the next.

    Returns:
        0 where every detail travels with its object; √2 where each frame draws its own. None
        where nothing moves.
    """
    errors = details = 0.0
    for index, found in flows:
        moving = found.is_believed & (found.motion.square().sum(0).sqrt() >= MOVING)
        if moving.float().mean() < MOVING_SHARE:
            continue
        scale = frames.shape[-1] // moving.shape[-1]
        places = moving.repeat_interleave(scale, 0).repeat_interleave(scale, 1)
        places[:BORDER] = places[-BORDER:] = False
        places[:, :BORDER] = places[:, -BORDER:] = False
        first, second = (_tensor(frames[at]) for at in (index, index + 1))
        start = flow.enlarged(found.motion, scale)[None]
        motion = flow.refined(first, second, start, REFINED_WINDOW, REFINED_STEPS)
        own, other = (_tensor(high_pass(frames[at])) for at in (index, index + 1))
        moved = flow.warped(other, motion)
        errors += float((own - moved)[0, 0][places].square().sum())
        details += float(((own**2 + moved**2) / 2)[0, 0][places].sum())
    return sqrt(errors / details) if details else None


def panned_residual(frames: Frames, by: int) -> float:
    """Return `boiling` of a still that moves left by ``by`` whole result pixels a frame."""
    errors = details = 0.0
    for first, second in pairwise(frames):
        own, other = high_pass(first)[:, by:], high_pass(second)[:, : -by or None]
        own, other = (part[BORDER:-BORDER, BORDER:-BORDER] for part in (own, other))
        errors += float(np.square(own - other).sum())
        details += float((np.square(own) + np.square(other)).sum() / 2)
    return sqrt(errors / details)


def still_flicker(frames: Frames, is_still: NDArray[np.bool_]) -> float | None:
    """Return the standard deviation over time, in codes, where the source stands still.

    That of rounding is in it, so that changes far below a code do not make a large ratio.

    Args:
        is_still: (T - 1, H, W), between neighbouring frames, of the result's size.
    """
    if is_still.mean() < STILL_SHARE:
        return None
    squares = np.square(np.diff(frames, axis=0))[is_still]
    return float(np.sqrt(squares.mean() / 2 + ROUNDING))


def still_places(source: Frames, flows: Sequence[Flow], scale: int) -> NDArray[np.bool_]:
    """Return where a source stands still between frames: (T - 1, sH, sW).

    There neither its flow nor the change of its local mean exceed `STILL_SPEED` and `STILL`,
    and neither do they nearby. Noise of single samples counts as standing still.

    Args:
        flows: from each frame to the next.
        scale: s.
    """
    means = np.stack([box(luma, NEARBY) for luma in source])
    still = []
    for change, found in zip(np.abs(np.diff(means, axis=0)), flows, strict=True):
        speed = found.motion.square().sum(0).sqrt().numpy()
        moves = ((change >= STILL) | (speed >= STILL_SPEED)).astype(np.float32)
        still.append(largest(moves, NEARBY) == 0)
    return np.stack(still).repeat(scale, 1).repeat(scale, 2)


def pulsing(frames: Frames, period: int) -> tuple[float, float]:
    """Return by how much luma and detail of a still jump where a key frame begins.

    Args:
        period: frames from one key frame to the next; the first is one.

    Returns:
        the change of a neighbourhood's mean luma from the frame before, in codes, and that of its
        detail (the RMS of its high-pass part), over the mean detail: RMS over neighbourhoods.
    """
    keys = range(period, len(frames), period)
    means, details = (
        [(of(frames[key]), of(frames[key - 1])) for key in keys]
        for of in (_blocks, lambda luma: np.sqrt(_blocks(high_pass(luma) ** 2)))
    )
    luma, detail = (
        float(np.sqrt(np.mean([np.square(now - before) for now, before in pairs])))
        for pairs in (means, details)
    )
    return luma, detail / max(float(np.mean(details)), 1e-6)


def _blocks(luma: NDArray[np.float32]) -> NDArray[np.float64]:
    rows, columns = (side // BLOCK * BLOCK for side in luma.shape)
    cut = luma[:rows, :columns].astype(np.float64)
    means: NDArray[np.float64] = cut.reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK).mean(
        axis=(1, 3)
    )
    return means


def _tensor(luma: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(luma))[None, None]
