from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from tests.woven import interlaced as interlaced_pictures
from vsr.frames import Extras, HostFrame, Layout
from vsr.media.clips.scene import render
from vsr.media.frames.deinterlace import deinterlace
from vsr.values import PtsSpan, Size

SIZE = Size(64, 48)
DV = Size(720, 480)
TEXT = slice(320, 432), slice(36, 432)
DIAGONALS = slice(48, 288), slice(460, 670)
"""Where the scene has them, in a frame of 720×480."""
LAYOUTS = (
    *(Layout(), Layout(10), Layout(8, 1, 0), Layout(10, 0, 0), Layout(8, 0, 0, is_gray=True)),
    *(Layout(12, 1, 0), Layout(16, 0, 0), Layout(16, 0, 0, is_gray=True)),
)


def bar_at(column: int, layout: Layout = Layout(), size: Size = SIZE) -> tuple[np.ndarray, ...]:
    """A soft bright bar on gray, at a column."""
    unit = 1 << (layout.bits - 8)
    distance = np.abs(np.arange(size.width) - column)
    row = 60 + 120 * np.clip(1 - distance / 8, 0, 1)
    luma = np.tile(row * unit, (size.height, 1)).astype(layout.dtype)
    chroma = [np.full(shape, 128 * unit, layout.dtype) for shape in layout.plane_shapes(size)[1:]]
    return (luma, *chroma)


def interlaced(
    index: int, *, is_top_first: bool = True, layout: Layout = Layout(), size: Size = SIZE
) -> HostFrame:
    """A bar that moves by 4 pixels from field to field."""
    early, late = (bar_at(8 + 8 * index + shift, layout, size) for shift in (0, 4))
    first, second = (0, 1) if is_top_first else (1, 0)
    planes = []
    for one, other in zip(early, late, strict=True):
        woven = np.empty_like(one)
        woven[first::2], woven[second::2] = one[first::2], other[second::2]
        planes.append(woven)
    return HostFrame(
        planes=tuple(planes),
        pts=index * 1001,
        layout=layout,
        is_interlaced=True,
        is_top_field_first=is_top_first,
        extras=Extras(captions=bytes([index])),
    )


def progressive(index: int) -> HostFrame:
    return HostFrame(planes=bar_at(8 + 8 * index), pts=index * 1001)


def same(one: Sequence[HostFrame], other: Sequence[HostFrame]) -> bool:
    return [frame.pts for frame in one] == [frame.pts for frame in other] and all(
        x.has_equal_planes(y) for x, y in zip(one, other, strict=True)
    )


def combing(frame: HostFrame) -> float:
    luma = frame.planes[0].astype(float)
    return float(np.abs(luma[1:-1] - (luma[:-2] + luma[2:]) / 2).mean())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_progressive_picture_leaves_for_each_that_came(layout: Layout) -> None:
    frames = [interlaced(index, layout=layout) for index in range(6)]
    done = list(deinterlace(frames))
    assert [frame.pts for frame in done] == [frame.pts for frame in frames]
    assert not any(frame.is_interlaced for frame in done)
    assert all(frame.layout == layout for frame in done)
    assert [frame.extras for frame in done] == [frame.extras for frame in frames]
    assert combing(done[3]) < combing(frames[3]) / 4


@pytest.mark.parametrize("is_top_first", [True, False])
def test_the_earlier_field_is_the_one_that_is_kept(is_top_first: bool) -> None:
    frames = [interlaced(index, is_top_first=is_top_first) for index in range(5)]
    middle = list(deinterlace(frames))[2]
    kept = 0 if is_top_first else 1
    assert np.array_equal(middle.planes[0][kept::2], frames[2].planes[0][kept::2])
    assert np.abs(middle.planes[0].astype(int) - bar_at(24)[0]).mean() < 1


def test_a_deeper_gray_picture_keeps_its_codes() -> None:
    layout = Layout(10, 0, 0, is_gray=True)
    frames = [interlaced(index, layout=layout) for index in range(3)]
    for before, after in zip(frames, deinterlace(frames), strict=True):
        assert np.array_equal(after.planes[0][::2], before.planes[0][::2])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_shortest_clips_come_out_whole(count: int) -> None:
    assert len(list(deinterlace([interlaced(index) for index in range(count)]))) == count


def test_odd_sizes_are_deinterlaced() -> None:
    frames = [interlaced(index, size=Size(61, 47)) for index in range(3)]
    assert [frame.size for frame in deinterlace(frames)] == [Size(61, 47)] * 3


def test_progressive_pictures_pass_untouched() -> None:
    frames = [progressive(0), progressive(1), interlaced(2), interlaced(3), progressive(4)]
    done = list(deinterlace(frames))
    assert [done[index] is frames[index] for index in range(5)] == [True, True, False, False, True]
    assert [frame.pts for frame in done] == [frame.pts for frame in frames]


def test_progressive_pictures_need_not_wait() -> None:
    def endless() -> Iterator[HostFrame]:
        index = 0
        while True:
            yield progressive(index)
            index += 1
            assert index < 4

    done = deinterlace(endless())
    assert [next(done).pts for _ in range(3)] == [0, 1001, 2002]


