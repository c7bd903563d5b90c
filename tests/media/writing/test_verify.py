"""A finished file that is not what it should be gets no name."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import Audio, write_clip
from tests.media.written import SIZE, carry
from vsr.errors import VerificationFailed
from vsr.media.writing.verify import OutputFacts, verify
from vsr.values import Size, TimeRange


@pytest.fixture
def finished(tmp_path: Path) -> tuple[Path, OutputFacts]:
    source = write_clip(tmp_path / "in.mkv", frames=20, audio=[Audio(), Audio()])
    target = tmp_path / "out.mkv"
    plan, joined = carry(source, target)
    return target, OutputFacts.of(joined, plan, SIZE)


def test_a_whole_file_passes(finished: tuple[Path, OutputFacts]) -> None:
    path, expected = finished
    assert (expected.frames, expected.streams) == (20, {"audio": 2})
    verify(path, expected)


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv", "out.ts"])
def test_a_stream_with_nothing_in_the_part_is_not_missed(tmp_path: Path, name: str) -> None:
    audio = [Audio(seconds=0.4), Audio(seconds=2.0)]
    source = write_clip(tmp_path / "in.mkv", frames=50, audio=audio)
    plan, joined = carry(source, tmp_path / name, time=TimeRange(start_seconds=1.0))
    expected = OutputFacts.of(joined, plan, SIZE)
    assert expected.streams == {"audio": 1}
    verify(tmp_path / name, expected)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_last_picture_of_a_tiny_transport_stream_is_found(tmp_path: Path, frames: int) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=20, audio=[Audio()])
    plan, joined = carry(source, tmp_path / "out.ts", time=TimeRange(max_frames=frames))
    verify(tmp_path / "out.ts", OutputFacts.of(joined, plan, SIZE))


def test_a_missing_picture_is_found(finished: tuple[Path, OutputFacts]) -> None:
    path, expected = finished
    with pytest.raises(VerificationFailed, match="20 frames .* not 21"):
        verify(path, replace(expected, frames=21))


def test_a_missing_stream_is_found(finished: tuple[Path, OutputFacts]) -> None:
    path, expected = finished
    with pytest.raises(VerificationFailed, match="0 of 1 subtitle streams"):
        verify(path, replace(expected, streams={"audio": 2, "subtitle": 1}))


def test_another_size_is_found(finished: tuple[Path, OutputFacts]) -> None:
    path, expected = finished
    with pytest.raises(VerificationFailed, match="is 96×64, not 192×128"):
        verify(path, replace(expected, size=Size(192, 128)))


@pytest.mark.parametrize("difference", [-0.04, 0.04])
def test_another_duration_is_found(finished: tuple[Path, OutputFacts], difference: float) -> None:
    path, expected = finished
    with pytest.raises(VerificationFailed, match="span"):
        verify(path, replace(expected, shown_seconds=expected.shown_seconds + difference))


def test_a_truncated_file_is_found(finished: tuple[Path, OutputFacts]) -> None:
    path, expected = finished
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(VerificationFailed, match="frames are in the finished file"):
        verify(path, expected)


def test_a_last_picture_that_does_not_decode_is_found(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=12)
    target = tmp_path / "out.mkv"
    plan, joined = carry(source, target, codec="ffv1", frames_per_segment=100)
    expected = OutputFacts.of(joined, plan, SIZE)
    data = bytearray(target.read_bytes())
    packet = data.rindex(bytes([0xA3]), 0, len(data) * 19 // 20)
    data[packet + 20 : packet + 400] = bytes(380)
    target.write_bytes(data)
    with pytest.raises(VerificationFailed):
        verify(target, expected)


def test_a_file_that_is_none_is_found(tmp_path: Path, finished: tuple[Path, OutputFacts]) -> None:
    path, expected = finished
    path.write_bytes(b"no film")
    with pytest.raises(VerificationFailed, match="cannot be read"):
        verify(path, expected)
