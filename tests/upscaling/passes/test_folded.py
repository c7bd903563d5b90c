import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.upscaling.toys import compact, frame, model_of, pass_spec, plain, srgan
from vsr.colour import Colour, Matrix, Range, Siting
from vsr.device.yuv import YuvFormat, cut_codes, downsample_chroma, tensor_of
from vsr.frames import Layout
from vsr.upscaling.passes.chroma_forms import AxisForms
from vsr.upscaling.passes.chroma_from_luma import follows_luma
from vsr.upscaling.passes.even_colour import cell_of
from vsr.upscaling.passes.folded import one_channel, shuffled
from vsr.upscaling.passes.folding import can_fold, fold, route
from vsr.upscaling.passes.passes import LumaPass, PassSpec, RgbPass
from vsr.values import Size

SITINGS = [Siting.LEFT, Siting.CENTER, Siting.TOP_LEFT, Siting.TOP, Siting.BOTTOM_LEFT]
LAYOUTS = [
    Layout(8, 1, 1),
    Layout(10, 1, 1),
    Layout(8, 1, 0),
    Layout(10, 1, 0),
    Layout(8, 0, 0),
    Layout(8, 0, 0, is_gray=True),
]


def colour(siting: Siting, color_range: Range = Range.LIMITED) -> Colour:
    return Colour(matrix=Matrix.BT709, range=color_range, siting=siting)


