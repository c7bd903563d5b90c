"""What cannot be done is refused in one line, with exit code 2, and nothing is written."""

import json
import os
from errno import ENOSPC
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import vsr
from vsr.errors import InvalidOption
from vsr.jobs.estimate.moments import moment_near
from vsr.media.reading.probe import probe


def refusal(capsys, *arguments: object) -> str:
    """Run, expect exit code 2 and one line without a traceback; return the line."""
    assert vsr(*arguments) == 2
    shown = capsys.readouterr()
    lines = [line for line in shown.err.splitlines() if line.strip()]
    assert len(lines) == 1, shown.err
    assert lines[0].startswith("vsr: ")
    assert shown.out == ""
    return lines[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "empty"),
        (b"Dear diary, today nothing happened.\n" * 20, "not a media file"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(200), "damaged"),
    ],
    ids=["missing", "empty", "text", "truncated"],
)
def test_an_input_that_is_no_video_is_refused(tmp_path: Path, capsys, content, message):
    source = tmp_path / "in.mp4"
    if content is not None:
        source.write_bytes(content)
    assert message in refusal(capsys, "upscale", source, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_a_demo_that_fails_leaves_nothing(tmp_path: Path, monkeypatch, capsys):
    def full(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(ENOSPC, "full")

    monkeypatch.setattr("vsr.media.clips.h264.write_clip", full)
    assert vsr("demo", tmp_path / "demo") == 1
    assert capsys.readouterr().err.endswith(
        "demo-270p.mp4: the disk is full. Make room and try again.\n"
    )
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    assert vsr("demo", tmp_path / "file") == 2
    assert "file: cannot be created" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["out.mkv", "-"])
def test_an_index_is_put_first_only_where_there_is_one(clip: Path, tmp_path: Path, capsys, place):
    format_name = ["--format", "matroska"] if place == "-" else []
    target = "-" if place == "-" else tmp_path / place
    words = [clip, target, *format_name, "--model", "bicubic", "-s", 2, "--faststart"]
    said = "vsr: --faststart: only mp4 and mov have an index to put first, not matroska."
    for more in ([], ["--dry-run"]):
        assert refusal(capsys, "upscale", *words, *more).startswith(said)
    assert vsr("batch", clip.parent, tmp_path / "out", *words[-5:], "-q") == 0  # other files have


def test_sound_alone_is_refused(tmp_path: Path, capsys):
    import wave

    with wave.open(str(tmp_path / "in.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16000))
    message = refusal(capsys, "upscale", tmp_path / "in.wav", tmp_path / "out.mp4")
    assert "no video stream (1 audio)" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "5k"], "5k: no preset of that name"),
        (["--preset", "slow"], "--encoder-preset slow"),
        (["--model", "fats"], "Did you mean fast"),
        (["--codec", "h256"], "Did you mean h26"),
        (["--codec", "prores"], "cannot hold prores"),
        (["--prest", "4k"], "Did you mean"),
        (["--scale", "0"], "scale 0 must be at least 1"),
        (["--scale", "2", "--preset", "4k"], "choose one of --preset, --scale"),
        (["-e", "subme"], "write KEY=VALUE"),
        (["-e", "x264-parms=a"], "no such option"),
        (["--start", "1:xx"], "is not a time"),
        (["--start", "1:99"], "is not a time"),
        (["--start", "1:60:00"], "is not a time"),
        (["--start", "5", "--end", "2"], "must come before"),
        (["--precision", "fp16", "--device", "cpu"], "fp16: needs CUDA"),
        (["--precision", "autocast", "--device", "cpu"], "autocast: needs CUDA"),
        (["--device", "tpu"], "choose from auto, cpu, cuda"),
        (["-y", "-n"], "choose one of"),
        (["--crf", "99"], "crf 99 must be between 0 and 51"),
        (["--pix-fmt", "yuv999"], "yuv999"),
        (["--tile", "3"], "at least 16"),
        (["--width", "64"], "at or above the target"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_that_cannot_be_meant_is_refused(
    clip: Path, tmp_path: Path, capsys, arguments, message
):
    line = refusal(capsys, "upscale", clip, tmp_path / "out.mp4", *arguments)
    assert message in line
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("in.mp4", "is the input file"),
        ("there.mp4", "already exists. Add -y"),
        ("in.mp4/out.mp4", "in.mp4: is not a folder"),
        ("out.xyz", "not a container"),
        ("out", "no suffix"),
    ],
)
def test_a_target_that_cannot_be_written_is_refused(
    clip: Path, tmp_path: Path, capsys, target, message
):
    (tmp_path / "there.mp4").write_bytes(b"mine")
    for is_dry in ((), ("--dry-run",)):
        assert message in refusal(capsys, "upscale", clip, tmp_path / target, *is_dry)
    assert (tmp_path / "there.mp4").read_bytes() == b"mine"


@pytest.mark.parametrize("command", ["upscale", "batch"])
def test_a_folder_is_not_upscaled_into_the_name_of_a_film(
    clip: Path, tmp_path: Path, capsys, command: str
):
    line = refusal(capsys, command, clip.parent, tmp_path / "out.mp4")
    assert "out.mp4: names a video" in line
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(clip: Path, tmp_path: Path, capsys):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "cannot be written" in refusal(capsys, "upscale", clip, locked / "out.mp4")


