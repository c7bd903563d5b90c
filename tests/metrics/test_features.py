"""MobileNetV2's features."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from vsr.errors import InvalidCheckpoint, NoSuchFile
from vsr.metrics.features import (
    DEEPEST,
    IMAGENET_DEVIATION,
    IMAGENET_MEAN,
    TAPS,
    Features,
    SameConv,
    feature_distance,
)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return Features()


def test_the_taps_have_the_channels_and_strides_of_the_table(net):
    outputs = net(torch.rand(1, 3, 64, 96), (*TAPS, DEEPEST))
    shapes = [tuple(output.shape[1:]) for output in outputs]
    assert shapes == [
        (16, 32, 48), (24, 16, 24), (32, 8, 12), (96, 4, 6), (160, 2, 3), (1280, 2, 3),
    ]  # fmt: skip


def test_the_parameters_are_those_of_torchvision(net):
    assert sum(p.numel() for p in net.parameters()) == 2_223_872
    keys = net.state_dict()
    for key in (
        "features.0.0.weight",
        "features.1.conv.1.weight",
        "features.17.conv.3.running_var",
    ):
        assert key in keys


def test_the_input_is_brought_to_minus_1_to_1(net):
    x = torch.rand(1, 3, 32, 32)
    expected = net.features[1](net.features[0](x * 2 - 1))
    assert torch.allclose(net(x, (1,))[0], expected, atol=1e-6)


def test_a_strided_convolution_pads_behind_as_tensorflow_does():
    conv = SameConv(1, 1, 3, 2, bias=False)
    torch.nn.init.ones_(conv.weight).requires_grad_(False)
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    # Even sides are padded at the end only, so the first window begins at the first pixel.
    assert float(conv(x)[0, 0, 0, 0]) == float(x[0, 0, :3, :3].sum())
    # Odd sides are padded at both ends.
    assert float(conv(x[:, :, :3, :3])[0, 0, 0, 0]) == float(x[0, 0, :2, :2].sum())
    assert conv(x[:, :, :3, :3]).shape == (1, 1, 2, 2)


def test_the_features_are_frozen_and_the_distance_has_a_gradient_in_the_result(net):
    net.train()
    assert not net.training
    assert not net.features[0][1].training
    a = torch.rand(1, 3, 32, 32, requires_grad=True)
    feature_distance(net, a, torch.rand(1, 3, 32, 32)).backward()
    assert a.grad.abs().sum() > 0
    assert all(p.grad is None for p in net.parameters())


def test_weights_are_read_from_a_file_in_half_precision_beside_a_classifier(net, tmp_path):
    state = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    save_file(state | {"classifier.1.bias": torch.zeros(3)}, tmp_path / "net.safetensors")
    again = Features.open(tmp_path / "net.safetensors")
    weight = again.features[0][0].weight
    assert weight.dtype is torch.float32
    torch.testing.assert_close(weight, net.features[0][0].weight, atol=1e-3, rtol=1e-3)


def published(is_folded):
    """Random weights with or without the statistics of a batch norm, beside a classifier."""
    torch.manual_seed(1)
    state = Features().state_dict()
    for name, value in state.items():
        if name.endswith("running_mean") and not is_folded:
            value.normal_()
        if name.endswith("running_var") and not is_folded:
            value.uniform_(0.5, 2)
    return state | {"classifier.1.weight": torch.zeros(1000, 1280)}


def first_two_blocks(state, x, pad):
    """Blocks 0 and 1 written out; ``pad`` is what the strided convolution pads with."""

    def normed(x, name):
        mean, var, gain, bias = (
            state[f"features.{name}.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (var + 1e-5).sqrt() * gain + bias

    def weight(name):
        return state[f"features.{name}.weight"]

    x = normed(F.conv2d(F.pad(x, pad), weight("0.0"), stride=2), "0.1").clamp(0, 6)
    x = F.conv2d(x, weight("1.conv.0.0"), padding=1, groups=32)
    return normed(F.conv2d(normed(x, "1.conv.0.1").clamp(0, 6), weight("1.conv.1")), "1.conv.2")


@pytest.mark.parametrize("side", [16, 17])
def test_torchvisions_own_file_sees_what_it_was_trained_on(tmp_path, side):
    state = published(is_folded=False)
    torch.save(state, tmp_path / "mobilenet_v2.pth")
    x = torch.rand(1, 3, side, side)
    shifted = [(x[:, c] - IMAGENET_MEAN[c]) / IMAGENET_DEVIATION[c] for c in range(3)]
    expected = first_two_blocks(state, torch.stack(shifted, 1), (1, 1, 1, 1))
    (found,) = Features.open(tmp_path / "mobilenet_v2.pth")(x, (1,))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("side", "pad"), [(16, (0, 1, 0, 1)), (17, (1, 1, 1, 1))])
def test_a_folded_conversion_sees_what_tensorflow_showed_it(tmp_path, side, pad):
    state = published(is_folded=True)
    save_file(state, tmp_path / "folded.safetensors")
    x = torch.rand(1, 3, side, side)
    (found,) = Features.open(tmp_path / "folded.safetensors")(x, (1,))
    expected = first_two_blocks(state, 2 * x - 1, pad)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_what_is_opened_has_no_batch_norm_of_its_own_and_is_frozen(tmp_path):
    state = published(is_folded=False)
    save_file(state, tmp_path / "net.safetensors")
    opened = Features.open(tmp_path / "net.safetensors")
    assert not any(isinstance(module, nn.BatchNorm2d) for module in opened.modules())
    assert not any(parameter.requires_grad for parameter in opened.parameters())
    whole = Features(is_torchvision=True)
    whole.load_state_dict({name: state[name] for name in whole.state_dict()})
    x, every = torch.rand(2, 3, 40, 33), range(DEEPEST + 1)
    for found, expected in zip(opened(x, every), whole(x, every), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_weights_of_another_network_are_refused(tmp_path):
    save_file({"features.0.weight": torch.zeros(3)}, tmp_path / "vgg.safetensors")
    with pytest.raises(InvalidCheckpoint, match="MobileNetV2"):
        Features.open(tmp_path / "vgg.safetensors")
    with pytest.raises(NoSuchFile):
        Features.open(tmp_path / "none.safetensors")
