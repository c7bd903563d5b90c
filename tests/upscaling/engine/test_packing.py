import numpy as np
import pytest
import torch

from vsr.frames import Layout
from vsr.upscaling.engine.cuda_pass import ALIGNMENT, Packing
from vsr.values import Size

LAYOUTS = [Layout(8, 1, 1), Layout(10, 1, 0), Layout(12, 0, 0), Layout(8, 0, 0, is_gray=True)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_planes_written_on_the_host_are_read_on_the_device(layout):
    size = Size(21, 13)
    packing = Packing.of(layout, size)
    block = np.zeros(packing.size, np.uint8)
    for number, plane in enumerate(packing.arrays(block)):
        plane[:] = np.arange(plane.size).reshape(plane.shape) % 200 + number
    for number, plane in enumerate(packing.tensors(torch.from_numpy(block))):
        assert tuple(plane.shape) == layout.plane_shapes(size)[number]
        expected = np.arange(plane.numel()).reshape(plane.shape) % 200 + number
        assert np.array_equal(plane.numpy(), expected)


def test_planes_begin_aligned_and_do_not_overlap():
    packing = Packing.of(Layout(10, 1, 1), Size(33, 9))
    assert all(at.start % ALIGNMENT == 0 for at in packing.places)
    sizes = [at.stop - at.start for at in packing.places]
    assert sizes == [rows * columns * 2 for rows, columns in packing.shapes]
    ends = [at.stop for at in packing.places]
    starts = [at.start for at in packing.places[1:]]
    assert all(end <= start for end, start in zip(ends, starts, strict=False))
    assert ends[-1] <= packing.size
