"""How much the pixels of the source show as cells in the default look.

The measure is that of the benchmark of looks: steps at the borders of the source's pixels over
those beside, as many times as in Lanczos. The source is smooth, with the blotches of colour that a
codec leaves.
"""

import numpy as np
import pytest

from tests.benchmarks.looks.cells import steps
from tests.benchmarks.looks.methods import Method, lanczos
from tests.benchmarks.looks.written import as_written
from vsr.colour import Matrix, rgb_from_yuv
from vsr.jobs.upscale.strength import CLEAR
from vsr.models import catalog
from vsr.values import Blend

MOST = {"cells_luma": 2.4, "cells_colour": 1.4}
"""What the default look has as it is written; before, colours had up to 4.0, those of `clear` 6.1,
of `anime` 7.3. Networks that do not start from the nearest pixel have 1.3."""

KNOWN = {"clear": {"cells_luma": 2.7}, "anime": {"cells_luma": 4.3}}
"""Whose luma has more, which colours follow."""


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


def assert_rounded_off(source, net, most) -> None:
    written = as_written(net, draws_detail=True)
    method = Method(name="", key="", network=lambda blend: written)
    found = steps(method.frames(source[None], Blend()), lanczos(source)[None], 4)
    assert all(found[name] <= most[name] for name in MOST), found


@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0])
def test_the_default_look_rounds_off_the_borders_of_pixels(source, strength):
    look = Blend(strength=strength, sharpness=CLEAR)
    assert_rounded_off(source, catalog.load("fast", 4, look).net, MOST)


@pytest.mark.parametrize("name", KNOWN)
def test_so_do_the_networks_that_restore(source, name):
    assert_rounded_off(source, catalog.load(name, 4).net, MOST | KNOWN[name])
