import pytest

from vsr.jobs.progress import Progress, Stopwatch, counted


def clock_of(*times):
    iterator = iter(times)
    return lambda: next(iterator)


def test_a_stopwatch_counts_frames_against_the_clock():
    seen: list[Progress] = []
    watch = Stopwatch(seen.append, 10, clock_of(100.0, 101.0, 102.0))
    watch.tick(0.04, 1000)
    watch.tick(0.08, 2000)
    assert [p.frames for p in seen] == [1, 2]
    assert [p.fps for p in seen] == [1.0, 1.0]
    assert seen[-1].elapsed_seconds == 2.0
    assert seen[-1].speed == 0.04
    assert seen[-1].bytes_written == 2000


def test_frames_of_an_earlier_run_count_but_took_no_time():
    seen: list[Progress] = []
    watch = Stopwatch(seen.append, 10, clock_of(0.0, 2.0))
    watch.skip(6, 5.0)
    watch.tick(6.0, 1)
    assert (seen[0].frames, seen[0].fps, seen[0].speed) == (7, 0.5, 0.5)


@pytest.mark.parametrize(("frames", "words"), [(0, "0 frames"), (1, "1 frame"), (2, "2 frames")])
def test_frames_are_counted_in_words(frames: int, words: str):
    assert counted(frames) == words
