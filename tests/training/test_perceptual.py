import pytest
import torch
from safetensors.torch import save_file

from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.metrics.features import Features
from vsr.training.perceptual import Vgg19, feature_extractor, feature_loss

CPU = torch.device("cpu")


def test_vgg19_has_the_layers_of_torchvision():
    net = Vgg19(37)
    kinds = [type(module).__name__ for module in net.features]
    assert kinds[34:37] == ["Conv2d", "ReLU", "MaxPool2d"]
    assert net.features[34].weight.shape == (512, 512, 3, 3)
    assert sum(value.numel() for value in net.parameters()) == 20_024_384


def test_vgg19_weights_are_loaded_up_to_the_layer(tmp_path):
    source = Vgg19(10)
    save_file(source.state_dict(), tmp_path / "vgg.safetensors")
    extract = feature_extractor("vgg19", 9, tmp_path / "vgg.safetensors", CPU)
    picture = torch.rand(1, 3, 16, 16)
    expected = source.features[:9]((picture - source.mean) / source.deviation)
    assert torch.equal(extract(picture), expected)
    assert extract(picture).shape == (1, 128, 8, 8)


def test_mobilenet_layer_17_is_the_sixteenth_block(tmp_path):
    torch.manual_seed(1)
    net = Features()
    save_file(net.state_dict(), tmp_path / "mobile.safetensors")
    extract = feature_extractor("mobilenet-v2", 17, tmp_path / "mobile.safetensors", CPU)
    picture = torch.rand(1, 3, 64, 64)
    assert torch.equal(extract(picture), net(picture, (16,))[0])
    assert extract(picture).shape == (1, 160, 2, 2)


def test_other_weights_and_layers_are_refused(tmp_path):
    save_file({"features.0.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(InvalidCheckpoint, match="VGG19"):
        feature_extractor("vgg19", 9, tmp_path / "other.safetensors", CPU)
    with pytest.raises(InvalidOption, match="1 to 37"):
        feature_extractor("vgg19", 38, tmp_path / "other.safetensors", CPU)
    with pytest.raises(InvalidOption, match="1 to 19"):
        feature_extractor("mobilenet-v2", 20, tmp_path / "other.safetensors", CPU)


def test_the_feature_loss_reaches_the_output_and_not_the_target():
    output, target = torch.rand(1, 3, 8, 8, requires_grad=True), torch.rand(1, 3, 8, 8)
    target.requires_grad_()
    feature_loss(lambda x: x * 2, output, target).backward()
    assert output.grad.abs().sum() > 0
    assert target.grad is None
