"""The measures of motion, shades and letters of the benchmark of looks, on made pictures."""

from itertools import pairwise

import numpy as np
import pytest

from tests.benchmarks.looks import motion, pages
from tests.benchmarks.looks.filters import gaussian
from tests.benchmarks.looks.flow import flow_between
from tests.benchmarks.looks.methods import lanczos
from tests.benchmarks.looks.score import lumas
from tests.benchmarks.looks.shades import shade, shading

SCALE = 4


def scene(seed=0, side=256, sigma=3.0):
    """A picture of soft blobs, in codes."""
    noise = np.random.default_rng(seed).standard_normal((side, side)).astype(np.float32)
    soft = gaussian(noise, sigma)
    return np.clip(128 + 40 * soft / soft.std(), 0, 255)


def panned(picture, frames, by, side=192):
    """Views of a picture that moves left by ``by`` pixels a frame."""
    return np.stack([picture[:side, by * i : by * i + side] for i in range(frames)])


def reduced(frames):
    count, rows, columns = frames.shape
    return frames.reshape(count, rows // SCALE, SCALE, columns // SCALE, SCALE).mean((2, 4))


def noise_like(frames, codes, seed=9):
    return codes * np.random.default_rng(seed).standard_normal(frames.shape).astype(np.float32)


def boiling_of(result, source):
    flows = [(i, flow_between(source[i], source[i + 1])) for i in range(len(source) - 1)]
    return motion.boiling(result, flows)


def test_flow_finds_a_motion_of_fractions_of_a_pixel():
    picture = scene(sigma=8.0)
    source = reduced(panned(picture, 2, 6))  # 1.5 source pixels to the left
    found = flow_between(*source)
    inner = found.motion[:, 12:-12, 12:-12]
    assert inner[0].median() == pytest.approx(-1.5, abs=0.05)
    assert inner[1].median() == pytest.approx(0, abs=0.05)
    assert found.is_believed[12:-12, 12:-12].float().mean() > 0.9


def test_what_travels_with_its_object_does_not_boil_and_noise_does():
    result = panned(scene(), 2, 6)
    source = reduced(result)
    steady = boiling_of(result, source)
    noisy = boiling_of(result + noise_like(result, 10), source)
    assert steady < 0.25
    assert noisy > 2 * steady


def test_a_grid_that_stays_behind_boils():
    result = panned(scene(), 2, 6)
    source = reduced(result)
    grid = 20.0 * (np.arange(192) % 4 == 0).astype(np.float32)
    assert boiling_of(result + grid, source) > boiling_of(result, source) + 0.1


def test_a_scene_that_stands_still_has_no_moving_places():
    still = panned(scene(), 3, 0)
    assert boiling_of(still, reduced(still)) is None


def test_a_panned_still_with_noise_of_each_frame_flickers():
    frames = panned(scene(), 4, 1)
    assert motion.panned_residual(frames, 1) == 0
    assert motion.panned_residual(frames + noise_like(frames, 5), 1) > 0.1
    assert motion.panned_residual(frames, 2) > 0.1  # a wrong motion is no rest


def test_still_places_flicker_by_the_deviation_of_their_noise():
    still = panned(scene(), 6, 0)
    source = reduced(still)
    flows = [flow_between(*pair) for pair in pairwise(source)]
    places = motion.still_places(source, flows, SCALE)
    assert places.mean() > 0.9
    noisy = still + noise_like(still, 3)
    assert motion.still_flicker(noisy, places) == pytest.approx(3, rel=0.03)
    assert motion.still_flicker(still, places) == pytest.approx(12**-0.5)


def test_what_moves_is_not_still():
    moving = reduced(panned(scene(), 4, 4))
    flows = [flow_between(*pair) for pair in pairwise(moving)]
    places = motion.still_places(moving, flows, SCALE)
    assert motion.still_flicker(np.zeros((4, 192, 192), np.float32), places) is None


def test_jumps_of_light_and_of_detail_at_key_frames_are_told_apart():
    still = panned(scene(), 10, 0)
    assert motion.pulsing(still, 5) == (0, 0)
    brighter = still + 2.0 * (np.arange(10) >= 5)[:, None, None]
    luma, detail = motion.pulsing(brighter, 5)
    assert luma == pytest.approx(2, abs=0.01)
    assert detail == pytest.approx(0, abs=1e-4)
    softer = np.stack([gaussian(one, 2.0) if i % 5 else one for i, one in enumerate(still)])
    luma, detail = motion.pulsing(softer, 5)
    assert luma < 1
    assert detail > 0.2


def test_a_jump_between_key_frames_is_no_pulsing():
    still = panned(scene(), 10, 0)
    wandering = still + 2.0 * (np.arange(10) == 3)[:, None, None]
    assert motion.pulsing(wandering, 5) == (0, 0)


def codes_of(frames):
    return np.stack([np.clip(np.round(frame), 0, 255).astype(np.uint8) for frame in frames])


def test_steps_of_four_codes_are_contours_and_lose_faint_detail():
    true = shade("dark", 1)
    fine = shading(codes_of(true), "dark")
    coarse = shading(codes_of([4 * np.round(frame / 4) for frame in true]), "dark")
    waxen = shading(codes_of([gaussian(frame, 12.0) for frame in true]), "dark")
    assert coarse.contours > 1.5 * fine.contours
    assert fine.contrast > 0.7
    assert waxen.contrast < 0.5 * fine.contrast


@pytest.fixture(scope="module")
def latin():
    try:
        return pages.page("latin", 3, 400, 320, SCALE)
    except OSError:
        pytest.skip("no DejaVu Sans on this machine")


def test_every_letter_of_a_clean_page_is_read(latin):
    picture, cells = latin
    assert len(cells) > 25
    found = pages.read(lumas(picture), cells, "latin", 0)
    assert found.wrong == 0
    assert found.margin > 0.1
    smeared = pages.read(gaussian(lumas(picture), 6.0), cells, "latin", 0)
    assert smeared.margin < found.margin / 2


def test_letters_are_still_read_after_a_small_move(latin):
    picture, cells = latin
    assert pages.read(lumas(np.roll(picture, -6, axis=1)), cells, "latin", 6).wrong == 0


def test_a_page_that_is_too_small_is_misread_and_wrong_letters_count(latin):
    picture, cells = latin
    tiny = picture[::20, ::20]
    blurred = lanczos(tiny).repeat(5, 0).repeat(5, 1)[:320, :400]
    assert pages.read(lumas(blurred), cells, "latin", 0).wrong > 0.3
    other, _ = pages.page("latin", 4, 400, 320, SCALE)
    assert pages.read(lumas(other), cells, "latin", 0).wrong > 0.9
