"""What is lost, said in one way for files, pipes, images and shared films: list, 3, or refusal."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import QUICK, vsr
from tests.clips import Attachment, Audio, Subtitle, write_clip
from vsr.batch.engine import open_inline
from vsr.batch.scheduler import Scheduler
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.shared_film import Crew, FilmInWork
from vsr.jobs.workers.worker import FilmSpec, opener
from vsr.values import OutputSize

FONT = "attachment stream 1 (font.ttf): dropped: mp4 cannot hold attachments."


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "in.mkv", frames=3, attachments=[Attachment()])


def done(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the losses that the last event lists."""
    (event,) = [line for line in capsys.readouterr().out.splitlines() if '"done"' in line]
    return list(json.loads(event)["losses"])


def test_what_a_container_cannot_hold_is_listed_at_the_end_and_ends_with_3(
    film: Path, tmp_path: Path, capsys
):
    assert vsr("upscale", film, tmp_path / "out.mp4", *QUICK, "--json") == 3
    assert done(capsys) == [FONT]


def test_sound_converted_with_loss_is_said_before_and_ends_with_0(tmp_path: Path, capsys):
    film = write_clip(tmp_path / "in.mp4", frames=30, audio=[Audio()])
    said = "audio stream 1 (aac, eng): converted to opus, with loss: webm cannot hold aac; "
    quick = ["--model", "bicubic", "--scale", "2", "--codec", "vp9"]
    assert vsr("upscale", film, tmp_path / "out.webm", *quick, "--segment-frames", "12") == 0
    assert capsys.readouterr().err.count(said) == 1
    assert vsr("upscale", film, tmp_path / "no.webm", *quick, "--strict") == 2
    assert "--strict was given" in capsys.readouterr().err
    assert vsr("upscale", film, tmp_path / "no.webm", *quick, "--audio", "copy") == 2
    assert "--audio copy: webm cannot hold aac" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.webm"]


def test_formatted_subtitles_that_become_plain_are_treated_likewise(tmp_path: Path, capsys):
    film = write_clip(tmp_path / "in.mkv", frames=3, subtitles=[Subtitle(codec="ass")])
    said = "subtitle stream 1 (ass, eng): converted to mov_text, with loss: mp4 does not support"
    assert vsr("upscale", film, tmp_path / "out.mp4", *QUICK) == 0
    assert capsys.readouterr().err.count(said) == 1
    assert vsr("upscale", film, tmp_path / "no.mp4", *QUICK, "--strict") == 2
    assert "--strict was given" in capsys.readouterr().err


def test_what_the_user_declines_is_no_loss(film: Path, tmp_path: Path, capsys):
    assert vsr("upscale", film, tmp_path / "out.mp4", *QUICK, "--json", "--no-subs") == 0
    assert done(capsys) == []


def test_a_shared_film_ends_as_one_alone(film: Path, tmp_path: Path):
    spec = replace(spec_of_preset("1080p", OutputSize(scale=2)), model="bicubic", threads=1)
    shared = FilmInWork(
        FilmSpec(source=film, target=tmp_path / "out.mp4", spec=spec), Crew(is_shared=True)
    )
    with open_inline(opener(spec)) as pool:
        list(Scheduler(pool).run([shared]))
    assert (shared.outcome().losses, shared.outcome().exit_code) == ((FONT,), 3)


def test_a_pipe_ends_as_a_file(film: Path):
    command = [sys.executable, "-c", "from vsr.cli import main; main()", "upscale", str(film), "-"]
    ended = subprocess.run(
        [*command, "--format", "mp4", "--json", *QUICK], capture_output=True, check=False
    )
    assert ended.returncode == 3
    assert json.loads(ended.stderr.splitlines()[-1])["losses"] == [FONT]


