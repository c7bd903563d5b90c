import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.errors import InvalidOption
from vsr.training.recipe.recipe import Budget, learning_rate


def test_the_rate_warms_up_peaks_and_ends_at_nothing():
    assert learning_rate(1e-3, 0.0, 0, 100) == pytest.approx(1e-5)
    assert learning_rate(1e-3, 0.0, 99, 100) == pytest.approx(1e-3)
    assert learning_rate(1e-3, 0.5, 500, 100) == pytest.approx(5e-4)
    assert learning_rate(1e-3, 1.0, 999, 100) == pytest.approx(0.0, abs=1e-12)
    assert learning_rate(1e-3, 0.0, 0, 0) == 1e-3


def test_a_constant_rate_only_warms_up():
    assert learning_rate(1e-3, 0.0, 0, 100, "constant") == pytest.approx(1e-5)
    assert learning_rate(1e-3, 0.9, 500, 100, "constant") == 1e-3


@given(st.floats(0, 1), st.floats(0, 1))
def test_after_the_warm_up_the_rate_only_falls(a, b):
    low, high = sorted((a, b))
    assert learning_rate(1.0, low, 10, 5) >= learning_rate(1.0, high, 10, 5)


def test_a_budget_of_seconds_goes_by_the_clock_alone():
    assert Budget(seconds=60).progress(10**9, 30) == 0.5
    assert Budget(steps=60).progress(30, 10**9) == 0.5
    assert Budget(seconds=60).progress(0, 61) == 1


def test_a_share_is_a_budget_of_the_same_kind():
    assert Budget(steps=10).share(0.25) == Budget(steps=2)
    assert Budget(steps=1).share(0.1) == Budget(steps=1)
    assert Budget(seconds=60).share(0.5) == Budget(seconds=30)


@pytest.mark.parametrize(
    "values", [{}, {"steps": 1, "seconds": 1.0}, {"steps": 0}, {"seconds": 0.0}, {"seconds": -1.0}]
)
def test_an_impossible_budget_is_refused(values):
    with pytest.raises(InvalidOption):
        Budget(**values)
