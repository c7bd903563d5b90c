"""``vsr evaluate`` on folders of pictures."""

import json
import os
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from vsr.cli import run
from vsr.errors import InvalidData, InvalidOption, NoSuchFile
from vsr.jobs.evaluate import (
    FEATURES_FILE,
    NIQE_FILE,
    EvaluateSpec,
    evaluate,
    parameter_files,
)
from vsr.kernels import imresize
from vsr.metrics.enlarge import bicubic
from vsr.metrics.protocol import fidelity, standard_pair
from vsr.models.int8.convolution import refusal
from vsr.models.plain import Plain

RNG = np.random.default_rng(7)


def smooth(rows, columns, *channels):
    small = RNG.random((max(rows // 6, 2), max(columns // 6, 2), *channels))
    return np.clip(imresize(small, rows, columns) * 255, 0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three pictures, one of them gray."""
    monkeypatch.delenv("VSR_DATA", raising=False)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, picture in (
        ("a.png", smooth(110, 99, 3)),
        ("b.png", smooth(100, 104)),
        ("c.png", smooth(98, 97, 3)),
    ):
        Image.fromarray(picture).save(folder / name)
    return folder


def test_the_report_is_the_metrics_of_each_picture_and_their_mean(folder):
    report = evaluate(EvaluateSpec(data=folder, model="bicubic", scale=2))
    assert [item.name for item in report.pictures] == ["a.png", "b.png", "c.png"]
    picture = np.asarray(Image.open(folder / "a.png"))
    expected = fidelity(standard_pair(picture, 2, bicubic(2)), 2)
    assert report.pictures[0].scores.psnr_y == expected.psnr_y
    mean = np.mean([item.scores.psnr_y for item in report.pictures])
    assert report.mean.psnr_y == pytest.approx(mean, abs=1e-12)


def test_json_is_one_object_with_the_means_and_null_where_weights_are_missing(folder, capsys):
    assert run(["evaluate", "--model", "bicubic", "--data", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"psnr_y", "ssim_y", "psnr_rgb", "feature_distance", "niqe"} <= set(found)
    assert (found["feature_distance"], found["niqe"]) == (None, None)
    assert (found["model"], found["scale"], found["count"]) == ("bicubic", 4, 3)
    assert len(found["images"]) == 3
    assert set(found["images"][0]) > {"name", "psnr_y"}


def test_a_table_and_a_plot_are_made_for_people(folder, tmp_path, capsys):
    plot = tmp_path / "plot.png"
    arguments = ["--model", "bicubic", "--data", str(folder), "--plot", str(plot)]
    assert run(["evaluate", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["image", "psnr_y", "ssim_y", "psnr_rgb"]
    assert [line.split()[0] for line in lines[1:5]] == ["a.png", "b.png", "c.png", "mean"]
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_plot_that_fills_the_disk_leaves_the_one_before(folder, tmp_path, monkeypatch, capsys):
    plot = tmp_path / "plot.png"
    plot.write_bytes(b"before")

    class Full:
        def save(self, path: Path, *_: object, **__: object) -> None:
            Path(path).write_bytes(b"half")
            raise OSError(ENOSPC, "full")

    monkeypatch.setattr("vsr.metrics.plot.draw_panels", lambda panels: Full())
    assert run(["evaluate", "--model", "bicubic", "--data", str(folder), "--plot", str(plot)]) == 1
    assert f"{plot}: the disk is full" in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob("plot*")] == ["plot.png"]
    assert plot.read_bytes() == b"before"


@pytest.mark.parametrize("name", ["plot.txt", "none/plot.png"])
def test_a_plot_that_cannot_be_written_is_refused_before_measuring(folder, tmp_path, name, capsys):
    arguments = ["--model", "bicubic", "--data", str(folder), "--plot", str(tmp_path / name)]
    assert run(["evaluate", *arguments]) == 2
    shown = capsys.readouterr()
    assert (shown.out, "plot" in shown.err) == ("", True)


def test_a_picture_that_cannot_be_read_or_is_too_small_is_skipped_and_told(folder, capsys):
    (folder / "broken.png").write_bytes(b"none")
    Image.fromarray(smooth(8, 8, 3)).save(folder / "tiny.png")
    assert run(["evaluate", "--model", "bicubic", "--data", str(folder), "--json"]) == 3
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["count"] == 3
    assert len(found["skipped"]) == 2
    assert "broken.png" in shown.err
    assert "too small" in shown.err


def test_a_folder_of_which_nothing_can_be_measured_is_refused(tmp_path):
    Image.fromarray(smooth(8, 8, 3)).save(tmp_path / "tiny.png")
    for protocol in ("standard", "swift"):
        with pytest.raises(InvalidData, match="no image could be measured"):
            evaluate(EvaluateSpec(data=tmp_path, model="bicubic", protocol=protocol))


def test_a_missing_folder_and_no_folder_are_refused(tmp_path, capsys):
    with pytest.raises(NoSuchFile):
        evaluate(EvaluateSpec(data=tmp_path / "none", model="bicubic"))
    assert run(["evaluate"]) == 2
    assert "--data" in capsys.readouterr().err


def test_a_strength_that_goes_by_a_film_is_refused_and_it_is_said_why(folder: Path, capsys):
    assert run(["evaluate", "--data", str(folder), "--strength", "auto"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("vsr: --strength auto: it depends on how a video was compressed")
    assert "vsr probe" in said


@pytest.mark.parametrize("kind", ["flips", "sizes"])
def test_a_self_ensemble_changes_what_a_network_gives(folder, tmp_path, kind):
    weights = tmp_path / "net.safetensors"
    save_file(Plain(2, 8, 1).state_dict(), weights)
    spec = EvaluateSpec(data=folder, model=str(weights), device="cpu")
    alone = evaluate(spec).mean.psnr_y
    together = evaluate(
        EvaluateSpec(data=folder, model=str(weights), device="cpu", self_ensemble=kind)
    ).mean.psnr_y
    assert together != alone


@pytest.mark.skipif(refusal() is not None, reason=str(refusal()))
def test_integers_cost_little(folder):
    whole, exact = (
        evaluate(EvaluateSpec(data=folder, model="lite", precision=precision, device="cpu"))
        for precision in ("int8", "fp32")
    )
    assert whole.about["precision"] == "int8"
    assert whole.mean.psnr_y != exact.mean.psnr_y
    assert whole.mean.psnr_y == pytest.approx(exact.mean.psnr_y, abs=0.1)


def test_integers_are_refused_for_other_networks(folder):
    with pytest.raises(InvalidOption, match=r"int8: swift-srgan is not a plain network"):
        evaluate(EvaluateSpec(data=folder, model="swift-srgan", precision="int8", device="cpu"))


def test_the_swift_protocol_gives_its_own_two_numbers_only(folder):
    report = evaluate(EvaluateSpec(data=folder, model="bicubic", protocol="swift"))
    assert report.mean.psnr_y is None
    assert report.mean.psnr_rgb > 10
    assert 0 < report.mean.ssim_rgb <= 1


@pytest.mark.parametrize("name", ["perceptual_weights", "niqe_parameters"])
def test_what_the_swift_protocol_does_not_measure_is_refused(folder, name: str):
    with pytest.raises(InvalidOption, match="PSNR and SSIM alone"):
        EvaluateSpec(data=folder, model="bicubic", protocol="swift", **{name: Path("any")})


def test_what_is_no_network_has_no_integers(folder):
    with pytest.raises(InvalidOption, match="bicubic is not a network"):
        evaluate(EvaluateSpec(data=folder, model="bicubic", precision="int8"))


def test_beside_two_videos_nothing_about_a_network_is_taken(tmp_path: Path, capsys):
    words = ["evaluate", str(tmp_path / "a.mkv"), str(tmp_path / "b.mkv")]
    assert run([*words, "--model", "lite", "-s", "2"]) == 2
    said = "vsr: two videos are compared as they are. Omit --model and --scale.\n"
    assert capsys.readouterr().err == said
    assert run([*words, "--json"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_swift_at_scale_1_is_refused(folder):
    with pytest.raises(InvalidOption):
        EvaluateSpec(data=folder, model="bicubic", scale=1, protocol="swift")


def test_progress_is_told_from_none_to_all(folder):
    seen = []
    evaluate(EvaluateSpec(data=folder, model="bicubic"), lambda done, of: seen.append((done, of)))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_parameter_files_are_found_only_where_the_variable_leads(tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "niqe_pris_params.npz").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VSR_DATA", "")
    assert parameter_files() == (None, None)
    monkeypatch.delenv("VSR_DATA")
    assert parameter_files() == (None, None)
    monkeypatch.setenv("VSR_DATA", str(tmp_path))
    assert parameter_files() == (None, tmp_path / "weights" / "niqe_pris_params.npz")


def test_the_help_names_the_parameter_files():
    from vsr.cli.evaluate import evaluate as command

    assert FEATURES_FILE in command.help
    assert NIQE_FILE in command.help


def data(*parts):
    return Path(os.environ["VSR_DATA"]).joinpath(*parts)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "psnr_y", "ssim_y"),
    [("Set5", 28.42, 0.8104), ("Set14", 26.00, 0.7027), ("BSD100", 25.96, 0.6675)],
)
def test_bicubic_has_the_published_figures(name, psnr_y, ssim_y):
    mean = evaluate(EvaluateSpec(data=data("benchmarks", name), model="bicubic", scale=4)).mean
    assert mean.psnr_y == pytest.approx(psnr_y, abs=0.02)
    assert mean.ssim_y == pytest.approx(ssim_y, abs=0.0005)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("name", "psnr_y"), [("Set5", 30.01), ("Set14", 27.28)])
def test_the_published_swift_srgan_checkpoint_has_its_known_figures(name, psnr_y):
    weights = str(data("weights", "swift_srgan_4x.pth.tar"))
    mean = evaluate(EvaluateSpec(data=data("benchmarks", name), model=weights)).mean
    assert mean.psnr_y == pytest.approx(psnr_y, abs=0.05)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("name", "psnr_y"), [("Set5", 31.28), ("Set14", 27.97), ("BSD100", 27.24)])
def test_the_bootstrap_generator_has_its_known_figures(name, psnr_y):
    weights = str(data("weights", "bootstrap_fast_x4.safetensors"))
    mean = evaluate(EvaluateSpec(data=data("benchmarks", name), model=weights)).mean
    assert mean.psnr_y == pytest.approx(psnr_y, abs=0.05)


@pytest.mark.data
def test_bicubic_under_the_swift_protocol_has_26_17_db():
    spec = EvaluateSpec(data=data("benchmarks", "Set5"), model="bicubic", protocol="swift")
    assert evaluate(spec).mean.psnr_rgb == pytest.approx(26.17, abs=0.005)


@pytest.mark.data
def test_all_metrics_are_measured_where_the_parameter_files_are(tmp_path):
    Image.open(data("benchmarks", "Set14", "comic.png")).save(tmp_path / "comic.png")
    features, niqe = parameter_files()
    spec = EvaluateSpec(
        data=tmp_path, model="bicubic", perceptual_weights=features, niqe_parameters=niqe
    )
    mean = evaluate(spec).mean
    assert mean.feature_distance > 0.1
    assert mean.niqe > 5
