"""Cues whose times fall, as in damaged recordings, do not fail a film when it is joined."""

import struct
from pathlib import Path

import pytest

from tests.clips import Subtitle, write_clip
from tests.media.written import carry, packets_in

CUES = [(0.1, 0.3, "first"), (1.0, 1.2, "second"), (1.3, 1.5, "third")]


def write_with_times(path: Path, times: dict[bytes, int]) -> Path:
    """Write a film of two seconds, and give some of its cues other times, in milliseconds."""
    write_clip(path, frames=50, subtitles=[Subtitle(codec="subrip", cues=CUES)])
    content = bytearray(path.read_bytes())
    for text, time in times.items():  # Source: RFC 9559, 10.2: a block's time is before its flags
        struct.pack_into(">h", content, content.index(text) - 3, time)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "nut"])
def test_a_cue_that_steps_back_a_little_is_delayed(tmp_path: Path, suffix: str) -> None:
    source = write_with_times(tmp_path / "in.mkv", {b"first": 1010})
    target = tmp_path / f"out.{suffix}"
    _, joined = carry(source, target)
    assert joined.losses == ()
    times = {text: float(time) for time, text in packets_in(target, "subtitle")}
    at = [round(time, 3) for text, time in times.items() if b"second" in text]
    assert at == [1.01]


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_cue_that_belongs_elsewhere_is_lost_and_counted(tmp_path: Path, suffix: str) -> None:
    source = write_with_times(tmp_path / "in.mkv", {b"third": 300})
    target = tmp_path / f"out.{suffix}"
    _, joined = carry(source, target)
    assert joined.losses == ("1 packet of audio or subtitles",)
    texts = [text for _, text in packets_in(target, "subtitle")]
    assert not any(b"third" in text for text in texts)
    assert any(b"second" in text for text in texts)
