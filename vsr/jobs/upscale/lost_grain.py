"""How much grain a network removes from a film: measured on a sample while planning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vsr.colour import Codes, Colour, Tone, from_sdr, towards_sdr, yuv_from_rgb
from vsr.metrics.defects import BLOCK
from vsr.metrics.noise import Pair, noise_between, power_before_and_after
from vsr.values import GrainProfile, Size

if TYPE_CHECKING:
    from vsr.models.catalog import Model

LEAST = 0.35
"""The weakest grain that is drawn, as a deviation in 8-bit codes; rounding alone makes 0.29."""

LEAST_SHARE = 0.1
"""The smallest share of the noise's variance whose loss is seen."""

WINDOW = Size(160, 120)
"""The part of a frame that the network is tried on: the smoothest of its size."""

STEP = 40
"""Pixels between the windows that are compared."""

MARGIN = BLOCK
"""Pixels at a window's border that are not measured: the network sees beyond them."""

DIGITS = 3
"""Decimals of the numbers in a profile, which stand in the fingerprint."""


def lost_grain(
    model: Model,
    pairs: Sequence[Pair],
    colour: Colour,
    amount: float,
    tone: Tone | None = None,
) -> GrainProfile | None:
    """Return the grain to give back; None if there is too little of it.

    The network's output is reduced to the size of the source, and its noise compared with the
    source's, frequency by frequency.

    Args:
        model: with its blend.
        pairs: lumas (H, W) of neighbouring frames, in codes of 8 bits.
        colour: of the frames, resolved.
        amount: 0 to 1, of the deviation.
        tone: the curve on which the network sees the film.
    """
    whole = noise_between(pairs)
    if model.net is None or whole is None or amount * whole.deviation < LEAST:
        return None
    windows = [_smoothest_window(pair) for pair in pairs]
    before, after = power_before_and_after(
        [_inner(pair) for pair in windows],
        [_inner(enlarged_and_reduced(model, pair, colour, tone)) for pair in windows],
    )
    lost = before - after
    share = float(lost.sum() / before.sum()) if before.any() else 0.0
    if share < LEAST_SHARE or amount * whole.deviation * np.sqrt(share) < LEAST:
        return None
    spectrum = np.maximum(_smoothed(lost), 0)
    return GrainProfile(
        deviations=_rounded(amount * np.sqrt(whole.variance * share)),
        spectrum=_rounded((spectrum / spectrum.mean()).ravel()),
    )


def _smoothed(spectrum: NDArray[Any]) -> NDArray[Any]:
    """Return the mean of each frequency and its neighbours: single ones are known badly."""
    padded = np.pad(spectrum, 1, mode="edge")
    rows, columns = spectrum.shape
    shifted = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    return np.asarray(np.mean(shifted, axis=0))


def _smoothest_window(pair: Pair) -> Pair:
    """Return the part of both frames in which the picture changes least, apart from its noise."""
    rows, columns = pair[0].shape
    height, width = min(WINDOW.height, rows), min(WINDOW.width, columns)
    cells = _unrest(pair)
    places = [
        (top, left)
        for top in range(0, rows - height + 1, STEP)
        for left in range(0, columns - width + 1, STEP)
    ]

    def unrest(place: tuple[int, int]) -> float:
        top, left = (side // BLOCK for side in place)
        return float(np.median(cells[top : top + height // BLOCK, left : left + width // BLOCK]))

    top, left = min(places, key=unrest)
    one, other = (luma[top : top + height, left : left + width] for luma in pair)
    return one, other


def _unrest(pair: Pair) -> NDArray[Any]:
    """Return how much neighbouring blocks differ in mean and in time, block by block.

    A block that is black or white shows no grain: it counts as restless.
    """
    rows, columns = (side // BLOCK * BLOCK for side in pair[0].shape)
    means = [
        luma[:rows, :columns]
        .reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)
        .mean(axis=(1, 3))
        for luma in pair
    ]
    unrest = np.abs(means[1] - means[0])
    for axis in (0, 1):
        step = np.abs(np.diff(means[0], axis=axis, append=np.take(means[0], [-1], axis=axis)))
        unrest = unrest + step
    return np.where((means[0] < 32) | (means[0] > 224), 255.0, unrest)


def _inner(pair: Pair) -> Pair:
    """Return the pair without its border; whole where nothing would be left."""
    inner = slice(MARGIN, -MARGIN)
    if min(pair[0].shape) < 4 * MARGIN:
        return pair
    return pair[0][inner, inner], pair[1][inner, inner]


def enlarged_and_reduced(
    model: Model, pair: Pair, colour: Colour, tone: Tone | None = None
) -> Pair:
    """Return both lumas through the network, and back to their size."""
    import torch

    from vsr.upscaling.passes.resample import resize

    codes = Codes.of(8, colour.range)
    curve: Tone = tone or "luma"
    lumas = (np.stack(pair)[:, None] - codes.luma_offset) / codes.luma_scale
    amplitudes = torch.from_numpy(towards_sdr(lumas, curve).astype(np.float32))
    channels = 1 if model.traits.colour == "luma" else 3
    assert model.net is not None
    with torch.inference_mode():
        output = model.net(amplitudes.expand(-1, channels, -1, -1)).float()
        if channels == 3:
            weights = torch.tensor(yuv_from_rgb(colour.matrix)[0])
            output = (output * weights[:, None, None]).sum(1, keepdim=True)
        size = Size(pair[0].shape[1], pair[0].shape[0])
        reduced = from_sdr(resize(output, size)[:, 0].numpy(), curve)
    one, other = reduced * codes.luma_scale + codes.luma_offset
    return one, other


def _rounded(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)
