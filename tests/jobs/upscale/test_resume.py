"""A stopped run resumes where it was, and ends byte for byte as an undisturbed one."""

import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.clips import Audio, indices_in, write_clip
from vsr.batch.engine import EngineSpec
from vsr.errors import Interrupted, InvalidOption, OutputBusy, OutputError, OutputExists
from vsr.jobs.batch.batch import BatchSpec, batch
from vsr.jobs.upscale.job import versions
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.media.resume.work import Work, work_folder_of
from vsr.specs import EncodeSpec
from vsr.values import OutputSize, TimeRange

FRAMES = 72


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "in.mp4", frames=FRAMES, gop=12, audio=[Audio()])


def spec(**changes):
    encode = EncodeSpec(encoder_preset="ultrafast")
    base = spec_of_preset("1080p", OutputSize(scale=2))
    third = FRAMES // 3
    values = {"model": "bicubic", "encode": encode, "segment_frames": third, **changes}
    return replace(base, **values)


class Stop(Exception):
    """A power cut."""


def stop_after(frames: int):
    def on_progress(progress):
        if progress.frames == frames:
            raise Stop

    return on_progress


def test_segments_join_without_seam(clip: Path, tmp_path: Path):
    upscale(clip, tmp_path / "out.mp4", spec(keeps_work=True))
    assert indices_in(tmp_path / "out.mp4") == list(range(FRAMES))
    segments = sorted(work_folder_of(tmp_path / "out.mp4").glob("*.nut"))
    assert [len(indices_in(path)) for path in segments] == [24, 24, 24]


@pytest.mark.parametrize("frames", [25, 47, 60])
def test_a_stopped_run_goes_on_and_ends_byte_identical(clip: Path, tmp_path: Path, frames: int):
    upscale(clip, tmp_path / "whole.mp4", spec())
    target, notes, seen = tmp_path / "out.mp4", [], []
    with pytest.raises(Stop):
        upscale(clip, target, spec(), on_progress=stop_after(frames))
    assert not target.exists()
    upscale(clip, target, spec(), note=notes.append, on_progress=seen.append)
    assert any("resuming: " in note for note in notes)
    assert seen[0].frames >= 24
    assert min(progress.speed for progress in seen) >= 0, "what was done before took no time"
    assert seen[-1].frames == FRAMES
    assert target.read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert not work_folder_of(target).exists()


def test_a_run_stopped_before_its_first_segment_leaves_nothing(clip: Path, tmp_path: Path):
    with pytest.raises(Stop):
        upscale(clip, tmp_path / "out.mp4", spec(), on_progress=stop_after(3))
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def die(*_: object, **__: object) -> None:
    raise Stop


@pytest.mark.parametrize("engine", [None, EngineSpec(workers=1, cpus_per_worker=1)])
def test_a_crash_behind_the_publishing_leaves_no_folder_for_ever(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: EngineSpec | None
):
    target = tmp_path / "out.mp4"
    with monkeypatch.context() as patched:
        patched.setattr(Work, "remove", die)
        with pytest.raises(Stop):
            upscale(clip, target, spec())
    assert work_folder_of(target).exists()
    again = partial(upscale, engine=engine) if engine else upscale
    with pytest.raises(OutputExists):
        again(clip, target, spec())
    assert not work_folder_of(target).exists()


def test_a_batch_clears_away_what_a_crash_left_of_a_finished_film(clip, tmp_path, monkeypatch):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    clip.rename(folder / "in.mp4")
    with monkeypatch.context() as patched:
        patched.setattr(Work, "remove", lambda work: work.close())
        assert [one.state for one in batch(folder, out, BatchSpec(upscale=spec()))] == ["done"]
    assert work_folder_of(out / "in.mp4").exists()
    assert [one.state for one in batch(folder, out, BatchSpec(upscale=spec()))] == ["skipped"]
    assert not work_folder_of(out / "in.mp4").exists()


def test_ctrl_c_says_how_to_go_on(clip: Path, tmp_path: Path):
    def press(progress):
        if progress.frames == 30:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="1 of 3 segments .* same command again") as caught:
        upscale(clip, tmp_path / "out.mp4", spec(), on_progress=press)
    assert caught.value.exit_code == 130
    done = upscale(clip, tmp_path / "out.mp4", spec())
    assert (done.frames_in, done.frames_before) == (FRAMES, 24)
    assert done.fps * done.elapsed_seconds == pytest.approx(FRAMES - 24)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (
            2,
            "interrupted before the first of 3 segments was finished: nothing is kept, and the",
        ),
        (None, "interrupted before the start: nothing was written."),
    ],
)
def test_ctrl_c_before_the_first_segment_says_that_nothing_is_kept(
    clip: Path, tmp_path: Path, frames: int | None, said: str
):
    def press(progress):
        if progress.frames == frames:
            raise KeyboardInterrupt

    def press_early(text):
        if frames is None:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=said):
        upscale(clip, tmp_path / "out.mp4", spec(), on_progress=press, note=press_early)
    assert sorted(path.name for path in tmp_path.iterdir()) == [clip.name]


