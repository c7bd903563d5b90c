"""Whole weights: within their limits, and with sums that stay what they were."""

import torch

from vsr.models.int8.convolution import LIMIT, PAIR
from vsr.models.int8.features import moments, needed, rounded


def problem(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weights, a bias and inputs that are all positive, as features are."""
    always = torch.Generator().manual_seed(seed)
    weight = torch.randn(6, 36, generator=always, dtype=torch.float64)
    weight = weight / needed(weight)[:, None] * 0.99
    x = torch.randint(40, 256, (400, 36), generator=always)
    return weight, torch.randn(6, generator=always, dtype=torch.float64) * 500, x


def test_whole_weights_stay_within_their_limits():
    weight, bias, x = problem()
    whole, offset = rounded(weight, bias, moments(x, torch.ones(400)))
    assert torch.equal(whole, whole.round())
    assert torch.equal(offset, offset.round())
    assert whole.abs().max() <= LIMIT
    pairs = whole.unflatten(1, (-1, 2))
    assert pairs.clamp_min(0).sum(2).max() <= PAIR
    assert pairs.clamp_max(0).sum(2).min() >= -PAIR


def test_sums_change_less_than_by_rounding_each_weight_alone():
    weight, bias, x = problem()
    whole, offset = rounded(weight, bias, moments(x, torch.ones(400)))
    sums = x.double() @ weight.T + bias
    apart = (x.double() @ whole.T + offset - sums).pow(2).mean()
    alone = (x.double() @ weight.round().T + bias.round() - sums).pow(2).mean()
    assert apart < alone / 4


def test_the_least_unit_is_that_of_the_largest_weight_or_pair():
    assert needed(torch.tensor([[127.0, 0.0, -127.0, 1.0]])).item() == 1
    assert needed(torch.tensor([[-254.0, 0.0, 0.0]])).item() == 2
    assert needed(torch.tensor([[64.0, 64.0, 0.0, 3.0]])).item() == 1
    assert needed(torch.tensor([[96.0, 96.0]])).item() == 1.5


def test_moments_of_whole_numbers_do_not_depend_on_the_order():
    _, _, x = problem()
    weights = torch.randint(1, 10, (400,))
    order = torch.randperm(400)
    assert torch.equal(moments(x, weights), moments(x[order], weights[order]))
