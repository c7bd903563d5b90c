"""``vsr upscale - -``: films through standard input and output."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.cli.command import QUICK, vsr
from tests.clips import Subtitle, indices_in, times_in, write_clip
from tests.cues import spoil_cue
from vsr.cli.shared.status_line import StatusLine
from vsr.errors import UnreadableMedia
from vsr.jobs.progress import Progress
from vsr.jobs.upscale import job, standard_streams
from vsr.jobs.upscale.spool import PIPE, spooled
from vsr.jobs.workers.upscale import upscale
from vsr.media.reading.probe import probe
from vsr.media.resume.manifest import source_facts
from vsr.specs import OutputSize, UpscaleSpec

COMMAND = [sys.executable, "-c", "from vsr.cli import main; main()", "upscale"]


@pytest.mark.parametrize(("format_name", "suffix"), [("matroska", "mkv"), ("mp4", "mp4")])
def test_a_film_goes_through_pipes_whole(clip: Path, tmp_path: Path, format_name, suffix):
    out = tmp_path / f"out.{suffix}"
    with clip.open("rb") as source, out.open("wb") as target:
        done = subprocess.run(
            [*COMMAND, "-", "-", "--format", format_name, "--json", *QUICK],
            stdin=source, stdout=target, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert indices_in(out) == list(range(12))
    shown = times_in(out)  # Matroska shifts all streams alike, by the priming of AAC
    assert [time - shown[0] for time in shown] == times_in(clip)
    assert [stream.kind for stream in probe(out).others] == ["audio"]
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert (events[-1]["event"], events[-1]["frames_out"]) == ("done", 12)


@pytest.mark.parametrize("header", [12, None])
def test_a_log_has_a_line_of_a_pipe_when_it_ends_and_none_for_each_frame(
    clip: Path, monkeypatch, header
):
    monkeypatch.setattr(job, "frames_made", lambda *_: header)
    log, seen = io.StringIO(), []
    line = StatusLine("in.mp4", lambda: 80, log)

    def on_progress(progress: Progress) -> None:
        seen.append(progress.total_frames)
        line.on_progress(progress)

    spec = UpscaleSpec(
        size=OutputSize(scale=2), steps=("upscale", "fit"), model="bicubic", container="nut"
    )
    monkeypatch.setattr(standard_streams, "STANDARD_OUTPUT", os.devnull)
    upscale(clip, PIPE, spec, on_progress=on_progress)
    assert len(seen) >= 12
    assert set(seen[:-1]) == {header}
    assert [row.split(", ")[1] for row in log.getvalue().splitlines()] == (
        ["8%", "100%"] if header else ["1 frame"]
    )


def test_what_damage_takes_is_told_of_a_pipe_too(tmp_path: Path):
    source = write_clip(tmp_path / "in.mkv", frames=36, subtitles=[Subtitle()])
    spoil_cue(source)
    done = subprocess.run(
        [*COMMAND, str(source), "-", "--format", "mp4", "--json", *QUICK],
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert json.loads(done.stderr.splitlines()[-1])["losses"] == ["1 packet of audio or subtitles"]


def test_a_pipe_without_a_format_is_refused(clip: Path):
    done = subprocess.run([*COMMAND, str(clip), "-", *QUICK], capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"--format" in done.stderr


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    "option", ["--restart", "--keep-work", "--work-dir=.", "--segment-frames=9"]
)
def test_what_belongs_to_segments_is_refused_for_a_pipe(clip: Path, capsys, option: str, more):
    assert vsr("upscale", clip, "-", *QUICK, "--format", "matroska", option, *more) == 2
    flag = option.partition("=")[0]
    said = f"vsr: -: the output is a pipe. Omit what only files have: {flag}."
    assert capsys.readouterr().err.splitlines() == [said]


@pytest.mark.parametrize(
    ("words", "is_film_on_stdout"),
    [
        (("none.mkv", "-"), True),
        (("none.mkv", "-", "--crf", "99"), True),
        (("none.mkv", "--crf", "bad", "-"), True),
        (("none.mkv", "-o", "-"), True),
        (("none.mkv", "--output=-"), True),
        (("none.mkv", "--out", "-"), True),
        (("-i", "none.mkv", "-", "--resume"), True),
        (("-", "out.mkv", "--crf", "99"), False),
        (("-i", "-", "out.mkv", "--crf", "99"), False),
        (("-", "--crf", "99"), False),
    ],
)
def test_an_error_for_programs_is_where_the_film_is_not(words, is_film_on_stdout, capsys):
    assert vsr("upscale", *words, "--json") == 2
    told = capsys.readouterr()
    assert ('{"event": "error"' in told.err) is is_film_on_stdout
    assert (told.out == "") is is_film_on_stdout


def test_an_error_of_a_probe_for_programs_is_where_its_results_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO()))
    assert vsr("probe", "-", "--json") == 2
    assert json.loads(capsys.readouterr().out)["event"] == "error"


def test_nothing_on_standard_input_is_called_so(tmp_path: Path):
    done = subprocess.run(
        [*COMMAND, "-", str(tmp_path / "out.mkv"), *QUICK],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("vsr: -: standard input is empty.")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_ends_in_one_line(clip: Path):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, str(clip), "-", "--format", "matroska", *QUICK, "-q"],
        stdout=write, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert done.returncode == 1
    assert done.stderr == "vsr: the pipe: its reader closed it before the end; run both again.\n"


def test_a_named_pipe_is_read_once(clip: Path, tmp_path: Path):
    """As a shell makes one for ``vsr upscale <(…)``; it was waited for without end."""
    named = tmp_path / "named"
    os.mkfifo(named)
    sending = Thread(target=lambda: named.write_bytes(clip.read_bytes()))
    sending.start()
    done = subprocess.run(
        [*COMMAND, str(named), str(tmp_path / "out.mkv"), *QUICK, "-q"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    sending.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert indices_in(tmp_path / "out.mkv") == indices_in(clip)


def test_a_named_pipe_is_not_probed(tmp_path: Path):
    os.mkfifo(tmp_path / "named")
    with pytest.raises(UnreadableMedia, match="can be read only once"):
        probe(tmp_path / "named")


def test_what_is_piped_again_is_resumed(clip: Path, tmp_path: Path, monkeypatch):
    times = set()
    for _ in range(2):
        with clip.open("rb") as source, monkeypatch.context() as patched:
            patched.setattr("sys.stdin", SimpleNamespace(buffer=source))
            with spooled(PIPE) as copy:
                times.add(tuple(source_facts(copy).items()))
    assert len(times) == 1


@pytest.mark.parametrize(
    ("pix_fmt", "bits"),
    [pytest.param("yuv420p", 8, marks=pytest.mark.slow), ("yuv420p10le", 10)],
)
def test_raw_frames_go_into_a_pipe(tmp_path: Path, pix_fmt: str, bits: int):
    clip = write_clip(
        tmp_path / "in.mkv", frames=4, pix_fmt=pix_fmt, codec="ffv1", options={}, b_frames=0
    )
    sent = {}
    for name in ("y4m", "rawvideo"):
        done = subprocess.run(
            [*COMMAND, str(clip), "-", "-f", name, "--model", "bicubic", "--scale", "2"],
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        sent[name] = done.stdout
    one = 192 * 128 * 3 // 2 * (2 if bits > 8 else 1)
    assert len(sent["rawvideo"]) == 4 * one
    head, rest = sent["y4m"].split(b"\n", 1)
    assert head.startswith(b"YUV4MPEG2 W192 H128 F25:1")
    assert (b"420p10" in head) == (bits == 10)
    frames = [rest[place + 6 : place + 6 + one] for place in range(0, len(rest), one + 6)]
    assert b"".join(frames) == sent["rawvideo"]
    (tmp_path / "out.y4m").write_bytes(sent["y4m"])
    assert indices_in(tmp_path / "out.y4m") == [0, 1, 2, 3]


def test_what_is_wrong_is_named_as_the_user_gave_it(tmp_path: Path, capsys, clip: Path):
    image = tmp_path / "photo.png"
    Image.new("RGB", (8, 8)).save(image)
    assert vsr("upscale", image, tmp_path / "out.mp4", *QUICK) == 2
    assert (
        "out.mp4: photo.png is an image, and so is its result. Name it" in capsys.readouterr().err
    )
    assert vsr("upscale", clip, tmp_path / "out.png", *QUICK) == 2
    assert (
        f"out.png: names an image, and {clip.name} is read as a video." in capsys.readouterr().err
    )
    for kind in ("exr", "DPX"):
        (single := tmp_path / f"shot.{kind}").touch()
        assert vsr("upscale", single, tmp_path / "out.mkv", *QUICK) == 2
        told = f"{kind.upper()} is read as the frames of a sequence, and not as one image."
        assert told in capsys.readouterr().err
    command = [sys.executable, "-c", "from vsr.cli import main; main()", "upscale", "-"]
    ended = subprocess.run(
        [*command, str(tmp_path / "out.mkv")], input=b"no film", capture_output=True, check=False
    )
    assert ended.returncode == 2
    assert b"vsr: standard input: not a media file" in ended.stderr


SCALE = QUICK[:4]


@pytest.mark.parametrize(
    "command",
    [["probe", "-"], ["probe", "-", "o.mkv", *SCALE], ["-", "o.mkv", "--dry-run", *SCALE]],
)
def test_a_pipe_is_told_of_as_a_file_is(clip: Path, capsys, monkeypatch, command: list[str]):
    monkeypatch.chdir(clip.parent)
    assert (
        vsr(
            *["in.mp4" if word == "-" else word for word in command],
        )
        == 0
    )
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("takes")]
    with clip.open("rb") as pipe:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=pipe))
        assert vsr(*command) == 0
    of_pipe = capsys.readouterr().out.splitlines()
    assert of_pipe[0] == "file       -"
    assert of_pipe[1:3] == told[1:3]
    assert [path.name for path in clip.parent.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize(
    ("typed", "output"),
    [([], "out-x2.mkv"), (["--format", "mp4"], "out-x2.mp4"), (["films/"], "films/out.mkv")],
)
def test_a_probe_of_a_pipe_needs_no_name_for_a_result(
    clip: Path, capsys, monkeypatch, typed: list[str], output: str
):
    with clip.open("rb") as pipe:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=pipe))
        assert vsr("probe", "-", *typed, *SCALE) == 0
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert told["file"] == "-"
    assert told["output"] == f"{output}: 192×128, H.264"
    assert list(clip.parent.iterdir()) == [clip]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["upscale", "-", "o.png"], "what comes from a pipe is read as a video. Name a video,"),
        (["upscale", "-", "{folder}"], "Name a file for its result, not only a folder."),
        (["preview", "-", "o.html"], "a preview reads a video in several places"),
        (["compare", "-", "in.mp4", "o.html"], "only vsr upscale and vsr probe read from a pipe"),
        (["evaluate", "-", "in.mp4"], "only vsr upscale and vsr probe read from a pipe"),
        (["batch", "-", "o"], "Use vsr upscale for a pipe."),
    ],
)
def test_what_cannot_come_from_a_pipe_is_refused_in_a_true_sentence(
    clip: Path, capsys, monkeypatch, command: list[str], said: str
):
    monkeypatch.chdir(clip.parent)
    assert vsr(*[word.format(folder=clip.parent) for word in command]) == 2
    assert said in capsys.readouterr().err
