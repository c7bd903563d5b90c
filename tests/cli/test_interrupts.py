"""What Ctrl-C and other signals leave, and say."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.cli.command import QUICK, vsr
from tests.clips import write_clip
from vsr.jobs.batch.batch import watch
from vsr.jobs.batch.outcome import Outcome, State
from vsr.jobs.ending import heeding_ends
from vsr.jobs.progress import ignore

COMMAND = [sys.executable, "-c", "from vsr.cli import main; main()", "upscale"]


def test_ctrl_c_in_a_batch_says_what_is_done(clip: Path, tmp_path: Path, monkeypatch, capsys):
    def interrupted(*_: object, **__: object):
        for state in states:
            yield Outcome(source=clip, target=clip, state=state)
        raise KeyboardInterrupt

    monkeypatch.setattr("vsr.jobs.batch.batch.batch", interrupted)
    states: tuple[State, ...] = ()
    assert vsr("batch", clip.parent, tmp_path / "out", *QUICK) == 130
    said = "interrupted; 0 files done. Run the same command again to go on.\n"
    assert capsys.readouterr().err == f"vsr: {said}"
    states = ("skipped", "failed")
    assert vsr("batch", clip.parent, tmp_path / "out", *QUICK, "-q") == 130
    said = "interrupted; 1 file done, 1 failed. Run the same command again to go on.\n"
    assert capsys.readouterr().err == f"vsr: {said}"


def test_a_watch_that_is_interrupted_within_a_film_names_it(
    clip: Path, tmp_path: Path, monkeypatch, capsys
):
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vsr.jobs.workers.total_progress.TotalProgress.report", stop)
    monkeypatch.setattr("vsr.jobs.batch.batch.watch", partial(watch, sleep=ignore))
    folder = clip.parent
    assert vsr("batch", folder, tmp_path / "out", *QUICK, "-q", "--watch") == 130
    said = f"interrupted; 0 files done, not finished: {clip}. Run the same command again to go on."
    assert capsys.readouterr().err == f"vsr: {said}\n"


@pytest.mark.slow
@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_ends_with_130_and_leaves_no_output(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mp4", frames=200)
    command = [
        *COMMAND,
        str(clip),
        str(tmp_path / "out.mp4"),
        "--model",
        "fast",
        "--scale",
        "4",
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the first frame is done
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(30) == 130
    assert not (tmp_path / "out.mp4").exists()


@pytest.fixture
def _signals_as_usual():
    """Hear them, though ``nohup`` may have started these tests, or Ray taken one before."""
    kinds = (signal.SIGHUP, signal.SIGTERM)
    before = {kind: signal.signal(kind, signal.SIG_DFL) for kind in kinds}
    yield
    for kind, handler in before.items():
        signal.signal(kind, handler)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
@pytest.mark.usefixtures("_signals_as_usual")
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_wait_for_a_pipe_as_ctrl_c_does(tmp_path: Path, kind: signal.Signals):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [*COMMAND, "-", str(tmp_path / "out.mkv"), *QUICK],
        env={**os.environ, "TMPDIR": str(temporary)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as run:  # fmt: skip
        while not list(temporary.glob("*/input")):  # the folder comes a moment before the wait
            time.sleep(0.05)
        run.send_signal(kind)
        said = run.communicate(timeout=60)[1]
    assert run.returncode == 128 + kind
    assert said == "vsr: interrupted before the start: nothing was written.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["temporary"]
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
@pytest.mark.usefixtures("_signals_as_usual")
def test_what_nohup_starts_outlives_the_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeding_ends() as came:
            os.kill(os.getpid(), signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
        assert came == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
