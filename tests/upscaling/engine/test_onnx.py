"""A network that ONNX Runtime runs, behind the same engine."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.models.foreign.networks import write_network
from tests.upscaling.toys import frame, model_of, pass_spec, plain
from vsr.device import select as devices
from vsr.device.select import providers_here, select
from vsr.errors import DeviceUnavailable, InvalidOption
from vsr.models.catalog import load
from vsr.upscaling.engine.engine import open_engine
from vsr.upscaling.engine.precision import with_precision
from vsr.values import Size

pytestmark = pytest.mark.usefixtures("onnx")

SIZE = Size(70, 50)

TALKS = "from vsr.device.select import providers_here; assert providers_here()"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VSR_HOME", str(tmp_path))
    return tmp_path / "cache" / "onnx"


def planes(model, device, tile=None, seed=0):
    spec = pass_spec(SIZE, model.traits.scale)
    with open_engine(model, select(device), spec, tile=tile) as engine:
        return engine.finish(engine.start(frame(SIZE, seed=seed))).planes


def apart(one, other):
    return max(
        int(np.abs(a.astype(int) - b.astype(int)).max()) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("name", ["lite", "fast"])
def test_it_is_within_a_code_of_torch_and_the_same_each_time(name):
    model = load(name, 4)
    first = planes(model, "onnx:cpu")
    assert apart(first, planes(model, "onnx:cpu")) == 0
    assert apart(first, planes(model, "cpu")) <= 1


def test_the_number_of_threads_changes_no_bit():
    model, before = load("lite", 4), torch.get_num_threads()
    made = []
    for count in (1, 2):
        torch.set_num_threads(count)
        made.append(planes(model, "onnx"))
    torch.set_num_threads(before)
    assert apart(*made) == 0


def test_it_is_written_once_for_each_size(cache):
    model = load("lite", 4)
    for tile in (None, None, 32):
        planes(model, "onnx", tile)
    names = sorted(path.name for path in cache.iterdir())
    assert len(names) == 2
    assert all(name.startswith(model.sha256) and "-fp32-" in name for name in names)


def test_tiles_are_the_whole_within_a_code():
    model = load("lite", 4)
    assert apart(planes(model, "onnx", tile=24), planes(model, "onnx")) <= 1


def test_a_network_of_others_runs_too(tmp_path):
    model = load(str(write_network("SAFMN", tmp_path / "net.pth")))
    assert apart(planes(model, "onnx"), planes(model, "cpu")) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["SPAN", "RCAN", "SwinIR", "DAT", "RealPLKSR"])
def test_every_architecture_runs_too(architecture, tmp_path):
    model = load(str(write_network(architecture, tmp_path / "net.pth")))
    assert apart(planes(model, "onnx"), planes(model, "cpu")) <= 1


def test_no_network_needs_no_file(cache):
    model = load("bicubic", 2)
    assert apart(planes(model, "onnx"), planes(model, "cpu")) == 0
    assert not cache.exists()


def test_the_provider_and_its_version_are_part_of_the_hardware():
    device = select("onnx")
    assert device.hardware.startswith("onnx:cpu onnxruntime ")
    assert str(device).startswith("onnx:cpu (onnxruntime")
    assert "cpu" in providers_here()


@pytest.mark.parametrize(
    ("name", "precision", "error", "reason"),
    [
        ("onnx:tpu", "auto", InvalidOption, "choose a provider from dml, rocm"),
        ("onnx:dml", "auto", DeviceUnavailable, "only cpu here. Install onnxruntime-directml"),
        ("onnx:cpu", "bf16", InvalidOption, "fp32 or fp16"),
    ],
)
def test_what_is_not_here_is_refused_in_one_line(name, precision, error, reason, monkeypatch):
    monkeypatch.setattr(devices, "providers_here", lambda: {"cpu": "CPUExecutionProvider"})
    with pytest.raises(error, match=reason):
        select(name, precision)


def test_without_onnx_runtime_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(devices, "providers_here", dict)
    with pytest.raises(DeviceUnavailable, match=r"vsr-cli\[onnx\]"):
        select("onnx")


def test_what_only_torch_can_do_is_refused_there():
    with pytest.raises(InvalidOption, match="for upscaling only"):
        _ = select("onnx").torch_device


def test_precision_is_what_was_asked_for_and_half_is_close():
    from vsr.colour import Colour
    from vsr.frames import Layout

    model = model_of(plain(2))
    device = select("onnx", "fp16")
    assert with_precision(device, "fp16", model, Layout(), Colour()).precision == "fp16"
    lite = load("lite", 4)
    spec = pass_spec(SIZE, 4)
    with open_engine(lite, device, spec) as engine:
        half = engine.finish(engine.start(frame(SIZE))).planes
    assert apart(half, planes(lite, "cpu")) <= 2


def test_its_telemetry_leaves_nothing(tmp_path):
    home = tmp_path / "fresh"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    subprocess.run([sys.executable, "-c", TALKS], check=True, env={**kept, "HOME": str(home)})
    assert not list(home.rglob("*icrosoft*"))
