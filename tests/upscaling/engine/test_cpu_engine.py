import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.upscaling.toys import Nearest, frame, model_of, pass_spec, plain, swift
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.yuv import planes_of, rgb_of, tensor_of
from vsr.errors import Failed, InvalidOption
from vsr.frames import Extras, HostFrame, Layout
from vsr.models.catalog import load
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.passes.folding import route
from vsr.values import Size

LAYOUTS = [
    Layout(8, 1, 1),
    Layout(10, 1, 1),
    Layout(8, 1, 0),
    Layout(10, 0, 0),
    Layout(8, 0, 0, is_gray=True),
]


def run(model, spec, source: HostFrame, tile: int | None = None) -> HostFrame:
    with CpuEngine.open(model, spec, tile=tile) as engine:
        return engine.finish(engine.start(source))


def difference(one: HostFrame, other: HostFrame) -> int:
    """Return the largest difference of codes."""
    return max(
        int(np.abs(a.astype(int) - b.astype(int)).max())
        for a, b in zip(one.planes, other.planes, strict=True)
    )


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("colour", ["rgb", "luma", None])
def test_every_layout_comes_out_enlarged_in_kind(layout, colour):
    model = model_of(None if colour is None else plain(2, colour))
    out = run(model, pass_spec(layout=layout), frame(layout=layout, pts=77))
    assert (out.size, out.layout, out.pts) == (Size(80, 56), layout, 77)


def test_it_does_what_the_plain_formula_says():
    model, spec, source = model_of(swift()), pass_spec(), frame()
    with torch.no_grad():
        rgb = rgb_of([tensor_of(p) for p in source.planes], spec.source_format)
        expected = planes_of(model.net(rgb), spec.output_format)
    out = run(model, spec, source)
    for mine, theirs in zip(out.planes, expected, strict=True):
        assert np.abs(mine.astype(int) - theirs.numpy().astype(int)).max() <= 1


@pytest.mark.parametrize(
    "net", [plain(2), plain(2, "luma"), swift(2)], ids=["rgb", "luma", "swift"]
)
def test_tiled_is_whole(net):
    model, spec, source = model_of(net), pass_spec(), frame()
    # a value on a rounding edge may fall either way
    assert difference(run(model, spec, source, tile=16), run(model, spec, source)) <= 1


@pytest.mark.parametrize("name", ["fast", "lite"])
def test_strips_of_a_shipped_network_are_the_whole_bit_for_bit(name):
    """Memory chooses them anew when a run is resumed: segments of both must be of one piece."""
    size = Size(72, 60)
    model, spec, source = load(name, 4), pass_spec(size, 4), frame(size)
    whole = run(model, spec, source)
    for tile in (16, 33, 60):
        assert difference(run(model, spec, source, tile=tile), whole) == 0


def test_the_nearest_network_repeats_luma_exactly():
    source = frame()
    out = run(model_of(Nearest(2)), pass_spec(), source)
    assert np.array_equal(out.planes[0][::2, ::2], source.planes[0])


def test_gray_as_420_has_no_colour():
    layout = Layout(8, 0, 0, is_gray=True)
    for net in (plain(2, "luma"), plain(2)):
        spec = pass_spec(layout=layout, output_layout=Layout())
        out = run(model_of(net), spec, frame(layout=layout))
        assert {int(code) for plane in out.planes[1:] for code in np.unique(plane)} == {128}


@pytest.mark.parametrize("net", [plain(2), None], ids=["network", "bicubic"])
def test_a_fit_comes_after_the_network(net):
    spec = pass_spec(output=Size(60, 42))
    out = run(model_of(net), spec, frame())
    assert out.size == Size(60, 42)


def test_bit_depth_and_subsampling_can_change_on_the_way():
    spec = pass_spec(layout=Layout(8, 1, 1), output_layout=Layout(10, 0, 0))
    out = run(model_of(Nearest(2)), spec, frame())
    assert out.planes[1].shape == (56, 80)
    assert abs(out.planes[0].mean() / 4 - frame().planes[0].mean()) < 0.1


def test_odd_sizes_are_enlarged_whole():
    size = Size(21, 13)
    for net in (plain(2), plain(2, "luma"), None):
        out = run(model_of(net), pass_spec(size), frame(size))
        assert (out.size, out.planes[1].shape) == (Size(42, 26), (13, 21))


