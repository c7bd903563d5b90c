"""Pictures for a page: upright, in SDR, cut to what matters, and small enough to be sent."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vsr.frames import HostFrame
from vsr.jobs.preview.sdr import in_sdr
from vsr.media.images.pictures import Picture
from vsr.values import Size

QUALITIES = (96, 90, 82, 70)
"""Qualities of WebP, best first: all images of a page have the same one, the best that fits."""

METHOD = 2
"""The effort of WebP's encoder: half the time of the default for 3 % more bytes."""

MOST_PIXELS = 1920 * 1088
"""A larger picture is cut, not reduced: reducing would hide what is compared."""

MOST_PIXELS_OF_PAGE = 20 * MOST_PIXELS
"""Pixels of all images of a page together: for a usual video so many fit its bytes."""

BUSY_ROWS = 68
"""A window is looked for on a grid of about so many rows."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a picture in shares of its sides, 0 to 1."""

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0

    def cut(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return this part of (H, W[, C])."""
        rows, columns = picture.shape[:2]
        top, left = round(self.top * rows), round(self.left * columns)
        bottom, right = top + round(self.height * rows), left + round(self.width * columns)
        return picture[top:bottom, left:right]


def shown(frame: HostFrame, sar: Fraction, matrix: tuple[int, ...] | None) -> Picture:
    """Return a frame as it is displayed, on square pixels and upright: (H, W, 3) R'G'B' of SDR.

    Args:
        sar: its sample aspect ratio.
        matrix: its display matrix.
    """
    from vsr.device.yuv import picture_of

    picture = in_sdr(picture_of(frame), frame.colour)
    rows, columns = picture.shape[:2]
    return upright(lanczos(picture, Size(max(1, round(columns * sar)), rows)), matrix)


def upright(picture: Picture, matrix: tuple[int, ...] | None) -> Picture:
    """Return a stored picture as players display it: turned and mirrored by quarter turns.

    Source: ISO/IEC 14496-12, 6.2.2: x' = a·x + c·y, y' = b·x + d·y of {a, b, u, c, d, v, x, y, w}.
    """
    if matrix is None:
        return picture
    a, b, _, c, d = matrix[:5]
    if a == d == 0 and b and c:
        picture = picture.swapaxes(0, 1)
        flips = c < 0, b < 0
    else:
        flips = a < 0, d < 0
    picture = picture[:, ::-1] if flips[0] else picture
    return np.ascontiguousarray(picture[::-1] if flips[1] else picture)


def displayed_window(window: Window, matrix: tuple[int, ...] | None) -> Window:
    """Return where `upright` shows a part of a stored picture; undone by `stored_window`."""
    if matrix is None:
        return window
    a, b, _, c, d = matrix[:5]
    left, top, width, height = window.left, window.top, window.width, window.height
    if a == d == 0 and b and c:
        across = 1 - top - height if c < 0 else top
        down = 1 - left - width if b < 0 else left
        return Window(across, down, height, width)
    return Window(
        1 - left - width if a < 0 else left, 1 - top - height if d < 0 else top, width, height
    )


def stored_window(window: Window, matrix: tuple[int, ...] | None) -> Window:
    """Return the part of a stored picture that `upright` shows as ``window``."""
    if matrix is None:
        return window
    a, b, u, c, d = matrix[:5]
    return displayed_window(window, (a, c, u, b, d))  # a turn transposed undoes it


def size_of(picture: Picture) -> Size:
    """Return the size of a picture."""
    rows, columns = picture.shape[:2]
    return Size(columns, rows)


def lanczos(picture: Picture, size: Size) -> Picture:
    """Return a picture of another size."""
    if size_of(picture) == size:
        return picture
    image = Image.fromarray(picture)
    return np.asarray(image.resize((size.width, size.height), Image.Resampling.LANCZOS))


def busiest(pictures: Sequence[NDArray[Any]], width: float, height: float) -> Window:
    """Return the window with the most detail, and the most change from picture to picture.

    Args:
        pictures: (H, W) or (H, W, C), of one size, in the order of their times.
        width: of the window, as a share of the picture.
        height: likewise.
    """
    lumas = [_reduced(picture) for picture in pictures]
    activity = np.zeros_like(lumas[0])
    for luma in lumas:
        activity[:, 1:] += np.abs(np.diff(luma, axis=1)) / len(lumas)
        activity[1:] += np.abs(np.diff(luma, axis=0)) / len(lumas)
    for before, after in pairwise(lumas):
        activity += 2 * np.abs(after - before) / len(lumas)
    rows, columns = activity.shape
    tall, wide = max(1, round(height * rows)), max(1, round(width * columns))
    sums = np.zeros((rows + 1, columns + 1))
    sums[1:, 1:] = activity.cumsum(0).cumsum(1)
    windows = sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide]
    top, left = np.unravel_index(int(windows.argmax()), windows.shape)
    share = min(float(left / columns), 1 - width), min(float(top / rows), 1 - height)
    return Window(max(0.0, share[0]), max(0.0, share[1]), width, height)


def _reduced(picture: NDArray[Any]) -> NDArray[np.float64]:
    step = max(1, picture.shape[0] // BUSY_ROWS)
    sparse = picture[::step, ::step].astype(np.float64)
    return sparse if sparse.ndim == 2 else np.asarray(sparse.mean(axis=2))


def window_of_page(picture: Picture, most_pixels: int) -> Window:
    """Return the part of a frame that a page shows: all of it, unless it has too many pixels."""
    pixels = picture.shape[0] * picture.shape[1]
    if pixels <= most_pixels:
        return Window()
    share = sqrt(most_pixels / pixels)
    return busiest([picture], share, share)


def fitted(
    shots: Sequence[Sequence[Picture]], budget: int
) -> tuple[list[list[Picture]], list[bytes]]:
    """Return the part of each frame that a page shows, and all of them as WebP within ``budget``.

    Args:
        shots: of each frame, its pictures of one size.
        budget: in bytes.
    """
    most = min(MOST_PIXELS, MOST_PIXELS_OF_PAGE // sum(map(len, shots)))
    while True:
        windows = [window_of_page(pictures[0], most) for pictures in shots]
        cut = [[window.cut(one) for one in shot] for window, shot in zip(windows, shots)]
        coded = webps([one for shot in cut for one in shot], budget)
        if coded is not None:
            return cut, coded
        most //= 2  # noise, or film grain: less of it, rather than a blur


def webps(pictures: Sequence[Picture], budget: int) -> list[bytes] | None:
    """Return pictures as WebP, all at the best of `QUALITIES` that fits, or None if none does.

    Args:
        budget: of all together, in bytes.
    """
    for quality in QUALITIES:
        coded: list[bytes] = []
        for picture in pictures:
            coded.append(_webp(picture, quality))
            if sum(map(len, coded)) > budget:
                break
        else:
            return coded
    return None


def _webp(picture: Picture, quality: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", quality=quality, method=METHOD)
    return file.getvalue()
