"""The step: as many frames, at their times, and a part is as it is in the whole."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.upscaling.steady.scenes import shown, texture
from vsr.frames import HostFrame, Layout
from vsr.upscaling.steady.step import CONTEXT, steadied


def frames(count: int = 7, bits: int = 8) -> list[HostFrame]:
    whole = texture(32, 48)
    rng = np.random.default_rng(0)
    found = []
    for at in range(count):
        luma = shown(whole, 0.5 * at, -1.25 * at).astype(np.uint16) << (bits - 8)
        chroma = rng.integers(0, 1 << bits, (2, 16, 24)).astype(np.uint16)
        layout = Layout(bits)
        planes = tuple(plane.astype(layout.dtype) for plane in (luma, *chroma))
        found.append(HostFrame(planes=planes, pts=3 * at, layout=layout))
    return found


def boiling(given: Iterator[HostFrame]) -> Iterator[HostFrame]:
    """Twice as large, with noise that each frame draws by its time."""
    for frame in given:
        rng = np.random.default_rng(frame.pts)
        planes = []
        for plane in frame.planes:
            large = plane.repeat(2, 0).repeat(2, 1).astype(np.int32)
            noise = rng.normal(0, 5 << (frame.layout.bits - 8), large.shape)
            peak = (1 << frame.layout.bits) - 1
            planes.append(np.clip(np.rint(large + noise), 0, peak).astype(plane.dtype))
        yield frame.with_pixels(tuple(planes))


def run(given: list[HostFrame]) -> list[HostFrame]:
    return list(steadied(boiling)(iter(given)))


def test_every_frame_comes_once_at_its_time_with_other_luma_and_its_own_chroma():
    given = frames()
    made, plain = run(given), list(boiling(iter(given)))
    assert [one.pts for one in made] == [one.pts for one in given]
    for own, before in zip(made, plain, strict=True):
        assert not np.array_equal(own.planes[0], before.planes[0])
        assert all(map(np.array_equal, own.planes[1:], before.planes[1:]))


@pytest.mark.parametrize("bits", [8, 10])
def test_a_part_with_its_context_is_as_in_the_whole(bits: int):
    given = frames(bits=bits)
    whole = {one.pts: one for one in run(given)}
    for first, end in ((0, 3), (2, 5), (4, 7), (3, 4)):
        before, after = given[max(first - CONTEXT, 0) : first], given[end : end + CONTEXT]
        beside = ([one.as_context() for one in each] for each in (before, after))
        earlier, later = beside
        part = run([*earlier, *given[first:end], *later])
        assert [one.pts for one in part] == [one.pts for one in given[first:end]]
        assert all(one.has_equal_planes(whole[one.pts]) for one in part)


def test_deeper_frames_are_mixed_as_shallow_ones_are():
    shallow, deep = run(frames()), run(frames(bits=12))
    for one, other in zip(shallow, deep, strict=True):
        off = one.planes[0].astype(np.int32) * 16 - other.planes[0]
        assert np.abs(off).mean() < 16


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_frames_are_enough(count: int):
    given = frames(count)
    made = run(given)
    assert [one.pts for one in made] == [one.pts for one in given]
    if count == 1:
        assert made[0].has_equal_planes(next(boiling(iter(given))))


def test_a_frame_shown_again_stays_the_same():
    first, second = list(boiling(iter(frames(2))))
    given = [first, first, first, second, second]
    repeated = [replace(one, pts=at) for at, one in enumerate(given)]
    made = list(steadied(boiled_once)(iter(repeated)))
    assert all(one.has_equal_planes(made[0]) for one in made[1:3])
    assert made[3].has_equal_planes(made[4])


def boiled_once(given: Iterator[HostFrame]) -> Iterator[HostFrame]:
    """With noise that a picture draws, whenever it is shown."""
    for frame in given:
        (made,) = boiling(iter([replace(frame, pts=int(frame.planes[0].sum()))]))
        yield replace(made, pts=frame.pts)


def test_no_thread_is_left_when_it_is_left_early():
    before = set(threading.enumerate())
    flow = steadied(boiling)(iter(frames()))
    next(flow)
    flow.close()
    assert set(threading.enumerate()) <= before


def test_an_error_in_a_frame_reaches_the_caller():
    def broken() -> Iterator[HostFrame]:
        yield from frames(3)
        raise ValueError("the disk is gone")

    with pytest.raises(ValueError, match="the disk is gone"):
        list(steadied(boiling)(broken()))
