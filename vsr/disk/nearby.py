"""Which file a wrong name may have meant."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from pathlib import Path

MOST_NAMES = 10_000
"""The most names of a folder that are compared."""

LIKENESS = 0.8
"""How alike a suggested name must be (`difflib`, 0 to 1): another letter or two, a blank at the
end, the other case."""


UNKNOWN = "Check the path."
"""What is said where no name is nearly the same."""


def hint_for_missing(path: Path) -> str:
    """Return a sentence that names the file of that folder whose name is nearly the same.

    Without one it asks to check the path. Hidden files are not proposed.
    """
    try:
        names = {one.name.lower(): one.name for one in islice(path.parent.iterdir(), MOST_NAMES)}
    except (OSError, ValueError):
        return UNKNOWN
    seen = [name for name in names if not name.startswith(".") and names[name] != path.name]
    close = get_close_matches(path.name.lower(), seen, n=1, cutoff=LIKENESS)
    return f"Did you mean {path.with_name(names[close[0]])}?" if close else UNKNOWN
