import numpy as np
import pytest
import torch

from vsr.training.frequency import focal_frequency

RNG = np.random.default_rng(0)
A, B = RNG.random((2, 2, 3, 6, 8))


def transform(picture):
    """The orthonormal DFT, by its definition."""
    rows, columns = picture.shape[-2:]
    down = np.exp(-2j * np.pi * np.outer(np.arange(rows), np.arange(rows)) / rows)
    across = np.exp(-2j * np.pi * np.outer(np.arange(columns), np.arange(columns)) / columns)
    return down @ picture @ across / np.sqrt(rows * columns)


def test_it_is_its_formula():
    distance = np.abs(transform(A) - transform(B))
    weight = distance / distance.max(axis=(-2, -1), keepdims=True)
    expected = np.mean(weight * distance**2)
    found = focal_frequency(torch.from_numpy(A), torch.from_numpy(B))
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_no_gradient_goes_through_the_weight():
    output, target = torch.from_numpy(A).requires_grad_(), torch.from_numpy(B)
    focal_frequency(output, target).backward()
    distance = np.abs(transform(A) - transform(B))
    weight = distance / distance.max(axis=(-2, -1), keepdims=True)
    weighted = weight * (transform(A) - transform(B))
    expected = 2 * np.conj(transform(np.conj(weighted))).real / A.size
    assert np.allclose(output.grad.numpy(), expected, rtol=1e-10, atol=1e-14)


def test_equal_pictures_cost_nothing():
    picture = torch.from_numpy(A).requires_grad_()
    loss = focal_frequency(picture, torch.from_numpy(A))
    loss.backward()
    assert loss.item() == 0.0
    assert torch.isfinite(picture.grad).all()
