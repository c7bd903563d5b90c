"""Whether cells of the source's pixels are told, in luma and in colour alone."""

import numpy as np
import pytest

from tests.benchmarks.looks.cells import steps
from tests.benchmarks.looks.methods import lanczos
from vsr.colour import Matrix, rgb_from_yuv

SCALE = 4


@pytest.fixture(scope="module")
def source():
    """A smooth picture whose colours wander."""
    down, right = np.mgrid[:48, :64] / 8
    yuv = np.stack((120 + 20 * np.sin(right), 12 * np.sin(down), 12 * np.cos(right + down)), -1)
    return np.round(yuv @ np.array(rgb_from_yuv(Matrix.SMPTE170M)).T).astype(np.uint8)


def cells(picture):
    return picture.repeat(SCALE, 0).repeat(SCALE, 1)


def test_lanczos_itself_shows_no_cells(source):
    base = lanczos(source)[None]
    assert steps(base, base, SCALE) == {"cells_luma": 1, "cells_colour": 1}


def test_nearest_pixels_are_cells(source):
    found = steps(cells(source)[None], lanczos(source)[None], SCALE)
    assert min(found.values()) > 10


def test_cells_of_colour_alone_are_told_from_those_of_luma(source):
    base = lanczos(source).astype(np.float32)
    colour = cells(source) - base
    luma = colour @ np.array((0.299, 0.587, 0.114), np.float32)
    mixed = np.round(base + colour - luma[..., None]).clip(0, 255).astype(np.uint8)
    found = steps(mixed[None], lanczos(source)[None], SCALE)
    assert found["cells_colour"] > 3
    assert found["cells_luma"] < 2  # from rounding


def test_gray_pictures_have_no_cells_of_colour(source):
    gray = source.mean(axis=2, keepdims=True).round().astype(np.uint8).repeat(3, 2)
    base = lanczos(gray)[None]
    assert steps(base, base, SCALE)["cells_colour"] == 1
    assert steps(cells(gray)[None], base, SCALE)["cells_colour"] == 1
