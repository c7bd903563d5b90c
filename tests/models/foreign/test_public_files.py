"""The public checkpoints, against plain spandrel. Needs VSR_DATA."""

import os
from pathlib import Path

import pytest
import torch

from tests.models.foreign.networks import plain_spandrel
from vsr.errors import InvalidCheckpoint
from vsr.models.catalog import load
from vsr.models.foreign.adapter import drawn
from vsr.models.foreign.facts import overlap
from vsr.upscaling.tiles.tiling import run_blended, windows
from vsr.values import Size

pytestmark = pytest.mark.data

CODE = 1 / 255


def public(name):
    return Path(os.environ["VSR_DATA"]) / "weights" / "public" / name


@pytest.mark.parametrize(
    ("name", "side", "radius"),
    [
        ("realesr-general-x4v3.pth", 48, 34),
        ("realesr-animevideov3.pth", 48, 18),
        ("RealESRGAN_x4plus.pth", 16, None),
        ("RealESRGAN_x4plus_anime_6B.pth", 24, None),
    ],
)
def test_real_esrgan_computes_what_spandrel_does(name, side, radius, one_thread):
    model = load(str(public(name)))
    picture = drawn(3, side, side + 5)
    with torch.inference_mode():
        mine = model.net(picture).clamp(0, 1)
    theirs = plain_spandrel(public(name), picture)
    assert (mine - theirs).abs().max() <= 1e-3
    assert radius is None or model.traits.radius == radius


def test_craft_on_odd_sides_is_within_a_code_of_spandrel(one_thread):
    """spandrel completes sides by reflection, which shows at the frame's right and lower edge."""
    model = load(str(public("craft_x4.pth")))
    assert model.traits.is_global
    even, odd = drawn(3, 32, 48), drawn(3, 37, 50)
    with torch.inference_mode():
        assert (
            model.net(even).clamp(0, 1) - plain_spandrel(public("craft_x4.pth"), even)
        ).abs().max() <= 1e-3
        whole = model.net(odd)
        padded = torch.nn.functional.pad(odd, (0, 14, 0, 11), mode="replicate")
        theirs = plain_spandrel(public("craft_x4.pth"), padded)[:, :, : 37 * 4, : 50 * 4]
    assert whole.shape == theirs.shape
    assert (whole.clamp(0, 1) - theirs).abs().max() <= CODE


def test_a_network_that_spandrel_does_not_know_is_refused_in_one_line():
    with pytest.raises(InvalidCheckpoint, match="unknown_spantiny.pth: resembles SPAN") as refused:
        load(str(public("unknown_spantiny.pth")))
    assert "\n" not in str(refused.value)


def test_blended_tiles_of_craft_leave_seams_of_at_most_a_code(one_thread):
    """Along a seam the mean difference from the whole frame jumps by no more than a code."""
    model = load(str(public("craft_x4.pth")))
    picture = drawn(3, 96, 160)
    tiles = windows(Size(160, 96), Size(96, 96), overlap(model.net), model.traits.multiple)
    assert len(tiles) == 2
    with torch.inference_mode():
        apart = run_blended(model.net, picture, tiles, 4) - model.net(picture)
    assert float(apart.mean(dim=2).diff(dim=2).abs().max()) <= CODE
