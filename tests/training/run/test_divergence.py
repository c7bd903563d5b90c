from math import nan

import pytest

from vsr.training.run.loop import PINNED, collapse


def test_a_game_goes_on_while_psnr_falls_a_little_and_the_discriminator_errs():
    assert collapse(26.0, 28.0, 6.0, 0.6) is None
    assert collapse(22.0, 28.0, 6.0, PINNED) is None


def test_a_fall_of_psnr_says_from_where_to_where():
    assert collapse(21.9, 28.0, 6.0, 0.6) == "PSNR fell from 28.00 to 21.90 dB"


@pytest.mark.parametrize("loss", [0.0, PINNED / 2])
def test_a_discriminator_that_never_errs_is_said(loss):
    assert "pinned at 0" in collapse(28.0, 28.0, 6.0, loss)


def test_a_psnr_that_is_not_a_number_is_a_fall():
    assert "PSNR fell from 28.00 to nan dB" in collapse(nan, 28.0, 6.0)
