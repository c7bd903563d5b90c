"""A broadcast clock wraps around, is reset or damaged; what is shown stays as it was sent."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import indices_in, times_in
from tests.media.writing.test_direct import Pipe, send
from tests.media.written import carry, packets_in
from tests.transport import PACKET_BYTES, TURN_SECONDS, end_to_end, recording, restamp
from vsr.media.reading.probe import probe
from vsr.media.resume.segments import plan
from vsr.values import TimeRange

HOUR = 3600


def shown(path: Path) -> list[float]:
    """Return the times of the pictures, from the first."""
    times = times_in(path)
    return [round(float(time - times[0]), 3) for time in times]


def even(count: int, start: float = 0.0) -> list[float]:
    return [round(start + index / 25, 3) for index in range(count)]


def heard(path: Path) -> list[float]:
    """Return the times of the audio, from the first picture."""
    first = times_in(path)[0]
    return [round(float(time - first), 3) for time, _ in packets_in(path, "audio")]


def cues_in(path: Path) -> list[float]:
    first = times_in(path)[0]
    return [float(time - first) for time, _ in packets_in(path, "subtitle")]


@pytest.fixture
def two(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return two concatenated films of a second; the clocks are the parameters."""
    return end_to_end(
        tmp_path / "in.ts",
        *(
            recording(tmp_path / f"{number}.ts", start, first_index=25 * number, cues=(0.2, 0.6))
            for number, start in enumerate(request.param)
        ),
    )


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
@pytest.mark.parametrize(
    "two",
    [(2 * HOUR, HOUR), (HOUR, 2 * HOUR), (HOUR, HOUR + 30), (HOUR, 21 * HOUR), (20, 26 * HOUR)],
    ids=["earlier", "later", "a little later", "next night", "near the turn"],
    indirect=True,
)
def test_two_clocks_leave_no_hole_and_all_stays_together(
    two: Path, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"out.{suffix}"
    _, joined = carry(two, target)
    assert indices_in(target) == list(range(50))
    first, second = shown(target)[:25], shown(target)[25:]
    assert first == pytest.approx(even(25), abs=0.002)
    assert 0.04 <= second[0] - first[-1] < 0.1
    assert second == pytest.approx(even(25, second[0]), abs=0.002)
    sound = heard(target)
    assert len(sound) == 2 * 42
    assert sound[42] - second[0] == pytest.approx(sound[0], abs=0.046)
    texts = [0.2, 0.6, second[0] + 0.2, second[0] + 0.6]
    assert cues_in(target) == pytest.approx(texts, abs=0.002)
    assert not joined.losses


def test_a_turn_of_the_clock_is_not_taken_for_a_length(tmp_path: Path) -> None:
    clocks = enumerate([2 * HOUR, HOUR])
    source = end_to_end(
        tmp_path / "in.ts", *(recording(tmp_path / f"{n}.ts", start) for n, start in clocks)
    )
    info = probe(source)
    assert info.duration_seconds == info.video.duration_seconds == pytest.approx(1.96, abs=0.06)


@pytest.mark.parametrize("before", [0.5, 100.0], ids=["shortly before", "long before"])
def test_a_clock_that_turns_over_in_a_film_is_none_the_worse(tmp_path: Path, before: float) -> None:
    stills = [(index, before / 11) for index in range(1, 12)]
    source = recording(tmp_path / "in.ts", TURN_SECONDS - Fraction(before), 50, stills=stills)
    assert len(plan(probe(source), 16)) > 1
    carry(source, tmp_path / "out.mkv")
    assert shown(tmp_path / "out.mkv") == shown(source)


def test_a_film_that_goes_on_past_the_beginning_of_the_first_is_one(tmp_path: Path) -> None:
    """FFmpeg adds a wraparound to times over a minute before the file's beginning."""
    source = end_to_end(
        tmp_path / "in.ts",
        recording(tmp_path / "0.ts", HOUR),
        recording(tmp_path / "1.ts", HOUR - 61, 50, first_index=25, b_frames=2),
    )
    given = times_in(source)
    assert max(given) - min(given) > TURN_SECONDS - 100
    carry(source, tmp_path / "out.mkv")
    assert indices_in(tmp_path / "out.mkv") == list(range(75))
    assert shown(tmp_path / "out.mkv") == pytest.approx(even(75), abs=0.1)


def test_a_hole_of_a_jump_is_closed_between_segments_and_into_a_pipe_alike(tmp_path: Path) -> None:
    halves = (
        recording(tmp_path / f"{number}.ts", start, 48, first_index=48 * number, gop=12)
        for number, start in enumerate([HOUR, HOUR + 60])
    )
    source, pipe = end_to_end(tmp_path / "in.ts", *halves), Pipe()
    assert len(plan(probe(source), 16)) > 3
    carry(source, tmp_path / "out.mkv")
    send(source, "matroska", pipe)
    (tmp_path / "piped.mkv").write_bytes(pipe.content)
    for name in ("out.mkv", "piped.mkv"):
        assert indices_in(tmp_path / name) == list(range(96))
        assert shown(tmp_path / name)[-1] == pytest.approx(95 / 25, abs=0.06)
        assert heard(tmp_path / name)[-1] == pytest.approx(95 / 25, abs=0.06)


@pytest.mark.parametrize("second", [HOUR, 2 * HOUR - 1, 2 * HOUR + 60])
def test_a_recording_that_begins_between_key_frames_keeps_its_sound_in_step(
    tmp_path: Path, second: int
) -> None:
    """The pictures before its first key frame cannot be decoded; their time is not made up for."""
    begun = recording(tmp_path / "1.ts", second, 50, first_index=50, gop=25, b_frames=2)
    content = begun.read_bytes()
    begun.write_bytes(content[len(content) // PACKET_BYTES // 8 * PACKET_BYTES :])
    source = end_to_end(tmp_path / "in.ts", recording(tmp_path / "0.ts", 2 * HOUR, 50), begun)
    carry(source, tmp_path / "out.mkv")
    assert indices_in(tmp_path / "out.mkv")[-25:] == list(range(75, 100))
    late = packets_in(begun, "audio")[-1][0] - (second + Fraction(49, 25))
    last = shown(tmp_path / "out.mkv")[-1]
    assert heard(tmp_path / "out.mkv")[-1] == pytest.approx(last + float(late), abs=0.003)


def test_a_part_behind_a_hole_begins_at_0_with_its_sound(tmp_path: Path) -> None:
    halves = (
        recording(tmp_path / f"{number}.ts", start, 48, first_index=48 * number, gop=12)
        for number, start in enumerate([HOUR, HOUR + 60])
    )
    source = end_to_end(tmp_path / "in.ts", *halves)
    carry(source, tmp_path / "out.mkv", time=TimeRange(start_seconds=60.4))
    assert indices_in(tmp_path / "out.mkv") == list(range(58, 96))
    assert times_in(tmp_path / "out.mkv")[0] == 0
    sound = heard(tmp_path / "out.mkv")
    assert 0 <= sound[0] < 0.03
    assert sound[-1] == pytest.approx(37 / 25, abs=0.06)


def test_a_gap_that_no_clock_has_made_stays(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.ts", HOUR, stills=[(12, 9.5)], seconds_of_sound=0)
    carry(source, tmp_path / "out.mkv")
    assert shown(tmp_path / "out.mkv") == shown(source)


def test_pictures_that_stand_still_while_the_sound_goes_on_are_no_hole(tmp_path: Path) -> None:
    stills = [(index, 10.5) for index in (3, 4, 5)]
    source = recording(tmp_path / "in.ts", HOUR, 6, stills=stills, seconds_of_sound=32.0)
    carry(source, tmp_path / "out.mkv")
    assert shown(tmp_path / "out.mkv") == shown(source)
    assert heard(tmp_path / "out.mkv") == heard(source)


def test_sound_that_goes_on_a_little_into_a_hole_is_kept(tmp_path: Path) -> None:
    source = end_to_end(
        tmp_path / "in.ts",
        recording(tmp_path / "0.ts", HOUR, seconds_of_sound=4.0),
        recording(tmp_path / "1.ts", HOUR + 60, first_index=25),
    )
    _, joined = carry(source, tmp_path / "out.mkv")
    assert shown(tmp_path / "out.mkv")[25] == pytest.approx(4.0, abs=0.06)
    assert heard(tmp_path / "out.mkv")[-1] == pytest.approx(4.96, abs=0.06)
    assert not joined.losses


@pytest.mark.parametrize("wild", [HOUR - 1800, 30, 20 * HOUR, HOUR + 15])
@pytest.mark.parametrize(("kind", "number"), [("video", 20), ("video", 24), ("audio", 1)])
def test_one_wild_time_moves_nothing_behind_it(
    tmp_path: Path, kind: str, number: int, wild: int
) -> None:
    """Of a picture of its own, a key frame, and some packets of audio."""
    source = recording(tmp_path / "in.ts", HOUR, 50)
    before = heard(source), shown(source)
    restamp(source, number, wild, kind)
    assert len(plan(probe(source), 16)) > 1
    carry(source, tmp_path / "out.mkv")
    pictures, sound = shown(tmp_path / "out.mkv"), heard(tmp_path / "out.mkv")
    assert pictures == pytest.approx(before[1], abs=0.06)
    assert pictures[30:] == pytest.approx(before[1][30:], abs=0.002)
    assert sound[-10:] == pytest.approx(before[0][-10:], abs=0.002)
    assert max(sound) == sound[-1]


def test_other_containers_keep_their_gaps(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.mkv", 0, stills=[(12, 300.0)], seconds_of_sound=0)
    carry(source, tmp_path / "out.mkv")
    assert shown(tmp_path / "out.mkv") == shown(source)
