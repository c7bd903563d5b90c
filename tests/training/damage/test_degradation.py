from dataclasses import fields
from typing import get_args

import numpy as np
import pytest

from tests.training.toys import picture
from vsr.metrics.protocol import low_resolution
from vsr.metrics.scores import psnr
from vsr.training.damage.degradation import DEGRADATIONS, STRENGTHS, Piece, Shot
from vsr.training.recipe.recipe import DegradationName

PIXELS = picture(1, 160, 192)[:, :, :1].repeat(3, 2)  # 4:2:0 would wipe out its colours
CORNER = (48, 64)
MEDIUM = STRENGTHS["video-medium"]


def shot(number):
    return Shot.of(Piece(PIXELS, CORNER, 64, number), 4)


@pytest.fixture(scope="module")
def shots():
    return [shot(number) for number in range(60)]


def low_of(pixels):
    return low_resolution(pixels, 4)[12:28, 16:32]


def test_recipes_name_the_strengths_there_are():
    assert get_args(DegradationName) == ("bicubic", *DEGRADATIONS, "pairs")


def test_a_patch_is_a_pure_function_of_its_number(shots):
    damaged = next(shot for shot in shots if not shot.is_clean)
    once = damaged.degraded(MEDIUM)
    shots[0].degraded(STRENGTHS["video-strong"])
    again = shot(damaged.number).degraded(MEDIUM)
    assert np.array_equal(once.low, again.low)
    assert np.array_equal(once.after, again.after)


def test_a_third_stays_clean_and_is_the_standard_protocol(shots):
    clean = [shot for shot in shots if shot.is_clean]
    assert 0.2 < len(clean) / len(shots) < 0.47
    for shot_ in clean[:3]:
        low = shot_.degraded(MEDIUM).low.astype(int)
        assert np.abs(low - low_of(PIXELS)).max() <= 1


def test_the_strengths_are_ordered(shots):
    damaged = [shot for shot in shots if not shot.is_clean][:6]
    means = [
        np.mean([psnr(shot.degraded(strength).low, low_of(PIXELS)) for shot in damaged])
        for strength in STRENGTHS.values()
    ]
    assert means[0] > means[1] + 1 > means[2] + 2
    for span in fields(MEDIUM)[:4]:
        ends = [getattr(strength, span.name) for strength in STRENGTHS.values()]
        assert ends == sorted(ends, reverse=span.name == "jpeg")


def test_the_next_frame_is_the_picture_moved_by_the_offset(shots):
    moving = [shot for shot in shots if min(map(abs, shot.camera.velocity)) >= 2][:4]
    assert len(moving) == 4
    for shot_ in moving:
        degraded = shot_.degraded(STRENGTHS["video-light"])
        moved = np.roll(PIXELS, [-step for step in degraded.move], (0, 1))
        assert psnr(degraded.after, low_of(moved)) > psnr(degraded.after, low_of(PIXELS)) + 2
