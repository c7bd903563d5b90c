"""Where a page and its sheet go, and whether they may. Light to import."""

from __future__ import annotations

from pathlib import Path

from vsr.media.writing.target import check_no_folder, is_wanted
from vsr.specs import Existing


def sheet_of(page: Path) -> Path:
    """Return where the sheet of a page goes."""
    return page.with_suffix(".png")


def is_page_wanted(source: Path, page: Path, existing: Existing) -> bool:
    """Check that page and sheet can be written; return False if they are to be kept.

    Raises:
        OutputExists: one exists, and ``existing`` is ``refuse``.
        UnwritableOutput: a folder, the source itself, or a place that cannot be written.
    """
    for path in (page, sheet_of(page)):
        check_no_folder(path)
        if not is_wanted(source, path, existing):
            return False
    return True
