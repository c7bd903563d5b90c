"""What an analogue tape leaves of a film."""

from dataclasses import fields, replace

import numpy as np
import pytest

from vsr.training.damage.camera import FRAMES
from vsr.training.damage.degradation import DEGRADATIONS
from vsr.training.damage.tape import LUMA, Tape

SIDE = 64
ZERO = (0.0, 0.0)
PLAIN = Tape(
    clean_share=0.0, blur=ZERO, across=ZERO, smear=ZERO, bleed=ZERO, delay=ZERO, sharpening=ZERO,
    noise=ZERO, streaks=ZERO, specks=ZERO, field_share=0.0, crf=(8, 8), qscale=(1, 1),
)  # fmt: skip
"""A tape that loses nothing but what a good codec does."""


def clip(picture):
    """Return a still clip of a picture (n, n, 3)."""
    return np.broadcast_to(picture.astype(np.float32), (FRAMES, *picture.shape)).copy()


def bars(*, are_upright):
    """Gray bars, eight samples wide."""
    wave = np.where(np.arange(SIDE) // 8 % 2, 170.0, 80.0)
    plane = np.broadcast_to(wave if are_upright else wave[:, None], (SIDE, SIDE))
    return np.repeat(plane[..., None], 3, 2)


def red_square():
    """A red square of the luma of what is around."""
    picture = np.full((SIDE, SIDE, 3), 110.0)
    red = np.array((70.0, 0.0, 0.0))
    picture[16:32, 16:32] += red - red @ LUMA
    return picture


def worn(tape, picture, number=3):
    return np.stack(tape.worn(clip(picture), number, 1)).astype(float)


def contrast(frames):
    inner = frames[1:-1, 8:-8, 8:-8].mean(axis=-1)
    return inner.std()


def test_it_is_one_of_the_damages_and_the_same_for_a_number():
    tape = DEGRADATIONS["video-tape"]
    assert isinstance(tape, Tape)
    once, again = (worn(tape, red_square(), 5) for _ in range(2))
    assert once.shape == (FRAMES, SIDE, SIDE, 3)
    assert np.array_equal(once, again)
    assert not np.array_equal(once, worn(tape, red_square(), 6))


def test_nothing_is_lost_where_no_span_says_so():
    for picture in (bars(are_upright=True), red_square()):
        assert np.abs(worn(PLAIN, picture) - picture)[:, 4:-4, 4:-4].mean() < 4


def test_detail_is_lost_along_lines():
    tape = replace(PLAIN, blur=(3.0, 3.0))
    kept = [contrast(worn(tape, bars(are_upright=one))) for one in (True, False)]
    assert kept[0] < 0.6 * kept[1]


def test_colour_is_smeared_and_comes_late():
    def middle(frames):
        colour = np.abs((frames - (frames @ LUMA)[..., None])[2, 20:28, 8:56]).sum(axis=(0, 2))
        return (colour * np.arange(48)).sum() / colour.sum(), colour.max()

    place, most = middle(worn(PLAIN, red_square()))
    late, _ = middle(worn(replace(PLAIN, delay=(3.0, 3.0)), red_square()))
    _, smeared = middle(worn(replace(PLAIN, smear=(8.0, 8.0)), red_square()))
    assert 1.5 < late - place < 4.5
    assert smeared < 0.8 * most


def test_a_field_is_shown_in_each_frame_where_asked():
    lines = np.repeat(np.where(np.arange(SIDE) % 2, 140.0, 110.0)[:, None], SIDE, 1)
    picture = np.repeat(lines[..., None], 3, 2)
    shown = worn(replace(PLAIN, field_share=1.0), picture)[:, 8:-8, 8:-8].mean(axis=(1, 2, 3))
    assert np.abs(np.diff(shown)).min() > 15
    assert np.abs(np.diff(worn(PLAIN, picture).mean(axis=(1, 2, 3)))).max() < 3


@pytest.mark.parametrize(
    "name", [one.name for one in fields(Tape) if one.type == "Bounds" and one.name[0] != "c"]
)
def test_every_span_has_an_effect(name):
    most = {name: (40.0, 40.0) if name == "qscale" else (4.0, 4.0)}
    picture = (bars(are_upright=True) + bars(are_upright=False)) / 2 + red_square() - 110
    assert np.abs(worn(replace(PLAIN, **most), picture, 1) - worn(PLAIN, picture, 1)).max() > 3
