from __future__ import annotations

import os
import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import av
import numpy as np
import pytest

from tests.clips import Audio, index_of, indices_in, pts_in, write_clip
from tests.composed import write_captioned
from vsr.colour import Range
from vsr.errors import MediaError
from vsr.frames import HostFrame
from vsr.media.decoder import Damage
from vsr.media.probe import probe
from vsr.media.reader import Reader
from vsr.media.timing import Timing
from vsr.specs import PtsSpan, Size

OPEN_GOP = {"x265-params": "open-gop=1:keyint=12:min-keyint=12:bframes=4"}


def read(path: Path, **options: Any) -> tuple[list[HostFrame], Damage]:
    with Reader.open(path, **options) as reader:
        return list(reader.frames()), reader.damage


def indices(frames: Sequence[HostFrame]) -> list[int]:
    return [index_of(frame.planes[0]) for frame in frames]


def identity(frame: HostFrame) -> tuple[int, bytes]:
    return frame.pts, b"".join(plane.tobytes() for plane in frame.planes)


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


def test_after_a_splice_the_times_go_on_and_it_is_said(tmp_path: Path) -> None:
    one = write_clip(tmp_path / "one.ts", frames=24)
    two = write_clip(tmp_path / "two.ts", frames=24, first_index=24)
    path = tmp_path / "spliced.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    frames, damage = read(path)
    assert indices(frames) == list(range(48))
    assert {later.pts - earlier.pts for earlier, later in pairwise(frames)} == {3600}
    assert damage.repaired_times == 24
    assert damage.corrupt_frames == 0


def test_a_change_of_size_is_converted_to_the_first_and_counted(tmp_path: Path) -> None:
    one = write_clip(tmp_path / "one.ts", frames=24)
    two = write_clip(tmp_path / "two.ts", frames=24, first_index=24, size=Size(192, 96))
    path = tmp_path / "changing.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    frames, damage = read(path)
    assert {frame.size for frame in frames} == {Size(96, 64)}
    assert indices(frames) == list(range(48))
    assert damage.converted_frames == 24
    assert "24 frames converted" in str(damage)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le"])
def test_a_change_of_range_is_converted_to_the_first(tmp_path: Path, pix_fmt: str) -> None:
    same = {"frames": 8, "codec": "libx265", "pix_fmt": pix_fmt}
    full = write_clip(tmp_path / "one.ts", color_range=Range.FULL, **same)
    limited = write_clip(tmp_path / "two.ts", color_range=Range.LIMITED, **same)
    path = tmp_path / "changing.ts"
    path.write_bytes(full.read_bytes() + limited.read_bytes())
    frames, damage = read(path)
    assert damage.converted_frames == 8
    before, after = (
        float(frames[i].planes[0].max()) / ((1 << frames[i].layout.bits) - 1) for i in (0, -1)
    )
    assert after == pytest.approx((before * 255 - 16) / 219, abs=4 / 255)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip.mp4", {"b_frames": 3}),
        ("open_gop.mp4", {"codec": "libx265", "options": OPEN_GOP, "gop": None}),
        ("open_gop.ts", {"codec": "libx265", "options": OPEN_GOP, "gop": None}),
        ("clip.mkv", {"options": {"x264-params": "open-gop=1"}, "b_frames": 3}),
        ("clip.webm", {"codec": "libvpx-vp9"}),
        ("clip.mpg", {"codec": "mpeg2video", "b_frames": 2}),
        ("old.avi", {"b_frames": 3}),
        ("raw.h264", {"b_frames": 2}),
    ],
)
def test_a_part_is_exactly_that_part_of_the_whole(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    path = write_clip(tmp_path / name, **options)
    info = probe(path)
    whole = read(path, info=info)[0]
    rng = random.Random(2)
    for context in (0, 1, 0, 1, 0, 1):
        first = rng.randrange(48)
        last = rng.randrange(first, 48)
        end = whole[last + 1].pts if last < 47 else None
        part = read(path, info=info, span=PtsSpan(whole[first].pts, end), context=context)[0]
        expected = whole[max(0, first - context) : last + 1 + context]
        assert [identity(frame) for frame in part] == [identity(frame) for frame in expected]


def test_a_part_of_a_file_that_cannot_be_sought_is_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "pipe.mkv", b_frames=2, gop=None, container_options={"live": "1"})
    whole = read(path)[0]
    part = read(path, span=PtsSpan(whole[20].pts, whole[30].pts))[0]
    assert indices(part) == list(range(20, 30))


