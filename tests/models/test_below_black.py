"""What lies below black: x264 makes it, no training shows it, and nothing is drawn there."""

import pytest
import torch

from vsr.jobs.upscale.strength import CLEAR
from vsr.models.catalog import load
from vsr.values import Blend

LOOK = Blend(strength=0.75, sharpness=CLEAR)


@pytest.mark.parametrize(
    ("name", "scale", "blend"),
    [
        *(("fast", scale, blend) for scale in (2, 4) for blend in (Blend(), LOOK)),
        ("fast", 2, Blend(strength=1.0)),
        ("quality", 4, Blend()),
        ("clear", 4, Blend()),
        ("vivid", 4, Blend()),
        ("anime", 4, Blend()),
        ("tape", 2, Blend()),
    ],
)
@pytest.mark.parametrize("level", [-0.02, -0.07])
def test_noise_below_black_is_not_drawn_larger(name, scale, blend, level):
    """A grid of up to 85 codes stood there, of noise of one code."""
    net = load(name, scale, blend).net
    assert net is not None
    always = torch.Generator().manual_seed(1)
    low = level + 0.004 * torch.randn(1, 3, 24, 24, generator=always)
    with torch.inference_mode():
        inner = net(low)[..., 8 * scale : -8 * scale, 8 * scale : -8 * scale]
    assert (inner - level).abs().max() < 10 / 255