def test_a_hole_in_the_file_is_a_loss_in_a_file_and_in_a_pipe(tmp_path: Path, capsys):
    film = write_clip(tmp_path / "in.mkv", frames=100, gop=12)
    data = film.read_bytes()
    third = len(data) // 3
    film.write_bytes(data[:third] + bytes(third) + data[2 * third :])
    assert vsr("upscale", film, tmp_path / "out.mkv", *QUICK, "--json") == 3
    *_, lost = losses = done(capsys)
    assert re.fullmatch(r"\d+ frames \(.* s\) missing", lost)
    command = [sys.executable, "-c", "from vsr.cli import main; main()", "upscale", str(film), "-"]
    ended = subprocess.run(
        [*command, "--format", "nut", "--json", *QUICK], capture_output=True, check=False
    )
    assert ended.returncode == 3
    assert json.loads(ended.stderr.splitlines()[-1])["losses"] == losses


def test_lost_chapters_end_with_3(tmp_path: Path, capsys):
    film = write_clip(tmp_path / "in.mkv", frames=3, chapters=[(0, 0.04, "one")])
    assert vsr("upscale", film, tmp_path / "out.ts", *QUICK, "--json") == 3
    assert done(capsys) == ["mpegts cannot store chapters; 1 is lost. Choose .mkv."]


def test_lost_tags_are_listed_and_end_with_0(tmp_path: Path, capsys):
    film = write_clip(tmp_path / "in.mkv", frames=3, metadata={"my key": "b"})
    assert vsr("upscale", film, tmp_path / "out.ts", *QUICK) == 0
    assert "mpegts cannot store the tags MY_KEY" in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["run", "dry-run"])
@pytest.mark.parametrize("target", ["out.ts", "-"])
def test_strict_refuses_even_a_lost_tag(tmp_path: Path, capsys, target: str, more: list[str]):
    film = write_clip(tmp_path / "in.mkv", frames=3, metadata={"my key": "b"})
    place = target if target == "-" else tmp_path / target
    found = vsr("upscale", film, place, "--format", "mpegts", *QUICK, "--strict", *more)
    assert found == 2
    assert "--strict was given, but not everything can be kept" in capsys.readouterr().err
    assert not (tmp_path / "out.ts").exists()


def test_what_an_image_loses_is_said_before_it_is_lost(tmp_path: Path, capsys):
    Image.new("RGBA", (8, 8)).save(tmp_path / "in.png")
    assert vsr("upscale", tmp_path / "in.png", tmp_path / "out.jpg", "--model", "bicubic") == 3
    said = capsys.readouterr()
    assert "vsr: .jpg cannot store alpha, which is lost." in said.err
    assert "loss: .jpg cannot store alpha, which is lost" in said.out
    again = [tmp_path / "in.png", tmp_path / "out.jpg", "--model", "bicubic", "--overwrite", "-q"]
    assert vsr("upscale", *again) == 3
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "vsr: loss: .jpg cannot store alpha, which is lost\n")


def test_a_forecast_refuses_what_the_run_would(film: Path, tmp_path: Path, capsys):
    (tmp_path / "folder").mkdir()
    film.rename(tmp_path / "folder" / "in.mkv")
    code = vsr("batch", tmp_path / "folder", tmp_path / "out", *QUICK, "--strict", "--dry-run",
               "--format", "mp4")  # fmt: skip
    assert code == 3
    assert "--strict was given" in capsys.readouterr().out


def test_captions_and_layers_are_content_but_what_describes_them_is_not(tmp_path: Path):
    from tests.media.written import encoder_for, video_of
    from vsr.media.reading.probe import probe
    from vsr.media.streams.losses_before_start import losses_of

    info = probe(write_clip(tmp_path / "in.mkv", frames=2, subtitles=[Subtitle()]))
    names = ("Dolby Vision metadata", "SMPTE 12M timecode")
    video = replace(info.video, unsupported=names, has_captions=True)
    output = video_of(replace(info, video=video))
    found = losses_of(video, output, encoder_for("ffv1", video.layout), "matroska")
    assert [(loss.text.split()[0], loss.is_content) for loss in found] == [
        ("Dolby", True),
        ("SMPTE", False),
        ("closed", True),
    ]
