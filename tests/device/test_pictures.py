import numpy as np

from vsr.colour import Colour, Matrix, Range
from vsr.device.yuv import picture_of
from vsr.frames import HostFrame, Layout


def test_a_frame_is_seen_as_upright_8_bit_pixels():
    planes = (np.full((4, 6), 235, np.uint8), *(np.full((2, 3), 128, np.uint8) for _ in "uv"))
    planes[0][0, 1] = 16
    frame = HostFrame(
        planes=planes,
        pts=0,
        layout=Layout(bits=8, x_shift=1, y_shift=1),
        colour=Colour(matrix=Matrix.BT709, range=Range.LIMITED),
    )
    picture = picture_of(frame)
    assert (picture.shape, picture.dtype) == ((4, 6, 3), np.uint8)
    assert picture[0, 1].tolist() == [0, 0, 0]
    assert (np.delete(picture.reshape(-1, 3), 1, axis=0) == 255).all()
