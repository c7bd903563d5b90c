"""Which sources are taken, and how their pictures become patches."""

import numpy as np
import pytest
from PIL import Image

from tests.media.images.damaged import save_with_a_garbled_page
from tests.training.data.preparing import prepare_in, save
from tests.training.toys import picture
from vsr.errors import InvalidData, InvalidOption
from vsr.media.images.deep_images import deep_png
from vsr.media.images.image_tags import ImageTags
from vsr.metrics.protocol import low_resolution
from vsr.training.data.cutting import corners
from vsr.training.data.dataset import PairsChoice, Patches
from vsr.training.data.prepare import PrepareSpec, prepare
from vsr.training.pictures import UnusablePicture, decode_picture


def test_patches_cover_the_picture_and_come_back_exactly(tmp_path, source):
    pixels = picture(1, 64, 128)
    save(source / "a.png", Image.fromarray(pixels))
    manifest, out = prepare_in(tmp_path)
    patches = Patches.open(out, PairsChoice(scale=4)) if manifest.count > 2 else None
    assert patches is None  # two patches, one of which is held out
    raw = np.fromfile(out / "hr.u8", np.uint8).reshape(2, 64, 64, 3)
    assert np.array_equal(np.concatenate(raw, axis=1), pixels)


def test_low_resolution_is_that_of_the_whole_picture(tmp_path, source):
    pixels = picture(2, 64, 128)
    save(source / "a.png", Image.fromarray(pixels))
    _, out = prepare_in(tmp_path)
    low = np.fromfile(out / "lr_x4.u8", np.uint8).reshape(2, 16, 16, 3)
    assert np.array_equal(np.concatenate(low, axis=1), low_resolution(pixels, 4))


def test_images_are_shrunk_first_if_wanted(tmp_path, source):
    pixels = picture(2, 136, 264)[:131, :257]
    save(source / "a.png", Image.fromarray(pixels))
    save(source / "line.png", Image.fromarray(pixels[:1]))
    manifest, out = prepare_in(tmp_path, shrink=2)
    raw = np.fromfile(out / "hr.u8", np.uint8).reshape(2, 64, 64, 3)
    assert np.array_equal(np.concatenate(raw, axis=1), low_resolution(pixels[:130, :256], 2)[:64])
    assert manifest.dropped_patches == {"in images smaller than a patch": 1}


@pytest.mark.parametrize(("length", "expected"), [(64, [0]), (128, [0, 64]), (100, [0, 36])])
def test_corners_cover_a_side(length, expected):
    assert corners(length, 64, 4) == expected


def test_doubles_and_flat_patches_are_dropped_and_counted(tmp_path, source):
    save(source / "a.png", Image.fromarray(picture(1)))
    save(source / "b.jpg", Image.fromarray(picture(1)), quality=95)
    save(source / "flat.png", Image.new("RGB", (64, 64), (9, 9, 9)))
    manifest, _ = prepare_in(tmp_path)
    assert manifest.count == 4
    assert manifest.dropped_patches == {"near-duplicates": 4, "without detail": 1}


