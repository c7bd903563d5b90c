"""Which pictures of two folders belong together: by their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Partners:
    """Pictures of two folders that belong together, in the order of the second.

    Attributes:
        alone: those without a partner, by their names in their folder.
    """

    pairs: tuple[tuple[Path, Path], ...]
    alone: tuple[str, ...]

    @classmethod
    def of(cls, low: Iterable[Path], high: Iterable[Path], folders: tuple[Path, Path]) -> Partners:
        """Match pictures by where they lie in their folders, else by their names alone.

        A name alone may end in the scale in either folder, as DIV2K's low resolution does:
        ``0001x4.png``. What several pictures of a folder are called tells nothing.

        Args:
            folders: in which ``low`` and ``high`` lie; each may be a picture itself.
        """
        rest: tuple[list[Path], list[Path]] = (list(low), list(high))
        found: list[tuple[Path, Path]] = []
        for name_of in (_place, _name, _name_without_scale):
            lows, highs = (_by_name(*each, name_of) for each in zip(rest, folders))
            found += [(lows[name], highs[name]) for name in lows.keys() & highs.keys()]
            taken = {path for pair in found for path in pair}
            rest = ([p for p in rest[0] if p not in taken], [p for p in rest[1] if p not in taken])
        alone = sorted(name_in(path, at) for left, at in zip(rest, folders) for path in left)
        return cls(tuple(sorted(found, key=lambda pair: pair[1])), tuple(alone))


def name_in(path: Path, folder: Path) -> str:
    """Return where a file lies in a folder: ``scene/001.png``."""
    return path.name if path == folder else path.relative_to(folder).as_posix()


def _by_name(
    paths: list[Path], folder: Path, name_of: Callable[[Path, Path], str]
) -> dict[str, Path]:
    """Return pictures by their names, but for names that several have."""
    named: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        named[name_of(path, folder)].append(path)
    return {name: same[0] for name, same in named.items() if len(same) == 1}


def _place(path: Path, folder: Path) -> str:
    return str(Path(name_in(path, folder)).with_suffix(""))


def _name(path: Path, _: Path) -> str:
    return path.stem


def _name_without_scale(path: Path, _: Path) -> str:
    return re.sub(r"x[1-8]$", "", path.stem)
