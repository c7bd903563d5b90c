"""Curves on which networks that restore see HDR."""

import numpy as np
import pytest

from vsr.colour import HLG, PQ, from_sdr, tone_of, towards_sdr


@pytest.mark.parametrize(
    ("bits", "transfer", "tone"),
    [
        (8, 1, None),
        (8, 2, None),
        (8, HLG, "luma"),
        (8, PQ, "pq"),
        (10, 1, "luma"),
        (10, 14, "luma"),
        (10, HLG, "luma"),
        (10, PQ, "pq"),
    ],
)
def test_what_is_deep_or_hdr_goes_on_luma(bits: int, transfer: int, tone: str | None) -> None:
    assert tone_of(bits, transfer) == tone


@pytest.mark.parametrize("transfer", [8, 9, 10, 17])
def test_linear_and_logarithmic_light_has_no_curve(transfer: int) -> None:
    with pytest.raises(ValueError, match=str(transfer)):
        tone_of(10, transfer)


def test_the_curve_is_strictly_rising_and_clips_nothing() -> None:
    amplitude = np.linspace(-0.1, 1.2, 100_001)
    curved = towards_sdr(amplitude, "pq")
    assert np.diff(curved).min() > 0
    assert towards_sdr([0.0, 1.0], "pq") == pytest.approx([0.0, 1.0], abs=1e-9)
    assert from_sdr(curved, "pq") == pytest.approx(amplitude, abs=1e-6)


def test_no_error_grows_threefold_on_the_way_back() -> None:
    curved = np.linspace(0, 1, 1001)
    assert (np.diff(from_sdr(curved, "pq")) * 1000).max() < 3


def test_diffuse_white_is_bright_and_highlights_are_above_it() -> None:
    white, sun = towards_sdr([0.58, 0.75], "pq")  # 203 and 1,000 cd/m²
    assert 0.6 < white < 0.8 < sun < 1
