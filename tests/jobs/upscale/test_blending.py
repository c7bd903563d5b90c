"""The blend that is asked for reaches every job, and distinguishes one job from another."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vsr
from tests.clips import indices_in, write_clip
from tests.flavoured import SIZE, SPEC
from vsr.cli import run
from vsr.errors import InvalidRecipe, OutputError
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.values import Blend

FAITHFUL = replace(SPEC, sharpness=0.0)

pytestmark = pytest.mark.usefixtures("models")


def test_work_of_another_strength_is_not_gone_on_with(tmp_path: Path) -> None:
    film, target = write_clip(tmp_path / "film.mp4", frames=24, size=SIZE), tmp_path / "out.mkv"

    class PowerCut(Exception):
        pass

    def cut(progress: object) -> None:
        if progress.frames == 14:
            raise PowerCut

    with pytest.raises(PowerCut):
        upscale(film, target, replace(FAITHFUL, strength=0.5, segment_frames=12), on_progress=cut)
    with pytest.raises(OutputError, match=r"strength was 0.5, is 0.75"):
        upscale(film, target, replace(FAITHFUL, strength=0.75))
    with pytest.raises(OutputError, match=r"sharpness was 0, is 0.5"):
        upscale(film, target, replace(FAITHFUL, strength=0.5, sharpness=0.5))
    result = upscale(film, target, replace(FAITHFUL, strength=0.5))
    assert result.as_dict()["model"] == "toy ×2, strength 0.50"
    assert indices_in(target) == list(range(24))


def test_a_batch_does_a_file_again_for_another_strength(tmp_path: Path, capsys) -> None:
    films = tmp_path / "films"
    films.mkdir()
    write_clip(films / "film.mp4", frames=3, size=SIZE)

    def states(*options: str) -> list[str]:
        command = ["batch", str(films), str(tmp_path / "out"), "-s", "2", "-m", "toy", "--json"]
        assert run([*command, "--sharpness", "0", *options]) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line["state"] for line in lines if line["event"] == "file"]

    assert states("--strength", "0.5") == ["done"]
    assert states("--strength", "0.5") == ["skipped"]
    (line,) = json.loads((tmp_path / "out" / "vsr-report.json").read_text())["files"]
    assert line["model"] == "toy ×2, strength 0.50"
    assert states("--strength", "0.25") == ["done"]
    assert states("--strength", "0.25", "--sharpness", "0.5") == ["done"]


def test_a_preset_says_strength_and_sharpness_and_only_of_its_own_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = tmp_path / "mine.toml"
    head = 'description = "Mine."\npipeline = "upscale"\nmodel = "toy"\n'
    preset.write_text(head + "strength = 0.5\nsharpness = 0.25\n[size]\nscale = 2\n")
    assert spec_of_preset(str(preset)).blend() == Blend(strength=0.5, sharpness=0.25)
    film = write_clip(tmp_path / "film.mp4", frames=2, size=SIZE)
    models = [
        vsr.upscale(film, tmp_path / f"{index}.mkv", preset=str(preset), **options).model
        for index, options in enumerate(({}, {"strength": 1.0}, {"model": "bicubic"}))
    ]
    told = ["strength 0.50, sharpness 0.25", "strength 1.00, sharpness 0.25"]
    assert models == [*(f"toy ×2, {text}" for text in told), "bicubic ×2"]
    preset.write_text(head + "strength = 1.5\n[size]\nscale = 2\n")
    with pytest.raises(InvalidRecipe, match=r"mine.toml: strength 1.5 must be between 0 and 1"):
        spec_of_preset(str(preset))


def test_a_blend_is_measured_like_any_network(tmp_path: Path, capsys) -> None:
    (tmp_path / "pictures").mkdir()
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 255, (48, 48, 3), np.uint8)
    Image.fromarray(codes).save(tmp_path / "pictures" / "a.png")
    command = ["evaluate", "--model", "toy", "--data", str(tmp_path / "pictures"), "--json"]
    found = []
    for options in ([], ["--strength", "1"], ["--sharpness", "0.5"]):
        assert run([*command, *options]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert [one["blend"] for one in found] == [None, "strength 1.00", "sharpness 0.50"]
    assert len({one["psnr_y"] for one in found}) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--strength", "2"], "strength 2 must be between 0 and 1"),
        (["--strength", "some"], "'some' is not a strength"),
        (["--sharpness", "-1"], "sharpness -1 must be between 0 and 1"),
        (["--model", "bicubic", "--strength", "1"], "bicubic ×2 has no flavour for it"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, capsys, options: list[str], message: str
) -> None:
    film = write_clip(tmp_path / "film.mp4", frames=2, size=SIZE)
    command = ["upscale", str(film), str(tmp_path / "out.mkv"), "-s", "2", "-m", "toy"]
    assert run([*command, *options]) == 2
    assert message in capsys.readouterr().err
