"""Segments become one file: every picture at its time, the same bytes each time."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import (
    Audio,
    Subtitle,
    indices_in,
    times_in,
    write_clip,
)
from tests.media.written import (
    CONTAINERS,
    SIZE,
    carry,
    packets_in,
)
from vsr.errors import EncodingFailed
from vsr.frames import Layout
from vsr.media.reading.probe import probe
from vsr.media.writing.verify import OutputFacts, verify

VFR = [0, 3000, 9000, 9090, 12_000, 30_000, 30_001, 45_000, 60_000, 90_000] + [
    90_000 + 4000 * index + (index * 7919) % 1500 for index in range(1, 39)
]


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_every_picture_is_there_at_its_time(tmp_path: Path, codec: str, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=48, b_frames=3)
    target = tmp_path / f"out.{suffix}"
    carry(source, target, codec=codec)
    assert indices_in(target) == list(range(48))
    assert times_in(target) == times_in(source)


@pytest.mark.parametrize(("codec", "suffix"), [("av1", "webm"), ("av1", "mp4"), ("vp9", "webm")])
def test_webm_and_av1_likewise(tmp_path: Path, codec: str, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=20)
    target = tmp_path / f"out.{suffix}"
    carry(source, target, codec=codec)
    assert indices_in(target) == list(range(20))
    assert times_in(target) == times_in(source)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("suffix", ["ts", "nut"])
def test_streaming_containers_likewise_after_one_offset(
    tmp_path: Path, codec: str, suffix: str
) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=30, audio=[Audio()])
    target = tmp_path / f"out.{suffix}"
    plan, joined = carry(source, target, codec=codec, frames_per_segment=8)
    verify(target, OutputFacts.of(joined, plan, SIZE))
    assert indices_in(target) == list(range(30))
    assert len({a - b for a, b in zip(times_in(target), times_in(source), strict=True)}) == 1


@pytest.mark.parametrize("codec", ["ffv1", "prores"])
def test_studio_codecs_likewise(tmp_path: Path, codec: str) -> None:
    layout = Layout(10, 1, 0)
    source = write_clip(
        tmp_path / "in.mkv", frames=20, codec="libx265", pix_fmt="yuv422p10le", b_frames=0
    )
    target = tmp_path / ("out.mkv" if codec == "ffv1" else "out.mov")
    carry(source, target, codec=codec, frames_per_segment=6)
    assert indices_in(target) == list(range(20))
    assert times_in(target) == times_in(source)
    assert probe(target).video.layout == layout


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_variable_frame_rate_is_exact_to_the_tick(tmp_path: Path, codec: str) -> None:
    source = write_clip(
        tmp_path / "in.mp4", frames=48, pts=VFR, time_base=Fraction(1, 90_000), b_frames=2
    )
    target = tmp_path / "out.mp4"
    carry(source, target, codec=codec)
    assert times_in(target) == times_in(source) == [Fraction(pts, 90_000) for pts in VFR]


def test_matroska_rounds_times_to_its_milliseconds_and_no_more(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=48, rate=Fraction(24_000, 1001))
    target = tmp_path / "out.mkv"
    carry(source, target)
    errors = [abs(a - b) for a, b in zip(times_in(target), times_in(source), strict=True)]
    assert max(errors) <= Fraction(1, 2000)


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
@pytest.mark.parametrize("b_frames", [0, 3])
def test_a_hole_that_mp4_has_too_few_bits_for_has_coarser_ticks(
    tmp_path: Path, suffix: str, b_frames: int
) -> None:
    pts = [40_000 * index + 3_100_000_000 * (index >= 10) for index in range(20)]
    source = write_clip(
        tmp_path / "in.nut", frames=20, pts=pts, time_base=Fraction(1, 1_000_000), b_frames=b_frames
    )
    target = tmp_path / f"out.{suffix}"
    carry(source, target)
    assert indices_in(target) == list(range(20))
    errors = [abs(a - b) for a, b in zip(times_in(target), times_in(source), strict=True)]
    assert max(errors) < Fraction(1, 50_000)


def with_a_hole(path: Path, hours: int) -> Path:
    """Write a film in milliseconds, as a camera that wakes when something moves."""
    pts = [40 * index + hours * 3_600_000 * (index >= 10) for index in range(20)]
    return write_clip(path, frames=20, pts=pts, time_base=Fraction(1, 1000))


def test_a_hole_of_two_days_fits_ticks_that_ffmpeg_makes_finer(tmp_path: Path) -> None:
    source, target = with_a_hole(tmp_path / "in.mkv", 48), tmp_path / "out.mp4"
    carry(source, target)
    assert indices_in(target) == list(range(20))
    errors = [abs(a - b) for a, b in zip(times_in(target), times_in(source), strict=True)]
    assert max(errors) < Fraction(1, 5000)


def test_a_hole_that_mp4_cannot_hold_is_refused_with_what_can(tmp_path: Path) -> None:
    source = with_a_hole(tmp_path / "in.mkv", 72)
    with pytest.raises(EncodingFailed, match=r"72 hours pass .* Choose \.mkv\."):
        carry(source, tmp_path / "out.mp4")
    carry(source, tmp_path / "out.mkv")
    assert times_in(tmp_path / "out.mkv") == times_in(source)


@pytest.mark.parametrize("codec", ["subrip", "mov_text"])
def test_cues_many_hours_apart_are_at_their_times_in_mp4(tmp_path: Path, codec: str) -> None:
    hours = 22_320  # 6.2
    cues = [(1.0, 2.0, "one"), (hours, hours + 1.0, "two"), (hours + 3.0, hours + 4.0, "three")]
    source = write_clip(
        tmp_path / ("in.mkv" if codec == "subrip" else "in.mp4"), frames=2, b_frames=0,
        pts=[0, hours + 5], time_base=Fraction(1), subtitles=[Subtitle(codec=codec, cues=cues)],
    )  # fmt: skip
    target = tmp_path / "out.mp4"
    carry(source, target)
    shown = [float(time) for time, data in packets_in(target, "subtitle") if len(data) > 2]
    assert shown == pytest.approx([begin for begin, _, _ in cues], abs=0.001)


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_a_late_start_stays_late(tmp_path: Path, suffix: str) -> None:
    pts = [37 + index for index in range(20)]
    source = write_clip(tmp_path / "in.mkv", frames=20, pts=pts, audio=[Audio(seconds=2.2)])
    target = tmp_path / f"out.{suffix}"
    carry(source, target)
    sound = packets_in(source, "audio")[0][0] - packets_in(target, "audio")[0][0]
    shift = times_in(source)[0] - times_in(target)[0]
    assert abs(shift - sound) <= Fraction(1, 1000)


def test_decoding_times_rise_and_never_pass_presentation(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mkv",
        frames=48,
        pts=[v // 90 for v in VFR[:6]] + [500 + 40 * index for index in range(42)],
        time_base=Fraction(1, 1000),
    )
    target = tmp_path / "out.mp4"
    carry(source, target, codec="hevc", frames_per_segment=12)
    with av.open(str(target)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    dts = [packet.dts for packet in packets]
    assert dts == sorted(set(dts))
    assert all(packet.dts <= packet.pts for packet in packets)


def test_segments_decode_to_the_same_pictures_as_one(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=40)
    for frames in (7, 16, 1000):
        target = tmp_path / f"out{frames}.mkv"
        carry(source, target, codec="ffv1", frames_per_segment=frames)
    contents = [
        [bytes(plane) for frame in av.open(str(path)).decode(video=0) for plane in frame.planes]
        for path in sorted(tmp_path.glob("out*.mkv"))
    ]
    assert contents[0] == contents[1] == contents[2]


def test_the_same_segments_give_the_same_bytes(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=20, audio=[Audio()], subtitles=[Subtitle()])
    for suffix in CONTAINERS:
        for run in ("a", "b"):
            (tmp_path / run).mkdir(exist_ok=True)
            carry(source, tmp_path / run / f"out.{suffix}")
        first, second = (tmp_path / run / f"out.{suffix}" for run in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()