def both(net, spec: PassSpec, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the planes of the folded and of the plain way."""
    planes = [tensor_of(p) for p in frame(spec.source, spec.source_format.layout, seed=seed).planes]
    net = net.eval()
    way, folded = fold(net, spec)
    reference = LumaPass(spec, follows=True)
    if net.colour == "rgb":
        reference = RgbPass(spec, cell=cell_of(net, spec), follows=follows_luma(net, spec))
    with torch.inference_mode():
        mine = way.complete(folded(way.prepare(planes)), planes)
        theirs = reference.complete(net(reference.prepare(planes)), planes)
    return [p.numpy() for p in mine], [p.numpy() for p in theirs]


def assert_equal_codes(mine: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    """Equal, but for values on a rounding edge: one code, and rarely."""
    assert [p.shape for p in mine] == [p.shape for p in theirs]
    assert [p.dtype for p in mine] == [p.dtype for p in theirs]
    for a, b in zip(mine, theirs, strict=True):
        apart = np.abs(a.astype(int) - b.astype(int))
        assert apart.max() <= 1
        assert (apart > 0).mean() < 0.01


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("siting", SITINGS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_folded_colour_is_the_plain_way(layout, siting, scale):
    spec = pass_spec(Size(22, 14), scale, layout, colour=colour(siting))
    assert_equal_codes(*both(plain(scale), spec))


@pytest.mark.parametrize("siting", SITINGS)
@pytest.mark.parametrize("layout", LAYOUTS[:1] + LAYOUTS[-1:], ids=str)
def test_folded_colour_is_the_plain_way_with_slopes_too(layout, siting):
    spec = pass_spec(Size(22, 14), 4, layout, colour=colour(siting))
    assert_equal_codes(*both(compact(4), spec))


@pytest.mark.parametrize("scale", [1, 3, 5, 6, 7, 8])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_any_scale_folds_where_a_cell_holds_whole_samples_of_chroma(layout, scale):
    spec, net = pass_spec(Size(10, 6), scale, layout), compact(scale)
    if scale % 2 and (layout.x_shift or layout.y_shift):
        assert not can_fold(net, spec)
        assert isinstance(route(model_of(net), spec)[0], RgbPass)
    else:
        assert can_fold(net, spec)
        assert_equal_codes(*both(net, spec))


def test_gray_networks_of_odd_scales_fold_in_every_layout():
    spec = pass_spec(Size(10, 6), 3)
    assert can_fold(compact(3, "luma"), spec)
    assert_equal_codes(*both(compact(3, "luma"), spec))


@pytest.mark.parametrize("output", [Size(64, 40), Size(200, 127), Size(176, 112)], ids=str)
@pytest.mark.parametrize("siting", SITINGS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_what_is_resized_is_folded_too(layout, siting, output):
    spec = pass_spec(Size(22, 14), 4, layout, output=output, colour=colour(siting))
    assert_equal_codes(*both(plain(4), spec))
    assert_equal_codes(*both(plain(4, "luma"), spec))


@pytest.mark.parametrize("output_layout", [Layout(10, 1, 0), Layout(8, 0, 0)], ids=str)
def test_what_is_resized_may_change_its_layout(output_layout):
    spec = pass_spec(output=Size(60, 43), output_layout=output_layout)
    assert_equal_codes(*both(plain(2), spec))


def test_chroma_that_is_halved_after_a_resize_is_not_folded():
    assert not can_fold(compact(2), pass_spec(output=Size(60, 42)))
    whole = pass_spec(layout=Layout(8, 0, 0), output_layout=Layout(), output=Size(60, 42))
    assert not can_fold(plain(2), whole)
    assert can_fold(plain(2), pass_spec(output=Size(60, 42)))


def test_on_a_gpu_nothing_that_is_resized_is_folded():
    spec = pass_spec(output=Size(60, 42))
    assert isinstance(route(model_of(plain(2)), spec, is_dense=True)[0], RgbPass)


def test_no_other_than_a_chain_of_layers_is_folded():
    assert not can_fold(srgan(2), pass_spec())
    with pytest.raises(ValueError, match="not a chain of layers"):
        fold(srgan(2), pass_spec())


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_folded_luma_is_the_plain_way(layout, scale):
    spec = pass_spec(Size(22, 14), scale, layout)
    assert_equal_codes(*both(plain(scale, "luma"), spec))


@pytest.mark.parametrize("size", [Size(1, 1), Size(21, 13), Size(2, 5)], ids=str)
@pytest.mark.parametrize("siting", SITINGS)
def test_odd_and_tiny_sizes_are_equal_too(size, siting):
    assert_equal_codes(*both(plain(4), pass_spec(size, 4, colour=colour(siting))))


@pytest.mark.parametrize("color_range", [Range.LIMITED, Range.FULL])
def test_depth_and_subsampling_may_change_on_the_way(color_range):
    tags = colour(Siting.LEFT, color_range)
    spec = pass_spec(scale=4, layout=Layout(8, 1, 1), output_layout=Layout(10, 1, 0), colour=tags)
    assert_equal_codes(*both(plain(4), spec))


def test_gray_in_colour_out_is_neutral():
    spec = pass_spec(scale=2, layout=Layout(8, 0, 0, is_gray=True), output_layout=Layout())
    mine, theirs = both(plain(2), spec)
    assert_equal_codes(mine, theirs)
    assert {int(code) for plane in mine[1:] for code in np.unique(plane)} == {128}


def test_left_sited_420_needs_32_channels_and_centred_24():
    for siting, count in ((Siting.LEFT, 32), (Siting.CENTER, 24)):
        _, folded = fold(plain(4), pass_spec(scale=4, colour=colour(siting)))
        assert folded.tail.out_channels == count


@settings(deadline=None)
@given(
    st.sampled_from([2, 4, 6]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(1, 5),
    st.integers(0, 1000),
)
def test_forms_of_cells_average_like_the_whole_plane(scale, offset, cells, seed):
    """Along rows: forms of each cell, combined, are the subsampled plane."""
    siting = {0.0: Siting.LEFT, 0.5: Siting.CENTER, 1.0: Siting.BOTTOM}[offset]
    dim = 2 if offset == 1.0 else 3
    layout = Layout(8, 0, 1) if dim == 2 else Layout(8, 1, 0)
    torch.manual_seed(seed)
    line = torch.rand(cells * scale, dtype=torch.float64)
    shape = [1, 1, 1, 1]
    shape[dim] = cells * scale
    expected = downsample_chroma(line.view(shape), YuvFormat(layout, colour(siting))).flatten()
    forms = AxisForms.of(scale, 2, offset)
    values = line.view(cells, scale) @ forms.matrix().T
    torch.testing.assert_close(forms.combine(values, 1, 0).flatten(), expected)


def test_cut_rounds_and_clamps_once():
    values = torch.tensor([-7.0, -0.3, 0.4, 0.9, 254.6, 255.7, 900.0]) + 0.5
    assert cut_codes(values, 255).tolist() == [0, 0, 0, 1, 255, 255, 255]
    assert cut_codes(values, 1023).dtype == torch.uint16


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16])
@pytest.mark.parametrize(("rows", "columns", "spare"), [(4, 4, 8), (2, 2, 2), (2, 2, 1), (4, 1, 3)])
def test_shuffled_cells_lie_in_rows(dtype, rows, columns, spare):
    cells = torch.arange(3 * 5 * (rows * columns + spare)).view(3, 5, -1).to(dtype)
    cells = cells[..., : rows * columns].unflatten(-1, (rows, columns))
    expected = torch.stack(
        [torch.cat([cells[y // rows, x, y % rows] for x in range(5)]) for y in range(3 * rows)]
    )
    assert torch.equal(shuffled(cells), expected)


def test_one_channel_stays_in_channels_last_through_a_convolution():
    plane = torch.rand(9, 12)[:, :7]
    conv = torch.nn.Conv2d(1, 4, 3, padding=1)
    with torch.inference_mode():
        out = conv(one_channel(plane))
        assert out.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(out, conv(plane.contiguous()[None, None]))
