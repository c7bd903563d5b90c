"""Local means of what is drawn are those of the source; what is finer stays as it was drawn."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from tests.upscaling.toys import BT709, compact, frame, model_of, pass_spec, plain
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.yuv import tensor_of
from vsr.frames import Layout
from vsr.models.catalog import load
from vsr.models.weights_files import CLEAR_FLAVOUR, files_of, read_card
from vsr.upscaling.passes.folding import route
from vsr.upscaling.passes.local_means import (
    BLOCK,
    GRAINS,
    MOST,
    REACH,
    shifts,
    with_chroma_kept,
)
from vsr.upscaling.passes.passes import RgbPass
from vsr.values import Blend, Size

HALVED, WHOLE, GRAY = Layout(8, 1, 1), Layout(8, 0, 0), Layout(8, 0, 0, is_gray=True)
DEEP = Layout(10, 1, 1)
SIZE = Size(48, 36)


def others(net):
    """Return a model of this network as one of another kind, which only adds what it has learned.

    Plain networks are held.
    """
    net.shows_cells = False
    return model_of(net)


def drawing(net):
    """Return a model of this network that counts as one that draws detail."""
    card = replace(read_card(files_of("vivid")[4].path), flavour=CLEAR_FLAVOUR)
    return replace(model_of(net), card=card)


def lighter(scale=4):
    """Return a network that repeats pixels, lighter and redder by some codes."""
    net = plain(scale)
    torch.nn.init.zeros_(net.tail.weight)
    net.tail.bias.data[:] = torch.tensor([9.0, 4.0, -2.0]).repeat_interleave(scale**2) / 255
    return net


def made(model, spec, planes, *, is_dense=False):
    way, net = route(model, spec, is_dense=is_dense)
    with torch.inference_mode():
        return [p.float() for p in way.complete(net(way.prepare(planes)), planes)]


def planes_of(size, layout, seed=0):
    return [tensor_of(plane) for plane in frame(size, layout, seed=seed).planes]


def means(plane, times):
    return F.avg_pool2d(plane[None], times)[0]


@pytest.mark.parametrize("is_whole", [True, False], ids=["same size", "resized"])
@pytest.mark.parametrize("layout", [HALVED, Layout(8, 1, 0), WHOLE, GRAY, DEEP], ids=str)
def test_a_network_that_lightens_and_tints_does_so_no_longer(layout, is_whole):
    spec = pass_spec(SIZE, 4, layout, output=None if is_whole else Size(144, 108))
    planes = planes_of(SIZE, layout)
    code, times = 1 << layout.bits - 8, 4 if is_whole else 3
    free = made(others(lighter()), spec, planes)
    kept = made(drawing(lighter()), spec, planes)
    for own, as_drawn, now in zip(planes, free, kept, strict=True):
        before, after = (means(one, times) - own.float() for one in (as_drawn, now))
        assert before.mean().abs() > 1.5 * code
        assert after.mean().abs() < 0.2 * code


def test_what_is_finer_than_a_neighbourhood_stays_as_it_was_drawn():
    torch.manual_seed(0)
    net = lighter()
    texture = torch.randn(3, 16)  # within each pixel
    net.tail.bias.data += 0.05 * (texture - texture.mean(1, keepdim=True)).flatten()
    spec, planes = pass_spec(SIZE, 4, HALVED), planes_of(SIZE, HALVED)
    free, kept = (made(model(net), spec, planes)[0] for model in (others, drawing))
    taken = free - kept
    assert 3 < taken.mean() < 5
    assert taken.std() < 0.6  # of rounding
    assert free.view(36, 4, 48, 4).std((1, 3)).mean() > 5


@pytest.mark.parametrize("siting", [Siting.LEFT, Siting.CENTER, Siting.TOP_LEFT], ids=str)
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize(("layout", "target"), [(HALVED, HALVED), (HALVED, WHOLE), (DEEP, DEEP)])
@pytest.mark.parametrize("size", [Size(22, 14), Size(21, 13)], ids=str)
def test_folded_and_plain_ways_keep_the_same(size, layout, target, scale, siting):
    colour = Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=siting)
    spec = pass_spec(size, scale, layout, output_layout=target, colour=colour)
    for net in (plain(scale), compact(scale)):
        model, planes = drawing(net), planes_of(size, layout)
        way, folded = route(model, spec)
        reference = RgbPass(spec, cell=way.cell, follows=way.follows, keeps_means=True)
        with torch.inference_mode():
            mine = way.complete(folded(way.prepare(planes)), planes)
            theirs = reference.complete(net(reference.prepare(planes)), planes)
        for one, other in zip(mine, theirs, strict=True):
            apart = (one.int() - other.int()).abs()
            assert apart.max() <= 1 + (layout.bits > 8)
            assert (apart > 0).float().mean() < 0.05


@pytest.mark.parametrize("siting", [Siting.LEFT, Siting.CENTER, Siting.BOTTOM_LEFT], ids=str)
@pytest.mark.parametrize("scale", [2, 4])
def test_a_ramp_of_chroma_is_right_as_it_is_wherever_samples_lie(siting, scale):
    """Samples that are made lie elsewhere than the mean of the source's: that is no shift."""
    colour = Colour(matrix=Matrix.BT709, range=Range.LIMITED, siting=siting)
    spec = pass_spec(Size(64, 64), scale, HALVED, colour=colour)
    right, down = spec.output_format.offset

    def ramp(side, times):
        """Return chroma that rises by 2 codes a pixel of the source."""
        x = (2 * torch.arange(side * times / 2) + right + 0.5) / times - 0.5
        y = (2 * torch.arange(side * times / 2) + down + 0.5) / times - 0.5
        return 70 + 2 * x[None, :] - 0.5 * y[:, None]

    own = ramp(64, 1)
    planes = [torch.full((64, 64), 99.0), own, own]
    large = ramp(64, scale)[None, None].repeat(1, 2, 1, 1) + 0.5
    kept = with_chroma_kept(large, planes, spec, in_codes=True)
    inner = slice(8 * scale, -8 * scale)
    assert (kept - large)[..., inner, inner].abs().max() < 0.06
    wrong = with_chroma_kept(large + 3, planes, spec, in_codes=True)
    assert (wrong - large)[..., inner, inner].abs().max() < 0.06


