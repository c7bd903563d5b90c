import numpy as np
import pytest
import torch

from vsr.errors import InvalidOption
from vsr.training.damage.camera import enlarged
from vsr.training.data.batches import Batch
from vsr.training.losses.cells import COLOUR, grid, kinks, ripples, smooth
from vsr.training.losses.pairs import consistency, temporal
from vsr.training.losses.terms import (
    DETAIL,
    FLOOR,
    NEIGHBOURHOOD,
    TERMS,
    colour,
    differences,
    overshoot,
    squared_luma,
    texture,
    tone,
    weighted_terms,
)
from vsr.training.recipe.values import PixelValues, TermValues

RNG = np.random.default_rng(0)
A, B = RNG.random((2, 2, 3, 32, 32))
LOW = RNG.random((2, 3, 8, 8))
BT601 = np.array([0.299, 0.587, 0.114])


def tensors(*arrays):
    return (torch.from_numpy(array) for array in arrays)


def test_differences_are_of_neighbours_down_and_across():
    down, across = np.diff(A - B, axis=2), np.diff(A - B, axis=3)
    expected = (np.abs(down).mean() + np.abs(across).mean()) / 2
    assert float(differences(*tensors(A, B))) == pytest.approx(expected, rel=1e-12)


def gaussian(side, deviation):
    weights = np.exp(-0.5 * ((np.arange(side)[:, None] - np.arange(side)) / deviation) ** 2)
    return weights / weights.sum(axis=1, keepdims=True)


def test_texture_is_the_local_deviation_of_what_a_blur_takes_away():
    soft, near = gaussian(32, DETAIL), gaussian(32, NEIGHBOURHOOD)
    deviations = []
    for picture in (A, B):
        gray = np.einsum("nchw,c->nhw", picture, BT601)
        detail = gray - soft @ gray @ soft.T
        deviations.append(np.sqrt(near @ detail**2 @ near.T + FLOOR**2))
    expected = np.abs(deviations[0] - deviations[1]).mean()
    assert float(texture(*tensors(A, B))) == pytest.approx(expected, rel=1e-6)


def test_texture_asks_how_much_and_not_which():
    target = torch.from_numpy(A).float()
    soft = target.mean() + 0.3 * (target - target.mean())
    assert texture(soft, target) > 10 * texture(1 - target, target)
    flat = torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    texture(flat, torch.full((1, 3, 16, 16), 0.5)).backward()
    assert torch.isfinite(flat.grad).all()


def test_tone_is_that_of_squares_of_eight_low_resolution_pixels():
    mine = A.mean(axis=(2, 3))
    expected = np.abs(mine - LOW.mean(axis=(2, 3))).mean()
    assert float(tone(*tensors(A, LOW))) == pytest.approx(expected, rel=1e-9)


def test_overshoot_counts_what_lies_beyond_the_enlarged_low_resolution():
    low = torch.from_numpy(LOW).float()
    inside = enlarged(low, torch.Size((32, 32)))
    assert float(overshoot(inside, low)) == 0
    beyond = inside.clone()
    beyond[0, :, 16, 16] = 3.0
    window = np.einsum("chw,c->hw", inside[0].numpy(), BT601)[8:25, 8:25]
    assert float(overshoot(beyond, low)) == pytest.approx(
        (3 - window.max()) / (2 * 32**2), rel=1e-4
    )


