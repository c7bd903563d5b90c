"""Sound and text that were trimmed away, as phones do by an edit list, stay away."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from tests.clips import Audio, Subtitle, indices_in, times_in, write_clip
from tests.media.written import carry, packets_in

FRAMES = 13
SECONDS = Fraction(FRAMES, 25)


Cue = tuple[float, float, str]
CUES = [(0.1, 0.7, "hidden"), (1.0, 1.4, "shown")]


def write_edited(
    path: Path, codec: str, *parts: tuple[float, float], cues: Sequence[Cue] = ()
) -> Path:
    """Write a film of 2 s of which an edit list shows parts, each of (start, seconds)."""
    texts = [Subtitle(codec="mov_text", cues=cues)] if cues else []
    write_clip(path, frames=50, gop=10, b_frames=0, audio=[Audio(codec=codec)], subtitles=texts)
    content = bytearray(path.read_bytes())
    for track, ticks_per_second in enumerate((12_800, 48_000, 90_000)[: 3 if cues else 2]):
        place = -1
        for _ in range(track + 1):
            place = content.index(b"edts", place + 1)
        (lead,) = struct.unpack_from(">i", content, place + 24)  # where its only edit begins
        edits = [
            struct.pack(
                ">IiI", round(1000 * seconds), lead + round(start * ticks_per_second), 1 << 16
            )
            for start, seconds in parts
        ]
        body = struct.pack(">4sII", b"elst", 0, len(edits)) + b"".join(edits)
        box = struct.pack(">I4sI", len(body) + 12, b"edts", len(body) + 4) + body
        (size,) = struct.unpack_from(">I", content, place - 4)
        content[place - 4 : place - 4 + size] = box
        for name in (b"moov", b"trak"):
            around = content.rindex(name, 0, place) - 4
            (length,) = struct.unpack_from(">I", content, around)
            struct.pack_into(">I", content, around, length + len(box) - size)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov", "nut"])
@pytest.mark.parametrize(("name", "codec"), [("in.mp4", "aac"), ("in.mov", "pcm_s16le")])
def test_hidden_sound_is_left_out_and_the_rest_stays_in_step(
    tmp_path: Path, name: str, codec: str, suffix: str
) -> None:
    source = write_edited(tmp_path / name, codec, (float(SECONDS), 1.48))
    target = tmp_path / f"out.{suffix}"
    before = packets_in(source, "audio")
    assert before[0][0] < -0.5
    carry(source, target)
    assert indices_in(target) == list(range(FRAMES, 50))
    zero, after = times_in(target)[0], packets_in(target, "audio")
    lead = Fraction(1, 10) if codec == "aac" else 0
    assert after[0][0] - zero >= -lead - Fraction(1, 1000)
    assert zero <= lead
    if codec == "aac":
        wanted = [(time, data) for time, data in before if time >= -lead]
        assert [data for _, data in after] == [data for _, data in wanted]
        for (time, _), (there, _) in zip(wanted, after, strict=True):
            assert float(there - zero) == pytest.approx(float(time), abs=1.1e-3)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "nut"])
def test_a_long_packet_that_a_decoder_needs_first_is_kept(tmp_path: Path, suffix: str) -> None:
    """At 8 kHz, as in old phones, a packet of AAC lasts 128 ms."""
    source, target = tmp_path / "in.3gp", tmp_path / f"out.{suffix}"
    write_clip(source, frames=25, audio=[Audio(rate=8000)])
    before = packets_in(source, "audio")
    assert before[0][0] == Fraction(-128, 1000)
    carry(source, target)
    assert [data for _, data in packets_in(target, "audio")] == [data for _, data in before]


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_what_is_hidden_between_two_parts_is_left_out_too(tmp_path: Path, suffix: str) -> None:
    source = write_edited(tmp_path / "in.mp4", "aac", (0, 0.4), (1.2, 0.4))
    target = tmp_path / f"out.{suffix}"
    carry(source, target)
    assert indices_in(target) == [*range(10), *range(30, 40)]
    times = [time for time, _ in packets_in(target, "audio")]
    steps = {round(1000 * float(b - a)) for a, b in pairwise(times)}
    assert len(times) == 38
    assert steps <= {16, 17, 21, 22}, "one packet is cut where the parts meet"


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_hidden_text_is_left_out_and_delays_nothing(tmp_path: Path, suffix: str) -> None:
    source = write_edited(tmp_path / "in.mp4", "pcm_s16le", (float(SECONDS), 1.48), cues=CUES)
    target = tmp_path / f"out.{suffix}"
    carry(source, target)
    assert times_in(target)[0] == 0
    texts = [text for _, text in packets_in(target, "subtitle") if len(text) > 2]
    assert [b"shown" in text for text in texts] == [True]
