import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.training.toys import picture, recipe
from vsr.cli import run


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_bare_train_lists_the_recipes(capsys):
    assert run(["train"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert "recipe         what" in rows
    assert any(row.startswith("fast-x4 ") for row in rows)


def test_the_list_imports_no_torch():
    code = "import sys; from vsr.cli import run; run(['train']); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_prepare_says_what_it_dropped_and_ends_with_3(tmp_path, capsys):
    source = tmp_path / "in"
    source.mkdir()
    Image.fromarray(picture(1)).save(source / "a.png")
    Image.fromarray(picture(1)).save(source / "b.png")
    (source / "c.png").write_text("no picture")
    arguments = ["train", "prepare", str(source), "--out", str(tmp_path / "out"), "--patch", "64"]
    for name in ("d.png", "e.png", "f.png"):
        (source / name).write_text("no picture either")
    assert run(arguments) == 3
    out = capsys.readouterr().out
    assert "4 patches of 64×64, 2 files" in out
    assert "4 skipped: not an image (c.png, d.png, e.png, …)" in out
    assert run([*arguments[:3], "--out", str(tmp_path / "named"), "--patch", "64", "-v"]) == 3
    assert "4 skipped: not an image (c.png, d.png, e.png, f.png)" in capsys.readouterr().out
    assert "4 patches dropped: near-duplicates" in out


def test_prepare_makes_every_strength_of_video_beside_bicubic(tmp_path):
    Image.fromarray(picture(1)).save(tmp_path / "a.png")
    out = tmp_path / "out"
    arguments = ["train", "prepare", str(tmp_path / "a.png"), "--out", str(out), "--patch", "64"]
    degradations = ["--degradation", "bicubic", "--degradation", "video"]
    assert run([*arguments, "--scale", "4", *degradations, "-q"]) == 0
    manifest = json.loads((out / "dataset.json").read_text())
    assert manifest["degradations"] == ["bicubic", "video-light", "video-medium", "video-strong"]
    assert all((out / f"lr_x4_{name}.u8").exists() for name in manifest["degradations"][1:])


def test_prepare_takes_pairs_and_nothing_that_they_decide(tmp_path, capsys):
    high = picture(1, 160, 192)
    for name, pixels in (("low", high[2::4, 2::4]), ("high", high)):
        (tmp_path / name).mkdir()
        Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / name / "a.png")
    out = tmp_path / "out"
    arguments = ["train", "prepare", "--out", str(out)]
    pairs = ["--pairs", str(tmp_path / "low"), str(tmp_path / "high")]
    assert run(arguments) == 2
    assert "or give --pairs LOW HIGH" in capsys.readouterr().err
    for more in (
        ["--scale", "2"],
        [str(tmp_path)],
        ["--teacher", "fast"],
        ["--shrink", "2"],
        ["--frames-per-video", "3"],
        ["--tone", "3"],
    ):
        assert run([*arguments, *pairs, *more]) == 2
        assert "not together with --pairs" in capsys.readouterr().err
    assert run([*arguments, *pairs, "--patch", "64"]) == 0
    assert "of 64×64, 1 file" in capsys.readouterr().out
    assert json.loads((out / "dataset.json").read_text())["degradations"] == ["pairs"]


def test_prepare_takes_nothing_about_a_teacher_that_is_not_there(tmp_path, capsys):
    words = ["train", "prepare", str(tmp_path), "--out", str(tmp_path / "out")]
    assert run([*words, "--tone", "3", "-d", "cpu"]) == 2
    said = "vsr: --tone and --device: of a teacher. Name one by --teacher.\n"
    assert capsys.readouterr().err == said


def test_prepare_chooses_a_patch_that_divides(tmp_path):
    Image.fromarray(picture(1, 256, 256)).save(tmp_path / "a.png")
    out = tmp_path / "out"
    arguments = ["train", "prepare", str(tmp_path / "a.png"), "--out", str(out), "--scale", "3"]
    assert run([*arguments, "-q"]) == 0
    assert json.loads((out / "dataset.json").read_text())["patch"] == 255


@pytest.mark.parametrize("weight", ["drone", "=1", "drone=often", "drone=-1"])
def test_a_weight_that_is_none_is_refused(tmp_path, weight, capsys):
    arguments = ["train", "prepare", str(tmp_path), "--out", "out", "--weight", weight]
    assert run(arguments) == 2
    assert "--weight" in capsys.readouterr().err


def test_fit_and_export_report_as_json(tmp_path, data, capsys):
    out = tmp_path / "run"
    fit = ["train", "fit", recipe(tmp_path), "--data", str(data), "--out", str(out)]
    benchmark = ["--benchmark", str(data.parent / "pictures")]
    assert run([*fit, "--steps", "4", *benchmark, "--json", "-d", "cpu"]) == 0
    start, *progress, verdict, done = lines_of(capsys.readouterr().out)
    assert (start["event"], start["recipe"]) == ("start", "toy")
    assert start["precision"] in start["device"]
    assert [line["step"] for line in progress] == [2, 4]
    assert progress[-1]["share"] == 1.0
    assert (verdict["event"], verdict["against"], verdict["patches"]) == ("verdict", "bicubic", 1)
    assert verdict["judgement"] in ("better", "worse", "no different")
    assert done["scores"]["pictures"]["psnr_y"] > 5
    assert (
        run(["train", "export", str(out), "--name", "mine", "--to", str(tmp_path), "--json"]) == 0
    )
    (exported,) = lines_of(capsys.readouterr().out)
    assert exported["path"] == str(tmp_path / "mine_x4.safetensors")


def test_fit_shows_a_line_and_what_to_do_next(tmp_path, data, capsys):
    out = tmp_path / "run"
    fit = ["train", "fit", recipe(tmp_path), "--data", str(data), "--out", str(out)]
    assert run([*fit, "--minutes", "0.001", "-d", "cpu"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("toy on cpu (")
    assert "steps/s" in captured.err
    assert "\r" not in captured.err
    assert len(captured.err.splitlines()) <= 2 * captured.err.count("%, step ")
    assert "than bicubic: " in captured.out
    assert "See verdict.png." in captured.out
    assert f"vsr train export {out} --name NAME" in captured.out
    assert run(["train", "resume", str(out)]) == 0
    assert capsys.readouterr().err.startswith("vsr: Nothing is left to train: pixel has done its ")
    assert run(["train", "resume", str(out), "--minutes", "0.002", "-q"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("freeze", ["false", "true"])
def test_fit_notes_that_small_batches_change_the_batch_norm_of_given_weights(
    tmp_path, data, capsys, freeze
):
    path = tmp_path / "tune.toml"
    path.write_text(
        'description = "A toy."\npipeline = "train-pixel"\nmodel = "swift-srgan"\nscale = 4\n'
        f"[steps.pixel]\nsteps = 1\nbatch = 2\npatch = 8\nfreeze_norm = {freeze}\n"
    )
    for init, is_noted in (([], False), (["--init", "swift-srgan"], freeze == "false")):
        fit = ["train", "fit", str(path), "--data", str(data), "-d", "cpu", "--json", *init]
        assert run([*fit, "--out", str(tmp_path / f"run{len(init)}")]) == 0
        notes = [line for line in lines_of(capsys.readouterr().out) if line["event"] == "note"]
        assert len(notes) == is_noted
        assert all("batches of 2 crops" in note["message"] for note in notes)


def test_two_budgets_are_refused(tmp_path, data, capsys):
    fit = ["train", "fit", "lite-x4", "--data", str(data), "--out", str(tmp_path / "run")]
    assert run([*fit, "--minutes", "1", "--steps", "1"]) == 2
    assert "choose one of --steps and --minutes" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_a_checkpoint_and_its_exit_code(tmp_path, data, kind):
    out = tmp_path / "run"
    arguments = [
        "train",
        "fit",
        recipe(tmp_path, steps=10**6),
        "--data",
        str(data),
        "--out",
        str(out),
    ]
    code = "import sys; from vsr.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments, "--json"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it trains
        os.kill(process.pid, kind)
        rest = process.stdout.read()
    assert process.returncode == 128 + kind
    assert (out / "pixel.ckpt").exists()
    assert not list(out.glob("*.part"))
    assert json.loads(rest.splitlines()[-1])["code"] == 128 + kind