def test_an_empty_part_is_empty(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=5)
    assert read(path, span=PtsSpan(41, 79))[0] == []
    assert read(path, span=PtsSpan(10**9))[0] == []


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
    assert [frame.captions for frame in read(tmp_path / "captioned.h264")[0]] == texts


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


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        ("mkv", "libx264"),
        ("flv", "libx264"),
        ("avi", "mpeg4"),
        ("ts", "libx264"),
        ("mpg", "mpeg2video"),
    ],
)
def test_damage_is_counted_and_the_rest_is_read(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_clip(tmp_path / f"clip.{suffix}", codec=codec, frames=60)
    data = bytearray(path.read_bytes())
    rng = random.Random(5)
    for _ in range(8):
        place = rng.randrange(len(data) // 3, len(data) * 3 // 4)
        data[place : place + 30] = rng.randbytes(30)
    path.write_bytes(data)
    frames, damage = read(path)
    assert len(frames) > 15
    assert all(earlier.pts < later.pts for earlier, later in pairwise(frames))
    assert damage.has_losses or len(frames) == 60


def test_the_damage_of_the_parts_adds_up_to_that_of_the_whole(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=60)
    data = bytearray(path.read_bytes())
    rng = random.Random(3)
    for _ in range(6):
        place = rng.randrange(len(data) // 4, len(data) * 3 // 4)
        data[place : place + 20] = rng.randbytes(20)
    path.write_bytes(data)
    info = probe(path)
    frames, whole = read(path, info=info)
    cut = frames[30].pts
    parts = [read(path, info=info, span=span) for span in (PtsSpan(None, cut), PtsSpan(cut))]
    assert whole.corrupt_frames > 0
    assert sum(damage.corrupt_frames for _, damage in parts) == whole.corrupt_frames
    assert sum(damage.undecodable_packets for _, damage in parts) == whole.undecodable_packets
    assert sum(len(pictures) for pictures, _ in parts) == len(frames)


def test_a_file_cut_short_is_read_to_its_end_and_counts_as_a_loss(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv")
    path.write_bytes(path.read_bytes()[:-4000])
    frames, damage = read(path)
    assert indices(frames) == list(range(len(frames)))
    assert 0 < len(frames) < 48
    assert damage.has_losses
    assert "4000 bytes missing at the end of the file" in str(damage)


def test_planes_are_views_of_what_was_decoded(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=2, pix_fmt="yuv422p10le", codec="libx264")
    frame = read(path)[0][0]
    assert [plane.base is not None for plane in frame.planes] == [True] * 3
    assert [plane.dtype for plane in frame.planes] == [np.dtype(np.uint16)] * 3


# ---- real files


def checksum(frame: HostFrame) -> tuple[int, int]:
    return frame.pts, crc32(identity(frame)[1])


def data_files(folder: str) -> list[Path]:
    root = Path(os.environ.get("VSR_DATA", "no such folder"))
    return sorted((root / folder).glob("*"))


@pytest.mark.data
@pytest.mark.parametrize("path", data_files("clips"), ids=lambda path: path.name)
def test_real_clips_are_read_whole_with_their_times(path: Path) -> None:
    info = probe(path)
    with av.open(str(path)) as container:
        stream = container.streams[info.video.index]
        stream.thread_type = "AUTO"
        expected = [frame.pts for frame in container.decode(stream)]
    with Reader.open(path, info) as reader:
        times = [frame.pts for frame in reader.frames()]
    assert times == expected
    assert not reader.damage


@pytest.mark.data
@pytest.mark.parametrize(
    "path",
    [path for path in data_files("clips") if path.name != "long_180p_av1.mp4"],
    ids=lambda path: path.name,
)
def test_parts_of_real_clips_are_exactly_those_of_the_whole(path: Path) -> None:
    info = probe(path)
    with Reader.open(path, info) as reader:
        whole = [checksum(frame) for frame in reader.frames()]
    rng = random.Random(1)
    for context in (0, 1, 0):
        first = rng.randrange(len(whole))
        last = min(first + rng.randrange(1, 20), len(whole)) - 1
        span = PtsSpan(whole[first][0], whole[last + 1][0] if last + 1 < len(whole) else None)
        with Reader.open(path, info, span, context=context) as reader:
            part = [checksum(frame) for frame in reader.frames()]
        assert part == whole[max(0, first - context) : last + 1 + context]


@pytest.mark.data
@pytest.mark.parametrize("path", data_files("corrupt"), ids=lambda path: path.name)
@pytest.mark.timeout(30)
def test_damaged_files_give_pictures_or_a_clear_error(path: Path) -> None:
    try:
        frames, _ = read(path)
    except MediaError as refused:
        frames, message = [], str(refused)
    else:
        assert frames
        message = f"{path}: "
    assert message.startswith(f"{path}: ")
    assert all(earlier.pts < later.pts for earlier, later in pairwise(frames))


@pytest.mark.data
def test_the_real_files_are_there() -> None:
    assert len(data_files("clips")) >= 26
    assert len(data_files("corrupt")) >= 30


def test_indices_and_times_of_the_toolbox_agree_with_the_reader(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=20, first_index=1000)
    frames, _ = read(path)
    assert indices(frames) == indices_in(path) == list(range(1000, 1020))
