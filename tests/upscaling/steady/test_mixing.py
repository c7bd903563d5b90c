from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.upscaling.steady.scenes import shown, texture
from vsr.frames import Plane
from vsr.upscaling.steady.likeness import WHOLE, Neighbour, shares
from vsr.upscaling.steady.mixing import HALVES, Mixer
from vsr.upscaling.steady.motion import PARTS, Seen

ROWS, COLUMNS = 64, 96
RATIOS = [(4, 4), (2, 2), (1.5, 1.5), (1, 1), (2.25, 2)]


def noisy(frame: Plane, deviation: float, seed: int) -> Plane:
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, deviation, frame.shape)
    return np.clip(np.rint(frame + noise), 0, 255).astype(np.uint8)


def mixed(sources: list[Plane], made: list[Plane]) -> Plane:
    """The middle one of three frames."""
    mixer = Mixer(sources[0].shape, made[0].shape)
    details = [mixer.detail(*both) for both in zip(made, sources, strict=True)]
    seen = [Seen(one) for one in sources]
    others = [(Neighbour.of(seen[1], seen[at]), mixer.refined(details[at])) for at in (0, 2)]
    return mixer.mixed(made[1], details[1], others)


def error(one: Plane, other: Plane) -> float:
    inner = np.s_[16:-16, 16:-16]
    return float(np.sqrt(np.square(one[inner].astype(float) - other[inner]).mean()))


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("step", [(0.5, -1.25), (3.0, 0.25)])
def test_noise_of_what_is_drawn_falls_along_the_motion(ratio, step):
    whole = texture(ROWS, COLUMNS)
    size = round(ROWS * ratio[0]), round(COLUMNS * ratio[1])
    sources = [shown(whole, at * step[0], at * step[1]) for at in range(3)]
    mixer = Mixer((ROWS, COLUMNS), size)
    bases = [mixer.detail(np.zeros(size, np.uint8), one) // -HALVES for one in sources]
    truth = [np.clip(one, 0, 255).astype(np.uint8) for one in bases]
    made = [noisy(one, 6, at) for at, one in enumerate(truth)]
    before, after = error(made[1], truth[1]), error(mixed(sources, made), truth[1])
    assert after < 0.75 * before  # √⅓ at best


def test_what_comes_into_view_is_left_alone():
    whole, new = texture(ROWS, COLUMNS), np.s_[24:40, 40:60]
    sources = [shown(whole, 0, at) for at in range(3)]
    sources[1] = sources[1].copy()
    sources[1][new] = 255 - sources[1][new]
    made = [noisy(one.repeat(4, 0).repeat(4, 1), 6, at) for at, one in enumerate(sources)]
    found = mixed(sources, made)
    inner = np.s_[4 * 28 : 4 * 36, 4 * 44 : 4 * 56]
    assert np.array_equal(found[inner], made[1][inner])


def test_a_thin_thing_leaves_no_trace_where_it_is_in_another_frame():
    def sky(at: int) -> Plane:
        frame = np.full((ROWS, COLUMNS), 150, np.uint8)
        frame[:, 30 + 12 * at] = 120  # a pole, too fast to be followed
        frame[20, 50 + 14 * at] = 90  # a bird
        return noisy(frame, 0.7, at)

    sources = [sky(at) for at in range(3)]
    made = []
    for at, source in enumerate(sources):
        large = source.repeat(4, 0).repeat(4, 1).astype(int)
        made.append(noisy(np.clip(2 * large - 150, 0, 255), 1, at))  # twice as dark
    found = mixed(sources, made)
    for thing in (30, 54, 50, 78):
        there = np.s_[:, 4 * thing - 8 : 4 * thing + 12]
        off = (found[there].astype(int) - made[1][there]).mean(0)
        assert np.abs(off).max() < 1
    off = found[72:92].astype(int) - made[1][72:92]
    assert np.abs(off).max() <= 6  # noise alone


def test_another_scene_counts_for_nothing():
    sources = [shown(texture(ROWS, COLUMNS, seed), 0, 0) for seed in range(3)]
    made = [noisy(one.repeat(2, 0).repeat(2, 1), 6, at) for at, one in enumerate(sources)]
    assert (mixed(sources, made) == made[1]).mean() > 0.9


def test_a_frame_that_repeats_another_stays_a_repetition_beside_one_that_moves():
    whole = texture(ROWS, COLUMNS)
    still, moved = shown(whole, 0, 0), shown(whole, 1, 2)
    made = [noisy(one.repeat(4, 0).repeat(4, 1), 6, 0) for one in (still, moved)]
    found = mixed([still, still, moved], [made[0], made[0], made[1]])
    assert np.array_equal(found, made[0])


def test_a_scene_that_stands_still_is_averaged_though_codecs_repeat_it():
    base = shown(texture(ROWS, COLUMNS), 0, 0)
    sources = [noisy(base, 2, seed) for seed in (0, 1, 1)]
    large = base.repeat(4, 0).repeat(4, 1)
    made = [noisy(large, 6, seed) for seed in (0, 1, 1)]
    assert error(mixed(sources, made), large) < 0.85 * error(made[1], large)


@pytest.mark.parametrize(("bits", "source_bits"), [(8, 8), (10, 10), (10, 8), (16, 12), (16, 16)])
def test_detail_is_what_a_frame_has_beyond_its_smoothed_and_enlarged_source(
    bits: int, source_bits: int
):
    rng = np.random.default_rng(0)
    source = rng.integers(0, 1 << source_bits, (16, 20)).astype(np.uint16)
    luma = rng.integers(0, 1 << bits, (64, 80)).astype(np.uint16)
    down, across = (lines(side, 4 * side) @ smoothing(side) for side in source.shape)
    base = down @ source @ across.T * 2.0 ** (bits - source_bits)
    found = Mixer((16, 20), (64, 80), bits, source_bits).detail(luma, source)
    span = 2.0 ** (bits - 8)
    off = np.abs(found / HALVES - (luma - base))
    assert off.max() <= 0.5 + 2 * span  # places in 1/128


def lines(side: int, target: int) -> NDArray[np.float64]:
    """A side enlarged by lines between the middles of its pixels."""
    places = (np.arange(target) + 0.5) * side / target - 0.5
    return np.stack([np.interp(places, np.arange(side), one) for one in np.eye(side)], 1)


def smoothing(side: int) -> NDArray[np.float64]:
    """Means of two, [1 2 1] of them, and lines between their middles."""
    half = side // 2
    means = np.kron(np.eye(half), [[0.5, 0.5]])
    held = np.pad(np.eye(half), ((1, 1), (0, 0)), mode="edge")
    weighed = (held[:-2] + 2 * held[1:-1] + held[2:]) / 4
    places = (np.arange(side) + 0.5) / 2 - 0.5
    between = np.stack([np.interp(places, np.arange(half), one) for one in np.eye(half)], 1)
    found: NDArray[np.float64] = between @ weighed @ means
    return found


def test_the_largest_differences_fit_their_numbers():
    black, white = (np.full((16, 16), code, np.uint8) for code in (0, 255))
    source = np.full((16, 16), 128, np.uint8)
    seen = Seen(source)
    mixer = Mixer((16, 16), (64, 64))
    large = [one.repeat(4, 0).repeat(4, 1) for one in (black, white)]
    details = [mixer.detail(one, source) for one in large]
    one = Neighbour.of(seen, seen)
    for own, other, expected in ((0, 1, 170), (1, 0, 85)):
        found = mixer.mixed(large[own], details[own], [(one, details[other])] * 2)
        assert np.abs(found.astype(int) - expected).max() <= 255 / WHOLE + 1


@pytest.mark.parametrize("ratio", [1.5, 4])
@pytest.mark.parametrize("axis", [0, 1])
def test_no_place_lies_beyond_the_frame_or_in_another_row(ratio: float, axis: int):
    still = Neighbour.repeated(Seen(np.zeros((ROWS, COLUMNS), np.uint8)))
    wild = np.zeros_like(still.moves)
    wild[axis] = np.random.default_rng(0).integers(-99 * PARTS, 99 * PARTS, (ROWS, COLUMNS))
    far = replace(still, moves=wild, stays=np.zeros_like(still.stays))
    size = round(ROWS * ratio), round(COLUMNS * ratio)
    mixer = Mixer((ROWS, COLUMNS), size)
    place = mixer._places + mixer._offsets(far)[mixer._row_of][:, mixer._column_of]
    fine = size[0] * mixer.finer, size[1] * mixer.finer
    before, after = (np.unravel_index(one, fine) for one in (mixer._places, place))
    assert np.array_equal(before[1 - axis], after[1 - axis])
    assert not np.array_equal(before[axis], after[axis])


def test_shares_of_three_like_frames_are_thirds():
    seen = Seen(np.full((16, 16), 100, np.uint8))
    one = Neighbour.of(seen, seen)
    found = shares([one, one], (16, 16))
    assert all((share == round(WHOLE / 3)).all() for share in found)
    assert Neighbour.repeated(seen).newness.shape == one.newness.shape
