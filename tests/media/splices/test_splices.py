"""Concatenated films: audio and subtitles stay with their pictures, wherever the times restart."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.clips import Audio, Subtitle, indices_in, times_in, write_clip
from tests.media.writing.test_direct import Pipe, send
from tests.media.written import carry, packets_in
from vsr.media.reading.probe import probe
from vsr.media.splices.splice_search import splices_in


def end_to_end(folder: Path, suffix: str, *halves: dict[str, object]) -> Path:
    """Write films, and concatenate their bytes."""
    path, index = folder / f"in.{suffix}", 0
    with path.open("wb") as whole:
        for number, half in enumerate(halves):
            part = write_clip(folder / f"{number}.{suffix}", first_index=index, **half)
            whole.write(part.read_bytes())
            index += int(str(half["frames"]))
    return path


def cues(*times: float) -> list[Subtitle]:
    return [Subtitle(cues=[(time, time + 0.2, f"at {time}") for time in times])]


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_cue_of_the_second_film_is_shown_with_its_picture(tmp_path: Path, suffix: str) -> None:
    """Its times are later than those of the first film's last cue: alone they show no restart."""
    source = end_to_end(
        tmp_path,
        "mkv",
        {"frames": 30, "subtitles": cues(0.2)},
        {"frames": 40, "subtitles": cues(0.4, 1.2)},
    )
    target = tmp_path / f"out.{suffix}"
    carry(source, target)
    assert indices_in(target) == list(range(70))
    shown = [float(time) for time, text in packets_in(target, "subtitle") if len(text) > 2]
    assert shown == pytest.approx([0.2, 1.6, 2.4], abs=0.002)


def test_a_cue_at_the_very_beginning_or_end_belongs_to_its_own_film(tmp_path: Path) -> None:
    source = end_to_end(
        tmp_path,
        "mkv",
        {"frames": 50, "subtitles": cues(0.0, 1.9)},
        {"frames": 50, "subtitles": cues(0.0, 1.9)},
    )
    carry(source, tmp_path / "out.mkv")
    shown = [float(time) for time, _ in packets_in(tmp_path / "out.mkv", "subtitle")]
    assert shown == pytest.approx([0.0, 1.9, 2.0, 3.9], abs=0.002)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize("seconds", [0.6, 1.3])
def test_sound_that_ends_before_or_after_its_pictures_does_not_move_the_next_films(
    tmp_path: Path, seconds: float, suffix: str
) -> None:
    source = end_to_end(
        tmp_path,
        "ts",
        {"frames": 25, "audio": [Audio(codec="mp2", seconds=seconds)]},
        {"frames": 25, "audio": [Audio(codec="mp2")]},
    )
    _, joined = carry(source, tmp_path / f"out.{suffix}")
    sound = [float(time) for time, _ in packets_in(tmp_path / f"out.{suffix}", "audio")]
    end = float(times_in(tmp_path / f"out.{suffix}")[-1])
    assert sound[-1] == pytest.approx(end, abs=0.05)
    assert sound == sorted(sound)
    assert not joined.losses


def test_sound_that_reaches_far_into_the_next_film_is_left_out_and_said(tmp_path: Path) -> None:
    source = end_to_end(
        tmp_path,
        "ts",
        {"frames": 25, "audio": [Audio(codec="mp2", seconds=2.0)]},
        {"frames": 100, "audio": [Audio(codec="mp2")]},
    )
    _, joined = carry(source, tmp_path / "out.mkv")
    sound = [float(time) for time, _ in packets_in(tmp_path / "out.mkv", "audio")]
    assert sound[-1] == pytest.approx(float(times_in(tmp_path / "out.mkv")[-1]), abs=0.05)
    assert " of audio or subtitles" in joined.losses[0]


def test_films_of_clocks_that_have_run_long_are_told_apart_on_those(tmp_path: Path) -> None:
    """The output in Matroska starts at 0: the films are found on the source's own clock."""
    base = Fraction(1, 90_000)
    sound = [Audio(codec="mp2", start=40.0), Audio(codec="mp2", start=5.0)]
    halves = [
        {
            "frames": 25,
            "time_base": base,
            "pts": [int(one.start) * 90_000 + 3600 * index for index in range(25)],
            "audio": [one],
        }
        for one in sound
    ]
    source = end_to_end(tmp_path, "ts", *halves)
    _, joined = carry(source, tmp_path / "out.mkv")
    heard = [float(time) for time, _ in packets_in(tmp_path / "out.mkv", "audio")]
    assert heard[-1] == pytest.approx(float(times_in(tmp_path / "out.mkv")[-1]), abs=0.05)
    assert len(heard) == 2 * 42
    assert not joined.losses


def test_into_a_pipe_cues_go_with_their_pictures_too(tmp_path: Path) -> None:
    first, second = ({"frames": 30, "subtitles": cues(time)} for time in (0.2, 0.4))
    source, pipe = end_to_end(tmp_path, "mkv", first, second), Pipe()
    send(source, "matroska", pipe)
    (tmp_path / "out.mkv").write_bytes(pipe.content)
    shown = [float(time) for time, _ in packets_in(tmp_path / "out.mkv", "subtitle")]
    assert shown == pytest.approx([0.2, 1.6], abs=0.002)


def test_films_are_told_apart_and_say_what_they_are_shifted_by(tmp_path: Path) -> None:
    source = end_to_end(tmp_path, "ts", {"frames": 25}, {"frames": 50}, {"frames": 10})
    splices = splices_in(probe(source))
    assert splices is not None
    assert [one.packets for one in splices.recordings] == [25, 50, 10]
    assert [one.shift for one in splices.recordings] == [0, 1, 3]


def test_one_film_has_no_splice(tmp_path: Path) -> None:
    assert splices_in(probe(write_clip(tmp_path / "in.mkv", b_frames=2))) is None


def packet_at(time: int, *, is_keyframe: bool) -> SimpleNamespace:
    return SimpleNamespace(pts=time, dts=None, is_keyframe=is_keyframe)


def test_one_stray_picture_is_no_film_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = probe(write_clip(tmp_path / "in.mkv", frames=2))
    times = [0, 40, 80, 20, 160, 200, 240]
    packets = [packet_at(time, is_keyframe=True) for time in times]
    monkeypatch.setattr("vsr.media.splices.splice_search.video_packets", lambda info: packets)
    assert splices_in(info) is None
    packets[4:] = [
        SimpleNamespace(pts=time, dts=None, is_keyframe=False) for time in (60, 100, 140)
    ]
    assert splices_in(info) is not None