def test_black_white_and_what_has_no_colour_stay_exactly():
    planes = [torch.full((36, 48), 16, dtype=torch.uint8)]
    planes += [torch.full((18, 24), 128, dtype=torch.uint8) for _ in range(2)]
    planes[0][:, 20:], planes[0][:, 30:] = 90, 235
    net = plain(4)
    torch.nn.init.zeros_(net.tail.weight)
    torch.nn.init.zeros_(net.tail.bias)
    luma, cb, cr = made(drawing(net), pass_spec(SIZE, 4, HALVED), planes)
    assert luma.unique().tolist() == [16, 90, 235]
    assert cb.unique().tolist() == cr.unique().tolist() == [128]


def test_a_film_on_a_curve_keeps_its_means_on_it():
    spec = replace(pass_spec(SIZE, 4, DEEP), tone="pq")
    planes = planes_of(SIZE, DEEP)
    free, kept = (made(model(lighter()), spec, planes)[0] for model in (others, drawing))
    off = [(means(one, 4) - planes[0].float()).mean().abs() for one in (free, kept)]
    assert off[0] > 8
    assert off[1] < 0.5


def test_shifts_are_the_same_in_any_arithmetic():
    torch.manual_seed(0)
    made_of = torch.randint(-GRAINS, GRAINS, (2, 37, 50)).float()
    own = made_of + torch.randint(-2 * MOST, 2 * MOST, (2, 37, 50))
    single, double = shifts(made_of, own), shifts(made_of.double(), own.double())
    assert torch.equal(single.double(), double)
    assert single.abs().max() <= MOST


@pytest.mark.parametrize(("first", "end"), [(0, 51), (8, 61), (12, 80)])
def test_a_part_of_a_picture_is_shifted_as_in_the_whole(first, end):
    torch.manual_seed(0)
    off = torch.randint(-MOST, MOST, (1, 80, 24)).float()
    part = shifts(off[:, first:end], torch.zeros(1, end - first, 24))
    begins, ends = first + REACH * (first > 0), end - REACH * (end < 80)
    whole = shifts(off, torch.zeros_like(off))
    assert first % BLOCK == 0
    assert torch.equal(part[:, begins - first : ends - first], whole[:, begins:ends])
    assert not torch.equal(part, whole[:, first:end])


def test_a_shift_that_is_the_same_everywhere_is_found_exactly():
    own = torch.zeros(1, 9, 7)
    assert torch.equal(shifts(own + 40, own), own + 40)
    assert torch.equal(shifts(own + 4000, own), own + MOST)


@pytest.mark.parametrize(
    ("name", "sharpness", "is_held"),
    [("fast", 0.0, True), ("fast", 0.5, True), ("vivid", 0.0, True), ("srgan", 0.0, False)],
)
def test_plain_networks_and_those_that_draw_are_held(name, sharpness, is_held):
    model = load(name, 4, Blend(sharpness=sharpness))
    assert route(model, pass_spec(SIZE, 4, HALVED))[0].keeps_means == is_held


def test_a_compact_network_of_others_is_run_as_it_is():
    assert not route(model_of(compact(4), 4), pass_spec(SIZE, 4, HALVED))[0].keeps_means


def test_real_networks_shift_no_field():
    planes = [torch.full((36, 48), 120, dtype=torch.uint8)]
    planes += [torch.full((18, 24), code, dtype=torch.uint8) for code in (100, 150)]
    for name, blend in (("vivid", Blend()), ("fast", Blend(sharpness=1.0))):
        luma, cb, cr = made(load(name, 4, blend), pass_spec(SIZE, 4, HALVED, colour=BT709), planes)
        for plane, code, edge in ((luma, 120, 40), (cb, 100, 20), (cr, 150, 20)):
            assert (plane[edge:-edge, edge:-edge].mean() - code).abs() < 0.1
