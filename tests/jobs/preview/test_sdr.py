"""HDR pictures on a page: white is white, hues stay, and SDR is left alone."""

import numpy as np
import pytest

from vsr.colour import HLG, PQ, Colour
from vsr.jobs.preview.sdr import in_sdr

WHITE_CODES = {PQ: 0.58, HLG: 0.75}
"""Of diffuse white. Source: ITU-R BT.2408-7, table 1."""


def gray(share: float) -> np.ndarray:
    return np.full((2, 3, 3), round(255 * share), np.uint8)


def test_sdr_is_left_alone():
    picture = gray(0.4)
    assert in_sdr(picture, Colour(transfer=1)) is picture


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_diffuse_white_is_nearly_white_and_black_is_black(transfer):
    colour = Colour(transfer=transfer, primaries=9)
    white = in_sdr(gray(WHITE_CODES[transfer]), colour)
    assert 235 <= int(white.min()) <= int(white.max()) <= 250
    assert in_sdr(gray(0), colour).max() == 0
    assert in_sdr(gray(1), colour).min() >= 250
    steps = [int(in_sdr(gray(share / 20), colour)[0, 0, 0]) for share in range(21)]
    assert steps == sorted(steps)


def test_a_gray_of_pq_has_the_light_that_it_stands_for():
    # 26 cd/m² is code 0.38 of PQ (BT.2408-7, table 1: 18 % gray), an eighth of white.
    shown = int(in_sdr(gray(0.38), Colour(transfer=PQ))[0, 0, 0])
    assert shown == pytest.approx(255 * (26 / 203) ** (1 / 2.2), abs=3)


def test_gray_stays_gray_and_a_hue_stays_a_hue():
    colour = Colour(transfer=PQ, primaries=9)
    shown = in_sdr(gray(0.7), colour)
    assert int(np.ptp(shown[0, 0])) <= 1
    red = np.zeros((1, 1, 3), np.uint8)
    red[..., 0] = 160
    assert in_sdr(red, colour)[0, 0, 0] > 100
    assert in_sdr(red, colour)[0, 0, 1] < 30
