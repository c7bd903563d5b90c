"""Sound that was trimmed away, as phones do by an edit list, stays away."""

import struct
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import Audio, indices_in, times_in, write_clip
from tests.media.written import carry, packets_in

FRAMES = 13
SECONDS = Fraction(FRAMES, 25)


def write_trimmed(path: Path, codec: str) -> Path:
    """Write a film of which an edit list hides the first 13 frames and their sound."""
    write_clip(path, frames=50, gop=50, b_frames=0, audio=[Audio(codec=codec)])
    content = bytearray(path.read_bytes())
    place = 0
    for ticks_per_second in (12_800, 48_000):
        place = content.index(b"elst", place + 4)
        duration, begin, _ = struct.unpack_from(">IiI", content, place + 12)
        hidden = int(SECONDS * ticks_per_second)
        struct.pack_into(">Ii", content, place + 12, duration - 520, begin + hidden)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov", "nut"])
@pytest.mark.parametrize(("name", "codec"), [("in.mp4", "aac"), ("in.mov", "pcm_s16le")])
def test_hidden_sound_is_left_out_and_the_rest_stays_in_step(
    tmp_path: Path, name: str, codec: str, suffix: str
) -> None:
    source, target = write_trimmed(tmp_path / name, codec), tmp_path / f"out.{suffix}"
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