def test_a_change_of_field_order_is_followed() -> None:
    frames = [interlaced(index, is_top_first=index < 3) for index in range(6)]
    done = list(deinterlace(frames))
    assert [frame.pts for frame in done] == [frame.pts for frame in frames]
    for index, frame in enumerate(done):
        kept = 0 if index < 3 else 1
        assert np.array_equal(frame.planes[0][kept::2], frames[index].planes[0][kept::2])


@pytest.mark.parametrize("bob_step", [None, 1001])
@pytest.mark.parametrize("order", ["all", "mixed"])
def test_parts_with_one_picture_of_context_equal_the_whole(
    order: str, bob_step: int | None
) -> None:
    frames = [interlaced(index) for index in range(12)]
    if order == "mixed":
        frames[4] = replace(frames[4], is_interlaced=False)
        frames[8] = replace(frames[8], is_top_field_first=False)
    whole = list(deinterlace(frames, bob_step=bob_step))
    cuts = [0, 3, 4, 8, 9, 11, 12]
    parts: list[HostFrame] = []
    for start, end in pairwise(cuts):
        span = PtsSpan(frames[start].pts, frames[end].pts if end < 12 else None)
        part = frames[max(0, start - 1) : end + 1]
        parts += deinterlace(part, span, bob_step=bob_step)
    assert same(parts, whole)


def test_pictures_too_low_for_the_filter_pass() -> None:
    frames = [interlaced(index, size=Size(64, 6)) for index in range(2)]
    assert list(deinterlace(frames)) == frames
    bobbed = list(deinterlace(frames, bob_step=1001))
    assert [frame.pts for frame in bobbed] == [0, 2002]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("is_top_first", [True, False])
def test_bobbed_each_field_is_a_picture_of_its_own_time(layout: Layout, is_top_first: bool) -> None:
    frames = [interlaced(index, is_top_first=is_top_first, layout=layout) for index in range(6)]
    done = list(deinterlace(frames, bob_step=1001))
    assert [frame.pts for frame in done] == [1001 * field for field in range(12)]
    assert not any(frame.is_interlaced for frame in done)
    for field in range(2, 10):
        kept = (field + (not is_top_first)) % 2
        assert np.array_equal(done[field].planes[0][kept::2], frames[field // 2].planes[0][kept::2])
        truth = bar_at(8 + 4 * field, layout)[0].astype(int)
        unit = 1 << (layout.bits - 8)
        assert np.abs(done[field].planes[0].astype(int) - truth).mean() < 2 * unit


def test_captions_stay_with_the_first_field() -> None:
    done = list(deinterlace([interlaced(index) for index in range(3)], bob_step=1001))
    captions = [frame.extras.captions for frame in done]
    assert captions == [bytes([0]), None, bytes([1]), None, bytes([2]), None]


def test_the_second_field_is_half_a_frame_later_however_long_the_frame_stands() -> None:
    times = [0, 33, 67, 100, 5000, 5033]
    frames = [replace(interlaced(index), pts=pts) for index, pts in enumerate(times)]
    done = [frame.pts for frame in deinterlace(frames, bob_step=33)]
    assert done == [0, 33, 66, 100, 134, 167, 200, 233, 10000, 10033, 10066, 10099]
    alone = deinterlace(frames[:1], bob_step=33)
    assert [frame.pts for frame in alone] == [0, 33]


def test_progressive_pictures_among_bobbed_ones_stay_single() -> None:
    frames = [progressive(0), interlaced(1), interlaced(2), progressive(3)]
    done = list(deinterlace(frames, bob_step=1001))
    assert [frame.pts for frame in done] == [0, 2002, 3003, 4004, 5005, 6006]
    assert done[0].planes[0] is frames[0].planes[0]


def still_text(sigma: float, count: int) -> list[np.ndarray]:
    """The still scene with its text and its diagonals, and a little noise."""
    large = Image.fromarray(render(Size(1706, 960), 0.5))
    small = np.asarray(large.resize((DV.width, DV.height), Image.Resampling.BICUBIC))
    luma = small @ np.array([0.21, 0.72, 0.07])
    noise = np.random.default_rng(0).normal(0, sigma, (count, *luma.shape))
    return [np.clip(np.rint(luma + one), 0, 255).astype(np.uint8) for one in noise]


def flicker(pictures: Sequence[np.ndarray], window: tuple[slice, slice]) -> float:
    seen = [picture[window].astype(float) for picture in pictures[4:-4]]
    return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(seen)]))


@pytest.mark.parametrize("sigma", [1.0, 2.0])
@pytest.mark.parametrize("window", [TEXT, DIAGONALS])
def test_still_text_and_diagonals_do_not_flicker(sigma: float, window: tuple[slice, slice]) -> None:
    pictures = still_text(sigma, 20)
    layout = Layout(8, 0, 0, is_gray=True)
    frames = [
        HostFrame(planes=(woven,), pts=index, layout=layout, is_interlaced=True)
        for index, woven in enumerate(interlaced_pictures(pictures))
    ]
    done = [frame.planes[0] for frame in deinterlace(frames, bob_step=1)]
    assert len(done) == len(pictures)
    assert flicker(done, window) <= 1.2 * flicker(pictures, window)