def test_a_grid_costs_and_what_does_not_repeat_does_not():
    cell = RNG.normal(size=(4, 4))
    cell -= cell.mean()
    error = np.tile(cell, (8, 8))[None, None].repeat(2, 0)
    expected = np.abs(cell).mean()
    assert float(grid(*tensors(B[:, :1] + error, B[:, :1]), 4)) == pytest.approx(expected)
    assert float(grid(*tensors(B + 0.1, B), 4)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("scale", [2, 4])
def test_broken_slopes_at_the_borders_of_cells_cost(scale):
    slope = 0.01
    ramp = (slope * torch.arange(32.0)).expand(2, 1, 32, 32)
    cells = ramp[..., ::scale].repeat_interleave(scale, 3)
    assert float(kinks(cells, ramp, scale)) == pytest.approx(scale * slope / 2, rel=1e-4)
    assert float(kinks(2 * ramp, ramp, scale)) == pytest.approx(0, abs=1e-7)
    inside = cells.roll(1, 3)[..., scale:]
    if scale > 2:  # a step beside the border breaks the slope at it half as much
        steps = float(kinks(inside, ramp[..., scale:], scale))
        assert steps == pytest.approx(scale * slope / 4, rel=1e-4)


def test_a_kink_of_colour_counts_beside_a_larger_error_of_luma():
    cb = torch.zeros(1, 1, 16, 16)
    cb[..., 8:] = 0.02
    blue = torch.cat((0 * cb, -0.344136 * cb, 1.772 * cb), 1)
    darker = torch.full_like(blue, -0.3)
    alone, both = (kinks(one, torch.zeros_like(blue), 4) for one in (blue, blue + darker))
    one_border_of_three = COLOUR * 0.02 / 3 / 2
    assert float(alone) == pytest.approx(one_border_of_three, rel=1e-3)
    assert float(both) == pytest.approx(float(alone), rel=1e-4)


def test_colour_counts_without_luma():
    gray = torch.full((2, 3, 8, 8), 0.5)
    cb = torch.tensor([0.0, -0.344136, 1.772]).view(1, 3, 1, 1)
    assert float(colour(gray + 0.1 * cb, gray)) == pytest.approx(0.1, rel=1e-3)
    assert float(colour(gray + 0.1, gray)) == pytest.approx(0, abs=1e-6)
    assert float(colour(gray[:, :1], gray[:, :1] + 1)) == 0


def test_ripples_cost_the_same_wherever_they_lie_and_nothing_beside_an_edge():
    flat = torch.full((1, 3, 32, 32), 0.5)
    wave = 0.01 * torch.tensor([1.0, -1.0]).repeat(16).expand(1, 3, 32, 32)
    here, there = (ripples(flat + one, flat) for one in (wave, wave.roll(1, 3)))
    # of luma alone: gray has no colour; eight times the amplitude, along one of two directions
    assert float(here) == pytest.approx(8 * 0.01 / 2 / 2, rel=1e-3)
    assert float(there) == pytest.approx(float(here), rel=1e-3)
    slope = torch.arange(32.0) / 64
    assert float(ripples(flat + slope, flat)) == pytest.approx(0, abs=1e-6)
    edge = flat.clone()
    edge[..., ::2] = 0.9  # nothing is smooth
    assert float(ripples(edge + wave, edge)) == pytest.approx(0, abs=1e-4)


def test_an_error_of_colour_alone_has_no_luma():
    gray = torch.full((1, 3, 8, 8), 0.5)
    cr = torch.tensor([1.402, -0.714136, 0.0]).view(1, 3, 1, 1)
    assert float(squared_luma(gray + 0.1 * cr, gray)) == pytest.approx(0, abs=1e-9)
    assert float(squared_luma(gray + 0.1, gray)) == pytest.approx(0.01, rel=1e-4)


def test_terms_are_added_with_their_weights_and_none_without():
    output, target, low = (torch.rand(4, 3, *side) for side in ((32, 32), (32, 32), (8, 8)))
    batch = Batch(low=low, high=target, move=torch.tensor([[1, -2], [0, 5]]))
    alone = {
        "smooth": smooth(output, target),
        "differences": differences(output, target),
        "texture": texture(output, target),
        "tone": tone(output, low),
        "overshoot": overshoot(output, low),
        "grid": grid(output, target, 4),
        "kinks": kinks(output, target, 4),
        "colour": colour(output, target),
        "ripples": ripples(output, target),
        "luma": squared_luma(output, target),
        "temporal": temporal(output, target, low),
        "consistency": consistency(output, batch.move),
    }
    assert set(TERMS) == set(alone) == {*TermValues.__annotations__, "temporal", "consistency"}
    weights = {name: float(index + 2) for index, name in enumerate(alone)}
    assert weighted_terms(PixelValues(), output, batch) == 0
    for name, weight in weights.items():
        term = weighted_terms(PixelValues(**{name: weight}), output, batch)
        assert float(term) == pytest.approx(weight * float(alone[name]), rel=1e-6)
    total = weighted_terms(PixelValues(**weights), output, batch)
    expected = sum(weights[name] * float(alone[name]) for name in alone)
    assert float(total) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("values", [{"grid": -1.0}, {"ripples": -0.5}])
def test_impossible_values_are_refused(values):
    with pytest.raises(InvalidOption, match=next(iter(values))):
        PixelValues(**values)
