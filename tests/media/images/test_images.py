"""Images: every depth and kind is read, and written as it came."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.cli.command import vsr
from tests.media.images.damaged import save_with_a_garbled_page
from vsr.errors import NoSuchFile, UnreadableMedia
from vsr.media.animation import is_animated, loops_of
from vsr.media.images.deep_images import codes_of, frame_of
from vsr.media.images.image_tags import HELD
from vsr.media.images.images import (
    ORIENTATION,
    StillImage,
    image_size,
    is_image,
    read_image,
    write_image,
)
from vsr.values import CropBox, Size

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
    codes = DEEP if bits == 16 else COLOUR.astype(np.uint16) * 257
    picture = StillImage(
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


@pytest.mark.parametrize("suffix", sorted(HELD))
def test_every_format_is_written_and_read(tmp_path: Path, suffix: str):
    smooth = np.linspace(0, 65535, 32 * 48 * 3).reshape(32, 48, 3).astype(np.uint16)
    write_image(tmp_path / f"a{suffix}", suffix, StillImage(codes=smooth))
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
    assert image_size(tmp_path / "a.jpg") == Size(12, 17)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_deep_picture_is_turned_as_a_shallow_one_is(tmp_path: Path, orientation: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    deep, shallow = tmp_path / "deep.png", tmp_path / "shallow.png"
    Image.fromarray(COLOUR).save(shallow, exif=exif)
    write_image(deep, ".png", StillImage(codes=COLOUR.astype(np.uint16) * 257, bits=16))
    whole = shallow.read_bytes()
    is_turned = read_image(shallow).codes.shape[0] == 17
    assert image_size(shallow) == (Size(12, 17) if is_turned else Size(17, 12))
    start = whole.index(b"eXIf") - 4
    chunk = whole[start : whole.index(b"IDAT") - 4]
    data = deep.read_bytes()
    deep.write_bytes(data[:33] + chunk + data[33:])  # after the header
    turned = read_image(deep)
    assert turned.bits == 16
    assert (turned.codes == read_image(shallow).codes).all()


def test_sixteen_bits_of_a_tiff_are_read(tmp_path: Path):
    frame = av.VideoFrame.from_ndarray(DEEP, "rgb48le")
    with av.open(str(tmp_path / "a.tif"), "w", format="image2") as output:
        stream = output.add_stream("tiff", rate=1)
        stream.width, stream.height, stream.pix_fmt = 17, 12, "rgb48le"
        output.mux([*stream.encode(frame), *stream.encode(None)])
    there = read_image(tmp_path / "a.tif")
    assert there.bits == 16
    assert (there.codes == DEEP).all()


@pytest.mark.parametrize("suffix", [".jp2", ".ppm", ".tga", ".ico", ""])
def test_formats_that_are_not_written_are_read_and_become_png(tmp_path: Path, suffix: str):
    source = tmp_path / f"a{suffix}"
    Image.fromarray(COLOUR).save(source, {".jp2": "JPEG2000", "": "PNG"}.get(suffix))
    assert is_image(source)
    assert vsr("upscale", source, "--scale", 2, "--model", "bicubic", "-q") == 0
    with Image.open(tmp_path / "a-x2.png") as file:
        assert file.size == (34, 24)


@pytest.mark.parametrize(
    ("suffix", "kind", "result"),
    [
        (".jfif", "JPEG", ".jpg"),
        (".JPE", "JPEG", ".jpg"),
        (".mpo", "MPO", ".jpg"),
        (".dib", "DIB", ".bmp"),
    ],
)
def test_other_names_of_a_format_are_known(tmp_path: Path, suffix: str, kind: str, result: str):
    source = tmp_path / f"a{suffix}"
    Image.fromarray(COLOUR).save(source, kind)
    assert is_image(source)
    assert vsr("upscale", source, "--scale", 2, "--model", "bicubic", "-q") == 0
    with Image.open(tmp_path / f"a-x2{result}") as file:
        assert file.size == (34, 24)


@pytest.mark.parametrize(("kind", "more"), [("MPO", 1), ("TIFF", 1), ("PNG", 0), ("GIF", 0)])
def test_without_a_suffix_an_image_goes_by_what_is_in_it(tmp_path: Path, kind: str, more: int):
    """As one from a pipe does: a phone's JPEG with a gain map, or pages, are no film."""
    one = Image.fromarray(COLOUR)
    one.save(tmp_path / "piped", kind, save_all=True, append_images=[one] * more)
    assert is_image(tmp_path / "piped")


def test_a_cut_off_jpeg_2000_is_refused_wherever_it_ends(tmp_path: Path):
    """Half of a header lets FFmpeg open it without a pixel format."""
    path = tmp_path / "cut.jp2"
    Image.fromarray(COLOUR).save(path)
    whole = path.read_bytes()
    for length in range(60, 140):
        path.write_bytes(whole[:length])
        with pytest.raises(UnreadableMedia, match=r"cut\.jp2: cannot be read as an image"):
            read_image(path)


def test_a_cut_off_gif_stops_no_batch_wherever_it_ends(tmp_path: Path):
    path = tmp_path / "cut.gif"
    more = [Image.fromarray(255 - COLOUR)]
    Image.fromarray(COLOUR).save(path, save_all=True, append_images=more, duration=40)
    whole = path.read_bytes()
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        assert is_image(path) in (True, False)
        assert not is_animated(path)


def test_a_tiff_whose_second_page_is_garbage_is_refused(tmp_path: Path):
    path = tmp_path / "page.tif"
    save_with_a_garbled_page(Image.fromarray(COLOUR), path)
    with pytest.raises(UnreadableMedia, match="Missing dimensions"):
        read_image(path)


