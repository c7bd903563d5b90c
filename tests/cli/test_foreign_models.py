"""A network that others wrote, through every command that takes a network."""

from pathlib import Path

import pytest

from tests.cli.command import vsr
from tests.clips import indices_in
from tests.models.foreign.networks import write_network


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    return write_network("SAFMN", tmp_path_factory.mktemp("weights") / "mine.pth")


def test_a_film_is_upscaled_by_it(weights, clip, tmp_path, capsys):
    out = tmp_path / "out.mp4"
    assert vsr("upscale", clip, out, "-m", weights, "-s", "3", "--encoder-preset", "ultrafast") == 0
    assert len(indices_in(out)) == 12


@pytest.mark.slow
def test_tiles_of_a_network_that_sees_everything_are_told(clip, tmp_path, capsys):
    whole = write_network("RCAN", tmp_path / "whole.pth")
    assert vsr("upscale", clip, tmp_path / "o.mp4", "-m", whole, "-s", "2", "--tile", "48") == 0
    assert "tiles are approximate: whole" in capsys.readouterr().err


@pytest.mark.slow
def test_two_workers_make_the_same_bytes(weights, clip, tmp_path):
    one, two = tmp_path / "one.mkv", tmp_path / "two.mkv"
    common = ("-m", weights, "-s", "3", "--segment-frames", "4", "--cpus-per-worker", "1")
    assert vsr("upscale", clip, one, *common, "--workers", "1") == 0
    assert vsr("upscale", clip, two, *common, "--workers", "2") == 0
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.slow
def test_bench_evaluate_probe_and_preview_take_it(weights, clip, tmp_path, capsys):
    from PIL import Image

    folder = tmp_path / "truth"
    folder.mkdir()
    Image.new("RGB", (48, 48), (90, 120, 60)).save(folder / "flat.png")
    assert vsr("evaluate", "--model", weights, "--data", folder, "--json") == 0
    assert vsr("upscale", clip, tmp_path / "o.mp4", "-m", weights, "-s", "3", "--dry-run") == 0
    assert "mine ×3" in capsys.readouterr().out
    page = tmp_path / "page.html"
    assert vsr("preview", clip, "--model", weights, "--scale", "3", "--frames", "1", page) == 0
    assert page.exists()
    assert vsr("bench", clip, "-m", weights, "-s", "3", "--frames", "2", "--repeat", "1") == 0


def test_a_refused_file_ends_with_2_one_line_and_no_output(clip, tmp_path, capsys):
    import torch

    torch.save({"spoiled": torch.zeros(3)}, tmp_path / "bad.pth")
    out = tmp_path / "out.mp4"
    assert vsr("upscale", clip, out, "-m", tmp_path / "bad.pth", "-s", "2") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "bad.pth: not a known architecture" in error
    assert list(tmp_path.glob("out*")) == []


@pytest.mark.usefixtures("onnx")
def test_onnx_runtime_upscales_a_film_and_resumes_with_nothing_else(clip, tmp_path, capsys):
    out = tmp_path / "out.mkv"
    common = ("-m", "lite", "-s", "4", "--encoder-preset", "ultrafast")
    assert vsr("upscale", clip, out, *common, "--device", "onnx:cpu", "-v") == 0
    assert "onnx:cpu (onnxruntime" in capsys.readouterr().err
    again = tmp_path / "again.mkv"
    assert vsr("upscale", clip, again, *common, "--device", "onnx") == 0
    assert out.read_bytes() == again.read_bytes()
    assert vsr("evaluate", "--device", "onnx", "--data", tmp_path) == 2


@pytest.mark.slow
def test_a_picture_is_upscaled_in_tiles_that_are_told(tmp_path, capsys):
    from PIL import Image

    whole = write_network("RCAN", tmp_path / "whole.pth")
    Image.new("RGB", (90, 60), (90, 120, 60)).save(tmp_path / "in.png")
    out = tmp_path / "out.png"
    assert vsr("upscale", tmp_path / "in.png", out, "-m", whole, "-s", "2", "--tile", "32") == 0
    assert "tiles are approximate: whole" in capsys.readouterr().err
    with Image.open(out) as picture:
        assert picture.size == (180, 120)


@pytest.mark.slow
def test_a_gray_network_and_one_of_scale_1_take_a_film(clip, tmp_path):
    import torch

    from vsr.models.foreign.library import library

    assert library().module is not None
    from spandrel.architectures.RCAN import RCAN
    from spandrel.architectures.SAFMN import SAFMN

    gray = RCAN(
        scale=2, n_resgroups=1, n_resblocks=1, n_feats=8, n_colors=1, reduction=4, norm=False
    )
    same = SAFMN(dim=16, n_blocks=1, ffn_scale=2.0, upscaling_factor=1)
    for net, scale in ((gray, 2), (same, 1)):
        path, out = tmp_path / f"net{scale}.pth", tmp_path / f"out{scale}.mkv"
        torch.save(net.state_dict(), path)
        assert vsr("upscale", clip, out, "-m", path, "-s", str(scale)) == 0
        assert out.exists()


@pytest.mark.slow
def test_it_teaches(data, tmp_path):
    import shutil

    own = tmp_path / "data"
    shutil.copytree(data, own)
    teacher = write_network("RCAN", tmp_path / "teacher.pth")
    assert vsr("train", "teach", own, "--teacher", teacher, "--scale", "2") == 0
