import pytest

from vsr.training.divergence import PINNED, collapse


def test_a_game_goes_on_while_psnr_falls_a_little_and_the_discriminator_errs():
    assert collapse(26.0, 28.0, 0.6, 6.0) is None
    assert collapse(22.0, 28.0, PINNED, 6.0) is None


def test_a_fall_of_psnr_says_from_where_to_where():
    assert collapse(21.9, 28.0, 0.6, 6.0) == "PSNR fell from 28.00 to 21.90 dB"


@pytest.mark.parametrize("loss", [0.0, PINNED / 2])
def test_a_discriminator_that_never_errs_is_said(loss):
    assert "pinned at 0" in collapse(28.0, 28.0, loss, 6.0)
