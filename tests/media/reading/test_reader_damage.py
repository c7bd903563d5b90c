"""Splices, changes and damage inside a file: the rest is read, and the damage reported."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.clips import write_clip
from tests.media.read_back import (
    OPEN_GOP,
    decoded_by_one_thread,
    indices,
    read,
    spoil,
    without_packets,
)
from tests.media.theora import write_chain
from vsr.colour import Range
from vsr.media.reading.probe import probe
from vsr.media.resume.segments import read_packets
from vsr.media.source.decoder import Damage
from vsr.values import Size


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
    assert (damage.resized_frames, damage.converted_frames) == (24, 0)
    assert "24 frames of another size, scaled to that of the first" in str(damage)
    assert damage.has_losses


def test_other_proportions_are_counted(tmp_path: Path) -> None:
    one = write_clip(tmp_path / "one.ts", frames=24, codec="mpeg2video", sar=Fraction(16, 15))
    two = write_clip(tmp_path / "two.ts", frames=24, codec="mpeg2video", sar=Fraction(64, 45))
    path = tmp_path / "changing.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    for part, count in ((one, 0), (two, 0), (path, 24)):
        _, damage = read(part)
        assert damage.reshaped_frames == pytest.approx(count, abs=8)
        assert bool(damage.reshaped_frames) is (count > 0)
    assert "frames of other proportions, shown with those of the first" in str(damage)


def test_the_damage_of_parts_adds_up() -> None:
    whole = Damage.of([{"corrupt_frames": 2}, {}, {"corrupt_frames": 1, "repaired_times": 4}])
    assert whole.losses == ("3 damaged frames, 4 repaired timestamps",)
    assert Damage.of([{"repaired_times": 4}]).losses == ()
    assert Damage.of([whole.counts()]) == whole


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


@pytest.mark.parametrize("links", [1, 2, 3])
def test_the_headers_of_a_chained_ogg_are_no_frames(tmp_path: Path, links: int) -> None:
    path = write_chain(tmp_path / "in.ogv", links)
    frames, damage = read(path)
    assert len(frames) == 4 * links  # the fifth repeats the fourth
    assert not damage.has_losses
    packets = read_packets(probe(path))
    assert len(packets.times) + packets.repeated == 4 * links


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
    spoil(path, places=8, length=30)
    frames, damage = read(path)
    assert len(frames) > 15
    assert all(earlier.pts < later.pts for earlier, later in pairwise(frames))
    assert damage.has_losses or len(frames) == 60


def test_a_file_cut_short_is_read_to_its_end_and_counts_as_a_loss(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv")
    path.write_bytes(path.read_bytes()[:-4000])
    frames, damage = read(path)
    assert indices(frames) == list(range(len(frames)))
    assert 0 < len(frames) < 48
    assert damage.has_losses
    assert "4000 bytes missing at the end of the file" in str(damage)


def test_frames_that_are_dropped_without_an_error_are_counted(tmp_path: Path) -> None:
    """HEVC of which some references are missing."""
    made = write_clip(tmp_path / "made.mkv", codec="libx265", frames=75, gop=50)
    path = without_packets(made, tmp_path / "in.mkv", range(20, 23))
    frames, damage = read(path)
    assert len(frames) < 72
    assert damage.undecodable_packets == 72 - len(frames)
    assert f"{72 - len(frames)} packets that gave no frame" in str(damage)
    assert damage.has_losses


def test_pictures_that_lead_the_first_key_frame_are_no_loss(tmp_path: Path) -> None:
    """HEVC that begins at an open group of pictures: nobody has what they refer to."""
    made = write_clip(tmp_path / "made.mkv", codec="libx265", frames=36, gop=None, options=OPEN_GOP)
    with av.open(str(made)) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    path = without_packets(made, tmp_path / "in.mkv", range(keys.index(True, 1)))
    frames, damage = read(path)
    assert 0 < len(frames) < 36 - keys.index(True, 1)
    assert not damage


@pytest.mark.parametrize("threads", [1, 4, 16])
@pytest.mark.parametrize("cut", [1, 40, 1200])
def test_damage_at_the_end_hides_no_frame_from_several_threads(
    tmp_path: Path, cut: int, threads: int
) -> None:
    path = write_clip(tmp_path / "clip.flv", frames=40, b_frames=3, options={"preset": "medium"})
    path.write_bytes(path.read_bytes()[:-cut])
    frames, damage = read(path, thread_count=threads)
    wanted = decoded_by_one_thread(path)
    assert [(one.pts, one.planes[0].tobytes()) for one in frames] == wanted
    assert damage.has_losses


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(
    ("codec", "suffix"), [("libx264", "mkv"), ("libx265", "mp4"), ("ffv1", "mkv")]
)
def test_an_undecodable_last_packet_is_counted(
    tmp_path: Path, codec: str, suffix: str, threads: int
) -> None:
    path = write_clip(tmp_path / f"clip.{suffix}", codec=codec, frames=30)
    with av.open(str(path)) as container:
        last = [bytes(packet) for packet in container.demux(video=0) if packet.size][-1]
    data = path.read_bytes()
    assert data.count(last) == 1
    path.write_bytes(data.replace(last, b"\xff" * len(last)))
    frames, damage = read(path, thread_count=threads)
    assert [one.pts for one in frames] == [pts for pts, _ in decoded_by_one_thread(path)]
    assert len(frames) + damage.undecodable_packets == 30
    assert damage.has_losses
