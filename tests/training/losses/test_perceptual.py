import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vsr.errors import InvalidCheckpoint, InvalidOption, NoSuchFile
from vsr.metrics.features import Features
from vsr.training.losses.perceptual import Vgg19, feature_extractor, perceptual_term
from vsr.training.recipe.values import PerceptualValues

CPU = torch.device("cpu")


def values_of(network, *taps, **more):
    return PerceptualValues(perceptual_network=network, perceptual_taps=taps, **more)


def test_vgg19_has_the_layers_of_torchvision():
    net = Vgg19(36)
    kinds = [type(module).__name__ for module in net.features]
    assert kinds[34:37] == ["Conv2d", "ReLU", "MaxPool2d"]
    assert net.features[34].weight.shape == (512, 512, 3, 3)
    assert sum(value.numel() for value in net.parameters()) == 20_024_384


def test_vgg19_weights_are_loaded_up_to_the_deepest_tap(tmp_path):
    source = Vgg19(9)
    save_file(source.state_dict(), tmp_path / "vgg.safetensors")
    extract = feature_extractor(values_of("vgg19", 3, 8), tmp_path / "vgg.safetensors", CPU)
    picture = torch.rand(1, 3, 16, 16)
    normalised = (picture - source.mean) / source.deviation
    shallow, deep = extract(picture)
    assert torch.allclose(shallow, source.features[:4](normalised), atol=1e-6)
    assert torch.allclose(deep, source.features[:9](normalised), atol=1e-6)
    assert deep.shape == (1, 128, 8, 8)


def test_mobilenet_tap_16_is_the_sixteenth_block(tmp_path):
    torch.manual_seed(1)
    net = Features()
    save_file(net.state_dict(), tmp_path / "mobile.safetensors")
    extract = feature_extractor(values_of("mobilenet-v2", 16), tmp_path / "mobile.safetensors", CPU)
    picture = torch.rand(1, 3, 64, 64)
    (found,) = extract(picture)
    assert torch.allclose(found, net(picture, (16,))[0], atol=1e-6)
    assert found.shape == (1, 160, 2, 2)


def test_torchvisions_files_are_taken_whole_with_their_classifiers(tmp_path):
    mobile = Features(is_torchvision=True)
    mobile.features[0][1].running_mean.fill_(0.5)
    picture = torch.rand(1, 3, 32, 32)
    for network, net in (("vgg19", Vgg19(36)), ("mobilenet-v2", mobile)):
        state = net.state_dict() | {"classifier.1.weight": torch.zeros(4, 4)}
        torch.save(state, tmp_path / "whole.pth")
        (found,) = feature_extractor(values_of(network, 3), tmp_path / "whole.pth", CPU)(picture)
        assert torch.allclose(found, net(picture, (3,))[0], atol=1e-6)


@pytest.mark.parametrize(("network", "net"), [("vgg19", Vgg19(4)), ("mobilenet-v2", Features())])
def test_a_recipe_may_leave_the_range_of_pictures_as_it_is(tmp_path, network, net):
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    values = values_of(network, 1, perceptual_normalised=False)
    picture = torch.rand(1, 3, 8, 8)
    (found,) = feature_extractor(values, tmp_path / "net.safetensors", CPU)(picture)
    assert torch.allclose(found, net.features[:2](picture), atol=1e-6)


def test_other_weights_and_layers_are_refused(tmp_path):
    file = tmp_path / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(3)}, file)
    for network, name in (("vgg19", "VGG19"), ("mobilenet-v2", "MobileNetV2")):
        with pytest.raises(InvalidCheckpoint, match=rf"other\.safetensors: not .* {name}"):
            feature_extractor(values_of(network, 8), file, CPU)
    with pytest.raises(InvalidOption, match="VGG19 has 0 to 36"):
        feature_extractor(values_of("vgg19", 37), file, CPU)
    with pytest.raises(InvalidOption, match="MobileNetV2 has 0 to 18"):
        feature_extractor(values_of("mobilenet-v2", 1, 19), file, CPU)


def test_a_perceptual_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(NoSuchFile, match=r"none\.safetensors"):
        feature_extractor(values_of("vgg19", 8), tmp_path / "none.safetensors", CPU)


@pytest.mark.parametrize("taps", [(), (3, 1), (2, 2)])
def test_taps_are_layers_in_rising_order(taps):
    with pytest.raises(InvalidOption, match="rising order"):
        values_of("vgg19", *taps)


def test_the_feature_distances_are_their_formulas():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2, 3, 8, 8))
    output, target = torch.from_numpy(a), torch.from_numpy(b)

    def extract(x):
        return [x, 10 * x[:, :, ::2, ::2]]

    taps = [(a, b), (10 * a[:, :, ::2, ::2], 10 * b[:, :, ::2, ::2])]
    squares = np.mean([np.mean((mine - theirs) ** 2) for mine, theirs in taps])
    relative = np.mean(
        [np.mean(np.abs(mine - theirs)) / np.mean(np.abs(theirs)) for mine, theirs in taps]
    )
    cosine = np.mean(
        [np.mean(1 - (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))) for x, y in taps]
    )
    for distance, expected in (("mse", squares), ("relative", relative), ("cosine", cosine)):
        values = PerceptualValues(perceptual=3.0, perceptual_distance=distance)
        found = perceptual_term(values, extract, output, target, 0)
        assert float(found) == pytest.approx(3 * expected, rel=1e-12)


def test_the_feature_loss_reaches_the_output_and_not_the_target():
    output, target = torch.rand(1, 3, 8, 8, requires_grad=True), torch.rand(1, 3, 8, 8)
    target.requires_grad_()
    values = PerceptualValues(perceptual=1.0)
    perceptual_term(values, lambda x: [x * 2], output, target, 0).backward()
    assert output.grad.abs().sum() > 0
    assert target.grad is None


def test_the_features_see_another_shift_at_each_step():
    seen = []

    def extract(x):
        seen.append((x[0, 0, 0, 0].item(), *x.shape[-2:]))
        return [x]

    picture = torch.arange(6.0).expand(1, 1, 6, 6)
    values = PerceptualValues(perceptual=1.0, perceptual_shifts=2)
    for step in range(5):
        perceptual_term(values, extract, picture, picture, step)
    assert seen[::2] == [(0, 6, 6), (1, 6, 5), (0, 5, 6), (1, 5, 5), (0, 6, 6)]
    assert seen[::2] == seen[1::2]


def test_the_features_see_another_zoom_each_step_and_the_same_of_both_images():
    seen = []

    def extract(x):
        seen.append(tuple(x.shape[-2:]))
        return [x]

    picture = torch.rand(1, 3, 40, 60)
    values = PerceptualValues(perceptual=1.0, perceptual_zoom=2.0)
    for step in (*range(20), 0):
        assert float(perceptual_term(values, extract, picture, picture, step)) == 0
    assert seen[::2] == seen[1::2]
    assert seen[-1] == seen[0]  # of the same step
    heights, widths = zip(*seen, strict=True)
    assert 20 <= min(heights) < 30
    assert 55 < max(heights) <= 80
    assert all(abs(width - 1.5 * height) <= 1 for height, width in seen)
    assert len(set(widths)) > 10


@pytest.mark.parametrize("zoom", [0.9, 2.5])
def test_a_zoom_is_between_1_and_2(zoom):
    with pytest.raises(InvalidOption, match="perceptual_zoom"):
        PerceptualValues(perceptual_zoom=zoom)
