"""``vsr models``: keeping, listing, removing and exporting networks."""

import json
import os
import subprocess
import sys

import pytest
import torch

from tests.cli.command import vsr
from tests.models.foreign.networks import write_network
from vsr.errors import InvalidOption
from vsr.models.blocks import Generator
from vsr.models.catalog import load
from vsr.models.foreign.adapter import drawn
from vsr.models.onnx_file import CPU_PROVIDER, open_session, run_session, write_onnx
from vsr.models.plain import Plain
from vsr.models.weights_files import read_card


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VSR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def weights(tmp_path):
    return write_network("SAFMN", tmp_path / "4x-some.pth")


def output(model):
    with torch.inference_mode():
        return model.net(drawn(3, 24, 32))


def test_an_added_network_is_found_by_name_with_its_card(weights, home, capsys):
    added = ("models", "add", weights, "--name", "some", "--licence", "MIT", "--note", "a friend's")
    assert vsr(*added) == 0
    assert capsys.readouterr().out.endswith("some_x3.safetensors: SAFMN ×3, radius 41\n")
    card = read_card(home / "models" / "some_x3.safetensors")
    assert (card.architecture, card.scale, card.radius, card.licence) == ("SAFMN", 3, 41, "MIT")
    assert "4x-some.pth, SHA-256" in card.note
    assert "a friend's" in card.note
    assert torch.equal(output(load("some")), output(load(str(weights))))
    assert vsr("models", "--json") == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["some"]["radius"] == 41
    assert vsr(*added) == 2
    assert "some ×3: there already" in capsys.readouterr().err
    assert vsr(*added, "--overwrite") == 0


def test_our_own_kinds_are_kept_too_in_half_precision_if_that_loses_nothing(tmp_path, home):
    net = Plain(2, 8, 2)
    torch.save({k: v.half() for k, v in net.state_dict().items()}, tmp_path / "own.pth")
    assert vsr("models", "add", tmp_path / "own.pth", "--name", "own") == 0
    assert torch.equal(output(load("own")), output(load(str(tmp_path / "own.pth"))))
    assert (home / "models/own_x2.safetensors").stat().st_size < 2 * sum(
        p.numel() * 2 for p in net.parameters()
    )


def test_what_was_added_is_removed_and_nothing_else_is(weights, home, capsys):
    assert vsr("models", "add", weights, "--name", "some") == 0
    assert vsr("models", "remove", "fast") == 2
    assert "is shipped" in capsys.readouterr().err
    assert vsr("models", "remove", "som") == 2
    assert "Did you mean some?" in capsys.readouterr().err
    assert vsr("models", "remove", "some", "--scale", "2") == 2
    assert vsr("models", "remove", "some") == 0
    assert list((home / "models").iterdir()) == []
    assert vsr("models", "remove", "some") == 2


@pytest.mark.parametrize(
    ("name", "reason"), [("fast", "is shipped"), ("a/b", "use letters"), ("", "use letters")]
)
def test_a_name_that_cannot_be_is_refused(name, reason, weights, capsys):
    assert vsr("models", "add", weights, "--name", name) == 2
    assert reason in capsys.readouterr().err


def test_one_network_that_cannot_be_read_does_not_hide_the_others(home, capsys):
    (home / "models").mkdir(parents=True)
    torch.save({"x": torch.zeros(1)}, home / "models" / "bad_x2.safetensors")
    assert vsr("models", "list") == 3
    shown = capsys.readouterr()
    assert "swift-srgan" in shown.out
    assert "bad_x2.safetensors" in shown.err


