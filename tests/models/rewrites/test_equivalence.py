import pytest
from torch import nn

from vsr.models.rewrites.onednn import is_near


class Scaled(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


@pytest.mark.parametrize(("factor", "is_within"), [(1.0, True), (1.009, True), (1.011, False)])
def test_the_tolerance_is_a_share_of_the_largest_value(factor, is_within):
    assert is_near(Scaled(factor), Scaled(1.0), 3, tolerance=0.01) is is_within


def test_two_black_pictures_are_the_same():
    assert is_near(Scaled(0.0), Scaled(0.0), 1, tolerance=0.01)


@pytest.mark.parametrize("spoilt", [float("nan"), float("inf")])
def test_what_is_no_number_is_never_near(spoilt):
    assert not is_near(Scaled(spoilt), Scaled(1.0), 1, tolerance=0.01)
