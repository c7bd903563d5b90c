import pytest
import torch

from vsr.errors import InvalidCheckpoint
from vsr.models.catalog import build
from vsr.models.plain import Plain
from vsr.training.network.start import smoothing, start, start_near_interpolation
from vsr.training.network.start_from_smaller import transplant


def test_a_start_is_a_function_of_the_seed():
    one, same, other = (start("lite", 4, seed, None) for seed in (1, 1, 2))
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_starting_leaves_the_random_state_alone():
    before = torch.random.get_rng_state()
    start("lite", 4, 1, None)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_a_grown_network_computes_the_same(colour):
    torch.manual_seed(1)
    small, large = Plain(4, 6, 2, colour), Plain(4, 10, 5, colour)
    transplant(small, large, "small")
    x = torch.rand(1, 3 if colour == "rgb" else 1, 9, 9)
    assert torch.allclose(small(x), large(x), atol=1e-6)


def test_every_part_of_a_grown_network_learns():
    torch.manual_seed(1)
    small, large = Plain(4, 6, 2), Plain(4, 10, 4)
    transplant(small, large, "small")
    optimiser = torch.optim.SGD(large.parameters(), lr=0.1)
    before = [value.clone() for value in large.parameters()]
    for _ in range(2):  # new channels are heard only after the first step
        optimiser.zero_grad()
        large(torch.rand(2, 3, 8, 8)).square().mean().backward()
        optimiser.step()
    assert all(not torch.equal(a, b) for a, b in zip(before, large.parameters(), strict=True))


def test_half_the_scale_is_the_mean_of_four_pixels():
    torch.manual_seed(1)
    four, two = Plain(4, 6, 2), Plain(2, 6, 2)
    transplant(four, two, "four")
    x = torch.rand(1, 3, 9, 9)
    mean = torch.nn.functional.avg_pool2d(four(x), 2)
    assert torch.allclose(two(x), mean, atol=1e-6)


def test_twice_the_scale_repeats():
    torch.manual_seed(1)
    two, four = Plain(2, 6, 2), Plain(4, 6, 2)
    transplant(two, four, "two")
    x = torch.rand(1, 3, 9, 9)
    repeated = two(x).repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.allclose(four(x), repeated, atol=1e-6)


@pytest.mark.parametrize(("old", "new"), [(4, 3), (2, 3), (3, 4)])
def test_a_scale_that_does_not_divide_is_interpolated_within_the_cell(old, new):
    torch.manual_seed(1)
    source, target = Plain(old, 6, 2), Plain(new, 6, 2)
    cells = torch.linspace(0, 1, old).repeat(old, 1).flatten()  # a ramp across each cell
    source.tail.bias.data = cells.repeat(3)
    transplant(source, target, "other")
    ramp = target.tail.bias.view(3, new, new)
    assert torch.allclose(ramp, ramp[:, :1].expand_as(ramp), atol=1e-6)
    assert (ramp.diff(dim=2) > 0.1).all()
    assert ramp.mean().item() == pytest.approx(0.5, abs=1e-6)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(InvalidCheckpoint, match="do not fit"):
        transplant(Plain(4, 10, 2), Plain(4, 6, 2), "large")
    with pytest.raises(InvalidCheckpoint, match="for luma cannot start one for rgb"):
        transplant(Plain(4, 6, 2, "luma"), Plain(4, 6, 2), "gray")
    with pytest.raises(InvalidCheckpoint, match=r"swift-srgan ×4 cannot start plain ×4"):
        transplant(build("swift-srgan", 4), Plain(4, 6, 2), "swift")
    with pytest.raises(InvalidCheckpoint, match="srgan ×2 cannot start srgan ×4"):
        transplant(build("srgan", 2), build("srgan", 4), "two")


def ramp(side: int) -> torch.Tensor:
    across = torch.linspace(0.2, 0.8, side)
    return torch.stack((across.expand(side, side), across[:, None].expand(side, side)) * 2)[
        None, :3
    ]


@pytest.mark.parametrize("name", ["swift-srgan", "srgan", "dpsrgan"])
@pytest.mark.parametrize("scale", [2, 4])
def test_residual_networks_begin_as_an_enlargement(name, scale):
    torch.manual_seed(1)
    fresh, begun = build(name, scale), build(name, scale)
    start_near_interpolation(begun)
    x = ramp(16)
    true = torch.nn.functional.interpolate(x, scale_factor=scale, mode="bilinear")
    with torch.no_grad():
        near, far = (alike(net.eval()(x), true, 4 * scale) for net in (begun, fresh))
    assert near > 0.8 > abs(far)


def alike(a: torch.Tensor, b: torch.Tensor, border: int) -> float:
    """Correlation without the border."""
    inner = slice(border, -border)
    both = torch.stack([x[..., inner, inner].flatten() for x in (a, b)])
    return float(torch.corrcoef(both)[0, 1])


@pytest.mark.parametrize(("scale", "side"), [(2, 9), (4, 9)])
def test_smoothing_keeps_brightness(scale, side):
    kernel = smoothing(scale, side)
    assert kernel.shape == (side, side)
    assert float(kernel.sum()) == pytest.approx(1)
    assert torch.equal(kernel, kernel.flip(0, 1))
