"""What an image says beside its pixels goes where the format can hold it, or is said to be lost."""

import io
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.cli.command import vsr
from vsr.errors import NoVideo
from vsr.media.images.image_tags import HELD, tags_of
from vsr.media.images.images import image_size, read_image
from vsr.media.source.opening import best_video
from vsr.values import Size

MODEL, ORIENTATION, DATE, TAKEN = 0x0110, 0x0112, 0x0132, 0x9003
EXIF_IFD, GPS_IFD = 0x8769, 0x8825
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description tiff:Orientation="6" dc:title="a title"/></rdf:RDF></x:xmpmeta>'
)

QUICK = ["--model", "bicubic", "--scale", "2"]


def exif() -> Image.Exif:
    found = Image.Exif()
    found[MODEL], found[ORIENTATION], found[DATE] = "A phone", 6, "2024:05:06 07:08:09"
    found.get_ifd(EXIF_IFD)[TAKEN] = "2024:05:06 07:08:09"
    found.get_ifd(GPS_IFD).update({1: "N", 2: (52.0, 31.0, 12.0)})
    for ifd in (EXIF_IFD, GPS_IFD):
        found[ifd] = found.get_ifd(ifd)
    return found


def photo(folder: Path, name: str, *, deep: bool = False) -> Path:
    """Write an image of 24×16, stored as 16×24, that says all it can."""
    path = folder / name
    codes = np.arange(24 * 16 * 3, dtype=np.uint8).reshape(24, 16, 3)
    options: dict[str, Any] = {"exif": exif(), "dpi": (300, 300)}
    if path.suffix == ".png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text("Title", "A holiday")
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    else:
        options["xmp"] = XMP
    Image.fromarray(codes).save(path, **options)
    if deep:
        from vsr.media.images.deep_images import deep_png

        with Image.open(path) as file:
            tags = tags_of(file)
        path.write_bytes(deep_png(codes.astype(np.uint16) * 257, None, None, tags))
    return path


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("source", ["in.png", "in.jpg"])
@pytest.mark.parametrize("suffix", HELD)
def test_what_is_said_to_be_lost_is_lost_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, suffix: str, deep: bool
) -> None:
    if deep and source != "in.png":
        return
    path, target = photo(tmp_path, source, deep=deep), tmp_path / f"out{suffix}"
    before = read_image(path)
    assert vsr("upscale", path, target, *QUICK) in (0, 3)
    after = read_image(target)
    lost = set(before.tags.kinds()) - set(after.tags.kinds())
    assert lost == set(before.tags.lost_in(suffix))
    said = capsys.readouterr().err
    assert (f"{suffix} cannot store its {', '.join(before.tags.lost_in(suffix))}" in said) is bool(
        lost
    )
    if not deep:
        code = vsr("upscale", path, tmp_path / f"no{suffix}", *QUICK, "--strict")
        assert code == (2 if lost else 0)


def test_a_tiff_that_says_no_resolution_is_given_none(tmp_path: Path) -> None:
    Image.new("RGB", (24, 16)).save(tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif").tags.dpi is None
    Image.new("RGB", (24, 16)).save(tmp_path / "b.tif", dpi=(300, 300))
    assert read_image(tmp_path / "b.tif").tags.dpi == (300, 300)


@pytest.mark.parametrize("suffix", [suffix for suffix in HELD if "EXIF" in HELD[suffix]])
def test_model_place_and_date_stay_and_the_orientation_is_reset(
    tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"out{suffix}"
    assert vsr("upscale", photo(tmp_path, "in.jpg"), target, *QUICK) == 0
    with Image.open(target) as file:
        file.load()
        found = file.getexif()
        assert (found[MODEL], found[DATE]) == ("A phone", "2024:05:06 07:08:09")
        assert found.get_ifd(EXIF_IFD)[TAKEN] == "2024:05:06 07:08:09"
        assert found.get_ifd(GPS_IFD)[2] == (52.0, 31.0, 12.0)
        assert found.get(ORIENTATION, 1) == 1
        assert file.size == (48, 32)
        assert b'tiff:Orientation="1" dc:title="a title"' in (tags_of(file).xmp or b"")


def test_a_photo_of_a_phone_needs_the_extra_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "in.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert vsr("upscale", tmp_path / "in.heic", tmp_path / "out.jpg", *QUICK) == 2
    assert "HEIC needs the extra heic: pip install 'vsr-cli[heic]'" in capsys.readouterr().err


def test_with_the_extra_it_is_read_whole_and_a_batch_takes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module stands in for the extra, and teaches Pillow that these files are what they hold."""
    extra = ModuleType("pillow_heif")
    extra.register_heif_opener = lambda: None  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "pillow_heif", extra)
    folder = tmp_path / "in"
    folder.mkdir()
    photo(folder, "made.jpg").rename(folder / "photo.HEIC")
    assert image_size(folder / "photo.HEIC") == Size(24, 16)
    assert vsr("batch", folder, tmp_path / "out", *QUICK) == 0
    with Image.open(tmp_path / "out" / "photo.jpg") as file:
        assert file.size == (48, 32)
    assert vsr("upscale", folder / "photo.HEIC", tmp_path / "out.heic", *QUICK) == 2
    assert ".heic" not in capsys.readouterr().err.split("with one of")[1]


def test_tiles_are_never_the_film(tmp_path: Path) -> None:
    class Tile:
        type, disposition = "video", 1 << 19

    class Photo:
        class streams:  # noqa: N801 - stands in for PyAV's attribute
            video = (Tile(), Tile())

    with pytest.raises(NoVideo, match=r"a photo in tiles \(HEIC\).*\.heic.*vsr-cli\[heic\]"):
        best_video(Photo(), tmp_path / "a.mov")  # type: ignore[arg-type]  # stands in for one


def test_an_image_without_tags_gets_none(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    with Image.open(out) as file:
        assert list(tags_of(file).kinds()) == []
