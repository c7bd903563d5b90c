"""How coarsely a picture was quantised."""

import numpy as np
import pytest

from vsr.metrics.defects import coarseness


def coded(step: float) -> tuple[np.ndarray, float]:
    """A picture whose 8×8 DCT is quantised, and the entropy of the quantised numbers in bits."""
    from vsr.metrics.defects import BLOCK, dct_basis

    rng = np.random.default_rng(0)
    basis = dct_basis()
    falling = 400 / (1 + np.add.outer(np.arange(8), np.arange(8))) ** 2
    coefficients = np.rint(rng.laplace(0, 1, (32, 48, BLOCK, BLOCK)) * falling / step)
    _, counts = np.unique(coefficients.reshape(-1, 64)[:, 1:], return_counts=True)
    shares = counts / counts.sum()
    blocks = basis.T @ (coefficients * step) @ basis + 128
    picture = blocks.transpose(0, 2, 1, 3).reshape(32 * 8, 48 * 8)
    return picture, float(-(shares * np.log2(shares)).sum())


def test_more_bits_for_the_same_picture_are_a_finer_quantiser() -> None:
    picture, _ = coded(8.0)
    found = [coarseness(picture, bits) for bits in (0.2, 0.5, 1.0, 2.0)]
    assert found == sorted(found, reverse=True)


def test_what_is_in_a_picture_is_taken_into_account() -> None:
    busy, _ = coded(8.0)
    plain = np.full_like(busy, 128.0)
    plain[:64] = busy[:64]
    assert coarseness(plain, 0.3) < coarseness(busy, 0.3)


def test_a_coarser_step_is_found_to_be_coarser() -> None:
    found = [coarseness(*coded(step)) for step in (4.0, 8.0, 16.0, 32.0)]
    assert found == sorted(found)
    assert np.diff(found) == pytest.approx(6.0, abs=3.0)
