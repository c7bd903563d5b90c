"""Draw the pictures that ``anime`` learns from: ``python -m tests.benchmarks.drawn PHOTOS OUT``.

There is no drawn film under a free licence to train on but the one that results are reported on.
So these are drawn by chance, from seeds, and made of photographs: scenes of a drawing program
(a third before a painted background), photographs as drawings, and some as they are, since
backgrounds of films have texture. The same photographs and Pillow give the same pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

from tests.benchmarks.drawn.cartoon import cartoon, painted
from tests.benchmarks.drawn.hand import SIZE
from tests.benchmarks.drawn.scenes import drawn

SCENES, CARTOONS, PHOTOS = 44, 30, 14
"""How many of each; some 1,500 patches of 256 pixels."""

PAINTED_EACH = 3
"""Every third scene stands before a painted background."""


def draw(photos: Sequence[Path], out: Path) -> None:
    """Write the pictures that are not there yet, as PNG."""
    out.mkdir(parents=True, exist_ok=True)
    for index in range(SCENES):
        if not (path := out / f"scene_{index:02}.png").exists():
            behind = None
            if index % PAINTED_EACH == 2:
                behind = painted(_chosen(photos, index, SCENES), index)
            drawn(index, behind).save(path)
    for index in range(CARTOONS):
        if not (path := out / f"cartoon_{index:02}.png").exists():
            cartoon(_chosen(photos, index, CARTOONS), index).save(path)
    for index in range(PHOTOS):
        if not (path := out / f"photo_{index:02}.png").exists():
            _chosen(photos, index, PHOTOS).save(path)


def _chosen(photos: Sequence[Path], index: int, count: int) -> Image.Image:
    """Return one of the photographs, spread evenly over them, at the size of a drawing."""
    with Image.open(photos[index * len(photos) // count]) as photo:
        return ImageOps.fit(photo.convert("RGB"), SIZE, Image.Resampling.LANCZOS)


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+", help="files, or one folder of them")
    parser.add_argument("out", type=Path)
    wanted = parser.parse_args()
    files = [
        file
        for given in wanted.photos
        for file in (sorted(given.iterdir()) if given.is_dir() else [given])
    ]
    draw(files, wanted.out)


if __name__ == "__main__":
    main()
