"""What earlier commands made and left among the files of a batch: it is not upscaled again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from vsr.batch.ledger import LEDGER, Ledger, facts_of, read_ledger
from vsr.media.provenance import is_by_vsr

REPORT = "vsr-report.json"
"""What a batch tells of its files, in the folder of its results."""

PAGES = ("-preview", "-compare")
"""How the names of the pages of ``vsr preview`` and ``vsr compare`` end."""


def made_earlier(found: Mapping[Path, Path]) -> set[Path]:
    """Return the files that vsr made of others of them, reports, and pages with their sheets.

    The ledger of a batch knows its results; what was made alone lies beside its source, has its
    name with the size, and a tag. A result whose source is not among the files is a source itself.

    Args:
        found: each file with its path among the results, whose depth says how far up a ledger
            may lie.
    """
    ledger_in, sources = cache(_ledger_in), {facts_of(path) for path in found}

    def is_result(path: Path, depth: int) -> bool:
        ledgers = (ledger_in(folder) for folder in list(path.parents)[:depth])
        return any(one is not None and one.source_of(path) in sources for one in ledgers)

    names = {(path.parent, path.stem) for path in found}

    def is_beside(path: Path) -> bool:
        starts = (path.stem[: dash.start()] for dash in re.finditer("-", path.stem))
        return any((path.parent, start) in names for start in starts) and _says_vsr(path)

    return {
        path
        for path, relative in found.items()
        if _is_told(path) or is_result(path, len(relative.parts)) or is_beside(path)
    }


def _ledger_in(folder: Path) -> Ledger | None:
    """Return the ledger of a folder, or None if there is none that can be read."""
    try:
        return read_ledger(folder) if (folder / LEDGER).is_file() else None
    except (OSError, ValueError):
        return None


def _says_vsr(path: Path) -> bool:
    from vsr.media.source.describe import made_by  # with PyAV, for few files

    return is_by_vsr(made_by(path))


def _is_told(path: Path) -> bool:
    """Return whether a file is a report, a page, or the sheet of one."""
    page = path.with_suffix(".html")
    is_page = path.stem.endswith(PAGES) and path.suffix in (".html", ".png") and page.exists()
    return path.name == REPORT or is_page
