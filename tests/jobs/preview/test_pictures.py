"""Pictures for a page: upright, cut where most happens, small enough."""

import io
import itertools
from dataclasses import astuple

import numpy as np
import pytest
from PIL import Image

from vsr.jobs.preview.assemble import sheet_png
from vsr.jobs.preview.pictures import (
    Window,
    busiest,
    displayed_window,
    fitted,
    stored_window,
    upright,
    webps,
    window_of_page,
)

RNG = np.random.default_rng(0)
ONE = 65536

TURNS = [
    (a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)
    for a, b, c, d in itertools.product((-1, 0, 1), repeat=4)
    if a * d - b * c and abs(a) + abs(b) == 1 and abs(c) + abs(d) == 1
]


@pytest.mark.parametrize("matrix", [None, *TURNS], ids=str)
def test_a_pixel_is_shown_where_the_display_matrix_sends_it(matrix):
    picture = RNG.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    shown = upright(picture, matrix)
    a, b, c, d = (ONE, 0, 0, ONE) if matrix is None else (*matrix[:2], *matrix[3:5])
    for row, column in np.ndindex(4, 6):
        # Offsets from the centre turn as the matrix says: x' = a·x + c·y, y' = b·x + d·y.
        x, y = column - 2.5, row - 1.5
        right, down = (a * x + c * y) / ONE, (b * x + d * y) / ONE
        place = down + (shown.shape[0] - 1) / 2, right + (shown.shape[1] - 1) / 2
        np.testing.assert_array_equal(shown[int(place[0]), int(place[1])], picture[row, column])
    window = Window(1 / 6, 1 / 4, 3 / 6, 2 / 4)
    seen = displayed_window(window, matrix)
    np.testing.assert_array_equal(seen.cut(shown), upright(window.cut(picture), matrix))
    back = stored_window(seen, matrix)
    assert astuple(back) == pytest.approx(astuple(window))


def test_the_window_is_where_most_happens():
    still = np.zeros((90, 160, 3), np.uint8)
    still[60:80, 100:140] = RNG.integers(0, 256, (20, 40, 3))
    window = busiest([still], 0.25, 0.25)
    assert 0.5 <= window.left + 0.01 <= 0.9
    assert window.top + 0.06 >= 0.6
    other = still.copy()
    other[:22, :40] = 255
    moved = busiest([still, other, still, other], 0.25, 0.25)
    assert moved.left < 0.2
    assert moved.top < 0.2
    assert busiest([still], 1.0, 1.0) == Window()


def test_a_picture_that_is_too_large_is_cut_and_never_reduced():
    large = np.zeros((2160, 3840, 3), np.uint8)
    large[1500:1700, 3000:3300] = RNG.integers(0, 256, (200, 300, 3))
    window = window_of_page(large, 2_000_000)
    cut = window.cut(large)
    assert 1_980_000 < cut.shape[0] * cut.shape[1] < 2_020_000
    assert np.count_nonzero(cut) > 0.9 * np.count_nonzero(large)
    assert window_of_page(large, 3840 * 2160) == Window()


def test_all_pictures_have_the_best_quality_that_fits():
    pictures = [RNG.integers(0, 256, (60, 80, 3), dtype=np.uint8) for _ in range(3)]
    sizes = []
    for budget in (1_000_000, 24_000, 18_000):
        coded = webps(pictures, budget)
        assert coded is not None
        sizes.append(sum(map(len, coded)))
        assert sizes[-1] <= budget
        with Image.open(io.BytesIO(coded[0])) as image:
            assert image.size == (80, 60)
    assert sizes[0] > sizes[1] > sizes[2]
    assert webps(pictures, 5_000) is None


def test_what_does_not_fit_even_then_is_cut():
    pictures = [RNG.integers(0, 256, (60, 80, 3), dtype=np.uint8) for _ in range(2)]
    cut, coded = fitted([pictures, pictures], 8_000)
    assert sum(map(len, coded)) <= 8_000
    assert [one.shape for shot in cut for one in shot] == [cut[0][0].shape] * 4
    assert cut[0][0].size < pictures[0].size / 2


def test_a_sheet_writes_no_sign_that_its_font_lacks():
    rows = [("0:01, dark", [np.zeros((40, 200, 3), np.uint8)])]
    assert sheet_png(["a"], ["480×270, 5–6 MB"], rows) == sheet_png(
        ["a"], ["480x270, 5-6 MB"], rows
    )
