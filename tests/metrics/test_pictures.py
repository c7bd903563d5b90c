"""Every kind of picture file becomes true 8-bit R'G'B' or gray, or is refused."""

import numpy as np
import pytest
from PIL import Image

from vsr.errors import InvalidData, NoSuchFile, UnreadableMedia
from vsr.media.images.deep_images import deep_png
from vsr.media.images.pictures import as_rgb, pictures_in, read_picture

RNG = np.random.default_rng(4)
RGB = RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)
GRAY = RNG.integers(0, 256, (6, 5), dtype=np.uint8)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def test_colour_and_gray_come_as_they_are(tmp_path):
    colour = read_picture(saved(tmp_path / "a.png", Image.fromarray(RGB)))
    np.testing.assert_array_equal(colour, RGB)
    gray = read_picture(saved(tmp_path / "b.png", Image.fromarray(GRAY)))
    np.testing.assert_array_equal(gray, GRAY)
    assert as_rgb(gray).shape == (6, 5, 3)


def test_alpha_is_dropped_and_a_palette_resolved(tmp_path):
    rgba = np.dstack((RGB, GRAY))
    np.testing.assert_array_equal(
        read_picture(saved(tmp_path / "a.png", Image.fromarray(rgba))), RGB
    )
    palette = Image.fromarray(GRAY).quantize(16)
    read = read_picture(saved(tmp_path / "p.png", palette))
    np.testing.assert_array_equal(read, np.asarray(palette.convert("RGB")))


def test_16_bit_gray_is_scaled_to_8(tmp_path):
    deep = (GRAY.astype(np.uint16) * 257).astype(np.uint16)
    np.testing.assert_array_equal(
        read_picture(saved(tmp_path / "d.png", Image.fromarray(deep))), GRAY
    )


def test_16_bit_colour_is_rounded_not_truncated(tmp_path):
    codes = RGB.astype(np.uint16) * 257
    codes[:, :, 0] += np.where(RGB[:, :, 0] < 255, 200, 0).astype(np.uint16)
    (tmp_path / "c.png").write_bytes(deep_png(codes, None, None))
    nearest = RGB + (RGB < 255) * np.array([1, 0, 0], np.uint8)
    np.testing.assert_array_equal(read_picture(tmp_path / "c.png"), nearest)


def test_cmyk_becomes_rgb(tmp_path):
    cmyk = Image.fromarray(RGB).convert("CMYK")
    read = read_picture(saved(tmp_path / "c.tif", cmyk))
    np.testing.assert_array_equal(read, np.asarray(cmyk.convert("RGB")))


def test_a_turned_photograph_is_turned_back(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "t.png", Image.fromarray(RGB), exif=exif)
    np.testing.assert_array_equal(read_picture(path), np.rot90(RGB, -1))


def test_the_content_decides_not_the_name(tmp_path):
    path = saved(tmp_path / "really.png", Image.fromarray(RGB), format="BMP")
    np.testing.assert_array_equal(read_picture(path), RGB)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_picture_is_refused(content, tmp_path):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(UnreadableMedia, match="cannot be read as an image"):
        read_picture(path)


def test_a_cut_off_picture_is_refused(tmp_path):
    path = saved(tmp_path / "cut.png", Image.fromarray(RNG.integers(0, 256, (90, 90, 3), np.uint8)))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UnreadableMedia):
        read_picture(path)


def test_a_folders_pictures_come_by_name_and_nothing_else_does(tmp_path):
    for name in ("b.png", "a.JPG", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert [path.name for path in pictures_in(tmp_path)] == ["a.JPG", "b.png"]


def test_no_folder_and_no_pictures_are_refused(tmp_path):
    with pytest.raises(NoSuchFile):
        pictures_in(tmp_path / "none")
    with pytest.raises(InvalidData, match="no images in it"):
        pictures_in(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidData, match="not a folder"):
        pictures_in(tmp_path / "file")