def odd_pictures(source):
    rgb = Image.fromarray(picture(3))
    save(source / "gray.png", rgb.convert("L"))
    codes = np.asarray(rgb.convert("L")).astype(np.uint16)[::-1] * 257
    save(source / "sixteen.png", Image.fromarray(codes))
    save(source / "cmyk.jpg", Image.fromarray(picture(4)).convert("CMYK"))
    save(source / "palette.png", Image.fromarray(picture(5)).convert("P"))
    opaque = Image.fromarray(picture(6))
    opaque.putalpha(255)
    save(source / "opaque.png", opaque)
    frames = [Image.fromarray(picture(seed)) for seed in (7, 8)]
    save(source / "moving.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True)
    save(source / "really_png.jpg", Image.fromarray(picture(9)), format="PNG")


def test_odd_pictures_are_converted_and_counted(tmp_path, source):
    odd_pictures(source)
    manifest, _ = prepare_in(tmp_path)
    assert manifest.sources == 7
    assert manifest.converted == {
        "gray": 1,
        "16 bit gray": 1,
        "CMYK": 1,
        "palette": 1,
        "alpha removed": 1,
        "animated, first frame taken": 1,
        "suffix of another format": 1,
    }
    assert not manifest.skipped


def test_unusable_files_are_skipped_and_named(tmp_path, source):
    save(source / "good.png", Image.fromarray(picture(1)))
    (source / "text.png").write_text("no picture")
    (source / "notes.txt").write_text("no picture, and no video either\n" * 20)
    whole = (source / "good.png").read_bytes()
    (source / "cut.png").write_bytes(whole[: len(whole) // 2])
    save_with_a_garbled_page(Image.fromarray(picture(3)), source / "page.tif")
    through = Image.fromarray(picture(2))
    through.putalpha(128)
    save(source / "through.png", through)
    manifest, _ = prepare_in(tmp_path)
    assert manifest.skipped == {
        "damaged": ("cut.png", "page.tif"),
        "neither image nor video": ("notes.txt",),
        "not an image": ("text.png",),
        "partly transparent": ("through.png",),
    }


def test_sixteen_bit_codes_are_scaled_not_cut(tmp_path, source):
    codes = np.asarray(Image.fromarray(picture(3, 64, 64)).convert("L")).astype(np.uint16)
    save(source / "sixteen.png", Image.fromarray(codes * 257))
    _, out = prepare_in(tmp_path)
    raw = np.fromfile(out / "hr.u8", np.uint8).reshape(64, 64, 3)
    assert np.array_equal(raw[..., 1], codes)


@pytest.mark.parametrize("alpha", [None, 65535, 40000])
def test_sixteen_bit_colours_are_rounded_and_turned_upright(tmp_path, alpha):
    codes = np.random.default_rng(1).integers(0, 65536, (64, 96, 3)).astype(np.uint16)
    seen = None if alpha is None else np.full(codes.shape[:2], alpha, np.uint16)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: a quarter turn
    (tmp_path / "a.png").write_bytes(deep_png(codes, seen, None, ImageTags(exif=exif.tobytes())))
    if alpha == 40000:
        with pytest.raises(UnusablePicture, match="partly transparent"):
            decode_picture(tmp_path / "a.png")
        return
    found = decode_picture(tmp_path / "a.png")
    assert np.array_equal(found.pixels, np.rot90(np.rint(codes / 257), -1))
    assert found.conversions == ("16 bit",) if alpha is None else ("alpha removed", "16 bit")


def test_a_turned_picture_is_turned_upright(tmp_path, source):
    pixels = picture(1, 64, 128)
    exif = Image.Exif()
    exif[0x0112] = 3  # orientation: upside down
    save(source / "a.png", Image.fromarray(pixels), exif=exif)
    _, out = prepare_in(tmp_path)
    raw = np.fromfile(out / "hr.u8", np.uint8).reshape(2, 64, 64, 3)
    assert np.array_equal(np.concatenate(raw, axis=1), pixels[::-1, ::-1])


def test_tiny_pictures_alone_are_refused_with_the_reason(tmp_path, source):
    save(source / "tiny.png", Image.fromarray(picture(1, 32, 32)))
    with pytest.raises(InvalidData, match=r"in 1 file \(1 in images smaller than a patch\)"):
        prepare_in(tmp_path)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.part").exists()


def test_an_empty_or_missing_source_is_refused(tmp_path, source):
    with pytest.raises(InvalidData, match="is empty"):
        prepare_in(tmp_path)
    with pytest.raises(InvalidData, match="does not exist"):
        prepare(PrepareSpec(sources=(tmp_path / "nowhere",), out=tmp_path / "out"))


def test_weights_go_by_name(tmp_path, source):
    save(source / "series_1.png", Image.fromarray(picture(1)))
    save(source / "single.png", Image.fromarray(picture(2)))
    manifest, _ = prepare_in(tmp_path, weights=(("series_*", 0.25),))
    assert set(manifest.weights[:4]) == {0.25}
    assert set(manifest.weights[4:]) == {1.0}


def test_a_weight_for_no_file_is_refused_before_anything_is_read(tmp_path, source):
    save(source / "single.png", Image.fromarray(picture(2)))
    with pytest.raises(InvalidOption, match=r"--weight serie_\*=0.25: no file"):
        prepare_in(tmp_path, weights=(("serie_*", 0.25),))
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_file_that_is_named_twice_counts_once(tmp_path, source):
    save(source / "a.png", Image.fromarray(picture(1)))
    out = tmp_path / "twice"
    spec = PrepareSpec(sources=(source, source / "a.png", source), out=out, patch=64)
    manifest = prepare(spec)
    assert (manifest.sources, manifest.dropped_patches) == (1, {})


@pytest.mark.parametrize(
    "values",
    [
        {"patch": 62},
        {"patch": 16},
        {"scales": ()},
        {"scales": (9,)},
        {"weights": (("a", -1),)},
        {"shrink": 0},
    ],
)
def test_impossible_values_are_refused(tmp_path, values):
    with pytest.raises(InvalidOption):
        PrepareSpec(sources=(tmp_path,), out=tmp_path, **values)
