"""What the edge of a frame looks like, beyond which a network sees black.

Of drawn pictures that resemble photographs, a part is enlarged by itself and as what it is in the
whole; how far the two lie apart is what the edge costs. A part of it is doubt, as nothing tells
what lies beyond: `fast`, trained on whole crops, has 2.6 codes in the outermost pixels. More is a
line along the frame.
"""

import pytest
import torch
from torch.nn import functional as F

from vsr.jobs.upscale.strength import CLEAR
from vsr.models import catalog
from vsr.models.int8.pictures import scenes
from vsr.values import Blend

CUT = 8
"""Source pixels that the part lacks at each side: more than these networks see."""

DOUBT = (3.5, 2.0, 1.0)
"""Codes in the outermost source pixels, in those behind, and in the third."""

DOUBTS = {"vivid": (3.8, 2.0, 1.2), "clear": (3.8, 2.2, 1.4)}
"""The same of those that began as general-x4v3, which has 4.2, 2.5 and 1.6, or were fitted to it:
they have 3.6, 1.9, 1.2, and 3.7, 2.1, 1.4. On real clips their errors at the edge of the frame are
0.99 and 1.01 times Lanczos's (general-x4v3: 1.02)."""


def rings(net, scale: int) -> list[float]:
    """Return the mean difference in codes in the outermost source pixels, ring by ring."""
    whole = torch.from_numpy(scenes()).float() / 255
    inner = (..., slice(CUT * scale, -CUT * scale), slice(CUT * scale, -CUT * scale))
    with torch.inference_mode():
        part = net(whole[..., CUT:-CUT, CUT:-CUT])
        error = 255 * (part - net(whole)[inner]).abs().mean(1, keepdim=True)
    error = F.avg_pool2d(error, scale)[:, 0]
    place = torch.arange(error.shape[-1])
    nearest = torch.minimum(place, place.flip(0))
    ring = torch.minimum(nearest[:, None], nearest)
    return [float(error[:, ring == index].mean()) for index in range(len(DOUBT))]


@pytest.mark.parametrize(
    ("name", "scale", "blend"),
    [
        ("fast", 4, Blend()),
        ("fast", 4, Blend(strength=0.6, sharpness=CLEAR)),
        ("fast", 4, Blend(strength=0.6, sharpness=1.0)),
        ("fast", 2, Blend()),
        ("fast", 2, Blend(strength=0.6, sharpness=CLEAR)),
        ("fast", 2, Blend(strength=0.6, sharpness=1.0)),
        ("clear", 4, Blend()),
        ("vivid", 4, Blend()),
        ("anime", 4, Blend()),
        ("tape", 2, Blend()),
        ("quality", 4, Blend()),
    ],
    ids=str,
)
def test_no_line_is_drawn_along_the_frame(name, scale, blend):
    found = rings(catalog.load(name, scale, blend).net, scale)
    doubt = DOUBTS.get(name, DOUBT)
    assert all(own <= most for own, most in zip(found, doubt, strict=True)), found