def test_losses_of_the_run_before_are_not_forgotten(clip: Path, tmp_path: Path):
    data = bytearray(write_clip(tmp_path / "bad.mkv", frames=FRAMES, gop=12).read_bytes())
    for place in range(len(data) // 12, len(data) // 5, 61):
        data[place] ^= 0xFF
    (tmp_path / "bad.mkv").write_bytes(data)
    whole = upscale(tmp_path / "bad.mkv", tmp_path / "whole.mkv", spec())
    assert whole.losses
    with pytest.raises(Stop):
        upscale(tmp_path / "bad.mkv", tmp_path / "out.mkv", spec(), on_progress=stop_after(40))
    resumed = upscale(tmp_path / "bad.mkv", tmp_path / "out.mkv", spec())
    assert resumed.losses == whole.losses
    assert resumed.frames_in == whole.frames_in == len(indices_in(tmp_path / "out.mkv"))


def test_other_settings_are_refused_with_the_difference_unless_begun_anew(clip, tmp_path: Path):
    target = tmp_path / "out.mp4"
    with pytest.raises(Stop):
        upscale(clip, target, spec(), on_progress=stop_after(30))
    other = spec(encode=EncodeSpec(encoder_preset="ultrafast", crf=30))
    with pytest.raises(OutputError, match="encoder options crf was 18, is 30"):
        upscale(clip, target, other)
    assert upscale(clip, target, replace(other, is_restart=True)).frames_out == FRAMES


def test_another_processor_does_not_go_on_with_what_this_one_began(clip, tmp_path, monkeypatch):
    target, cpu = tmp_path / "out.mp4", spec(device="cpu")
    monkeypatch.setattr("vsr.device.select._cpu_name", lambda: "Old")
    with pytest.raises(Stop):
        upscale(clip, target, cpu, on_progress=stop_after(30))
    monkeypatch.setattr("vsr.device.select._cpu_name", lambda: "New")
    with pytest.raises(
        OutputError,
        match=r"on another machine, left unfinished work \(device was cpu Old .* cpu New",
    ):
        upscale(clip, target, cpu)
    assert upscale(clip, target, replace(cpu, is_restart=True)).frames_out == FRAMES


def test_another_code_does_not_go_on_with_what_this_one_began(clip, tmp_path, monkeypatch):
    target, now = tmp_path / "out.mp4", versions()
    with pytest.raises(Stop):
        upscale(clip, target, spec(), on_progress=stop_after(30))
    monkeypatch.setattr("vsr.jobs.upscale.job.versions", lambda: now | {"vsr": "0.1.0 (code 1)"})
    told = r"another version of vsr left unfinished work \(vsr was .*, is 0\.1\.0 \(code 1\)\)\."
    with pytest.raises(OutputError, match=told):
        upscale(clip, target, spec())
    assert upscale(clip, target, spec(is_restart=True)).frames_out == FRAMES


def test_a_second_run_on_one_target_is_refused(clip: Path, tmp_path: Path):
    with Work.begin(tmp_path / "out.mp4", {}, lambda: ()), pytest.raises(OutputBusy):
        upscale(clip, tmp_path / "out.mp4", spec())


@pytest.mark.slow
@pytest.mark.parametrize("frame", [1, 26, 50, 71])
def test_a_killed_process_is_resumed_byte_identical(clip: Path, tmp_path: Path, frame: int):
    upscale(clip, tmp_path / "whole.mp4", spec())
    code = f"""
import os, signal
from tests.jobs.upscale.test_resume import spec, upscale
def on_progress(progress):
    if progress.frames == {frame}:
        os.kill(os.getpid(), signal.SIGKILL)
from pathlib import Path
upscale(Path("in.mp4"), Path("out.mp4"), spec(), on_progress=on_progress)
"""
    root = Path(__file__).parents[3]
    environment = {"PYTHONPATH": str(root), "PATH": ""}
    killed = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "out.mp4").exists()
    upscale(clip, tmp_path / "out.mp4", spec())
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_a_spliced_source_is_done_in_one_piece(tmp_path: Path):
    """Two concatenated transport streams: the timestamps restart in the middle."""
    parts = [
        write_clip(tmp_path / f"{part}.ts", frames=36, first_index=36 * part, gop=12)
        for part in range(2)
    ]
    clip = tmp_path / "in.ts"
    clip.write_bytes(b"".join(part.read_bytes() for part in parts))
    notes: list[str] = []
    upscale(clip, tmp_path / "out.mkv", spec(keeps_work=True), note=notes.append)
    assert "done in one piece, and an interrupted run starts over." in notes[-1]
    assert indices_in(tmp_path / "out.mkv") == list(range(72))
    assert len(list(work_folder_of(tmp_path / "out.mkv").glob("*.nut"))) == 1
    with pytest.raises(InvalidOption, match="restart in the middle"):
        upscale(clip, tmp_path / "part.mkv", spec(time=TimeRange(start_seconds=1.0)))
