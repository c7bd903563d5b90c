"""What a person or a program sees: output, lists, help, exit codes."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import QUICK, vsr
from tests.clips import indices_in, write_clip


def test_upscale_says_what_it_made(clip: Path, tmp_path: Path, capsys):
    out = tmp_path / "out.mp4"
    assert vsr("upscale", clip, out, *QUICK) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{out}: 12 frames in ")
    assert "12/12" in shown.err
    assert indices_in(out) == list(range(12))


def test_quiet_is_silent(clip: Path, tmp_path: Path, capfd):
    assert vsr("upscale", clip, tmp_path / "out.mp4", *QUICK, "-q") == 0
    assert capfd.readouterr() == ("", "")


def test_json_lines_are_ffmpegs_progress_and_end_with_done(clip: Path, tmp_path: Path, capsys):
    out = tmp_path / "out.mp4"
    assert vsr("upscale", clip, out, *QUICK, "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    progress = [event for event in events if event["event"] == "progress"]
    assert progress[0]["total_frames"] == 12
    names = {"frame", "fps", "bitrate", "total_size", "out_time_us", "out_time", "speed"}
    assert names | {"dup_frames", "drop_frames", "progress"} <= set(progress[0])
    done = events[-1]
    assert done["event"] == "done"
    assert (done["frames_in"], done["frames_out"], done["output"]) == (12, 12, str(out))
    assert done["fps"] > 0


def test_a_dry_run_writes_nothing(clip: Path, tmp_path: Path, capsys):
    assert vsr("upscale", clip, tmp_path / "out.mp4", *QUICK, "--dry-run") == 0
    assert "out.mp4: 192×128, H.264" in " ".join(capsys.readouterr().out.split())
    assert not (tmp_path / "out.mp4").exists()


def test_probe_shows_what_is_there_and_what_would_be_done(clip: Path, capsys):
    assert vsr("probe", clip) == 0
    shown = capsys.readouterr().out
    assert "96×64, H.264, 25 frames a second, 0.5 s" in shown
    assert "audio      AAC" in shown
    assert "encoder" not in shown
    assert vsr("probe", clip, "-s", "2", "-v") == 0
    shown = capsys.readouterr().out
    assert "yuv420p (4:2:0 8 bit)" in shown
    assert "encoder    libx264 yuv420p, preset=superfast crf=18" in shown


def test_probe_gives_programs_numbers_under_ffprobes_names(clip: Path, capsys):
    assert vsr("probe", clip, "--preset", "1080p", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["format"]["size"] == clip.stat().st_size
    assert found["format"]["nb_streams"] == 2
    video, audio = found["streams"]
    assert (video["codec_type"], video["codec_name"], video["pix_fmt"]) == (
        "video", "h264", "yuv420p",
    )  # fmt: skip
    assert (video["width"], video["height"], video["avg_frame_rate"]) == (96, 64, "25/1")
    assert (video["duration"], video["nb_frames"], video["field_order"]) == (
        0.48,
        12,
        "progressive",
    )
    assert audio["codec_name"] == "aac"
    plan = found["upscale"]
    assert (plan["width"], plan["height"], plan["nb_frames"]) == (1620, 1080, 12)
    assert (plan["encoder"], plan["encoder_options"]["crf"]) == ("libx264", "18")
    assert any("BT.601 is assumed" in note for note in plan["notes"])


def test_a_photo_is_probed_as_one(tmp_path: Path, capsys):
    Image.new("RGB", (60, 41)).save(tmp_path / "a.jpg")
    assert vsr("probe", tmp_path / "a.jpg") == 0
    assert "image      60×41, JPG\n" in capsys.readouterr().out
    assert vsr("probe", tmp_path / "a.jpg", "--json") == 0
    assert json.loads(capsys.readouterr().out)["streams"][0]["width"] == 60


def test_any_option_of_an_upscale_asks_a_probe_what_it_would_do(clip: Path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "500")
    assert vsr("probe", clip, "--model", "bicubic") == 0
    assert f"output     {clip.with_name('in-1080p.mp4')}: " in capsys.readouterr().out
    for typed in (["--model", "no-such"], ["--crf", "99"], ["--fps", "3"]):
        assert vsr("probe", clip, *typed) == 2
        assert capsys.readouterr().out == ""


def test_a_broken_file_of_several_keeps_no_other_from_being_probed(clip: Path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "500")
    bad = clip.with_name("bad.mp4")
    bad.write_bytes(b"junk")
    assert vsr("probe", bad, clip, clip) == 3
    told = capsys.readouterr()
    assert told.out.count(f"file       {clip}") == 2
    assert told.err.startswith(f"vsr: {bad}: not a media file")
    assert vsr("probe", bad, clip, clip, "--json") == 3
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["error" if "event" in one else "file" for one in events] == ["error", "file", "file"]
    assert vsr("probe", clip, clip, clip, "--crf", "99") == 2


def test_everything_that_is_shown_before_a_run_fits_eighty_columns(clip: Path, monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    for options in ([], ["-v"]):
        assert vsr("probe", clip, *options) == 0
        assert vsr(clip, *QUICK, "--dry-run", *options) == 0
    rows = [row for row in capsys.readouterr().out.splitlines() if str(clip.parent) not in row]
    assert max(map(len, rows)) <= 80


@pytest.mark.parametrize(
    "command", [["presets"], ["models"], ["models", "-v"], ["train"], ["doctor"]], ids=str
)
def test_lists_fit_eighty_columns(command: list[str], monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert vsr(*command) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "libx264, CRF 18, "),
        (["--bitrate", "8M"], "libx264, 8000 kb/s, "),
        (["--file-size", "1MB"], "libx264, a file of about 1 MB, "),
    ],
    ids=str,
)
def test_a_dry_run_says_how_many_bits_are_spent(clip: Path, capsys, options, said: str):
    assert vsr(clip, *QUICK[:4], *options, "--dry-run") == 0
    assert f"encoder    {said}" in capsys.readouterr().out


def test_the_file_of_a_preset_or_look_begins_ones_own(clip: Path, tmp_path: Path, capsys):
    for name, key in (("tape", 'deinterlace = "bob"'), ("UHD", 'pipeline = "upscale"')):
        assert vsr("presets", name) == 0
        text = capsys.readouterr().out
        assert key in text
        (tmp_path / f"{name}.toml").write_text(text)
    own = tmp_path / "tape.toml"
    assert vsr("probe", clip, "--look", own, "-p", tmp_path / "UHD.toml", "-m", "bicubic") == 0
    capsys.readouterr()
    assert vsr("probe", clip, "--preset", own) == 2
    assert f"{own}: is a look, not a size. Write --look {own}." in capsys.readouterr().err
    assert vsr("presets", "vhs") == 2
    assert "vhs: no preset or look of that name. Choose from: 1080p" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["models", "train"])
def test_a_list_has_a_command_too_and_a_wrong_one_is_answered(command: str, capsys):
    assert vsr(command) == 0
    shown = capsys.readouterr().out
    assert vsr(command, "list") == 0
    assert capsys.readouterr().out == shown
    assert vsr(command, "lits") == 2
    assert "no command 'lits'. Did you mean list?" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["presets", "models", "train"])
def test_lists_fit_sixty_columns(command: str, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    assert vsr(command) == 0
    rows = capsys.readouterr().out.splitlines()
    assert max(map(len, rows)) <= 60, max(rows, key=len)


def test_lists_say_what_each_is_for_the_usual_first_and_research_last(capsys):
    assert vsr("presets") == 0
    assert "270p-1080p" in capsys.readouterr().out
    assert vsr("models") == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert rows[0].endswith(" any video; the default")
    names = [row.split()[0] for row in rows if row[:1].strip()]
    assert names[:3] == ["fast", "lite", "quality"]
    assert names[-4:-1] == ["swift-srgan", "srgan", "dpsrgan"]
    assert vsr("models", "-v") == 0
    assert "187 920" in capsys.readouterr().out
    assert vsr("train") == 0
    shown = capsys.readouterr().out
    heads = [
        "tune on your own",
        "fast-x4-tune",
        "come with vsr",
        "fast-x4 ",
        "their papers",
        "srgan",
    ]
    places = [shown.index(text) for text in heads]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("folder", "command"), [("presets", "presets"), ("presets/train", "train")]
)
def test_one_broken_file_of_the_users_does_not_hide_the_others(
    folder: str, command: str, tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.setenv("VSR_HOME", str(tmp_path))
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "mine.toml").write_text("descriptoin = 'Mine.'")
    assert vsr(command) == 3
    shown = capsys.readouterr()
    assert any(name in shown.out for name in ("4k", "fast-x4"))
    assert "mine.toml: unknown key 'descriptoin'. Did you mean 'description'?" in shown.err


@pytest.mark.parametrize("command", ["upscale", "probe"])
def test_a_part_beyond_the_end_is_refused_by_a_dry_run_too(
    clip: Path, tmp_path: Path, capsys, command: str
):
    dry = ["--dry-run"] if command == "upscale" else []
    assert vsr(command, clip, tmp_path / "out.mp4", *QUICK, *dry, "--start", "50") == 2
    assert "no frame after --start. Choose an earlier time" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["batch", "upscale"])
def test_a_dry_run_over_a_folder_counts_clips_and_pictures_and_writes_nothing(
    command: str, tmp_path: Path, capsys, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # no other test measured here
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    write_clip(folder / "a.mp4", frames=3)
    Image.new("RGB", (16, 16)).save(folder / "b.png")
    (folder / "c.mp4").write_bytes(b"no video")
    assert vsr(command, folder, out, *QUICK, "--dry-run") == 3
    *lines, ignored, last = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["todo", "todo", "failed"]
    assert ignored == "Ignored for 1 image: --encoder-preset."
    assert last == (
        "2 to do (1 video, 1 image, 4 frames in all), 0 skipped, 1 failed; "
        "about 1 s (a guess: not yet measured here)"
    )
    assert not out.exists()
    assert vsr(command, folder, out, *QUICK, "-q") == 3
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    capsys.readouterr()
    assert vsr(command, folder, out, *QUICK, "--dry-run", "--json") == 3
    *_, total = map(json.loads, capsys.readouterr().out.splitlines())
    assert (total["todo"], total["skipped"], total["failed"]) == (0, 2, 1)
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before


def test_a_folder_goes_on_after_a_bad_file_and_skips_finished_ones(tmp_path: Path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    write_clip(folder / "a.mp4", frames=3)
    (folder / "b.mp4").write_bytes(b"no video")
    write_clip(folder / "sub" / "c.mkv", frames=3)
    (folder / "notes.txt").write_text("ignored")
    assert vsr("batch", folder, out, *QUICK, "--json") == 3
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1] == {"event": "done", "done": 2, "skipped": 0, "failed": 1}
    assert indices_in(out / "a.mp4") == indices_in(out / "sub" / "c.mkv") == [0, 1, 2]
    assert vsr("upscale", folder, out, *QUICK) == 3
    assert "0 done, 2 skipped, 1 failed" in capsys.readouterr().out
    (folder / "b.mp4").unlink()
    assert vsr("batch", folder, out, *QUICK, "-q") == 0


def test_help_fits_every_command(capsys):
    from vsr.cli.root import COMMANDS

    for command in COMMANDS:
        assert vsr(command, "-h") == 0
        assert "Usage: vsr" in capsys.readouterr().out


def test_help_keeps_its_examples_on_lines_of_their_own(capsys):
    from vsr.cli.root import COMMANDS

    for command in COMMANDS:
        vsr(command, "-h")
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= 80, command
        assert "\\b" not in shown
        assert all(line.count("  vsr ") <= 1 for line in shown.splitlines())


@pytest.mark.parametrize("command", ["probe", "preview"])
def test_what_writes_no_film_does_not_offer_what_only_a_run_has(command: str, capsys):
    assert vsr(command, "--help") == 0
    shown = capsys.readouterr().out
    assert "--crf" in shown
    for flag in ("--restart", "--keep-work", "--work-dir", "--faststart"):
        assert flag not in shown