@pytest.mark.parametrize("name", ["huge", "huge.gif", "huge.png"])
def test_an_image_that_claims_an_absurd_size_does_not_stop_a_batch(tmp_path: Path, name: str):
    path = tmp_path / name
    Image.fromarray(COLOUR).save(path, "GIF")
    path.write_bytes(path.read_bytes()[:6] + b"\xff" * 4 + path.read_bytes()[10:])
    assert is_image(path) is (path.suffix == ".png")
    assert not is_animated(path)
    assert loops_of(path) == {}


def test_a_film_without_a_suffix_is_no_image(tmp_path: Path):
    path = tmp_path / "piped"
    with av.open(str(path), "w", format="mpeg2video") as film:
        stream = film.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        film.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        film.mux(stream.encode(None))
    assert not is_image(path)


@pytest.mark.parametrize(("suffix", "codec"), [(".jp2", "jpeg2000"), (".ppm", "ppm")])
def test_sixteen_bits_of_those_are_read(tmp_path: Path, suffix: str, codec: str):
    source = tmp_path / f"a{suffix}"
    order = "be" if codec == "ppm" else "le"
    frame = av.VideoFrame.from_ndarray(DEEP, "rgb48le").reformat(format=f"rgb48{order}")
    with av.open(str(source), "w", format="image2") as output:
        stream = output.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = 17, 12, f"rgb48{order}"
        stream.options = {"pred": "1"} if codec == "jpeg2000" else {}  # without loss
        output.mux([*stream.encode(frame), *stream.encode(None)])
    there = read_image(source)
    assert there.bits == 16
    assert (there.codes == DEEP).all()


def test_a_profile_of_other_colours_is_not_given_to_rgb(tmp_path: Path):
    Image.new("CMYK", (8, 8), (255, 0, 0, 0)).save(tmp_path / "a.jpg", icc_profile=ICC)
    there = read_image(tmp_path / "a.jpg")
    assert there.icc is None
    assert there.is_profile_lost
    assert there.converted_from == "CMYK"
    assert there.codes[4, 4].tolist()[0] < 20 * 257  # cyan has no red


def cmyk_of_sixteen_bits(path: Path) -> Path:
    """Write one pixel of cyan. Source: TIFF 6.0, section 16; Pillow writes no such file."""
    place = 8 + 2 + 9 * 12 + 4  # after the header and nine entries
    entries = (
        (256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 4, place), (259, 3, 1, 1), (262, 3, 1, 5),
        (273, 4, 1, place + 8), (277, 3, 1, 4), (278, 3, 1, 1), (279, 4, 1, 8),
    )  # fmt: skip
    fields = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + fields + bytes(4)
    path.write_bytes(head + struct.pack("<8H", 16, 16, 16, 16, 65535, 0, 0, 0))
    return path


def test_sixteen_bits_of_cmyk_are_not_taken_for_alpha(tmp_path: Path):
    there = read_image(cmyk_of_sixteen_bits(tmp_path / "a.tif"))
    assert (there.converted_from, there.bits, there.bits_lost) == ("CMYK", 8, 8)
    assert there.alpha is None
    assert there.codes[0, 0].tolist()[0] < 20 * 257  # cyan has no red


def test_samples_without_a_range_are_refused(tmp_path: Path):
    Image.fromarray(COLOUR[..., 0].astype(np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(UnreadableMedia, match="floating-point"):
        read_image(tmp_path / "a.tif")
    Image.fromarray(DEEP[..., 0].astype(np.int32) * 2).save(tmp_path / "b.tif")
    with pytest.raises(UnreadableMedia, match="integer samples of 32 bits"):
        read_image(tmp_path / "b.tif")


def test_what_is_no_picture_is_refused(tmp_path: Path):
    with pytest.raises(NoSuchFile):
        read_image(tmp_path / "a.png")
    (tmp_path / "a.png").write_text("Dear diary")
    with pytest.raises(UnreadableMedia, match="cannot be read as an image"):
        read_image(tmp_path / "a.png")
    Image.fromarray(COLOUR).save(tmp_path / "b.png")
    data = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableMedia):
        read_image(tmp_path / "b.png")


@pytest.mark.parametrize(
    ("suffix", "options", "turn", "halved"),
    [
        (".jpg", {"subsampling": "4:4:4"}, 1, (False, False)),
        (".jpg", {"subsampling": "4:2:2"}, 1, (True, False)),
        (".jpg", {"subsampling": "4:2:2"}, 6, (False, True)),
        (".jpg", {"subsampling": "4:2:0"}, 1, (True, True)),
        (".webp", {}, 1, (True, True)),
        (".webp", {"lossless": True}, 1, (False, False)),
        (".avif", {"subsampling": "4:2:0"}, 1, (True, True)),
        (".avif", {"subsampling": "4:4:4"}, 1, (False, False)),
        (".png", {}, 1, (False, False)),
    ],
)
def test_an_image_tells_how_its_chroma_was_sampled(tmp_path, suffix, options, turn, halved):
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    path = tmp_path / f"a{suffix}"
    Image.fromarray(COLOUR).save(path, exif=exif, **options)
    picture = read_image(path)
    assert picture.halved == halved
    assert picture.cropped(CropBox(size=Size(4, 4), x=1, y=2)).halved == halved


def test_a_gray_image_has_no_chroma_to_be_halved(tmp_path):
    Image.fromarray(COLOUR[..., 0]).save(tmp_path / "a.jpg")
    assert read_image(tmp_path / "a.jpg").halved == (False, False)
