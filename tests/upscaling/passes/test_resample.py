import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vsr.upscaling.passes import resample as resample_module
from vsr.upscaling.passes.resample import (
    Axis,
    Memo,
    _gathered,
    _interleaved,
    _sum_of_taps,
    resample,
    resize,
    taps,
)
from vsr.values import Size

sides = st.integers(1, 40)


@settings(max_examples=200, deadline=None)
@given(sides, sides, sides, sides)
def test_both_implementations_agree(height, width, rows, columns):
    picture = torch.rand(1, 2, height, width, dtype=torch.float64)
    fast = resize(picture, Size(columns, rows))
    exact = resample(picture, Axis.centred(height, rows), Axis.centred(width, columns))
    torch.testing.assert_close(fast, exact, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [Size(90, 31), Size(20, 17), Size(64, 20)], ids=str)
def test_pillow_agrees(size):
    picture = torch.rand(1, 1, 48, 64)
    ours = resample(picture, Axis.centred(48, size.height), Axis.centred(64, size.width))
    theirs = Image.fromarray(picture[0, 0].numpy()).resize(
        (size.width, size.height), Image.Resampling.BICUBIC
    )
    np.testing.assert_allclose(ours[0, 0].numpy(), np.asarray(theirs), atol=1e-4)


@given(sides, sides)
def test_weights_sum_to_one_and_point_inside(source, target):
    indices, weights = taps(Axis.centred(source, target))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-12)
    assert indices.min() >= 0
    assert indices.max() < source


def test_samples_on_the_grid_are_kept():
    values = torch.rand(1, 1, 1, 9, dtype=torch.float64)
    doubled = resample(values, Axis(1, 1, 0, 1), Axis(9, 17, 0.0, 0.5))
    torch.testing.assert_close(doubled[..., ::2], values)


OFFSETS = [0.0, 0.5]


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("target_offset", OFFSETS)
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_chroma_stays_under_its_luma_for_every_siting(offset, target_offset, scale):
    """A ramp along the picture is still that ramp after chroma changed its grid."""
    luma = 64
    position = (torch.arange(luma // 2, dtype=torch.float64) * 2 + offset + 0.5) / luma
    axis = Axis.chroma((luma, 2, offset), (luma * scale, 2, target_offset))
    out = resample(position[None, None, None], Axis(1, 1, 0, 1), axis)
    count = luma * scale
    expected = (torch.arange(count // 2, dtype=torch.float64) * 2 + target_offset + 0.5) / count
    inside = slice(3 * scale, -3 * scale)
    torch.testing.assert_close(out[0, 0, 0][inside], expected[inside])


@settings(deadline=None)
@given(
    st.integers(1, 12),
    st.integers(2, 5),
    st.sampled_from(OFFSETS),
    st.sampled_from([2, 3]),
)
def test_enlarging_by_an_integer_is_what_the_general_way_does(source, factor, offset, dim):
    axis = Axis.chroma((2 * source, 2, offset), (2 * source * factor, 2, offset))
    assert axis.factor == factor
    shape = [2, 3, 5, 5]
    shape[dim] = source
    picture = torch.rand(shape, dtype=torch.float64)
    torch.testing.assert_close(
        _interleaved(picture, axis, dim, Memo()),
        _gathered(picture, axis, dim, Memo()),
    )


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("target", [13, 61])
def test_rows_added_up_a_few_at_a_time_are_the_same_to_the_bit(dim, target, monkeypatch):
    """Also along rows, whose samples are not gathered one by one."""
    axis = Axis.chroma((58, 2, 0.0), (2 * target, 2, 0.0))
    picture = torch.rand([2, 3, 29, 37] if dim == 2 else [2, 3, 37, 29])
    indices, weights = taps(axis)
    at_once = _sum_of_taps(
        picture, torch.from_numpy(indices.T.copy()), torch.from_numpy(weights.T).float(), dim
    )
    for samples in (1, 500, 1 << 20):
        monkeypatch.setattr(resample_module, "CACHED", samples)
        assert torch.equal(_gathered(picture, axis, dim, Memo()), at_once)


def test_chroma_of_the_same_grid_is_left_alone():
    axis = Axis.chroma((33, 2, 0.0), (33, 2, 0.0))
    assert axis.is_identity
    assert (axis.source, axis.target) == (17, 17)


@pytest.mark.parametrize("size", [Size(20, 14), Size(23, 19)], ids=["by an integer", "by a ratio"])
def test_a_memo_leaves_nothing_to_copy_the_second_time(size, monkeypatch):
    """While a CUDA graph is captured nothing may come from the host."""
    picture, memo = torch.rand(1, 2, 7, 10), Memo()
    axes = Axis.centred(7, size.height), Axis.centred(10, size.width)
    first = resample(picture, *axes, memo=memo)
    monkeypatch.delattr(torch, "from_numpy")
    assert torch.equal(resample(picture, *axes, memo=memo), first)
