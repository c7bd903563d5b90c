"""Chroma that a codec halved follows the luma that a network enlarged."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from tests.upscaling.toys import compact, pass_spec, plain, srgan
from vsr.colour import Colour, Matrix, Range, Siting, rgb_from_yuv
from vsr.device.yuv import downsample_chroma, mixed
from vsr.frames import Layout
from vsr.upscaling.engine.tile_size import _LiveBytes as LiveBytes
from vsr.upscaling.passes.chroma_from_luma import (
    AROUND,
    REACH,
    follows_luma,
    planes_with_sharp_chroma,
    sharp_chroma,
)
from vsr.upscaling.passes.passes import LumaPass, PassSpec, RgbPass, chroma_planes
from vsr.upscaling.passes.resample import Memo, chroma_axes, resample, resize
from vsr.values import Size

HALVED, WHOLE, GRAY = Layout(8, 1, 1), Layout(8, 0, 0), Layout(8, 0, 0, is_gray=True)
SITINGS = [Siting.LEFT, Siting.CENTER, Siting.TOP_LEFT]
SIZE = Size(32, 24)


def colour(siting: Siting) -> Colour:
    return Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=siting)


def striped(scale: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return luma and chroma of slanted stripes in two colours, as wide as 3 source pixels."""
    down, right = np.mgrid[: SIZE.height * scale, : SIZE.width * scale] / scale
    bright = torch.from_numpy(((right + down / 4) // 3 % 2).astype(np.float32))[None, None]
    return 70 + 120 * bright, 128 + torch.cat((-40 * bright, 25 * bright), 1)


def source_of(luma: torch.Tensor, chroma: torch.Tensor, spec: PassSpec) -> list[torch.Tensor]:
    """Return the luma and the halved chroma that a source has of a picture."""
    low_luma, low = (torch.nn.functional.avg_pool2d(one, spec.scale) for one in (luma, chroma))
    return [low_luma.round(), downsample_chroma(low, spec.source_format).round()]


def enlarged(own: torch.Tensor, spec: PassSpec) -> torch.Tensor:
    grids = (spec.source, spec.source_format), (spec.network, spec.output_format)
    return resample(own, *chroma_axes(*grids))


@pytest.mark.parametrize("siting", SITINGS)
@pytest.mark.parametrize("target", [HALVED, WHOLE], ids=str)
@pytest.mark.parametrize("scale", [2, 4])
def test_stripes_get_the_colours_they_have(scale, target, siting):
    spec = pass_spec(SIZE, scale, HALVED, output_layout=target, colour=colour(siting))
    luma, chroma = striped(scale)
    own_luma, own = source_of(luma, chroma, spec)
    truth, soft = downsample_chroma(chroma, spec.output_format), enlarged(own, spec)
    sharp = sharp_chroma((luma, soft), (own_luma, own), spec, (1.0, 1.0))
    before, after = ((one - truth).square().mean() for one in (soft, sharp))
    assert after < before / 2
    assert (sharp.mean((2, 3)) - soft.mean((2, 3))).abs().max() < 0.5


@pytest.mark.parametrize("siting", list(Siting)[1:])
@pytest.mark.parametrize("size", [SIZE, Size(17, 9)], ids=str)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_axis_may_be_halved_that_was_whole(scale, size, siting):
    """Its chroma is as far apart as before, ×2, or two thirds of it, ×3: no whole number finer."""
    layouts = Layout(8, 1, 0), Layout(8, 0, 1), HALVED
    for source, target in ((0, 2), (1, 2), (1, 0), (0, 1)):
        formats = {"layout": layouts[source], "output_layout": layouts[target]}
        spec = pass_spec(size, scale, **formats, colour=colour(siting))
        luma, chroma = (
            one[:, :, : size.height * scale, : size.width * scale] for one in striped(scale)
        )
        own_luma, own = source_of(luma, chroma, spec)
        truth, soft = downsample_chroma(chroma, spec.output_format), enlarged(own, spec)
        sharp = sharp_chroma((luma, soft), (own_luma, own), spec, (1.0, 1.0))
        assert sharp.shape == truth.shape
        assert error(sharp, truth) < 0.7 * error(soft, truth)


def test_colours_that_have_nothing_to_do_with_luma_stay():
    spec = pass_spec(SIZE, 4, HALVED)
    luma, chroma = striped(4)
    own_luma, own = source_of(luma, chroma, spec)
    made, field = enlarged(own, spec), torch.full_like(own, 97.0)
    gray = torch.full_like(luma, 90.0), torch.full_like(own_luma, 90.0)
    assert torch.equal(sharp_chroma((gray[0], made), (gray[1], own), spec, (1.0, 1.0)), made)
    even = enlarged(field, spec)
    assert torch.equal(sharp_chroma((luma, even), (own_luma, field), spec, (1.0, 1.0)), even)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_no_value_leaves_the_range_of_the_samples_around_it(seed):
    spec = pass_spec(Size(16, 12), 4, HALVED)
    numbers = torch.Generator().manual_seed(seed)
    shapes = (1, 1, 48, 64), (1, 1, 12, 16), (1, 2, 6, 8)
    luma, own_luma, own = (255 * torch.rand(shape, generator=numbers) for shape in shapes)
    made = enlarged(own, spec)
    found = sharp_chroma((luma, made), (own_luma, own), spec, (1.0, 1.0))
    assert not torch.equal(found, made)
    held = torch.nn.functional.pad(own, (AROUND,) * 4, mode="replicate")
    near = held.unfold(2, 2 * AROUND + 1, 1).unfold(3, 2 * AROUND + 1, 1)
    most, least = (
        bound.repeat_interleave(4, 2).repeat_interleave(4, 3)
        for bound in (near.amax((4, 5)), near.amin((4, 5)))
    )
    assert (found <= torch.maximum(most, made)).all()
    assert (found >= torch.minimum(least, made)).all()


@pytest.mark.parametrize("siting", SITINGS)
def test_what_is_farther_away_than_the_reach_does_not_count(siting):
    """A strip of an image is as in the whole, but for so many pixels where it begins."""
    scale, first = 4, 16
    specs = [
        pass_spec(Size(48, rows), scale, HALVED, colour=colour(siting)) for rows in (48, 48 - first)
    ]
    numbers = torch.Generator().manual_seed(5)
    luma, own_luma = (
        (255 * torch.rand(1, 1, side, side, generator=numbers)).round() for side in (192, 48)
    )
    halved = downsample_chroma(own_luma, specs[0].source_format)
    own = torch.cat((halved, 255 - halved), 1)
    made = enlarged(own, specs[0])
    whole = sharp_chroma((luma, made), (own_luma, own), specs[0], (1.0, 1.0))
    below = [
        one[:, :, place:]
        for one, place in (
            (luma, first * scale), (made, first * scale // 2), (own_luma, first), (own, first // 2)
        )
    ]  # fmt: skip
    strip = sharp_chroma(tuple(below[:2]), tuple(below[2:]), specs[1], (1.0, 1.0))
    assert not torch.equal(strip, whole[:, :, first * scale // 2 :])
    assert torch.equal(
        strip[:, :, REACH * scale // 2 :], whole[:, :, (first + REACH) * scale // 2 :]
    )


def codes(*planes: torch.Tensor, dtype: torch.dtype = torch.uint8) -> list[torch.Tensor]:
    return [one.round().to(dtype) for plane in planes for one in plane[0]]


def test_codes_of_another_depth_become_the_same_colours():
    deep = replace(HALVED, bits=10)
    spec = pass_spec(SIZE, 4, HALVED, output_layout=deep)
    luma, chroma = striped(4)
    own_luma, own = source_of(luma, chroma, spec)
    soft = enlarged(own, spec)
    expected = sharp_chroma((luma, soft), (own_luma, own), spec, (1.0, 1.0))
    made = codes(4 * luma, 4 * soft, dtype=torch.uint16)
    found = planes_with_sharp_chroma(made, codes(own_luma, own), spec)
    assert torch.equal(found[0], made[0])
    for plane, wanted in zip(found[1:], expected[0], strict=True):
        assert plane.dtype == torch.uint16
        assert (plane.float() / 4 - wanted).abs().max() < 0.5


@pytest.mark.parametrize("output", [SIZE.scaled(4), Size(96, 72)], ids=["whole", "resized"])
def test_what_leaves_the_network_follows_before_it_is_resized(output):
    spec = pass_spec(SIZE, 4, HALVED, output)
    luma, chroma = striped(4)
    planes = codes(*source_of(luma, chroma, spec))
    amplitudes = torch.cat(((luma - 16) / 219, (chroma - 128) / 224), 1)
    colours = mixed(amplitudes, rgb_from_yuv(Matrix.BT709))
    truth = RgbPass(spec).complete(colours, planes)
    gray = mixed(amplitudes * torch.tensor([1, 0.4, 0.4]).view(1, 3, 1, 1),
                 rgb_from_yuv(Matrix.BT709))  # fmt: skip
    soft = RgbPass(spec).complete(gray, planes)
    sharp = RgbPass(spec, follows=True).complete(gray, planes)
    assert torch.equal(soft[0], sharp[0])
    for own, before, after in zip(truth[1:], soft[1:], sharp[1:], strict=True):
        assert error(after, own) < 0.7 * error(before, own)


@pytest.mark.parametrize("output", [SIZE.scaled(4), Size(96, 72), Size(90, 70)], ids=str)
def test_chroma_beside_a_network_of_luma_follows_what_it_made(output):
    spec = pass_spec(SIZE, 4, HALVED, output)
    luma, chroma = striped(4)
    planes = codes(*source_of(luma, chroma, spec))
    (written,) = codes(resize(luma, output))
    soft = chroma_planes(planes, spec, Memo())
    for way in (LumaPass(spec), LumaPass(spec, follows=True)):
        found = way.complete((luma - 16) / 219, planes)
        assert torch.equal(found[0], written)
        truth = codes(downsample_chroma(resize(chroma, output), spec.output_format))
        for before, after, own in zip(soft, found[1:], truth, strict=True):
            if way.follows:
                assert error(after, own) < error(before, own) / 2
            else:  # no network: as it is
                assert torch.equal(before, after)


def test_chroma_that_does_not_get_finer_has_nothing_to_follow():
    spec = pass_spec(SIZE, 4, HALVED, SIZE)
    luma, chroma = striped(4)
    planes = codes(*source_of(luma, chroma, spec))
    found = LumaPass(spec, follows=True).complete((luma - 16) / 219, planes)
    assert all(torch.equal(one, other) for one, other in zip(planes[1:], found[1:], strict=True))


def error(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one.float() - other.float()).square().mean())


def test_it_is_for_plain_networks_of_colour_and_for_chroma_that_was_halved():
    assert follows_luma(plain(4), pass_spec(scale=4, layout=HALVED))
    assert follows_luma(plain(2), pass_spec(scale=2, layout=Layout(8, 1, 0)))
    assert follows_luma(plain(4), pass_spec(scale=4, layout=HALVED, output_layout=WHOLE))
    assert follows_luma(plain(4), pass_spec(scale=4, layout=HALVED, output=Size(100, 70)))
    for net, spec in (
        (plain(4), pass_spec(scale=4, layout=WHOLE)),
        (plain(4), pass_spec(scale=4, layout=GRAY, output_layout=HALVED)),
        (plain(4), pass_spec(scale=1, layout=HALVED)),
        (plain(4), pass_spec(scale=4, layout=HALVED, output_layout=GRAY)),
        (plain(4, "luma"), pass_spec(scale=4, layout=HALVED)),
        (compact(4), pass_spec(scale=4, layout=HALVED)),
        (srgan(4), pass_spec(scale=4, layout=HALVED)),
    ):
        assert not follows_luma(net, spec)


@pytest.mark.parametrize(("target", "numbers"), [(HALVED, 6), (WHOLE, 14)], ids=str)
def test_few_numbers_are_alive_for_each_pixel_of_the_output(target, numbers):
    size = Size(160, 120)
    spec = pass_spec(size, 4, HALVED, output_layout=target)
    made, planes = (
        [torch.zeros(shape, dtype=torch.uint8) for shape in layout.plane_shapes(of)]
        for layout, of in ((target, spec.output), (HALVED, size))
    )
    with torch.inference_mode(), LiveBytes() as count:
        planes_with_sharp_chroma(made, planes, spec)
    assert count.peak < numbers * 4 * spec.output.pixels


class RoundedAlike(TorchDispatchMode):
    """Refuse what processors round in their own ways.

    CUDA divides by a number by multiplying with its reciprocal; a product that is added at once is
    rounded once where there are fused instructions, and else twice.
    """

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func.overloadpacket in (torch.ops.aten.div, torch.ops.aten.div_):
            assert getattr(args[1], "ndim", 0) > 0, "divided by a number"
        assert kwargs.get("alpha", 1) == 1, "multiplied and added at once"
        assert "addcmul" not in str(func)
        return func(*args, **kwargs)


@pytest.mark.parametrize("scale", [3, 4])
def test_every_operation_is_rounded_alike_on_every_processor(scale):
    full = replace(colour(Siting.LEFT), range=Range.FULL)
    spec = pass_spec(SIZE, scale, HALVED, colour=full)
    luma, chroma = striped(scale)
    own_luma, own = source_of(luma, chroma, spec)
    with RoundedAlike():
        planes_with_sharp_chroma(codes(luma, enlarged(own, spec)), codes(own_luma, own), spec)


def test_noise_of_chroma_hardly_follows():
    spec = pass_spec(Size(64, 64), 4, HALVED)
    numbers = torch.Generator().manual_seed(3)
    own_luma, noise = (128 + 20 * torch.randn(shape, generator=numbers)
                       for shape in ((1, 1, 64, 64), (1, 2, 32, 32)))  # fmt: skip
    luma = torch.nn.functional.interpolate(own_luma, scale_factor=4, mode="bicubic")
    made = enlarged(noise, spec)
    added = sharp_chroma((luma, made), (own_luma, noise), spec, (1.0, 1.0)) - made
    assert added.std() < 0.1 * made.std()
