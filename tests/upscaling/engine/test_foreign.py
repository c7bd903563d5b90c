"""Networks that others wrote behind the engines: their tiles, their precision, what stays exact."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.models.foreign.networks import write_network
from tests.upscaling.stand_in import cuda_engine_on_cpu
from tests.upscaling.toys import frame, pass_spec
from vsr.colour import Colour
from vsr.device.select import Device
from vsr.errors import Failed, InvalidOption
from vsr.frames import Layout
from vsr.models.catalog import load
from vsr.models.foreign.adapter import Float32Conv, with_float32_ends
from vsr.models.foreign.facts import overlap
from vsr.upscaling.engine import precision, tile_size
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.tile_size import (
    approximation,
    peak_bytes_per_pixel,
    pinned_tile,
    tile_facts,
)
from vsr.values import Size

SIZE = Size(200, 70)
CPU = Device(kind="cpu")


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A network with a radius, on cells of 8 pixels."""
    return load(str(write_network("SAFMN", tmp_path_factory.mktemp("local") / "local.pth")))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A network that sees the whole frame."""
    return load(str(write_network("RCAN", tmp_path_factory.mktemp("whole") / "whole.pth")))


def planes(model, tile=None, precision="fp32", remembers=True, sources=None):
    spec = pass_spec(SIZE, model.traits.scale)
    sources = sources or [frame(SIZE)]
    with CpuEngine.open(model, spec, tile=tile, precision=precision, remembers=remembers) as engine:
        made = [engine.finish(engine.start(source)) for source in sources]
        return made[-1].planes, engine


def chosen(device, wanted, model):
    return precision.with_precision(device, wanted, model, Layout(), Colour())


def apart(one, other):
    return max(
        int(np.abs(a.astype(int) - b.astype(int)).max()) for a, b in zip(one, other, strict=True)
    )


def test_tiles_of_a_network_with_a_radius_are_the_whole(local):
    in_tiles, engine = planes(local, tile=24)
    assert len(engine.tiles) > 4
    assert apart(in_tiles, planes(local)[0]) <= 1


def test_tiles_of_a_network_that_sees_everything_are_blended_and_close(whole):
    in_tiles, engine = planes(whole, tile=48)
    assert len(engine.tiles) > 4
    by_whole, engine = planes(whole)
    assert len(engine.tiles) == 1
    assert 0 < apart(in_tiles, by_whole) <= 24  # its attention weighs another picture in each tile


def test_still_tiles_are_reused_only_where_tiles_are_exact(local, whole):
    before, after = frame(SIZE, seed=1), frame(SIZE, seed=1, pts=1)
    after.planes[0][:4, :4] ^= 8
    for model, may_reuse in ((local, True), (whole, False)):
        kept, engine = planes(model, sources=[before, after])
        fresh, _ = planes(model, sources=[after], remembers=False)
        assert apart(kept, fresh) == 0
        assert may_reuse or engine.reused_tiles == 0


def test_the_tile_is_pinned_by_memory_once_and_an_asked_one_stays(local, whole, monkeypatch):
    assert pinned_tile(local, SIZE, CPU, 64) == 64
    each = peak_bytes_per_pixel(whole.net, 3)
    for free, low, high in ((10**12, 200, 200), (2 * SIZE.pixels * each, 16, 192)):
        monkeypatch.setattr(tile_size, "available_host_bytes", lambda free=free: int(free))
        assert low <= pinned_tile(whole, SIZE, CPU) <= high
    monkeypatch.setattr(tile_size, "available_host_bytes", lambda: 10**6)
    with pytest.raises(Failed, match="smallest tile of whole needs"):
        pinned_tile(whole, SIZE, CPU)


def test_it_is_said_that_tiles_are_approximate_and_the_fingerprint_holds_the_overlap(whole, local):
    assert "tiles are approximate: whole looks at the whole frame" in approximation(whole, SIZE, 64)
    assert approximation(whole, SIZE, 200) == approximation(local, SIZE, 64) == ""
    assert tile_facts(whole, SIZE, 64)["overlap"] == overlap(whole.net) >= 8
    assert set(tile_facts(local, SIZE, 64)) == {"spandrel"}
    assert tile_facts(load("fast", 4), SIZE, 64) == {}


def test_the_first_and_the_last_convolution_stay_in_float32(local):
    ends = [type(m) for m in with_float32_ends(local.net).modules()].count(Float32Conv)
    assert ends == 2
    assert not any(isinstance(m, Float32Conv) for m in local.net.modules())


def test_half_precision_needs_a_processor_and_a_trial(local, monkeypatch):
    monkeypatch.setattr(precision, "is_bf16_native", lambda: True)
    assert chosen(CPU, "auto", local).precision == "bf16"
    assert chosen(CPU, "fp32", local).precision == "fp32"
    monkeypatch.setattr(precision, "passes_in", lambda *_: False)
    refused = chosen(replace(CPU, precision="bf16"), "bf16", local)
    assert (refused.precision, "differs in bf16" in refused.why) == ("fp32", True)
    monkeypatch.setattr(precision, "is_bf16_native", lambda: False)
    assert chosen(CPU, "auto", local).precision == "fp32"
    with pytest.raises(InvalidOption, match="int8"):
        chosen(CPU, "int8", local)


def test_bf16_is_near_fp32_and_the_same_each_time(local):
    first, _ = planes(local, precision="bf16")
    again, _ = planes(local, precision="bf16")
    assert apart(first, again) == 0
    assert apart(first, planes(local)[0]) <= 4


def test_blended_shares_of_an_identity_are_the_picture():
    from vsr.upscaling.tiles.tiling import run_blended, windows

    picture = torch.rand(1, 3, 50, 70)
    for core, halo in ((16, 8), (23, 5), (70, 0), (20, 0)):
        blended = run_blended(
            lambda x: x, picture, windows(Size(70, 50), Size(core, core), halo), 1
        )
        torch.testing.assert_close(blended, picture, rtol=0, atol=1e-6)


def test_blended_tiles_leave_seams_of_at_most_a_code(whole):
    """Along a seam the mean difference from the whole frame jumps by no more than a code."""
    from vsr.models.foreign.adapter import drawn
    from vsr.upscaling.tiles.tiling import run_blended, windows

    picture, halo = drawn(3, 96, 192), overlap(whole.net)
    with torch.inference_mode():
        expected = whole.net(picture)
        tiles = windows(Size(192, 96), Size(64, 96), halo)
        assert len(tiles) == 3
        apart = run_blended(whole.net, picture, tiles, whole.traits.scale) - expected
    assert float(apart.mean(dim=2).diff(dim=2).abs().max()) <= 1 / 255


def test_on_a_gpu_its_memory_decides_the_tile(local, monkeypatch):
    gpu = Device(kind="cuda")
    monkeypatch.setattr(tile_size, "free_bytes", lambda index: 10**12)
    assert pinned_tile(local, SIZE, gpu) == 200


@pytest.mark.gpu
@pytest.mark.parametrize("tile", [None, 48])
def test_a_gpu_runs_them_near_the_cpu(local, whole, tile):
    from vsr.device.select import select
    from vsr.upscaling.engine.engine import open_engine

    for model in (local, whole):
        device = chosen(select("cuda"), "auto", model)
        with open_engine(model, device, pass_spec(SIZE, model.traits.scale), tile=tile) as engine:
            made = engine.finish(engine.start(frame(SIZE))).planes
            made = [plane.copy() for plane in made]
        assert apart(made, planes(model, tile=tile)[0]) <= 4


def test_on_cuda_they_run_under_autocast_in_the_tiles_that_were_planned(local):
    spec = pass_spec(SIZE, local.traits.scale)
    with (
        cuda_engine_on_cpu(local, spec, precision="bf16", tile=64) as engine,
        CpuEngine.open(local, spec, tile=64, precision="bf16") as cpu,
    ):
        assert engine.path == "bf16 autocast, tiles of 64×64"
        assert not engine._network.shrink()
        mine, theirs = (own.finish(own.start(frame(SIZE))) for own in (engine, cpu))
        assert apart(mine.planes, theirs.planes) <= 1
