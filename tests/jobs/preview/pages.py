"""A page as a reader of its HTML finds it."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.cli.command import QUICK, vsr

TWO = [*QUICK, "--try", "crf=30"]
"""Options of a page of two settings."""

VOID = {"meta", "img", "input", "br", "link"}


@dataclass
class ReadPage(HTMLParser):
    """What is in a page; reading it fails if its elements are not closed in order."""

    images: list[dict[str, str]] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        assert len(values) == len(attrs), f"an attribute twice in {tag}"
        self.elements.append((tag, values))
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"{tag} was never opened"
        assert self._open.pop() == tag, f"{tag} is closed before what is in it"

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every element of a kind."""
        return [values for name, values in self.elements if name == tag]

    @property
    def pictures(self) -> dict[tuple[int, int], NDArray[np.uint8]]:
        """(frame, variant) → its picture."""
        found = {}
        for values in self.all("img"):
            if "data-shot" in values:
                place = int(values["data-shot"]), int(values["data-variant"])
                with Image.open(io.BytesIO(content(values["src"]))) as image:
                    found[place] = np.asarray(image.convert("RGB"))
        return found

    @property
    def data(self) -> dict[str, Any]:
        """What the script is given."""
        (text,) = [
            text
            for text, values in zip(self.texts["script"], self.all("script"))
            if values.get("type") == "application/json"
        ]
        found: dict[str, Any] = json.loads(text)
        return found

    def loop(self) -> list[NDArray[np.uint8]]:
        """Return the frames of the video."""
        (video,) = self.all("video")
        with av.open(io.BytesIO(content(video["src"]))) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def content(url: str) -> bytes:
    """Return the bytes of a data URL."""
    head, _, text = url.partition(",")
    assert head.startswith("data:")
    assert head.endswith(";base64")
    return b64decode(text, validate=True)


def read_page(path: Path) -> ReadPage:
    """Read a page whole."""
    page = ReadPage()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert not page._open, f"never closed: {page._open}"
    return page


def previewed(source: Path, *options: object) -> ReadPage:
    """Make the page of a clip, of two settings, and read it."""
    assert vsr("preview", source, *TWO, *options, "-q", "-y") == 0
    return read_page(source.with_name(f"{source.stem}-preview.html"))
