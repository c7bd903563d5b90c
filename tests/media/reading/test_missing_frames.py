"""What a damaged file no longer holds is found by its times, its bytes and its header."""

import random
from itertools import accumulate
from pathlib import Path

import av
import pytest

from tests.clips import Audio, Subtitle, write_clip
from tests.media.read_back import read
from vsr.media.reading.missing_frames import missing_frames
from vsr.media.reading.probe import probe


def missing_in(path: Path, *, to_end: bool = True) -> tuple[tuple[str, ...], int]:
    """Return what is missing of a clip, and how many frames are read of it."""
    frames, _ = read(path)
    found = missing_frames(probe(path), [frame.pts for frame in frames], to_end=to_end)
    return found, len(frames)


def clip(folder: Path, name: str = "in.mkv", frames: int = 50) -> Path:
    return write_clip(
        folder / name, frames=frames, gop=12, b_frames=2, audio=[Audio()],
        options={"preset": "medium", "crf": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_a_hole_of_flipped_bits_in_matroska_is_counted(tmp_path: Path, seed: int) -> None:
    path = clip(tmp_path)
    data, rng = bytearray(path.read_bytes()), random.Random(seed)
    middle = len(data) // 2
    for place in range(middle, middle + 3000):
        data[place] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    frames, damage = read(path)
    found, count = missing_in(path)
    times = [frame.pts for frame in frames]
    lost = 50 - count - damage.undecodable_packets
    assert lost > 0
    assert sum(int(text.split()[0]) for text in found) >= lost - damage.corrupt_frames
    assert times[0] == 0


@pytest.mark.parametrize("name", ["in.mkv", "in.flv", "in.nut", "in.avi", "in.ts"])
def test_a_hole_of_zeros_says_how_many_frames_and_where(tmp_path: Path, name: str) -> None:
    path = clip(tmp_path, name, frames=100)
    data = path.read_bytes()
    begin, length = len(data) // 3, len(data) // 3
    path.write_bytes(data[:begin] + bytes(length) + data[begin + length :])
    frames, damage = read(path)
    found, _ = missing_in(path)
    (text,) = found
    count = int(text.split()[0])
    assert count > 20
    assert count + len(frames) + damage.undecodable_packets == pytest.approx(100, abs=2)
    assert text.endswith("missing")
    assert ("s) missing" in text) is (name != "in.avi")


@pytest.mark.parametrize("name", ["in.mkv", "in.flv"])
def test_what_the_header_promises_beyond_the_last_packet_is_missing(
    tmp_path: Path, name: str
) -> None:
    path = clip(tmp_path, name, frames=100)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    found, _ = missing_in(path)
    assert "s are missing" in found[-1]
    assert float(found[-1].split()[2]) == pytest.approx(2.0, abs=0.5)
    assert not any("the last" in text for text in missing_in(path, to_end=False)[0])


@pytest.mark.parametrize("until", [0.5, 1.92, 2.02])
def test_a_subtitle_does_not_hide_how_much_is_cut_off(tmp_path: Path, until: float) -> None:
    path = write_clip(
        tmp_path / "in.mkv", frames=50, gop=12, b_frames=2, audio=[Audio()],
        subtitles=[Subtitle(cues=[(0.0, until, "stands")])], options={"crf": "1"},
    )  # fmt: skip
    assert missing_in(path) == ((), 50)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    (text,), count = missing_in(path)
    assert text.endswith(" s of 2.02 s are missing")
    assert float(text.split()[2]) == pytest.approx((50 - count) / 25, abs=0.15)


def test_a_subtitle_that_outlasts_the_film_is_no_damage(tmp_path: Path) -> None:
    subtitles = [Subtitle(cues=[(1.0, 6.0, "stands")])]
    path = write_clip(tmp_path / "in.mkv", frames=50, audio=[Audio()], subtitles=subtitles)
    assert missing_in(path) == ((), 50)


@pytest.mark.parametrize("name", ["in.mkv", "in.nut"])
def test_several_tracks_of_sound_do_not_seem_to_pause(tmp_path: Path, name: str) -> None:
    pts = [*range(30), *range(40, 50)]
    sound = [Audio(seconds=3), Audio(seconds=3), Audio(seconds=2.5, codec="ac3")]
    path = write_clip(tmp_path / name, frames=40, pts=pts, audio=sound)
    assert missing_in(path) == ((), 40)


def test_the_last_packet_of_sound_lasts_as_long_as_the_one_before(tmp_path: Path) -> None:
    """FLV says no durations, and a packet of ADPCM there is longer than four frames."""
    sound = Audio(codec="adpcm_swf", rate=22_050, seconds=1.0)
    path = write_clip(tmp_path / "in.flv", codec="flv1", frames=21, audio=[sound])
    assert missing_in(path) == ((), 21)


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4", "in.flv", "in.nut", "in.ts"])
def test_frames_that_stand_are_not_missing(tmp_path: Path, name: str) -> None:
    steps = [1] * 20 + [10] + [1] * 20 + [4] + [1] * 20
    pts = list(accumulate(steps, initial=0))
    path = write_clip(tmp_path / name, frames=len(pts), pts=pts, audio=[Audio(seconds=3)])
    assert missing_in(path) == ((), len(pts))


@pytest.mark.parametrize(
    ("codec", "rate"),
    [("pcm_s16le", 48_000), ("pcm_s16le", 24_000), ("pcm_s16le", 8_000), ("libmp3lame", 11_025)],
)
@pytest.mark.parametrize("dropped", [1, 2, 3, 4])
def test_frames_that_a_recorder_dropped_are_not_missing(
    tmp_path: Path, codec: str, rate: int, dropped: int
) -> None:
    """AVI has an empty packet for each, while sound goes on; that may have one in every frame."""
    pts = list(accumulate([1] * 9 + [dropped + 1] + [1] * 20, initial=0))
    sound = Audio(codec=codec, rate=rate, seconds=2)
    path = write_clip(tmp_path / "in.avi", codec="mpeg4", frames=31, pts=pts, audio=[sound])
    assert missing_in(path) == ((), 31)


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4", "in.flv", "in.avi", "in.nut", "in.ts"])
def test_a_whole_film_lacks_nothing(tmp_path: Path, name: str) -> None:
    assert missing_in(clip(tmp_path, name)) == ((), 50)


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "mpeg4"), ("a.mxf", "mpeg2video")])
def test_frames_before_a_part_are_not_missing(tmp_path: Path, name: str, codec: str) -> None:
    path = write_clip(tmp_path / name, frames=50, codec=codec)
    times = [frame.pts for frame in read(path)[0]]
    for first in (0, 1, 25, 49):
        assert missing_frames(probe(path), times[first:], to_end=True) == ()
    assert missing_frames(probe(path), times[25:45], to_end=True) == (
        () if name == "a.avi" else ("5 of 25 frames missing",)
    )


def test_packets_that_somebody_took_out_left_no_hole_in_the_file(tmp_path: Path) -> None:
    source, target = clip(tmp_path), tmp_path / "out.mkv"
    with av.open(str(source)) as origin, av.open(str(target), "w") as output:
        stream = output.add_stream_from_template(origin.streams.video[0], opaque=True)
        for number, packet in enumerate(one for one in origin.demux(video=0) if one.size):
            if not 24 <= number < 36:
                packet.stream = stream
                output.mux(packet)
    assert missing_in(target)[0] == ()


def test_fields_that_share_a_time_are_no_hole_and_no_fault(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "tape.avi", frames=3, is_interlaced=True)
    times = [pts for frame in range(3) for pts in (frame, frame)]
    assert missing_frames(probe(path), times, to_end=True) == ()
