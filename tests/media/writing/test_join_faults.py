"""Segments that do not belong together, damage, and a full disk."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import (
    Audio,
    Subtitle,
    host_frame,
    indices_in,
    write_clip,
)
from tests.media.torn import tearing
from tests.media.written import (
    SIZE,
    carry,
    encoder_for,
    video_of,
    write_segment,
)
from vsr.errors import DecodingFailed, EncodingFailed, NoSpace
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.streams.streams import plan_streams
from vsr.media.writing.join import join
from vsr.media.writing.verify import OutputFacts, verify


def test_segments_of_other_settings_are_refused(tmp_path: Path) -> None:
    source = probe(write_clip(tmp_path / "in.mkv", frames=10))
    video = video_of(source)
    first = write_segment(tmp_path / "0.nut", 5, encoder_for())
    later = [replace(host_frame(index), pts=index) for index in range(5, 10)]
    second = write_segment(tmp_path / "1.nut", later, encoder_for(crf=30, options={"bf": "0"}))
    plan = plan_streams(source, "matroska")
    with pytest.raises(EncodingFailed, match="encoded differently from 0.nut.*--restart"):
        join([first, second], source, plan, tmp_path / "out.mkv", video)


def test_segments_that_overlap_are_refused(tmp_path: Path) -> None:
    source = probe(write_clip(tmp_path / "in.mkv", frames=10))
    segments = [write_segment(tmp_path / f"{index}.nut", 5) for index in range(2)]
    plan = plan_streams(source, "matroska")
    with pytest.raises(EncodingFailed, match="overlaps 0.nut"):
        join(segments, source, plan, tmp_path / "out.mkv", video_of(source))


def test_segments_without_a_picture_are_passed_over(tmp_path: Path) -> None:
    source = probe(write_clip(tmp_path / "in.mkv", frames=10))
    later = [replace(host_frame(index), pts=40 * index) for index in range(3, 6)]
    paths = [
        write_segment(tmp_path / f"{index}.nut", frames, video=video_of(source))
        for index, frames in enumerate((0, later, 0))
    ]
    plan = plan_streams(source, "matroska")
    assert join(paths, source, plan, tmp_path / "out.mkv", video_of(source)).frames == 3
    assert indices_in(tmp_path / "out.mkv") == [3, 4, 5]
    with pytest.raises(EncodingFailed, match="nothing to join"):
        join([paths[0]], source, plan, tmp_path / "none.mkv", video_of(source))


def test_damage_to_the_other_streams_is_counted_and_passed_over(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mkv", frames=50, audio=[Audio()], subtitles=[Subtitle()], b_frames=0
    )
    target = tmp_path / "out.mp4"
    info = probe(source)
    plan = plan_streams(info, "mp4")
    with Reader.open(source, info) as reader:
        segment = write_segment(tmp_path / "0.nut", reader.frames(), encoder_for(), video_of(info))
    data = bytearray(source.read_bytes())
    cue = data.index(b"two")
    data[cue : cue + 3] = b"\xff\xfe\xff"  # no UTF-8
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    source.write_bytes(data)
    joined = join([segment], info, plan, target, video_of(info))
    verify(target, OutputFacts.of(joined, plan, SIZE))
    assert indices_in(target) == list(range(50))
    assert "1 packet of audio or subtitles" in joined.losses[0]


def test_a_source_that_fails_while_it_is_joined_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "in.mkv", frames=5, audio=[Audio()])
    source = probe(path)
    segment, plan = write_segment(tmp_path / "0.nut", 5), plan_streams(source, "matroska")
    with monkeypatch.context() as patched:
        torn = tearing({2: OSError(5, "Input/output error")})
        patched.setattr("vsr.media.writing.join.reopen_input", torn)
        with pytest.raises(DecodingFailed, match=r"in\.mkv: reading failed"):
            join([segment], source, plan, tmp_path / "out.mkv", video_of(source))
    path.unlink()
    with pytest.raises(DecodingFailed, match=r"in\.mkv: no such file"):
        join([segment], source, plan, tmp_path / "out.mkv", video_of(source))


def test_a_broken_segment_is_named(tmp_path: Path) -> None:
    source = probe(write_clip(tmp_path / "in.mkv", frames=10))
    (tmp_path / "0.nut").write_bytes(b"no segment at all" * 100)
    plan = plan_streams(source, "matroska")
    with pytest.raises(EncodingFailed, match="0.nut"):
        join([tmp_path / "0.nut"], source, plan, tmp_path / "out.mkv", video_of(source))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_while_joining_is_called_so(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=30)
    target = tmp_path / "out.mkv"
    target.symlink_to("/dev/full")
    with pytest.raises(NoSpace, match="the disk is full"):
        carry(source, target)
