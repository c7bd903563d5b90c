import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.media.images.damaged import save_with_a_garbled_page
from tests.training.toys import picture
from vsr.errors import InvalidData, InvalidOption, NoSpace, OutputExists, UnknownName
from vsr.metrics.protocol import low_resolution
from vsr.models.weights_files import sha256_of
from vsr.training.damage.degradation import DEGRADATIONS, STRENGTHS
from vsr.training.data.cutting import corners
from vsr.training.data.dataset import PairsChoice, Patches
from vsr.training.data.manifest import digest_of
from vsr.training.data.prepare import PrepareSpec, prepare


def prepare_in(tmp_path, **values):
    out = tmp_path / "out"
    return prepare(PrepareSpec(sources=(tmp_path / "in",), out=out, patch=64, **values)), out


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def save(path: Path, image: Image.Image, **options: object) -> None:
    image.save(path, **options)


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
    with pytest.raises(InvalidData, match=r"1 files \(1 in images smaller than a patch\)"):
        prepare_in(tmp_path)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.part").exists()


def test_an_empty_or_missing_source_is_refused(tmp_path, source):
    with pytest.raises(InvalidData, match="is empty"):
        prepare_in(tmp_path)
    with pytest.raises(InvalidData, match="does not exist"):
        prepare(PrepareSpec(sources=(tmp_path / "nowhere",), out=tmp_path / "out"))


def test_an_existing_output_is_left_alone(tmp_path, source):
    save(source / "a.png", Image.fromarray(picture(1)))
    prepare_in(tmp_path)
    with pytest.raises(OutputExists):
        prepare_in(tmp_path)


def test_what_a_killed_run_left_is_cleared_and_no_source(tmp_path, source):
    save(source / "a.png", Image.fromarray(picture(1)))
    part = source / "out.part"
    part.mkdir()
    (part / "hr.u8").write_bytes(b"half")
    manifest = prepare(PrepareSpec(sources=(source,), out=source / "out", patch=64))
    assert (manifest.sources, manifest.skipped) == (1, {})
    assert {path.name for path in source.iterdir()} == {"a.png", "out"}


def test_a_mistyped_source_leaves_no_folder_for_the_set(tmp_path):
    spec = PrepareSpec(sources=(tmp_path / "typo",), out=tmp_path / "sets/new/out", patch=64)
    with pytest.raises(InvalidData, match="typo: does not exist"):
        prepare(spec)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path, source, monkeypatch):
    save(source / "a.png", Image.fromarray(picture(1)))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("vsr.training.data.prepare.DatasetManifest.write", full)
    with pytest.raises(NoSpace):
        prepare_in(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


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


def test_degradations_lie_beside_the_bicubic_patches_and_are_the_same_again(tmp_path, source):
    for seed in range(2):
        save(source / f"{seed}.png", Image.fromarray(picture(seed)))
    manifest, out = prepare_in(tmp_path, scales=(4,), degradations=("video-medium",))
    assert manifest.degradations == ("bicubic", "video-medium")
    low, after, plain = (
        np.fromfile(out / f"lr_x4{name}.u8", np.uint8).reshape(manifest.count, 16, 16, 3)
        for name in ("_video-medium", "_video-medium_next", "")
    )
    move = np.fromfile(out / "lr_x4_video-medium_move.i8", np.int8).reshape(manifest.count, 2)
    assert not np.array_equal(low, plain)
    still = (move == 0).all(axis=1)
    assert np.abs(low[still].astype(int) - after[still]).mean() < 10
    bytes_before = (out / "lr_x4_video-medium.u8").read_bytes()
    out.rename(tmp_path / "before")
    prepare_in(tmp_path, scales=(4,), degradations=("video-light", "video-medium"))
    assert (out / "lr_x4_video-medium.u8").read_bytes() == bytes_before


def test_a_set_prepared_otherwise_is_another_though_its_patches_are_the_same(
    tmp_path, source, monkeypatch
):
    for seed in range(2):
        save(source / f"{seed}.png", Image.fromarray(picture(seed)))

    def digest(**values):
        manifest, out = prepare_in(tmp_path, scales=(4,), **values)
        high = sha256_of(out / "hr.u8")
        shutil.rmtree(out)
        return manifest.sha256, high

    plain, light = digest(), digest(degradations=("video-light",))
    assert digest() == plain
    assert digest(degradations=("video-light",)) == light
    strong = replace(STRENGTHS["video-light"], crf=(40.0, 45.0))
    monkeypatch.setitem(DEGRADATIONS, "video-light", strong)
    other = digest(degradations=("video-light",))
    assert len({plain[0], light[0], other[0]}) == 3
    assert len({plain[1], light[1], other[1]}) == 1


def test_every_file_of_a_set_counts_and_what_is_beside_does_not(tmp_path):
    names = ("hr.u8", "lr_x4.u8", "lr_x4_video-light_move.i8")
    for name in names:
        (tmp_path / name).write_bytes(b"0")
    whole = digest_of(tmp_path, ["crf 23"])
    (tmp_path / "notes.txt").touch()
    assert digest_of(tmp_path, ["crf 23"]) == whole != digest_of(tmp_path, ["crf 24"])
    for name in names:
        (tmp_path / name).write_bytes(b"1")
        assert digest_of(tmp_path, ["crf 23"]) != whole
        (tmp_path / name).write_bytes(b"0")


@pytest.mark.parametrize("format_read", [1, 2, 3])
def test_sets_prepared_before_keep_what_their_manifest_says(tmp_path, source, format_read):
    save(source / "a.png", Image.fromarray(picture(1)))
    _, out = prepare_in(tmp_path)
    table = json.loads((out / "dataset.json").read_text())
    table |= {"format": format_read, "sha256": sha256_of(out / "hr.u8")}
    del table["has_fields"], table["taught"]
    if format_read == 1:
        del table["degradations"]
    (out / "dataset.json").write_text(json.dumps(table))
    assert Patches.open(out, PairsChoice(scale=4)).sha256 == table["sha256"]


def test_an_unknown_degradation_is_refused_with_the_nearest_name(tmp_path, source):
    with pytest.raises(UnknownName, match="video-medum: no degradation.*Did you mean video-medium"):
        prepare_in(tmp_path, degradations=("video-medum",))
