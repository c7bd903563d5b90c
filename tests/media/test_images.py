"""Pictures: every depth and kind is read, and written as it came."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vsr.errors import NoSuchFile, UnreadableMedia
from vsr.media.images import RESULTS, Picture, codes_of, frame_of, read_image, write_image

RNG = np.random.default_rng(7)
COLOUR = RNG.integers(0, 256, (12, 17, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (12, 17, 3), dtype=np.uint16)
ICC = b"a profile that nobody reads" * 9


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("is_gray", [False, True])
def test_codes_come_back_from_a_frame_as_they_were(bits: int, is_gray: bool):
    codes = DEEP if bits == 16 else COLOUR.astype(np.uint16) * 257
    codes = codes[..., 0] if is_gray else codes
    there = codes_of(frame_of(codes)).astype(int)
    assert np.abs(there - codes).max() <= 2  # of 65535
    assert (np.round(there / 257) == np.round(codes / 257)).all() or bits == 16


@pytest.mark.parametrize("has_alpha", [False, True])
@pytest.mark.parametrize("is_gray", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_png_keeps_depth_alpha_and_profile(tmp_path: Path, bits, is_gray, has_alpha):
    if is_gray and has_alpha and bits == 16:
        pytest.skip("Pillow reads gray with alpha at 8 bits alone")
    codes = DEEP if bits == 16 else COLOUR.astype(np.uint16) * 257
    picture = Picture(
        codes=codes[..., 0] if is_gray else codes,
        alpha=codes[..., 1] if has_alpha else None,
        bits=bits,
        icc=ICC,
    )
    write_image(tmp_path / "a.part", ".png", picture)
    (tmp_path / "a.part").rename(tmp_path / "a.png")
    there = read_image(tmp_path / "a.png")
    assert there.bits == bits
    assert there.icc == ICC
    assert (there.codes == picture.codes).all()
    assert (there.alpha is not None) is has_alpha
    if picture.alpha is not None and there.alpha is not None:
        assert (there.alpha == picture.alpha).all()


@pytest.mark.parametrize("suffix", sorted(RESULTS))
def test_every_format_is_written_and_read(tmp_path: Path, suffix: str):
    smooth = np.linspace(0, 65535, 32 * 48 * 3).reshape(32, 48, 3).astype(np.uint16)
    write_image(tmp_path / f"a{suffix}", suffix, Picture(codes=smooth))
    there = read_image(tmp_path / f"a{suffix}")
    assert there.codes.shape == smooth.shape
    assert np.abs(there.codes.astype(int) - smooth).mean() < 3 * 257


def test_a_palette_with_transparency_becomes_colour_and_alpha(tmp_path: Path):
    image = Image.fromarray(COLOUR).quantize(16)
    image.info["transparency"] = 3
    image.save(tmp_path / "a.png", transparency=3)
    there = read_image(tmp_path / "a.png")
    assert there.codes.shape == (12, 17, 3)
    assert there.alpha is not None
    assert there.alpha.min() == 0


def test_a_turned_photograph_is_read_upright(tmp_path: Path):
    image = Image.fromarray(COLOUR)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg").codes.shape == (17, 12, 3)


def test_what_is_no_picture_is_refused(tmp_path: Path):
    with pytest.raises(NoSuchFile):
        read_image(tmp_path / "a.png")
    (tmp_path / "a.png").write_text("Dear diary")
    with pytest.raises(UnreadableMedia, match="cannot be read as a picture"):
        read_image(tmp_path / "a.png")
    Image.fromarray(COLOUR).save(tmp_path / "b.png")
    data = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableMedia):
        read_image(tmp_path / "b.png")
