"""Whether what is wrong along the edge of a frame is told, and what is wrong elsewhere is not."""

import numpy as np
import pytest

from tests.benchmarks.looks.frame_edges import RING, ring_error

SCALE = 4
WIDTH = RING * SCALE
TRUTH = np.full((2, 64, 96, 3), 100, np.uint8)


def test_a_line_along_one_side_counts_by_its_share_of_the_ring():
    made = TRUTH.copy()
    made[:, :WIDTH] += 10
    rows, columns = TRUTH.shape[1:3]
    ring = rows * columns - (rows - 2 * WIDTH) * (columns - 2 * WIDTH)
    expected = 10 * WIDTH * columns / ring
    assert ring_error(made, TRUTH, SCALE) == pytest.approx(expected, rel=1e-5)


def test_nothing_inside_counts():
    made = TRUTH.copy()
    made[:, WIDTH:-WIDTH, WIDTH:-WIDTH] += 50
    assert ring_error(made, TRUTH, SCALE) == 0
