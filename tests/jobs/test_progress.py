from pathlib import Path

from vsr.jobs.batch.outcome import Outcome
from vsr.jobs.progress import Result


def test_a_summary_keeps_a_name_on_its_line():
    done = Result(output=Path("a\nb.mp4"), frames_out=2, elapsed_seconds=1.0, losses=("x\ny",))
    assert done.summary().splitlines() == ["a\\nb.mp4: 2 frames in 1.0 s, 2.00 fps", "loss: x\\ny"]
    kept = Result(output=Path("a\nb.mp4"), is_skipped=True)
    assert kept.summary() == "a\\nb.mp4: already exists; skipped."


def test_frames_of_an_earlier_run_are_not_counted_into_the_rate():
    done = Result(output=Path("o.mp4"), frames_out=120, frames_before=30, elapsed_seconds=9.0)
    assert done.fps == 10.0
    assert done.speed() == "120 frames, 30 of them before, in 9.0 s, 10.00 fps"


def test_a_run_that_computed_no_frame_has_no_rate():
    done = Result(output=Path("o.mp4"), frames_out=120, frames_before=120, elapsed_seconds=9.0)
    assert done.speed() == "120 frames, all of them before, in 9.0 s"
    outcome = Outcome(source=Path("i.mp4"), target=Path("o.mp4"), state="done", frames=120)
    assert outcome.line() == "done     o.mp4  120 frames"
