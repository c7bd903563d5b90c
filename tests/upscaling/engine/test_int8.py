"""The engine with integer features: near the float network, and the same bits however it is cut."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from tests.instruction_sets import printed
from tests.upscaling.still_films import SIZE, SQUARE, STILL, are_equal, enlarged, film
from tests.upscaling.toys import BT709, compact, frame, model_of, pass_spec, plain, swift
from vsr.colour import Colour
from vsr.device.select import Device
from vsr.errors import InvalidOption
from vsr.frames import HostFrame, Layout
from vsr.models.catalog import Model
from vsr.models.int8.convolution import refusal
from vsr.models.weights_files import Card
from vsr.upscaling.engine import precision
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.engine.precision import why_not_int8, with_precision
from vsr.upscaling.tiles import tile_cache
from vsr.values import Size

works = pytest.mark.skipif(refusal() is not None, reason=str(refusal()))

CPU = Device(kind="cpu", why="asked for")


def decided(wanted, model, layout: Layout = Layout(), colour: Colour = BT709) -> str:
    device = CPU if wanted == "auto" else replace(CPU, precision=wanted)
    return with_precision(device, wanted, model, layout, colour).precision


def tuned(net) -> Model:
    card = Card(
        name="toy", architecture="plain", scale=2, flavour="pixel", licence="CC0-1.0", sha256="",
        command="", data="", seconds=0.0, device="cpu", is_quantised=True,
    )  # fmt: skip
    return replace(model_of(net), card=card)


def run(model, spec, source: HostFrame, precision="int8", tile: int | None = None) -> HostFrame:
    with CpuEngine.open(model, spec, tile=tile, precision=precision) as engine:
        return engine.finish(engine.start(source))


def apart(one: HostFrame, other: HostFrame) -> np.ndarray:
    pairs = zip(one.planes, other.planes, strict=True)
    return np.concatenate([np.abs(a.astype(int) - b.astype(int)).ravel() for a, b in pairs])


@works
@pytest.mark.parametrize("layout", [Layout(), Layout(8, 0, 0), Layout(10, 1, 1)], ids=str)
@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_codes_are_near_those_of_the_float_network(layout, colour):
    model, source = model_of(plain(2, colour)), frame(layout=layout)
    spec = pass_spec(layout=layout)
    codes = apart(run(model, spec, source), run(model, spec, source, "fp32"))
    assert 0 < codes.max() <= 2 << (layout.bits - 8)
    assert codes.mean() < 0.4 * 2 ** (layout.bits - 8)


@works
@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_a_network_whose_output_is_resized_is_near_too(colour):
    model, source = model_of(plain(2, colour)), frame()
    spec = pass_spec(output=Size(60, 42))
    codes = apart(run(model, spec, source), run(model, spec, source, "fp32"))
    assert 0 < codes.max() <= 2


@works
@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_tiled_is_whole(colour):
    model, spec, source = model_of(plain(2, colour)), pass_spec(), frame()
    assert apart(run(model, spec, source), run(model, spec, source, tile=16)).max() == 0


@works
def test_tiles_that_stand_still_give_the_bits_of_the_whole(monkeypatch):
    monkeypatch.setattr(tile_cache, "CORE", 32)
    frames = film([STILL, SQUARE, STILL], frame(SIZE))
    model, spec = model_of(plain()), pass_spec(SIZE)
    with CpuEngine.open(model, spec, precision="int8") as engine:
        kept = enlarged(engine, frames)
        assert engine.reused_tiles > 0
    with CpuEngine.open(model, spec, precision="int8", remembers=False) as engine:
        anew = enlarged(engine, frames)
    assert are_equal(kept, anew)


@works
def test_another_engine_finds_the_same_numbers():
    spec, source = pass_spec(), frame()
    one, other = (run(model_of(plain()), spec, source) for _ in range(2))
    assert apart(one, other).max() == 0


SITINGS = (Layout(), Layout(8, 1, 0), Layout(8, 0, 0))
DIGEST = "from tests.upscaling.engine.test_int8 import digest; print(digest())"


def digest() -> str:
    """Return a digest of the planes that a wide network makes of noise, in several layouts."""
    model, told = model_of(plain(4, channels=48, depth=3)), sha256()
    for layout in SITINGS:
        spec = pass_spec(Size(60, 44), 4, layout)
        for plane in run(model, spec, frame(Size(60, 44), layout)).planes:
            told.update(np.ascontiguousarray(plane).tobytes())
    return told.hexdigest()


@works
@pytest.mark.parametrize(
    "onednn",
    [
        "AVX",  # without fused multiplication and addition
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("SSE41", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI", "ALL")
        ),
    ],
)
def test_codes_of_8_bits_do_not_depend_on_the_instruction_set(onednn):
    assert printed(DIGEST, onednn) == digest()


@works
def test_what_is_beyond_every_range_is_clipped_not_wrapped():
    """A network that was never meant for such codes still gives codes near the base."""
    source = frame()
    source.planes[0][::2] = 0
    source.planes[0][1::2] = 255
    model, spec = model_of(plain()), pass_spec()
    codes = apart(run(model, spec, source), run(model, spec, source, "fp32"))
    assert codes.max() <= 6


@works
def test_a_network_without_weights_runs_as_ever():
    assert decided("int8", model_of(None)) == "fp32"
    assert decided("auto", model_of(None)) == "fp32"


@works
def test_auto_takes_it_for_tuned_weights_and_what_is_8_bit_and_no_hdr():
    model = tuned(plain())
    assert decided("auto", model_of(plain())) == "fp32"
    assert decided("auto", model) == "int8"
    assert decided("auto", model, Layout(10, 1, 1)) == "fp32"
    assert decided("int8", model, Layout(10, 1, 1)) == "int8"
    assert decided("auto", model, colour=replace(BT709, transfer=18)) == "fp32"
    assert decided("auto", model_of(swift())) == "fp32"
    assert decided("fp32", model) == "fp32"


@pytest.mark.parametrize("net", [plain(), compact()], ids=["plain", "with slopes"])
def test_what_draws_detail_by_itself_is_rounded_to_bf16_where_that_is_fast(net, monkeypatch):
    drawn = replace(tuned(net), card=replace(tuned(net).card, flavour="clear", is_quantised=False))
    monkeypatch.setattr(precision, "is_bf16_native", lambda: True)
    assert decided("auto", drawn) == "bf16"
    assert decided("auto", drawn, Layout(10, 1, 1)) == "fp32"
    assert decided("auto", drawn, colour=replace(BT709, transfer=18)) == "fp32"
    assert decided("fp32", drawn) == "fp32"
    assert decided("auto", model_of(net)) == "fp32"
    monkeypatch.setattr(precision, "is_bf16_native", lambda: False)
    assert decided("auto", drawn) == "fp32"


@works
def test_the_plan_says_why():
    model = tuned(plain())
    assert (
        "the source has 10 bits" in with_precision(CPU, "auto", model, Layout(10, 1, 1), BT709).why
    )
    assert "int8" in with_precision(CPU, "auto", model, Layout(), BT709).why
    assert "not tuned" in with_precision(CPU, "auto", model_of(plain()), Layout(), BT709).why


def test_auto_is_fp32_where_the_operations_are_absent(monkeypatch):
    monkeypatch.setattr("vsr.models.int8.convolution.refusal", lambda: "no such operations")
    device = with_precision(CPU, "auto", tuned(plain()), Layout(), BT709)
    assert device.precision == "fp32"
    assert "no such operations" in device.why


def test_cuda_keeps_its_own():
    device = Device(kind="cuda", precision="fp16")
    assert with_precision(device, "auto", model_of(plain()), Layout(), BT709) == device


@pytest.mark.parametrize("net", [swift(), compact()], ids=["depthwise", "with slopes"])
def test_a_network_that_is_not_plain_is_refused(net):
    with pytest.raises(InvalidOption, match=r"int8: toy is not a plain network .*Omit --precision"):
        decided("int8", model_of(net))
    assert decided("auto", model_of(net)) == "fp32"


def test_a_processor_that_cannot_is_refused(monkeypatch):
    monkeypatch.setattr("vsr.models.int8.convolution.refusal", lambda: "no such operations")
    with pytest.raises(InvalidOption, match=r"--precision int8: no such operations\. Omit"):
        decided("int8", model_of(plain()))
    assert why_not_int8(model_of(plain())) == "no such operations"
