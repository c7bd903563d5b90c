"""ESRGAN's networks are known from their tensors, under all their names, and compute the same."""

import pytest
import torch
from torch.nn import functional as F

from tests.models.test_traits import support
from vsr.errors import InvalidCheckpoint
from vsr.models.recognise import generator_of, read_generator
from vsr.models.rrdb import RRDB
from vsr.models.traits import traits_of


def published_forward(state, x, ups, multiple=1):
    """BasicSR's `rrdbnet_arch.py` in words of its own, on sides that are whole multiples."""

    def conv(name, value):
        return F.conv2d(value, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)

    def leaky(value):
        return torch.where(value > 0, value, 0.2 * value)

    def dense(name, value):
        parts = [value]
        for number in range(1, 5):
            parts.append(leaky(conv(f"{name}.conv{number}", torch.cat(parts, 1))))
        return value + 0.2 * conv(f"{name}.conv5", torch.cat(parts, 1))

    n, c, h, w = x.shape
    cells = x.view(n, c, h // multiple, multiple, w // multiple, multiple)
    first = conv("conv_first", cells.permute(0, 1, 3, 5, 2, 4).reshape(n, -1, *cells.shape[2::2]))
    out = first
    for block in range(1 + max(int(k.split(".")[1]) for k in state if k.startswith("body."))):
        inner = out
        for number in (1, 2, 3):
            inner = dense(f"body.{block}.rdb{number}", inner)
        out = out + 0.2 * inner
    out = first + conv("conv_body", out)
    for number in range(1, ups + 1):
        out = leaky(conv(f"conv_up{number}", F.interpolate(out, scale_factor=2, mode="nearest")))
    return conv("conv_last", leaky(conv("conv_hr", out)))


def small(doublings=2, multiple=1, depth=2, colour="rgb"):
    torch.manual_seed(7)
    return RRDB(doublings, multiple, channels=6, growth=4, depth=depth, colour=colour).eval()


VARIANTS = [(2, 1), (2, 2), (2, 4), (0, 1), (1, 1), (3, 1)]
"""Doublings and multiple: ×4, ×2 and ×1 of cells, then ESRGAN's own ×1, ×2 and ×8."""


@pytest.mark.parametrize("colour", ["rgb", "luma"])
@pytest.mark.parametrize(("doublings", "multiple"), VARIANTS)
@torch.no_grad()
def test_every_variant_is_recognised_and_is_the_published_function(
    doublings, multiple, colour, tmp_path
):
    net = small(doublings, multiple, colour=colour)
    torch.save({"params_ema": net.state_dict()}, tmp_path / "net.pth")
    again = read_generator(tmp_path / "net.pth")
    assert (type(again), again.scale, again.multiple) == (RRDB, 2**doublings // multiple, multiple)
    x = torch.rand(2, 3 if colour == "rgb" else 1, 8, 12)
    expected = published_forward(net.state_dict(), x, doublings, multiple)
    torch.testing.assert_close(again(x), expected)


@pytest.mark.parametrize("multiple", [2, 4])
@torch.no_grad()
def test_other_sides_are_completed_by_the_last_pixel_and_cut_again(multiple):
    net, x = small(2, multiple), torch.rand(1, 3, 7, 9)
    whole = F.pad(x, (0, -9 % multiple, 0, 1), mode="replicate")
    assert torch.equal(net(x), net(whole)[..., : 7 * net.scale, : 9 * net.scale])
    assert net(torch.rand(1, 3, 1, 1)).shape[2:] == (net.scale, net.scale)


def by_names_of_2019(state):
    old = {"conv_body": "trunk_conv", "conv_hr": "HRconv", "conv_up1": "upconv1"}
    old["conv_up2"] = "upconv2"
    names = {k: k.replace("body.", "RRDB_trunk.").replace("rdb", "RDB") for k in state}
    for own in state:
        layer, _, rest = own.partition(".")
        if layer != "body":
            names[own] = f"{old.get(layer, layer)}.{rest}"
    return {names[k]: v for k, v in state.items()}


def by_names_of_2018(state, depth, ups):
    numbers = {"conv_first": "0", "conv_body": f"1.sub.{depth}"}
    numbers |= {f"conv_up{n}": str(3 * n) for n in range(1, ups + 1)}
    numbers |= {"conv_hr": str(3 * ups + 2), "conv_last": str(3 * ups + 4)}
    out = {}
    for own, tensor in state.items():
        parts = own.split(".")
        if parts[0] == "body":
            block, dense, conv, kind = parts[1:]
            name = f"1.sub.{block}.{dense.upper()}.{conv}.0.{kind}"
        else:
            name = f"{numbers[parts[0]]}.{parts[1]}"
        out[f"model.{name}"] = tensor
    return out


@pytest.mark.parametrize("doublings", [0, 1, 2, 3])
def test_the_names_of_2018_are_translated(doublings):
    state = small(doublings).state_dict()
    again = generator_of(by_names_of_2018(state, 2, doublings), "old")
    assert all(torch.equal(state[k], v) for k, v in again.state_dict().items())


@pytest.mark.parametrize("multiple", [1, 4])
def test_the_names_of_2019_are_translated(multiple):
    state = small(2, multiple).state_dict()
    again = generator_of(by_names_of_2019(state), "old")
    assert all(torch.equal(state[k], v) for k, v in again.state_dict().items())


@pytest.mark.parametrize(("doublings", "multiple"), VARIANTS)
def test_the_radius_is_the_support_of_the_gradient(doublings, multiple):
    net = small(doublings, multiple, depth=1)
    assert traits_of(net).radius == support(net)


def test_the_radius_of_the_large_networks_is_known():
    # of 15 in each block, 1 before, 1 after, and what the tail sees at the larger sizes
    assert traits_of(small(depth=6)).radius == 94
    assert traits_of(small(depth=23)).radius == 349


def broken(change):
    state = dict(small().state_dict())
    change(state)
    return state


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: [s.pop(k) for k in list(s) if k.startswith("body.0.")], "'body.0' is missing"),
        (lambda s: s.pop("body.1.rdb2.conv3.bias"), "body.1.rdb2.conv3.bias"),
        (lambda s: s.update({"conv_hr.weight": torch.zeros(6, 5, 3, 3)}), "mismatch for conv_hr"),
        (lambda s: s.update({"conv_first.weight": torch.zeros(6, 10, 3, 3)}), "no whole scale"),
        (lambda s: s.update({"conv_first.weight": torch.zeros(6, 27, 3, 3)}), "×1.33: .* a whole"),
        (lambda s: s.update({"conv_last.weight": torch.zeros(2, 6, 3, 3)}), "2 image channels"),
        (lambda s: s.pop("conv_up1.weight"), "conv_up1.weight"),
        (lambda s: s["conv_body.bias"].fill_(torch.nan), "is not finite"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(change, message, tmp_path):
    path = tmp_path / "net.pth"
    torch.save({"params": broken(change)}, path)
    with pytest.raises(InvalidCheckpoint, match=message) as caught:
        read_generator(path)
    assert "\n" not in str(caught.value)
