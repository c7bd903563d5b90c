"""One picture through a network: strips, luma networks, ensembles."""

import numpy as np
import pytest
import torch

from vsr.errors import InvalidOption
from vsr.kernels import imresize
from vsr.metrics import enlarge
from vsr.metrics.enlarge import bicubic, by_network, ensembled, to_codes
from vsr.models.plain import Plain
from vsr.models.traits import traits_of

RNG = np.random.default_rng(3)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Plain(2, 8, 2).eval()


def test_strips_give_what_the_whole_gives(net, monkeypatch):
    x = RNG.random((37, 20, 3))
    radius = traits_of(net).radius
    whole = by_network(net, radius)(x)
    for rows in (1, 5, 36):
        monkeypatch.setattr(enlarge, "STRIP_PIXELS", rows * 20)
        np.testing.assert_allclose(by_network(net, radius)(x), whole, atol=1e-6)


def test_the_network_is_given_rows_columns_and_channels_as_they_are(net):
    x = RNG.random((6, 9, 3))
    with torch.no_grad():
        expected = net(torch.tensor(x.transpose(2, 0, 1)[None], dtype=torch.float32))
    np.testing.assert_allclose(by_network(net, 4)(x), expected[0].permute(1, 2, 0), atol=1e-6)


def test_a_luma_network_gets_bicubic_chroma():
    class Same(torch.nn.Module):
        scale, colour, multiple = 2, "luma", 1

        def forward(self, y):
            rows, columns = 2 * y.shape[2], 2 * y.shape[3]
            large = imresize(y[0, 0].double().numpy(), rows, columns)
            return torch.tensor(large)[None, None].float()

    x = RNG.random((10, 12, 3))
    np.testing.assert_allclose(by_network(Same(), 10)(x), bicubic(2)(x), atol=1e-6)


def test_flips_are_undone_before_they_are_averaged():
    x = RNG.random((7, 9, 3))
    np.testing.assert_allclose(ensembled(bicubic(2), "flips")(x), bicubic(2)(x), atol=1e-12)


def test_flips_average_eight_different_outputs(net):
    x = RNG.random((9, 7, 3))
    upscale = by_network(net, 4)
    outputs = []
    for turns in range(4):
        for flip in (slice(None), slice(None, None, -1)):
            y = upscale(np.rot90(x, turns)[:, flip].copy())
            outputs.append(np.rot90(y[:, flip], -turns))
    assert np.std(outputs, axis=0).max() > 1e-4
    np.testing.assert_allclose(ensembled(upscale, "flips")(x), np.mean(outputs, axis=0), atol=1e-9)


def test_sizes_average_outputs_of_the_right_size_and_keep_a_constant():
    x = np.full((16, 20, 3), 0.25)
    y = ensembled(bicubic(4), "sizes")(x)
    assert y.shape == (64, 80, 3)
    np.testing.assert_allclose(y, 0.25, atol=1e-12)


def test_another_ensemble_is_refused():
    with pytest.raises(InvalidOption, match="none, flips or sizes"):
        ensembled(bicubic(2), "turns")


def test_amplitudes_are_clamped_once_and_rounded_to_nearest():
    x = np.array([-0.1, 0.0, 0.4999 / 255, 0.5001 / 255, 254.6 / 255, 1.2])
    assert to_codes(x).tolist() == [0, 0, 0, 1, 255, 255]
