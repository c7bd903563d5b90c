"""How much the pixels of the source show as cells in the default look.

The measure is that of the benchmark of looks: steps at the borders of the source's pixels over
those beside, as many times as in Lanczos. The source is smooth, with the blotches of colour that a
codec leaves.
"""

import numpy as np
import pytest

from tests.benchmarks.looks.cells import steps
from tests.benchmarks.looks.methods import Method, lanczos
from vsr.colour import Matrix, rgb_from_yuv
from vsr.models import catalog
from vsr.values import Blend

MOST = {"cells_luma": 2.5, "cells_colour": 4.2}
"""What the default look has since it learned from `kinks`; before, up to 2.8 and 5.6. Networks that
do not start from the nearest pixel have 1.3."""


@pytest.fixture(scope="module")
def source():
    rng = np.random.default_rng(7)
    down, right = np.mgrid[:64, :96] / 24
    luma = 120 + 50 * np.sin(right + np.sin(down)) + rng.normal(0, 1, down.shape)
    colours = [12 * np.sin(2 * down + k) + rng.normal(0, 2.5, down.shape) for k in range(2)]
    for axis in (0, 1):
        colours = [(colour + np.roll(colour, 1, axis)) / 2 for colour in colours]
    rgb = np.stack((luma, *colours), -1) @ np.array(rgb_from_yuv(Matrix.SMPTE170M)).T
    return np.round(rgb).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0])
def test_the_default_look_rounds_off_the_borders_of_pixels(source, strength):
    net = catalog.load("fast", 4, Blend(strength=strength, sharpness=0.75)).net
    method = Method(name="", key="", network=lambda blend: net)
    found = steps(method.frames(source[None], Blend()), lanczos(source)[None], 4)
    assert all(found[name] <= most for name, most in MOST.items())
