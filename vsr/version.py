"""The version, in its only place: the package's metadata, which a checkout lacks, is made of it.

Between two checkouts of one version the code may make other frames: a hash tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

__version__ = "0.1.0"

MAKERS = ("colour.py", "frames.py", "kernels.py", "device", "media", "models", "upscaling")
"""What reads, computes and writes frames; a change elsewhere costs no unfinished work."""

SUFFIXES = (".py", ".cu")

DIGITS = 12
"""The digits of a hash that are shown."""


@cache
def revision() -> str:
    """Return the version and the code that makes frames; read once in a process."""
    return f"{__version__} (code {code_in(Path(__file__).parent)})"


def code_in(package: Path) -> str:
    """Return a hash of what makes frames in the folder of a package."""
    digest = sha256()
    for path in _files(package):
        digest.update(f"{path.relative_to(package).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:DIGITS]


def _files(package: Path) -> Iterator[Path]:
    for name in MAKERS:
        place = package / name
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in found if path.suffix in SUFFIXES and path.is_file())
