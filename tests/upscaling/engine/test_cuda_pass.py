"""What runs inside the CUDA graph, with the network as it is there, run here on the CPU."""

import numpy as np
import pytest
import torch

from tests.upscaling.toys import TOYS, frame, model_of, pass_spec, plain
from vsr.frames import Layout
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.cuda_pass import DevicePass, autocast_run, cast_run
from vsr.upscaling.passes.folding import route
from vsr.upscaling.tiles.tiling import windows
from vsr.values import Size


def run(net, spec, make_run, tile: Size | None = None) -> tuple[tuple[np.ndarray, ...], bool]:
    model = model_of(net)
    way, middle = route(model, spec, is_dense=True)
    traits = model.traits
    tiles = windows(spec.source, tile or spec.source, traits.radius, traits.multiple)
    whole = DevicePass(spec, way, make_run(middle) if middle is not None else None, tiles)
    source = torch.zeros(whole.source.size, dtype=torch.uint8)
    for own, plane in zip(
        whole.source.arrays(source.numpy()),
        frame(spec.source, spec.source_format.layout).planes,
        strict=True,
    ):
        own[:] = plane
    target, flag = torch.zeros(whole.target.size, dtype=torch.uint8), torch.ones(1).byte()
    whole(source, target, flag)
    return whole.target.arrays(target.numpy()), bool(flag[0])


LAYOUTS = [Layout(8, 1, 1), Layout(10, 1, 0), Layout(8, 0, 0, is_gray=True)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("name", [*TOYS, "bicubic"])
def test_in_float32_it_is_the_cpu_engine(name, layout):
    net = TOYS[name]() if name in TOYS else None
    spec = pass_spec(layout=layout)
    mine, is_finite = run(net, spec, lambda middle: autocast_run(middle, torch.float32))
    with CpuEngine.open(model_of(net), spec) as engine:
        theirs = engine.finish(engine.start(frame(layout=layout))).planes
    assert is_finite
    for a, b in zip(mine, theirs, strict=True):
        assert np.abs(a.astype(int) - b.astype(int)).max() <= 1


@pytest.mark.parametrize("tile", [None, Size(16, 16)], ids=["whole", "tiled"])
@pytest.mark.parametrize("name", TOYS)
def test_weights_cast_once_are_close_to_autocast_and_to_float32(name, tile):
    spec, half = pass_spec(), torch.bfloat16
    exact, _ = run(TOYS[name](), spec, lambda middle: autocast_run(middle, torch.float32), tile)
    reference, _ = run(TOYS[name](), spec, lambda middle: autocast_run(middle, half), tile)
    fast, _ = run(TOYS[name](), spec, lambda middle: cast_run(middle, half), tile)
    for a, b, c in zip(fast, reference, exact, strict=True):
        assert np.abs(a.astype(int) - b.astype(int)).mean() < 0.5
        assert np.abs(b.astype(int) - c.astype(int)).mean() < 1.5


@pytest.mark.parametrize("make_run", [autocast_run, cast_run])
def test_the_image_itself_is_never_rounded_to_half_precision(make_run):
    """A network that adds nothing repeats ten-bit codes exactly, in half precision too."""
    net, layout = plain(2), Layout(10, 0, 0)
    torch.nn.init.zeros_(net.tail.weight)
    torch.nn.init.zeros_(net.tail.bias)
    spec = pass_spec(layout=layout)
    out, _ = run(net, spec, lambda middle: make_run(middle, torch.bfloat16))
    for mine, source in zip(out, frame(layout=layout).planes, strict=True):
        assert np.array_equal(mine[::2, ::2], source)


def test_a_number_that_is_not_finite_raises_the_flag():
    net = plain(2)
    net.body[0].bias.data[0] = float("inf")
    _, is_finite = run(net, pass_spec(), lambda middle: autocast_run(middle, torch.float32))
    assert not is_finite
