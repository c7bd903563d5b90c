"""Inverse telecine: the film's own pictures, each once, in even times."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import pairwise

import av
import numpy as np
import pytest
from av.filter import Graph
from PIL import Image

from tests.woven import interlaced, telecined
from vsr.frames import Extras, HostFrame, Layout
from vsr.media.clips.scene import render
from vsr.media.frames.inverse_telecine import CONTEXT, inverse_telecine
from vsr.media.frames.planes import video_frame_of
from vsr.media.frames.telecine import Cycles, Pulldown, starts_of
from vsr.values import PtsSpan, Size

SIZE = Size(160, 96)
STEP = 1001
COUNT = 24


@cache
def film(bits: int = 8) -> list[tuple[np.ndarray, ...]]:
    """The moving scene, picture by picture."""
    pictures = []
    for index in range(COUNT):
        large = Image.fromarray(render(Size(320, 192), index / 6))
        small = large.resize((SIZE.width, SIZE.height), Image.Resampling.BOX)
        luma = np.asarray(small).astype(float).mean(axis=2) * (1 << bits - 8)
        dtype = Layout(bits).dtype
        chroma = np.full((SIZE.height // 2, SIZE.width // 2), 100 + index, dtype)
        pictures.append((luma.astype(dtype), chroma, chroma + dtype.type(20)))
    return pictures


def frames_of(
    planes: Iterable[tuple[np.ndarray, ...]], *, is_top_first: bool = True, bits: int = 8
) -> list[HostFrame]:
    return [
        HostFrame(
            planes=one,
            pts=STEP * index,
            layout=Layout(bits),
            is_interlaced=True,
            is_top_field_first=is_top_first,
            extras=Extras(captions=bytes([0xFC, index, index])),
        )
        for index, one in enumerate(planes)
    ]


def telecine(*, first: int = 0, is_top_first: bool = True, bits: int = 8) -> list[HostFrame]:
    each = zip(*film(bits))
    woven = [telecined(plane, first=first, is_top_first=is_top_first) for plane in each]
    return frames_of(zip(*woven), is_top_first=is_top_first, bits=bits)


def pictures_in(frames: Iterable[HostFrame], bits: int = 8) -> list[int]:
    """Return which picture of the film each frame is, exactly."""
    found = []
    for frame in frames:
        same = [
            index
            for index, planes in enumerate(film(bits))
            if all(np.array_equal(a, b) for a, b in zip(planes, frame.planes, strict=True))
        ]
        found.append(same[0] if same else -1)
    return found


def same(one: list[HostFrame], other: list[HostFrame]) -> bool:
    return [(a.pts, a.extras) for a in one] == [(b.pts, b.extras) for b in other] and all(
        a.has_equal_planes(b) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("is_top_first", [True, False])
@pytest.mark.parametrize("bits", [8, 10])
def test_every_picture_of_the_film_comes_back_once_and_exactly(is_top_first: bool, bits: int):
    frames = telecine(is_top_first=is_top_first, bits=bits)
    done = list(inverse_telecine(frames, PtsSpan(), Pulldown(is_top_first=is_top_first, step=STEP)))
    assert len(frames) == 30
    assert pictures_in(done, bits) == list(range(COUNT))
    assert [frame.pts for frame in done] == [5 * STEP * index for index in range(COUNT)]
    assert not any(frame.is_interlaced for frame in done)


def test_of_several_repetitions_that_of_the_pulldown_goes():
    held = [[planes[index // 2 * 2] for index in range(COUNT)] for planes in zip(*film())]
    frames = frames_of(zip(*(telecined(plane) for plane in held)))
    done = list(inverse_telecine(frames, PtsSpan(), Pulldown(step=STEP)))
    assert pictures_in(done) == [index // 2 * 2 for index in range(COUNT)]


@pytest.mark.parametrize("skipped", range(5))
def test_a_film_may_begin_anywhere_in_its_cycle(skipped: int):
    frames = telecine()[skipped:]
    boundary = 5 * STEP if skipped else 0
    done = list(inverse_telecine(frames, PtsSpan(), Pulldown(boundary=boundary, step=STEP)))
    first = [0, 3, 2, 2, 1][skipped]
    assert pictures_in(done)[first:] == list(range(4 if skipped else 0, COUNT))
    times = [frame.pts for frame in done]
    assert times[first:] == [4 * boundary + 5 * STEP * index for index in range(len(done) - first)]
    assert times[:first] == [
        4 * frames[0].pts + 4 * (5 - skipped) * STEP * index // first for index in range(first)
    ]


@pytest.mark.parametrize("first", [0, 1])
def test_a_dropped_frame_leaves_its_captions(first: int):
    done = list(inverse_telecine(telecine(first=first), PtsSpan(), Pulldown(step=STEP)))
    captions = b"".join(frame.extras.captions or b"" for frame in done)
    assert captions[1::3] == bytes(range(30))


def test_captions_that_do_not_fit_lose_their_padding():
    full = b"".join(bytes([0xFC if index < 12 else 0xF8, index, 0]) for index in range(20))
    frames = [replace(frame, extras=Extras(captions=full)) for frame in telecine()[:5]]
    done = list(inverse_telecine(frames, PtsSpan(), Pulldown(step=STEP)))
    sizes = sorted(len(frame.extras.captions or b"") // 3 for frame in done)
    assert sizes == [20, 20, 20, 24]


@pytest.mark.parametrize("cuts", [(0, 30), (0, 5, 30), (0, 10, 15, 20, 25, 30), (0, 25, 30)])
@pytest.mark.parametrize("kind", ["film", "combed", "gap"])
def test_parts_that_begin_with_a_cycle_equal_the_whole(cuts: tuple[int, ...], kind: str):
    frames = telecine()
    if kind == "combed":
        lumas = [picture[0] for picture in film()] * 2
        woven = list(interlaced(lumas))
        for index in range(8, 17):
            planes = (woven[index], *frames[index].planes[1:])
            frames[index] = replace(frames[index], planes=planes)
    if kind == "gap":
        frames = [replace(f, pts=f.pts + 50 * STEP * (i >= 15)) for i, f in enumerate(frames)]
    spec = Pulldown(step=STEP)
    whole = list(inverse_telecine(frames, PtsSpan(), spec))
    parts: list[HostFrame] = []
    for start, end in pairwise(cuts):
        span = PtsSpan(frames[start].pts, frames[end].pts if end < 30 else None)
        part = frames[max(0, start - CONTEXT) : end + CONTEXT]
        parts += inverse_telecine(part, span, spec)
    assert len(whole) == COUNT
    assert same(parts, whole)


def test_the_cycles_are_those_of_the_plan():
    times = [STEP * index for index in range(12)]
    assert starts_of(times, Pulldown(boundary=3 * STEP, step=STEP)) == [0, 3, 8]
    late = [*times[:7], *(time + 20 * STEP for time in times[7:])]
    assert starts_of(late, Pulldown(step=STEP)) == [0, 5, 7]
    frames = [replace(frame, pts=pts) for frame, pts in zip(telecine(), late)]
    cycles = Cycles(Pulldown(step=STEP))
    made = sum(cycles.made_of(frame) for frame in frames)
    assert made == len(list(inverse_telecine(frames, PtsSpan(), Pulldown(step=STEP)))) == 10


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 9])
def test_the_shortest_films_come_out(count: int):
    frames = telecine()[:count]
    done = list(inverse_telecine(frames, PtsSpan(), Pulldown(step=STEP)))
    cycles = Cycles(Pulldown(step=STEP))
    assert len(done) == sum(cycles.made_of(frame) for frame in frames)
    times = [frame.pts for frame in done]
    assert times == sorted(set(times))
    assert all(0 <= pts < 4 * STEP * count for pts in times)


def test_what_does_not_match_is_deinterlaced():
    distance = np.abs(np.arange(SIZE.width) - 6 * np.arange(COUNT)[:, None])
    rows = (60 + 120 * np.clip(1 - distance / 12, 0, 1)).astype(np.uint8)
    lumas = [np.tile(row, (SIZE.height, 1)) for row in rows]
    planes = [(luma, *film()[0][1:]) for luma in interlaced(lumas)]
    said: list[str] = []
    done = list(inverse_telecine(frames_of(planes), PtsSpan(), Pulldown(step=STEP), said.append))
    assert said == ["2 of 3 cycles of five frames are not telecined: they were deinterlaced."]

    def combing(luma: np.ndarray) -> float:
        rows = luma.astype(float)
        return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean())

    before = np.mean([combing(one[0]) for one in planes])
    assert np.mean([combing(frame.planes[0]) for frame in done]) < 0.3 * before


def test_the_frames_that_are_dropped_are_those_of_decimate():
    frames = telecine(first=1)
    graph = Graph()
    size = f"{SIZE.width}x{SIZE.height}"
    source = graph.add(
        "buffer", video_size=size, pix_fmt="yuv420p", time_base="1/30", frame_rate="30/1"
    )
    match, drop = graph.add("fieldmatch", "order=tff:mchroma=0"), graph.add("decimate", "cycle=5")
    graph.link_nodes(source, match, drop, graph.add("buffersink")).configure()
    for index, frame in enumerate(frames):
        picture = video_frame_of(frame.planes, "yuv420p")
        picture.pts = index
        graph.vpush(picture)
    graph.vpush(None)
    theirs = []
    while True:
        try:
            pulled = graph.vpull()
        except (av.BlockingIOError, EOFError):
            break
        plane = pulled.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        theirs.append(rows[:, : plane.width].copy())
    mine = [frame.planes[0] for frame in inverse_telecine(frames, PtsSpan(), Pulldown(step=STEP))]
    assert len(mine) == len(theirs) == COUNT
    assert all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))
