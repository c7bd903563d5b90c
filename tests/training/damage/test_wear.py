from dataclasses import fields, replace

import numpy as np
import pytest

from tests.training.toys import picture
from vsr.metrics.protocol import low_resolution
from vsr.metrics.scores import psnr
from vsr.training.damage.camera import FRAMES
from vsr.training.damage.degradation import DEGRADATIONS, Piece, Shot
from vsr.training.damage.wear import OLD_CODECS, Wear

PIXELS = picture(1, 160, 192)[:, :, :1].repeat(3, 2)
CORNER = (48, 64)
GRAY = picture(1, 256, 256)[:, :, :1].repeat(3, 2)
CLIP = np.broadcast_to(low_resolution(GRAY, 4).astype(np.float32), (FRAMES, 64, 64, 3))
COLOUR = 40 * np.sign(np.sin(np.arange(64) / 4))[:, None] * (1.0, 0.0, -1.0)
NOTHING = Wear(**{one.name: 0.0 for one in fields(Wear) if one.name.endswith("_share")}, crf=(1, 1))


def shot(number):
    wear = DEGRADATIONS["video-clear"]
    return Shot.of(Piece(PIXELS, CORNER, 64, number), 4, wear.clean_share)


def test_a_fifth_stays_clean():
    clean = [shot(number).is_clean for number in range(60)]
    assert 0.1 < np.mean(clean) < 0.3


def test_a_patch_is_a_pure_function_of_its_number_and_stays_in_its_place():
    wear = DEGRADATIONS["video-clear"]
    low = low_resolution(PIXELS, 4)
    inner, aside = low[12:28, 16:32], low[14:30, 18:34]
    for number in range(12):
        once, again = (shot(number).degraded(wear) for _ in range(2))
        assert np.array_equal(once.low, again.low)
        assert np.array_equal(once.after, again.after)
        assert psnr(once.low, inner) > psnr(once.low, aside)


def test_nothing_but_a_codec_is_left_where_no_share_says_so():
    worn = NOTHING.worn(CLIP, 3, 1)
    assert len(worn) == FRAMES
    assert psnr(worn[1], CLIP[1]) > 35


@pytest.mark.parametrize(
    "share",
    [one.name for one in fields(Wear) if one.name.endswith("_share")
     and one.name not in ("clean_share", "wide_share")],
)  # fmt: skip
def test_every_share_has_an_effect(share):
    clip = CLIP + COLOUR  # which tape smears
    with_it = replace(NOTHING, **{share: 1.0}).worn(clip, 1, 1)
    assert psnr(with_it[1], NOTHING.worn(clip, 1, 1)[1]) < 60


def test_every_old_codec_gives_every_frame_back():
    old = replace(NOTHING, old_share=1.0, qscale=(2, 2))
    seen = set()
    for number in range(16):
        seen.add(old._codec(np.random.default_rng(number)).encoder)
        worn = old.worn(CLIP, number, 2)
        assert len(worn) == FRAMES
        assert min(psnr(frame, CLIP[0]) for frame in worn) > 25
    assert seen == set(OLD_CODECS)


def test_a_scaled_clip_loses_columns_only_where_it_is_wide():
    wide = replace(NOTHING, scaling_share=1.0, scaling=(0.5, 0.5), wide_share=1.0)
    lines = np.zeros((8, 64, 64, 3), np.float32)
    lines[:, ::2] = 200  # only a change from row to row
    columns = lines.transpose(0, 2, 1, 3)
    assert psnr(wide.worn(lines, 0, 1)[1], lines[1]) > 25
    assert psnr(wide.worn(columns, 0, 1)[1], columns[1]) < 12
