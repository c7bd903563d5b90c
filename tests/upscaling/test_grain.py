"""Grain that is drawn on finished frames."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from vsr.colour import Codes, Range
from vsr.errors import InvalidOption
from vsr.frames import HostFrame, Layout
from vsr.metrics.noise import noise_between
from vsr.upscaling.grain import SIDE, GrainField, place_of
from vsr.upscaling.passes.resample import resize
from vsr.values import GrainProfile, Size, check_grain

SOURCE, OUTPUT = Size(128, 96), Size(512, 384)
WHITE = (1.0,) * 64
SOFT = tuple(np.exp(-0.06 * np.add.outer(np.arange(8) ** 2, np.arange(8) ** 2)).ravel())
PROFILE = GrainProfile(deviations=(4.0,) * 8, spectrum=SOFT)


def field(profile=PROFILE, bits=8, output=OUTPUT):
    return GrainField.of(profile, SOURCE, output, Codes.of(bits, Range.LIMITED))


def frame(pts=0, code=128, bits=8, size=OUTPUT):
    layout = Layout(bits=bits)
    planes = [np.full(shape, code, layout.dtype) for shape in layout.plane_shapes(size)]
    return HostFrame(planes=tuple(planes), pts=pts, layout=layout)


def drawn(of, frames):
    return list(of.drawn(iter(frames)))


def noise(of, base):
    return of.planes[0].astype(np.float64) - base.planes[0]


@pytest.mark.parametrize("spectrum", [WHITE, SOFT])
@pytest.mark.parametrize("output", [OUTPUT, Size(256, 192), Size(288, 216)])
def test_its_deviation_is_the_sources_at_either_size(spectrum, output) -> None:
    own = field(replace(PROFILE, spectrum=spectrum), output=output)
    base = frame(size=output)
    (result,) = drawn(own, [base])
    shown = noise(result, base)
    assert shown.std() == pytest.approx(4.0, rel=0.2)
    small = resize(torch.from_numpy(shown)[None, None], SOURCE)
    assert small.std() == pytest.approx(4.0, rel=0.2)
    assert abs(shown.mean()) < 0.3


def test_its_spectrum_is_the_sources() -> None:
    bases = [frame(pts) for pts in range(4)]
    small = [
        resize(torch.from_numpy(one.planes[0].astype(np.float64))[None, None], SOURCE)[0, 0].numpy()
        for one in drawn(field(), bases)
    ]
    power = noise_between(list(pairwise(small))).power
    wanted = np.array(SOFT).reshape(8, 8)
    radii = np.hypot(*np.meshgrid(np.arange(8), np.arange(8)))
    for low, high in ((0, 2.5), (2.5, 4.5), (4.5, 7)):
        ring = (radii >= low) & (radii < high)
        share = power[ring].sum() / power.sum()
        assert share == pytest.approx(wanted[ring].sum() / wanted.sum(), abs=0.08)


def test_it_follows_luma_and_leaves_black_alone() -> None:
    own = field(replace(PROFILE, deviations=(2.0,) * 4 + (6.0,) * 4))
    found = [noise(drawn(own, [frame(code=c)])[0], frame(code=c)).std() for c in (0, 16, 60, 190)]
    assert found[:2] == [0, 0]
    assert found[2] == pytest.approx(2.0, rel=0.25)
    assert found[3] == pytest.approx(6.0, rel=0.25)


def test_it_is_as_strong_at_every_depth() -> None:
    for bits in (10, 12, 16):
        base = frame(code=128 << (bits - 8), bits=bits)
        (result,) = drawn(field(bits=bits), [base])
        assert result.planes[0].dtype == np.uint16
        assert noise(result, base).std() / 2 ** (bits - 8) == pytest.approx(4.0, rel=0.2)


def test_codes_at_the_ends_do_not_wrap() -> None:
    own = field(replace(PROFILE, deviations=(15.0,) * 8))
    assert drawn(own, [frame(code=254)])[0].planes[0].min() > 150
    assert drawn(own, [frame(code=26)])[0].planes[0].max() < 120


def test_frames_are_not_correlated_even_where_the_picture_repeats() -> None:
    bases = [frame(pts) for pts in range(12)]
    found = [
        noise(one, base).ravel() for one, base in zip(drawn(field(), bases), bases, strict=True)
    ]
    correlation = np.corrcoef(found) - np.eye(12)
    assert np.abs(correlation).max() < 0.05


def test_a_time_always_gets_the_same_grain_from_any_run() -> None:
    first = drawn(field(), [frame(pts) for pts in (0, 7, -3, 1 << 40)])
    again = drawn(field(), [frame(pts) for pts in (7,)])
    assert np.array_equal(first[1].planes[0], again[0].planes[0])
    assert len({one.planes[0].tobytes() for one in first}) == 4


def test_the_frames_themselves_stay_as_they_are() -> None:
    base = frame()
    (result,) = drawn(field(), [base])
    assert (base.planes[0] == 128).all()
    assert all(one is other for one, other in zip(result.planes[1:], base.planes[1:], strict=True))


def test_places_are_spread_over_the_torus() -> None:
    places = np.array([place_of(pts) for pts in range(0, 40_000, 40)])
    assert places.min() >= 0
    assert places.max() < SIDE
    assert np.abs(places.mean(axis=0) - SIDE / 2).max() < SIDE / 20
    assert len({tuple(place) for place in places}) > 990


@pytest.mark.parametrize("value", ["some", -0.1, 1.5])
def test_an_amount_that_cannot_be_meant_is_refused(value) -> None:
    with pytest.raises(InvalidOption, match="grain"):
        check_grain(value)
    with pytest.raises(InvalidOption, match="grain profile needs"):
        GrainProfile(deviations=(1.0,), spectrum=WHITE)
