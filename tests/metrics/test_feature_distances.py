"""The distances between MobileNetV2's features of two images."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from vsr.media.images.pictures import pictures_in, read_picture
from vsr.metrics.enlarge import bicubic
from vsr.metrics.features import Features, cosine_distance, feature_distance
from vsr.metrics.protocol import standard_pair


def test_the_distance_is_the_formula():
    net = Features().double()
    a, b = torch.rand(2, 1, 3, 32, 32, dtype=torch.float64)
    ratios = [
        float((x - y).abs().mean() / y.abs().mean()) for x, y in zip(net(a), net(b), strict=True)
    ]
    assert float(feature_distance(net, a, b)) == pytest.approx(np.mean(ratios), rel=1e-12)
    assert float(feature_distance(net, b, b)) == 0


def test_the_cosine_distance_is_half_the_squared_distance_of_unit_vectors():
    mine, theirs = torch.randn(2, 2, 5, 4, 3, dtype=torch.float64)
    units = [x / x.square().sum(1, keepdim=True).sqrt() for x in (mine, theirs)]
    lpips = (units[0] - units[1]).square().sum(1).mean()
    assert float(cosine_distance([mine], [theirs])) == pytest.approx(float(lpips) / 2, rel=1e-12)
    assert float(cosine_distance([mine], [3 * mine])) == pytest.approx(0, abs=1e-12)
    assert float(cosine_distance([mine, mine], [mine, -mine])) == pytest.approx(1, rel=1e-12)


@pytest.mark.data
def test_a_blurrier_picture_is_farther_from_the_truth():
    data = Path(os.environ["VSR_DATA"])
    net = Features.open(data / "weights" / "mobilenet_v2_features_fp16.safetensors")
    picture = read_picture(pictures_in(data / "benchmarks" / "Set5")[2])

    def tensor(rgb):
        return torch.from_numpy(rgb.copy()).permute(2, 0, 1)[None].float() / 255

    pairs = [standard_pair(picture, scale, bicubic(scale)) for scale in (2, 3, 4)]
    distances = [float(feature_distance(net, tensor(p.result), tensor(p.truth))) for p in pairs]
    assert distances == sorted(distances)
    assert distances[0] > 0.05
