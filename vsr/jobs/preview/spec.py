"""What a preview is asked for, and what it gives back: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsr.errors import InvalidOption
from vsr.option import check_whole
from vsr.specs import Existing, UpscaleSpec

MOST_SETTINGS = 4
MOST_SHOTS = 9
"""More frames would not fit the page's bytes, nor the keys 1 to 9."""

DEFAULT_SHOTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSpec:
    """One setting to try.

    Attributes:
        name: as the page shows it.
        target: what the command would write; its suffix chooses the container.
        command: what would upscale the whole film so.
        is_for_drawn: a proposal: only shown where the first setting draws less detail than there
            is, and no other option rules it out.
    """

    name: str
    spec: UpscaleSpec
    target: Path
    command: str
    is_for_drawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSpec:
    """A preview of one film.

    Attributes:
        settings: one to `MOST_SETTINGS`.
        at: times to show, in seconds from the first frame.
        count: how many frames to show; those that ``at`` does not name are chosen.
        existing: what to do with a page that exists.
    """

    settings: tuple[SettingSpec, ...]
    at: tuple[float, ...] = ()
    count: int = DEFAULT_SHOTS
    existing: Existing = "refuse"

    def __post_init__(self) -> None:
        _check_count(self.count, self.at)
        if not 1 <= len(self.settings) <= MOST_SETTINGS:
            raise InvalidOption(
                f"{len(self.settings)} settings to try: a page shows at most {MOST_SETTINGS}. "
                "Give fewer --try."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareSpec:
    """A comparison of two films.

    Attributes:
        start_seconds: where the second film begins in the first one; None: where it says itself.
        at: times to show, in seconds from the first frame.
        count: how many frames to show; those that ``at`` does not name are chosen.
        existing: what to do with a page that exists.
    """

    at: tuple[float, ...] = ()
    count: int = DEFAULT_SHOTS
    start_seconds: float | None = None
    existing: Existing = "refuse"

    def __post_init__(self) -> None:
        _check_count(self.count, self.at)


def _check_count(count: int, at: tuple[float, ...]) -> None:
    check_whole("frames", count, 1)
    if max(count, len(at)) > MOST_SHOTS:
        raise InvalidOption(f"a page shows at most {MOST_SHOTS} frames. Choose fewer.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """What was written.

    Attributes:
        page: the HTML file.
        sheet: the PNG next to it.
        rows: of each variant, its facts by column.
        is_skipped: the page existed and was kept.
    """

    page: Path
    sheet: Path
    rows: tuple[dict[str, str], ...] = ()
    is_skipped: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "page": str(self.page),
            "sheet": str(self.sheet),
            "variants": list(self.rows),
            "skipped": self.is_skipped,
        }