def test_names_complete_in_the_shell(weights):
    assert vsr("models", "add", weights, "--name", "some") == 0
    words = {"COMP_WORDS": "vsr upscale --model so", "COMP_CWORD": "3"}
    shown = subprocess.run(
        [sys.executable, "-c", "from vsr.cli import main; main()"],
        env={**os.environ, **words, "_VSR_COMPLETE": "bash_complete"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "plain,some" in shown.stdout


def test_weights_go_out_as_they_came(weights, tmp_path, capsys):
    out = tmp_path / "out.safetensors"
    assert vsr("models", "export", weights, out, "--to", "safetensors") == 0
    assert torch.equal(output(load(str(out))), output(load(str(weights))))
    assert vsr("models", "export", weights, out, "--to", "safetensors") == 2
    assert vsr("models", "export", "bicubic", tmp_path / "x.onnx") == 2
    assert vsr("models", "export", weights, tmp_path / "x.onnx", "--size", "48") == 2
    assert "48: write WIDTHxHEIGHT" in capsys.readouterr().err


@pytest.mark.usefixtures("onnx", "one_thread")
def test_what_goes_out_into_a_folder_is_named_after_its_network(tmp_path, capsys):
    words = ["models", "export", "lite", tmp_path, "--to", "safetensors", "-s", "4"]
    assert vsr(*words) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'lite_x4.safetensors'}\n"
    assert vsr(*words) == 2
    assert "lite_x4.safetensors: already exists" in capsys.readouterr().err
    assert vsr(*words, "-y") == 0


def test_the_form_that_goes_out_is_that_of_the_name(tmp_path, capsys):
    out = tmp_path / "lite.safetensors"
    assert vsr("models", "export", "lite", out) == 0
    assert load(str(out)).traits.scale == 4
    assert vsr("models", "export", "lite", tmp_path / "lite.pth") == 2
    assert (
        "lite.pth: is written as onnx. Give a name that ends in .onnx." in capsys.readouterr().err
    )
    assert vsr("models", "export", "lite", tmp_path / "x.onnx", "--to", "safetensors") == 2
    assert not list(tmp_path.glob("x.*"))


def test_onnx_for_any_size_is_checked_within_a_code(tmp_path, capsys):
    out = tmp_path / "lite.onnx"
    assert vsr("models", "export", "lite", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["codes_apart"] <= 1
    made = run_session(open_session(out, CPU_PROVIDER), drawn(1, 21, 47))
    assert made.shape == (1, 1, 84, 188)
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.usefixtures("onnx", "one_thread")
def test_half_precision_goes_out_too(tmp_path):
    import onnx

    out = tmp_path / "lite.onnx"
    assert vsr("models", "export", "lite", out, "--half", "--size", "40x24") == 0
    kinds = {weight.data_type for weight in onnx.load(str(out)).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kinds
    assert onnx.TensorProto.FLOAT not in kinds


@pytest.mark.usefixtures("onnx", "one_thread")
def test_a_network_that_works_at_one_size_only_says_so(weights, tmp_path, capsys):
    assert vsr("models", "export", weights, tmp_path / "x.onnx") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "Add --size WIDTHxHEIGHT" in error
    assert vsr("models", "export", weights, tmp_path / "x.onnx", "--size", "40x24") == 0
    assert [path.name for path in tmp_path.glob("x.onnx*")] == ["x.onnx"]


@pytest.mark.usefixtures("onnx")
def test_a_network_on_cells_is_refused_for_any_size_rather_than_written_wrong(tmp_path):
    class Cells(Generator):
        """Completes a picture to cells of 16 pixels, which a trace of whole cells has not seen."""

        architecture, scale, colour, has_linear_tail = "cells", 1, "rgb", True

        def forward(self, x):
            height, width = (int(side) for side in x.shape[-2:])
            right, below = -width % 16, -height % 16
            if not (right or below):
                return torch.nn.functional.avg_pool2d(x, 3, 1, 1)
            wide = torch.nn.functional.pad(x, (0, right, 0, below), mode="replicate")
            return torch.nn.functional.avg_pool2d(wide, 3, 1, 1)[:, :, :height, :width]

    with pytest.raises(InvalidOption, match=r"differs at 40×56\). Add --size"):
        write_onnx(Cells(), tmp_path / "cells.onnx")
    assert list(tmp_path.glob("*.onnx*")) == []
