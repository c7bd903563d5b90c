"""The plan cuts a clip without gap or overlap, where decoding can begin if possible."""

from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from random import Random

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clips import index_of, write_clip
from tests.media.torn import tearing
from vsr.errors import InvalidOption
from vsr.media.frames.telecine import Pulldown, at_cycles, pictures_in
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.resume.segments import (
    FEWEST_FRAMES,
    MOST_FRAMES,
    Segment,
    cut_places,
    frames_per_segment,
    plan,
)
from vsr.values import PtsSpan, TimeRange


def indices_of(path: Path, segments: tuple[Segment, ...]) -> list[list[int]]:
    """Read each segment by itself, as a worker does."""
    info = probe(path)
    read = []
    for segment in segments:
        with Reader.open(path, info, segment.span) as reader:
            read.append([index_of(frame.planes[0]) for frame in reader.frames()])
    return read


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("a.mp4", {"b_frames": 3}),
        ("a.mkv", {"codec": "libx265", "b_frames": 3}),
        ("open.mkv", {"codec": "libx265", "options": {"x265-params": "open-gop=1:keyint=10"}}),
        ("one-key.mp4", {"gop": 1000}),
        ("a.webm", {"codec": "libvpx-vp9"}),
        ("a.avi", {"codec": "mpeg4", "b_frames": 2}),
        ("a.h264", {"b_frames": 2}),
        ("late.mkv", {"pts": [31 + index for index in range(48)]}),
        ("a.ts", {"b_frames": 2}),
    ],
)
@pytest.mark.parametrize("frames", [1, 7, 12, 100])
def test_each_picture_is_in_exactly_one_segment(
    tmp_path: Path, name: str, clip: dict[str, object], frames: int
) -> None:
    path = write_clip(tmp_path / name, frames=48, **clip)
    segments = plan(probe(path), frames)
    read = indices_of(path, segments)
    assert list(chain(*read)) == list(range(48))
    assert [len(part) for part in read] == [segment.frames for segment in segments]


def test_cuts_lie_at_key_frames(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", frames=60, gop=12, b_frames=0)
    assert [segment.frames for segment in plan(probe(path), 10)] == [12, 12, 12, 12, 12]


def test_what_lies_behind_a_broken_place_is_planned_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "a.mp4", frames=60, gop=12, b_frames=0)
    broken = {5: av.InvalidDataError(1, "invalid data"), 30: EOFError()}
    monkeypatch.setattr("vsr.media.splices.splice_search.open_input", tearing(broken))
    assert [segment.frames for segment in plan(probe(path), 10)] == [12, 12, 12, 12, 12]
    (part,) = plan(probe(path), time=TimeRange(start_seconds=2.0))
    assert part.frames == 10


def test_a_short_clip_is_one_segment_open_on_both_sides(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", frames=10)
    assert plan(probe(path)) == (Segment(0, PtsSpan(), 10),)


def test_a_source_without_times_is_not_read_again_too_often(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.h264", frames=100)
    assert 1 < len(plan(probe(path), 2)) <= 8


@pytest.mark.parametrize(
    ("time", "wanted"),
    [
        (TimeRange(start_seconds=1.0), range(25, 50)),
        (TimeRange(end_seconds=1.0), range(25)),
        (TimeRange(start_seconds=0.4, end_seconds=1.2), range(10, 30)),
        (TimeRange(start_seconds=0.41, end_seconds=1.21), range(11, 31)),
        (TimeRange(max_frames=7), range(7)),
        (TimeRange(start_seconds=1.0, max_frames=7), range(25, 32)),
        (TimeRange(start_seconds=1.0, end_seconds=1.2, max_frames=7), range(25, 30)),
        (TimeRange(max_frames=5000), range(50)),
    ],
)
@pytest.mark.parametrize("start", [0, 37])
def test_a_part_holds_the_pictures_that_begin_in_it(
    tmp_path: Path, time: TimeRange, wanted: range, start: int
) -> None:
    pts = [start + index for index in range(50)]
    path = write_clip(tmp_path / "a.mkv", frames=50, pts=pts, b_frames=2)
    assert list(chain(*indices_of(path, plan(probe(path), 6, time)))) == list(wanted)


def test_seconds_are_decimal_not_binary(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", frames=20, rate=Fraction(10))
    time = TimeRange(start_seconds=0.3, end_seconds=0.7)
    assert list(chain(*indices_of(path, plan(probe(path), time=time)))) == [3, 4, 5, 6]


def test_an_empty_part_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", frames=20)
    words = "no frame between --start and --end. Change them: it is 0.8 s long"
    with pytest.raises(InvalidOption, match=words):
        plan(probe(path), time=TimeRange(start_seconds=10, end_seconds=11))
    words = "no frame after --start. Choose an earlier time: it is 0.8 s long"
    with pytest.raises(InvalidOption, match=words):
        plan(probe(path), time=TimeRange(start_seconds=10))


def test_a_segment_is_about_a_minute_and_a_half_of_work() -> None:
    assert frames_per_segment(0.1) == 900
    assert frames_per_segment(100) == FEWEST_FRAMES
    assert frames_per_segment(0) == MOST_FRAMES


@given(
    st.lists(st.integers(-1000, 100_000), min_size=1, max_size=200, unique=True),
    st.integers(1, 60),
    st.randoms(use_true_random=False),
)
def test_cuts_rise_and_leave_no_small_rest(times: list[int], frames: int, random: Random) -> None:
    times.sort()
    keys = sorted(random.sample(times, len(times) // 7))
    places = cut_places(times, keys, frames)
    edges = [0, *places, len(times)]
    lengths = [b - a for a, b in pairwise(edges)]
    assert sum(lengths) == len(times)
    assert all(frames <= length <= 2 * frames for length in lengths[:-1])
    assert lengths[-1] < 2 * frames
    assert not places or lengths[-1] >= frames // 2


@given(st.integers(0, 4), st.integers(8, 60), st.integers(1, 40))
def test_segments_of_a_film_begin_with_a_cycle_and_hold_all_its_pictures(
    first: int, count: int, frames: int
) -> None:
    times = [10 * index for index in range(count)]
    film = Pulldown(boundary=10 * first, step=10)
    places = at_cycles(times, cut_places(times, times[::7], frames), film)
    assert all(place % 5 == first for place in places)
    assert places == sorted(set(places))
    held = pictures_in(times, places, film)
    assert len(held) == len(places) + 1
    assert sum(held) == sum(pictures_in(times, [], film))


def test_no_segment_of_a_film_begins_behind_a_hole() -> None:
    times = [*range(0, 200, 10), *range(2000, 2200, 10)]
    film = Pulldown(step=10)
    assert at_cycles(times, [18, 20], film) == [25]
    assert at_cycles(times, [39], film) == []
