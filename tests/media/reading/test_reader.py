"""Every picture of a file comes out once, in order, with its time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import Audio, indices_in, pts_in, write_clip
from tests.composed import write_captioned
from tests.media.read_back import OPEN_GOP, identity, indices, read
from vsr.media.clock import Timing
from vsr.media.reading.probe import probe
from vsr.values import Size


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("b_frames.mp4", {"b_frames": 3}),
        ("open_gop.mp4", {"codec": "libx265", "options": OPEN_GOP, "gop": None}),
        ("ten_bits.mkv", {"codec": "libx265", "pix_fmt": "yuv420p10le"}),
        ("clip.webm", {"codec": "libvpx-vp9"}),
        ("clip.ts", {"b_frames": 2}),
        ("clip.mpg", {"codec": "mpeg2video", "b_frames": 2}),
        ("clip.flv", {}),
        ("clip.avi", {"codec": "mpeg4"}),
        ("clip.y4m", {"codec": "wrapped_avframe"}),
        ("clip.mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le"}),
        ("clip.nut", {"codec": "ffv1", "pix_fmt": "yuv444p"}),
        ("interlaced.mkv", {"is_interlaced": True}),
        ("odd.mkv", {"codec": "ffv1", "size": Size(97, 65)}),
        ("ntsc.mkv", {"rate": Fraction(30000, 1001), "time_base": Fraction(1, 1000)}),
    ],
)
def test_every_picture_comes_out_in_order_with_its_time(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    path = write_clip(tmp_path / name, **options)
    frames, damage = read(path)
    assert indices(frames) == list(range(48))
    assert [frame.pts for frame in frames] == pts_in(path)
    assert not damage


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1", "libvpx-vp9"])
@pytest.mark.parametrize("count", [1, 2])
def test_the_shortest_clips_are_read_whole(tmp_path: Path, codec: str, count: int) -> None:
    path = write_clip(tmp_path / "short.mkv", codec=codec, frames=count)
    assert indices(read(path)[0]) == list(range(count))


def test_variable_frame_rates_keep_every_time(tmp_path: Path) -> None:
    times = [40 * index + 7 * (index % 3) for index in range(48)]
    path = write_clip(tmp_path / "vfr.mkv", time_base=Fraction(1, 1000), pts=times, b_frames=2)
    assert [frame.pts for frame in read(path)[0]] == times


def test_negative_times_are_kept(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "negative.nut",
        codec="ffv1",
        time_base=Fraction(1, 1000),
        pts=[40 * index - 500 for index in range(48)],
    )
    assert read(path)[0][0].pts == pts_in(path)[0]


def test_a_late_start_is_kept(tmp_path: Path) -> None:
    times = [1500 + 40 * index for index in range(48)]
    path = write_clip(
        tmp_path / "late.mkv", time_base=Fraction(1, 1000), pts=times, audio=[Audio()]
    )
    assert [frame.pts for frame in read(path)[0]] == times


def test_avi_without_times_gets_exact_ones(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "old.avi", b_frames=3)
    frames, damage = read(path)
    assert probe(path).video.timing is Timing.DECODING_ORDER
    assert indices(frames) == list(range(48))
    assert [frame.pts - frames[0].pts for frame in frames] == list(range(48))
    assert not damage


def test_raw_h264_is_timed_by_its_frame_rate(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "raw.h264", b_frames=2, rate=Fraction(30000, 1001))
    frames, damage = read(path)
    video = probe(path).video
    assert video.frame_rate is not None
    step = 1 / (video.frame_rate * video.time_base)
    assert indices(frames) == list(range(48))
    assert [frame.pts for frame in frames] == [round(index * step) for index in range(48)]
    assert not damage


def test_pictures_outlive_their_reader(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    kept, _ = read(path)
    read(write_clip(tmp_path / "other.mp4", first_index=500))
    assert indices(kept) == list(range(48))


def test_the_number_of_threads_changes_nothing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", b_frames=3)
    one, many = read(path, thread_count=1)[0], read(path, thread_count=4)[0]
    assert [identity(frame) for frame in one] == [identity(frame) for frame in many]


def test_captions_travel_with_their_pictures(tmp_path: Path) -> None:
    texts = write_captioned(tmp_path / "captioned.h264")
    assert [frame.extras.captions for frame in read(tmp_path / "captioned.h264")[0]] == texts


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
@pytest.mark.parametrize("is_top", [True, False])
def test_interlaced_pictures_say_which_field_is_first(
    tmp_path: Path, codec: str, is_top: bool
) -> None:
    path = write_clip(
        tmp_path / "i.mkv", is_interlaced=True, is_top_first=is_top, codec=codec, frames=6
    )
    frames, _ = read(path)
    assert [frame.is_interlaced for frame in frames] == [True] * 6
    assert [frame.is_top_field_first for frame in frames] == [is_top] * 6


def test_planes_are_views_of_what_was_decoded(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=2, pix_fmt="yuv422p10le", codec="libx264")
    frame = read(path)[0][0]
    assert [plane.base is not None for plane in frame.planes] == [True] * 3
    assert [plane.dtype for plane in frame.planes] == [np.dtype(np.uint16)] * 3


def test_indices_and_times_of_the_toolbox_agree_with_the_reader(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=20, first_index=1000)
    frames, _ = read(path)
    assert indices(frames) == indices_in(path) == list(range(1000, 1020))
