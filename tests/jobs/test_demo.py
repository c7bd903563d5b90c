"""What ``vsr demo`` makes."""

import numpy as np
import pytest
from PIL import Image

from vsr.jobs.demo import CROPS, demonstrate, sheet


def test_the_sheet_has_the_same_crops_of_each_image_in_a_column_of_its_own():
    black, white = (np.full((1080, 1920, 3), code, np.uint8) for code in (0, 255))
    page = np.asarray(sheet({"black": black, "white": white}))
    left, top, right, bottom = CROPS[0]
    width, height = right - left, bottom - top
    assert page.shape[1] == 2 * width + 8
    assert (page[36 : 36 + height, :width] == 0).all()
    assert (page[36 : 36 + height, width + 8 :] == 255).all()


@pytest.mark.slow
def test_the_demonstration_comes_nearer_to_the_original_than_bicubic(tmp_path):
    shown = demonstrate(tmp_path / "demo")
    assert shown.result.frames_out == 48
    assert shown.our_psnr > shown.bicubic_psnr + 0.2
    with Image.open(shown.comparison) as page:
        assert page.width > 3 * (CROPS[0][2] - CROPS[0][0])
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [
        "demo-1080p.mp4",
        "demo-270p.mp4",
        "demo-comparison.png",
    ]
