"""Blends of weights."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.models.flavours import added_up, between
from vsr.specs import UpscaleSpec
from vsr.values import Blend, OutputSize


@pytest.mark.parametrize("count", [2, 3, 4])
def test_at_an_anchor_only_that_anchor_counts(count):
    for index in range(count):
        wanted = tuple(float(other == index) for other in range(count))
        assert between(index / (count - 1), count) == wanted


def test_halfway_between_two_anchors_each_counts_half():
    assert between(0.5, 2) == (0.5, 0.5)
    assert between(0.5, 4) == pytest.approx((0, 0.5, 0.5, 0))


@given(st.floats(0, 1), st.integers(1, 6))
def test_coefficients_add_up_to_one_and_at_most_two_neighbours_count(position, count):
    coefficients = between(position, count)
    assert sum(coefficients) == pytest.approx(1)
    used = [index for index, value in enumerate(coefficients) if value]
    assert used in ([used[0]], [used[0], used[0] + 1])
    assert all(0 <= value <= 1 for value in coefficients)


def test_a_sum_of_states_is_exact():
    a, b = {"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([3.0, -2.0])}
    assert torch.equal(added_up([a, b], [0.5, 0.5], ["a", "b"])["w"], torch.tensor([2.0, 0.0]))
    assert torch.equal(added_up([a, b], [0.0, 1.0], ["a", "b"])["w"], b["w"])
    assert torch.equal(added_up([a, b], [-1.0, 2.0], ["a", "b"])["w"], torch.tensor([5.0, -6.0]))


def test_what_counts_something_is_not_added_up():
    a, b = {"n": torch.tensor(3)}, {"n": torch.tensor(5)}
    assert added_up([a, b], [0.5, 0.5], ["a", "b"])["n"] == 3


@pytest.mark.parametrize("other", [{"w": torch.zeros(3)}, {"v": torch.zeros(2)}])
def test_weights_of_another_shape_are_refused_by_their_file(other):
    with pytest.raises(InvalidCheckpoint, match="^b.safetensors: its shapes are not those of a"):
        added_up([{"w": torch.zeros(2)}, other], [0.5, 0.5], ["a.safetensors", "b.safetensors"])


@pytest.mark.parametrize("value", [-0.1, 1.01, float("nan")])
@pytest.mark.parametrize("name", ["strength", "sharpness"])
def test_what_lies_outside_0_to_1_is_refused(name, value):
    with pytest.raises(InvalidOption, match=f"{name} .* between 0 and 1"):
        Blend(**{name: value})
    with pytest.raises(InvalidOption, match=f"{name} .* between 0 and 1"):
        UpscaleSpec(size=OutputSize(scale=2), steps=(), **{name: value})


def test_a_blend_names_what_is_not_0():
    assert str(Blend(strength=0.6)) == "strength 0.60"
    assert str(Blend(strength=0.6, sharpness=0.25)) == "strength 0.60, sharpness 0.25"
    assert Blend().is_plain
