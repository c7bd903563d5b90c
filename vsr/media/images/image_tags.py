"""What an image says beside its pixels: EXIF, XMP, texts and resolution; which format holds what.

The orientation is applied to the pixels, so its tag is reset, in EXIF and in XMP. What describes
the old pixels (sizes, strips, thumbnails) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x8769, 0x8825, 0xA005
XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG, ICC_TAG = 700, 33723, 34377, 34675

OF_PIXELS = frozenset({
    254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 290,
    291, 296, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336, 338, 339,
    340, 341, 347, 512, 513, 514, 519, 520, 521, 529, 530, 531, 532,
    XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG, ICC_TAG, EXIF_IFD, GPS_IFD, INTEROP_IFD,
})  # fmt: skip
"""Tags of TIFF that say how the pixels are stored, among them the orientation, or that are kept
otherwise. Source: TIFF 6.0; Exif 2.32, tables 3 and 4.
"""

SIZES = frozenset({0xA002, 0xA003, INTEROP_IFD})
"""Tags of EXIF that say how large the image is."""

XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:="|>))[2-8]')

NOT_TEXTS = frozenset({"XML:com.adobe.xmp", "Raw profile type exif", "Raw profile type xmp"})
"""Texts of PNG that hold EXIF and XMP, which are kept as such."""

EXIF, XMP, TEXTS, RESOLUTION, IPTC = "EXIF", "XMP", "texts", "resolution", "IPTC"

HELD: Mapping[str, frozenset[str]] = {
    ".png": frozenset({EXIF, XMP, TEXTS, RESOLUTION}),
    ".jpg": frozenset({EXIF, XMP, RESOLUTION}),
    ".jpeg": frozenset({EXIF, XMP, RESOLUTION}),
    ".webp": frozenset({EXIF, XMP}),
    ".avif": frozenset({EXIF, XMP}),
    ".tif": frozenset({EXIF, XMP, RESOLUTION}),
    ".tiff": frozenset({EXIF, XMP, RESOLUTION}),
    ".bmp": frozenset({RESOLUTION}),
}
"""Suffix → what Pillow writes into that format; a test compares it with written files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTags:
    """What an image says beside its pixels.

    Attributes:
        exif: as in the file's own block, upright.
        texts: of a PNG, by keyword.
        dpi: pixels per inch, across and down.
        has_iptc: there is a block of IPTC, which nothing here writes.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    texts: tuple[tuple[str, str], ...] = ()
    dpi: tuple[float, float] | None = None
    has_iptc: bool = False

    def kinds(self) -> Iterator[str]:
        """Yield which kinds there are."""
        present = (self.exif, self.xmp, self.texts, self.dpi, self.has_iptc)
        kinds = (EXIF, XMP, TEXTS, RESOLUTION, IPTC)
        yield from (kind for kind, value in zip(kinds, present, strict=True) if value)

    def lost_in(self, suffix: str) -> tuple[str, ...]:
        """Return which kinds a format does not hold."""
        return tuple(kind for kind in self.kinds() if kind not in HELD[suffix.lower()])

    def options(self, suffix: str) -> dict[str, Any]:
        """Return what Pillow is to be told so that it writes them."""
        held = HELD[suffix.lower()]
        found: dict[str, Any] = {}
        if self.exif and EXIF in held:
            found["exif"] = self.exif
        if self.dpi and RESOLUTION in held:
            found["dpi"] = self.dpi
        if suffix.lower() == ".png":
            found["pnginfo"] = self._png_texts()
        elif suffix.lower() in (".tif", ".tiff"):
            found["exif"] = _exif_with_xmp(self.exif, self.xmp)
            if self.exif:  # libtiff, which compresses, writes none of its tables
                found["compression"] = "raw"
        elif self.xmp and XMP in held:
            found["xmp"] = self.xmp
        return found

    def _png_texts(self) -> Any:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        if self.xmp:
            info.add_itxt("XML:com.adobe.xmp", self.xmp.decode("utf-8", "replace"))
        for key, text in self.texts:
            info.add_text(key, text)
        return info


NO_TAGS = ImageTags()


def tags_of(file: Any) -> ImageTags:
    """Return what an image that Pillow has opened says; a PNG is decoded to its end for it."""
    texts: Mapping[str, str] = getattr(file, "text", {}) or {}
    xmp = file.info.get("xmp") or texts.get("XML:com.adobe.xmp")
    if isinstance(xmp, str):
        xmp = xmp.encode()
    exif = file.getexif()
    return ImageTags(
        exif=_upright(exif),
        xmp=XMP_ORIENTATION.sub(rb"\g<1>1", xmp) if xmp else None,
        texts=tuple((key, str(text)) for key, text in texts.items() if key not in NOT_TEXTS),
        dpi=_dpi(file),
        has_iptc="photoshop" in file.info or IPTC_TAG in exif,
    )


X_RESOLUTION = 282
"""The number of the tag. Source: TIFF 6.0, section 8; Pillow takes 1 where it is missing."""


def _dpi(file: Any) -> tuple[float, float] | None:
    if file.format == "TIFF" and X_RESOLUTION not in file.tag_v2:
        return None
    dpi = file.info.get("dpi")
    usable = dpi is not None and all(0 < one < 1e6 for one in dpi)
    return (float(dpi[0]), float(dpi[1])) if usable else None


def _upright(exif: Any) -> bytes | None:
    """Return the block without what describes the old pixels; None if nothing is left."""
    from PIL.Image import Exif

    kept = Exif()
    for tag, value in exif.items():
        if tag not in OF_PIXELS:
            kept[tag] = value
    for ifd in (EXIF_IFD, GPS_IFD):
        found = {tag: value for tag, value in exif.get_ifd(ifd).items() if tag not in SIZES}
        if found:
            kept.get_ifd(ifd).update(found)
            kept[ifd] = kept.get_ifd(ifd)
    return kept.tobytes() if len(kept) else None


def _exif_with_xmp(exif: bytes | None, xmp: bytes | None) -> Any:
    from PIL.Image import Exif

    whole = Exif()
    if exif:
        whole.load(exif)
    if xmp:
        whole[XMP_TAG] = xmp
    return whole
