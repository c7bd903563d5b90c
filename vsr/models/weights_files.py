"""Where weights files are: in the package, and in the user's own folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vsr.folders import user_folder

SHIPPED = Path(__file__).with_name("weights")
"""The weights that come with the package."""

SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".tar")
"""How the names of weights files end, ``.pth.tar`` among them."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One weights file, ``NAME_xSCALE.safetensors``."""

    name: str
    scale: int
    path: Path

    @property
    def is_shipped(self) -> bool:
        """Whether it came with the package."""
        return self.path.parent == SHIPPED


def known_files() -> tuple[WeightsFile, ...]:
    """Return all weights files that have a name, the shipped ones first."""
    return tuple(
        entry for folder in (SHIPPED, user_folder("models")) for entry in _files_in(folder)
    )


def shipped_names() -> frozenset[str]:
    """Return the names of the weights files that came with the package."""
    return frozenset(entry.name for entry in _files_in(SHIPPED))


def files_of(name: str) -> dict[int, WeightsFile]:
    """Return scale → weights file of a name; the package precedes the user's folder."""
    return {entry.scale: entry for entry in reversed(known_files()) if entry.name == name}


def weights_name(name: str, scale: int) -> str:
    """Return the file name under which `files_of` finds the weights of a name."""
    return f"{name}_x{scale}.safetensors"


def is_path(name_or_path: str) -> bool:
    """Return whether this means a file: it has a separator or a suffix, or exists."""
    path = Path(name_or_path)
    return len(path.parts) != 1 or path.suffix in SUFFIXES or path.is_file()


def _files_in(folder: Path) -> list[WeightsFile]:
    if not folder.is_dir():
        return []
    paths = sorted(folder.iterdir())
    matches = [(re.fullmatch(r"(.+)_x(\d+)\.safetensors", path.name), path) for path in paths]
    return [WeightsFile(match[1], int(match[2]), path) for match, path in matches if match]
