import numpy as np
import pytest
from PIL import Image

from tests.training.toys import picture
from vsr.kernels import imresize
from vsr.metrics.protocol import luma
from vsr.training.data.shift import shift_between

LARGE = np.asarray(Image.fromarray(picture(3, 512, 640)).resize((640, 512)))


def seen(down, right, noise=0.0):
    """A reduction by 4 of a window that starts so many pixels of the large picture further."""
    window = LARGE[40 + down : 440 + down, 40 + right : 520 + right]
    small = luma(np.clip(np.rint(imresize(window, 100, 120)), 0, 255).astype(np.uint8))
    return small + noise * np.random.default_rng(1).normal(size=small.shape)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, -2), (-6, 3), (17, 9), (-40, 33)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel_of_the_large_picture(down, right):
    found = shift_between(seen(0, 0), seen(down, right))
    assert 4 * np.array(found) == pytest.approx([down, right], abs=0.1)


def test_noise_and_another_contrast_do_not_hide_it():
    found = shift_between(0.8 * seen(0, 0, noise=4) + 20, seen(2, -1, noise=4))
    assert 4 * np.array(found) == pytest.approx([2, -1], abs=0.3)


def test_what_tells_nothing_is_none():
    flat = np.full((64, 64), 90.0)
    assert shift_between(flat, seen(0, 0)[:64, :64]) is None
    stripes = np.broadcast_to(100 * np.sin(np.arange(64) / 3), (64, 64))
    assert shift_between(stripes, stripes) is None
    assert shift_between(seen(0, 0)[:12, :12], seen(0, 0)[:12, :12]) is None
