"""Networks that restore see deep and HDR film on luma, on a curve that is undone after them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.upscaling.toys import SIZE, TOYS, Nearest, frame, model_of, pass_spec
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.yuv import tensor_of
from vsr.frames import HostFrame, Layout
from vsr.models import catalog
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.cuda_pass import DevicePass
from vsr.upscaling.passes.chroma_from_luma import planes_with_sharp_chroma
from vsr.upscaling.passes.folding import route
from vsr.values import Size

BT2020 = Colour(
    primaries=9, transfer=16, matrix=Matrix.BT2020_NCL, range=Range.LIMITED, siting=Siting.TOP_LEFT
)
TEN = Layout(bits=10)


def spec_of(tone, size=SIZE, layout=TEN, scale=2, **more):
    return replace(pass_spec(size, scale, layout, colour=BT2020, **more), tone=tone)


def enlarged(net, spec, of: HostFrame) -> list[np.ndarray]:
    model = net if isinstance(net, catalog.Model) else model_of(net)
    with CpuEngine.open(model, spec) as engine:
        return list(engine.finish(engine.start(of)).planes)


def film(luma: np.ndarray, chroma: tuple[int, ...] = (), layout: Layout = TEN) -> HostFrame:
    size = Size(luma.shape[1], luma.shape[0])
    shapes = layout.plane_shapes(size)[1:]
    chroma = chroma or (1 << (layout.bits - 1),) * 2
    planes = [np.full(shape, code, layout.dtype) for shape, code in zip(shapes, chroma)]
    return HostFrame(planes=(luma.astype(layout.dtype), *planes), pts=0, layout=layout)


def in_one_colour(of: HostFrame) -> HostFrame:
    """Return a frame whose chroma, if it has any, goes with luma."""
    if of.layout.is_gray:
        return of
    luma = of.planes[0][:: 1 << of.layout.y_shift, :: 1 << of.layout.x_shift]
    return replace(of, planes=(of.planes[0], luma.copy(), 1023 - luma))


def every_code(bits: int) -> np.ndarray:
    return np.arange(1 << bits).reshape(32, -1)


@pytest.mark.parametrize("tone", ["pq", "luma"])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_every_code_comes_back(tone: str, bits: int) -> None:
    luma = every_code(bits)
    size, layout = Size(luma.shape[1], luma.shape[0]), Layout(bits=bits)
    for colour in ("rgb", "luma"):
        out = enlarged(Nearest(2, colour), spec_of(tone, size, layout), film(luma, layout=layout))
        assert np.array_equal(out[0][::2, ::2], luma)


@pytest.mark.parametrize("output", [SIZE.scaled(2), Size(64, 45)], ids=str)
@pytest.mark.parametrize("layout", [TEN, Layout(10, 0, 0), Layout(10, 0, 0, is_gray=True)], ids=str)
def test_chroma_sees_no_network_but_the_luma_it_made(layout: Layout, output: Size) -> None:
    of = in_one_colour(frame(layout=layout))
    more = {"layout": layout, "output": output}
    bicubic = enlarged(catalog.load("bicubic", 2), spec_of(None, **more), of)
    for net in (TOYS["folded"](), TOYS["srgan"](), TOYS["luma"]()):
        toned = enlarged(net, spec_of("pq", **more), of)
        assert len(toned) == len(bicubic)
        assert toned[0].dtype == np.uint16
        if not layout.x_shift:
            assert all(np.array_equal(a, b) for a, b in zip(toned[1:], bicubic[1:], strict=True))
            continue
        made, own = (
            [tensor_of(plane) for plane in planes]
            for planes in ((toned[0], *bicubic[1:]), of.planes)
        )
        followed = planes_with_sharp_chroma(made, own, spec_of("pq", **more))
        for one, other, soft in zip(toned[1:], followed[1:], bicubic[1:], strict=True):
            beyond_rounding, moved = (
                np.abs(one.astype(int) - plane.astype(int)).mean()
                for plane in (other.numpy(), soft)
            )
            assert beyond_rounding < 0.5
            assert moved > 1


def test_on_luma_a_network_computes_what_it_computes_for_gray() -> None:
    of = frame(layout=TEN)
    gray = replace(of, planes=of.planes[:1], layout=Layout(10, 0, 0, is_gray=True))
    for make in (TOYS["folded"], TOYS["srgan"], TOYS["luma"]):
        alone = enlarged(make(), spec_of(None, layout=gray.layout), gray)[0].astype(int)
        toned = enlarged(make(), spec_of("luma"), of)[0].astype(int)
        assert np.abs(alone - toned).max() <= 1


def test_folded_and_resized_agree() -> None:
    of, spec = frame(layout=TEN), spec_of("pq")
    planes = [tensor_of(plane) for plane in of.planes]
    model = model_of(TOYS["folded"]())
    way, net = route(model, spec)
    with torch.inference_mode():
        folded = way.complete(net(way.prepare(planes)), planes)
        way, net = route(model, replace(spec, output=Size(80, 57)))
        assert net is not None
        resized = way.complete(net(way.prepare(planes)), planes)
    assert folded[0].shape == (56, 80)
    assert resized[0].shape == (57, 80)
    assert resized[1].shape == (29, 40)


def test_the_device_pass_gives_the_same() -> None:
    of, spec = frame(layout=TEN), spec_of("pq")
    model = model_of(TOYS["folded"]())
    way, net = route(model, spec, is_dense=True)
    device = DevicePass(spec, way, net, ())
    blocks = [torch.zeros(p.size, dtype=torch.uint8) for p in (device.source, device.target)]
    for plane, own in zip(device.source.tensors(blocks[0]), of.planes, strict=True):
        plane.copy_(torch.from_numpy(own))
    flag = torch.zeros(1, dtype=torch.uint8)
    device(*blocks, flag)
    assert flag[0] == 1
    mine = [plane.numpy() for plane in device.target.tensors(blocks[1])]
    for one, other in zip(mine, enlarged(model, spec, of), strict=True):
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 1


@pytest.mark.parametrize(("tone", "most"), [("pq", 940), ("luma", 940), ("pq", 1019)])
def test_ramps_of_ten_bits_stay_strictly_monotone(tone: str, most: int) -> None:
    luma = np.repeat(np.arange(64, most)[None], 12, 0)
    model = catalog.load("fast", 2)
    out = enlarged(model, spec_of(tone, Size(luma.shape[1], 12)), film(luma))[0]
    inner = out[8:16, 24:-24].astype(int)
    steps = inner[:, 1::2] + inner[:, ::2]  # both pixels of a source pixel
    assert np.diff(steps, axis=1).min() > 0
    assert np.abs(steps / 2 - luma[0, 12:-12]).max() <= 1


@pytest.mark.parametrize("tone", ["pq", "luma"])
def test_highlights_and_primaries_are_neither_clipped_nor_moved(tone: str) -> None:
    model = catalog.load("fast", 2)
    red, green = (294, (387, 960)), (677, (64, 471))
    for luma, chroma in ((940, (512, 512)), (1000, (512, 512)), red, green):
        flat = np.full((24, 24), luma)
        out = enlarged(model, spec_of(tone, Size(24, 24)), film(flat, chroma))
        middle = out[0][16:-16, 16:-16].astype(int)
        assert np.abs(middle - luma).max() <= 1
        assert [set(plane.ravel().tolist()) for plane in out[1:]] == [{c} for c in chroma]
