"""Real-ESRGAN's compact networks are known from their tensors and compute what theirs does."""

import pytest
import torch
from torch.nn import functional as F

from tests.models.test_traits import support
from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.models.catalog import build, load, scales
from vsr.models.plain import Compact
from vsr.models.recognise import generator_of, read_generator
from vsr.models.traits import traits_of


def published_forward(state, x, scale):
    """`srvgg_arch.py` in words of its own: layers by number, slopes where a tensor is a vector."""
    out, last = x, max(int(name.split(".")[1]) for name in state)
    for n in range(last + 1):
        weight = state[f"body.{n}.weight"]
        if weight.ndim == 1:
            out = torch.where(out > 0, out, out * weight[:, None, None])
        else:
            out = F.conv2d(out, weight, state[f"body.{n}.bias"], padding=1)
    return F.pixel_shuffle(out, scale) + F.interpolate(x, scale_factor=scale, mode="nearest")


def small(scale=2, channels=5, depth=2, colour="rgb"):
    torch.manual_seed(scale)
    net = Compact(scale, channels, depth, colour)
    for act in net.activations:
        torch.nn.init.uniform_(act.weight, -0.5, 1.5)
    return net


def saved(tensors, tmp_path, wrapper="params_ema"):
    path = tmp_path / "net.pth"
    torch.save({wrapper: tensors}, path)
    return path


@pytest.mark.parametrize("colour", ["rgb", "luma"])
@pytest.mark.parametrize("scale", range(1, 9))
def test_every_scale_and_colour_is_recognised_and_is_the_published_function(
    scale, colour, tmp_path
):
    net = small(scale, colour=colour)
    again = read_generator(saved(net.state_dict(), tmp_path))
    assert (type(again), again.scale, again.colour) == (Compact, scale, colour)
    x = torch.rand(2, 3 if colour == "rgb" else 1, 9, 7)
    torch.testing.assert_close(again(x), published_forward(net.state_dict(), x, scale))


@pytest.mark.parametrize("depth", [0, 1, 5])
@pytest.mark.parametrize("channels", [1, 7])
def test_width_and_depth_are_read_from_shapes(channels, depth):
    again = generator_of(small(3, channels, depth).state_dict(), "net")
    assert (again.scale, again.channels, again.depth) == (3, channels, depth)


@pytest.mark.parametrize("wrapper", ["params", "params_ema", "params-ema"])
def test_the_wrappers_of_its_trainers_are_opened(wrapper, tmp_path):
    net = small()
    again = read_generator(saved(net.state_dict(), tmp_path, wrapper))
    assert torch.equal(again.body[0].weight, net.body[0].weight)


@pytest.mark.parametrize("scale", [1, 3, 4])
def test_the_radius_is_the_support_of_the_gradient(scale):
    assert traits_of(small(scale, depth=3)).radius == 5 == support(small(scale, depth=3))


@pytest.mark.parametrize(("name", "radius"), [("compact", 18), ("compact-deep", 34)])
def test_the_shapes_that_can_be_trained_are_those_of_the_published_networks(name, radius):
    assert traits_of(build(name, 4)).radius == radius
    with pytest.raises(InvalidOption, match="by 1 to 8"):
        build(name, 9)


def test_a_file_of_any_scale_is_loaded_and_says_its_scale(tmp_path):
    path = saved(small(1).state_dict(), tmp_path)
    assert scales(str(path)) == (1,)
    assert load(str(path)).traits.scale == 1


def broken(change):
    state = dict(small(2, depth=2).state_dict())
    change(state)
    return state


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: [s.pop(n) for n in list(s) if n.startswith("body.2.")], "'body.2' is missing"),
        (lambda s: s.pop("body.3.weight"), "'body.3' is missing: its layers go up to body.6"),
        (lambda s: s.pop("body.6.bias"), "body.6.bias"),
        (lambda s: [s.pop(n) for n in list(s) if n.startswith("body.6.")], "not the last of"),
        (
            lambda s: s.update({"body.2.weight": torch.zeros(5, 4, 3, 3)}),
            "size mismatch for body.2",
        ),
        (lambda s: s.update({"body.0.weight": torch.zeros(5)}), "of 1 axes is no convolution"),
        (lambda s: s.update({"body.0.weight": torch.zeros(5, 4, 3, 3)}), "4 image channels"),
        (lambda s: s.update({"body.6.weight": torch.zeros(10, 5, 3, 3)}), "no whole scale: ×1.83"),
        (lambda s: s.update({"body.6.weight": torch.zeros(243, 5, 3, 3)}), "×9: .* by 1 to 8"),
        (lambda s: s.update({"body.6.weight": torch.zeros(0, 5, 3, 3)}), "×0: .* by 1 to 8"),
        (lambda s: s.update({"body.4.bias": torch.full((5,), torch.inf)}), "is not finite"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(change, message, tmp_path):
    path = saved(broken(change), tmp_path)
    with pytest.raises(InvalidCheckpoint, match=message) as caught:
        read_generator(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_with_other_layers_beside_is_of_no_known_architecture():
    state = small().state_dict() | {"upsampler.0.weight": torch.zeros(3, 5, 3, 3)}
    with pytest.raises(InvalidCheckpoint, match="a known architecture|fit the architecture"):
        generator_of(state, "net")