def test_a_checkpoint_that_is_none_or_runs_code_is_refused(clip: Path, tmp_path: Path, capsys):
    import pickle

    class Evil:
        def __reduce__(self):
            return (Path(tmp_path / "pwned").touch, ())

    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"model": Evil()}))
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    for name in ("evil.pth", "junk.safetensors"):
        line = refusal(capsys, "upscale", clip, tmp_path / "o.mp4", "--model", tmp_path / name)
        assert name in line
    assert not (tmp_path / "pwned").exists()


def test_an_error_is_an_event_too(tmp_path: Path, capsys):
    assert vsr("upscale", tmp_path / "none.mp4", tmp_path / "out.mp4", "--json") == 2
    event = json.loads(capsys.readouterr().out)
    assert (event["event"], event["code"]) == ("error", 2)
    assert "no such file" in event["message"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied", "a.mp4"), "a.mp4: Permission denied. Check"),
        (OSError("the disk has gone"), "the disk has gone. Check"),
        (MemoryError(), "not enough memory. Close other programs"),
    ],
    ids=["with a place", "without one", "memory"],
)
def test_what_the_system_refuses_is_a_failure_and_no_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys, error: Exception, message: str
):
    def fail() -> None:
        raise error

    monkeypatch.setattr("vsr.jobs.doctor.examine", fail)
    assert vsr("doctor") == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f"vsr: {message}")
    assert shown.count("\n") == 1


def test_the_choices_for_a_missing_argument_are_on_one_line(capsys):
    assert vsr("completion") == 2
    assert "Choose from: bash, zsh, fish. Try 'vsr completion" in capsys.readouterr().err


def test_every_line_ends_as_a_sentence(capsys):
    assert "(more). Try 'vsr doctor --help'." in refusal(capsys, "doctor", "more")


def test_a_recipe_is_not_called_a_preset(tmp_path: Path, capsys):
    line = refusal(capsys, "train", "fit", "fats", "--data", tmp_path, "--out", tmp_path / "run")
    assert "fats: no recipe of that name" in line


def test_a_folder_that_is_not_there_is_not_called_unprepared(tmp_path: Path, capsys):
    run = ["--out", tmp_path / "run"]
    line = refusal(capsys, "train", "fit", "fast-x4", "--data", tmp_path / "none", *run)
    assert "none: no such folder. Check the path." in line


def test_many_pictures_that_cannot_be_measured_are_counted(tmp_path: Path, capsys):
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(b"no picture")
    line = refusal(capsys, "evaluate", "--model", "bicubic", "--data", tmp_path)
    assert "a.png: cannot be read as an image" in line
    assert line.endswith("2 more failed as well.")


def test_verbose_shows_the_traceback(tmp_path: Path, capsys):
    assert vsr("upscale", tmp_path / "none.mp4", tmp_path / "out.mp4", "-v") == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_unknown_command_is_refused_with_a_suggestion(capsys):
    assert "Did you mean 'upscale'" in refusal(capsys, "upscail")


def test_a_wrong_size_or_grain_is_answered_with_all_that_may_be_given(clip, capsys):
    said = refusal(capsys, "probe", clip, "--preset", "10")
    assert "Any height with a p, such as 720p, is one as well." in said
    said = refusal(capsys, "probe", clip, "--scale", "2", "--grain", "5")
    assert "grain 5.0: give keep, remove, auto or a number from 0 to 1." in said


def test_only_a_time_that_was_given_is_refused_as_one(clip, tmp_path, capsys):
    Image.new("RGB", (32, 24)).save(tmp_path / "p.png")
    said = refusal(capsys, "compare", clip, tmp_path / "p.png", tmp_path / "c.html")
    assert "p.png: is an image, and compare takes videos. Name a video." in said
    with pytest.raises(InvalidOption, match="nothing at 0:09.00, beyond its .* Give --at"):
        moment_near(probe(clip), 9.0, "")


@pytest.mark.parametrize(
    "wrong",
    [
        ("--model", "typo"),
        ("--model", "none.safetensors"),
        ("--codec", "typo"),
        ("--format", "typo"),
        ("--device", "typo"),
    ],
    ids=" ".join,
)
def test_what_is_wrong_for_every_file_is_told_once(wrong, clip: Path, tmp_path: Path, capsys):
    other, out = tmp_path / "other.mp4", f"{tmp_path}/out/"
    other.write_bytes(clip.read_bytes())
    for command in (
        ["probe", clip, other, tmp_path / "third.mp4"],
        ["batch", clip, other, out],
        ["batch", clip, other, out, "--dry-run"],
        ["batch", clip, other, out, "--watch"],
        ["upscale", clip, other, out],
    ):
        (tmp_path / "third.mp4").touch()
        assert vsr(*command, *wrong, "--scale", "2") == 2
        shown = capsys.readouterr()
        assert len(shown.err.splitlines()) == 1
        assert f"{wrong[1]}: " in shown.err
        assert shown.out == ""
    assert not Path(out).exists()


def test_a_benchmark_of_several_models_refuses_a_wrong_one_before_it_measures(clip, capsys):
    words = ["--frames", "2", "--repeat", "1", "--scale", "2"]
    assert vsr("bench", clip, "-m", "bicubic", "-m", "typo", *words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("vsr: typo: no model of that name.")