def test_flat_colour_stays_flat_to_the_border_without_a_network():
    layout = Layout()
    planes = [
        np.full(shape, code, np.uint8)
        for shape, code in zip(layout.plane_shapes(Size(20, 16)), (90, 60, 200))
    ]
    out = run(model_of(None, 4), pass_spec(Size(20, 16), 4), HostFrame(planes=tuple(planes), pts=0))
    assert [np.unique(plane).tolist() for plane in out.planes] == [[90], [60], [200]]


def test_read_only_and_strided_planes_are_taken():
    source = frame()
    wide = [np.pad(plane, ((0, 0), (0, 9))) for plane in source.planes]
    views = tuple(plane[:, :-9] for plane in wide)
    for view in views:
        view.flags.writeable = False
    strided = HostFrame(planes=views, pts=0, colour=source.colour)
    model, spec = model_of(plain(2)), pass_spec()
    assert difference(run(model, spec, strided), run(model, spec, source)) == 0


def test_captions_travel_and_the_picture_is_progressive():
    source = frame()
    captioned = HostFrame(
        planes=source.planes, pts=5, extras=Extras(captions=b"cc"), is_interlaced=True
    )
    out = run(model_of(None), pass_spec(), captioned)
    assert (out.extras.captions, out.is_interlaced) == (b"cc", False)


def test_a_frame_of_another_size_is_named():
    with pytest.raises(Failed, match="21×13.*40×28"):
        run(model_of(None), pass_spec(), frame(Size(21, 13)))


def test_the_colour_matrix_must_stay():
    spec = pass_spec()
    other = Colour(matrix=Matrix.SMPTE170M, range=Range.LIMITED, siting=Siting.LEFT)
    with pytest.raises(InvalidOption, match="matrix"):
        type(spec)(
            source=spec.source,
            source_format=spec.source_format,
            output=spec.output,
            output_format=type(spec.output_format)(Layout(), other),
            scale=2,
        )


def test_little_memory_means_strips_of_the_same_picture(monkeypatch):
    monkeypatch.setattr("vsr.upscaling.engine.cpu_engine.available_host_bytes", lambda: 10_450_000)
    source = frame(Size(64, 300))
    with CpuEngine.open(model_of(plain(2)), pass_spec(Size(64, 300))) as engine:
        assert len(engine.tiles) > 1
        tiled = engine.finish(engine.start(source))
    monkeypatch.undo()
    assert difference(tiled, run(model_of(plain(2)), pass_spec(Size(64, 300)), source)) <= 1


def test_memory_that_runs_out_is_an_error_that_says_what_to_do(monkeypatch):
    def failing(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")

    with CpuEngine.open(model_of(plain(2)), pass_spec()) as engine:
        monkeypatch.setattr(engine, "_run", failing)
        with pytest.raises(Failed, match="--tile"):
            engine.start(frame())


@pytest.mark.parametrize("output", [None, Size(60, 42)], ids=["folded", "resized"])
@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_a_pass_that_says_so_leaves_the_output_as_it_was_given(colour, output):
    way, net = route(model_of(plain(2, colour)), pass_spec(output=output))
    planes = tuple(tensor_of(plane) for plane in frame().planes)
    with torch.inference_mode():
        given = net(way.prepare(planes))
        kept = given.clone()
        way.complete(given, planes)
    assert torch.equal(given, kept) is not way.alters_output


@pytest.mark.parametrize(("size", "is_one"), [(Size(64, 36), True), (Size(64, 64), False)])
def test_a_tiny_picture_is_computed_by_one_thread(monkeypatch, size, is_one):
    threads: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    run(model_of(plain(2)), pass_spec(size), frame(size))
    assert (threads[:1] == [1]) is is_one


OPENED = """
import sys
from tests.upscaling.toys import model_of, pass_spec, plain, swift
from vsr.upscaling.engine.cpu_engine import CpuEngine
for net in (plain(), plain(2, "luma"), swift()):
    CpuEngine.open(model_of(net), pass_spec())
print("torch._dynamo" in sys.modules)
"""


def test_opening_does_not_load_the_compiler_of_torch():
    """Which takes two seconds, and compiles nothing here."""
    done = subprocess.run(
        [sys.executable, "-c", OPENED], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
