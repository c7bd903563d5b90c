"""Count the numbered layers in a table of tensors; the numbers have to follow each other."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vsr.errors import InvalidOption


def count_numbered(names: Iterable[str], group: str) -> int:
    """Return how many ``group.N.…`` there are, N from 0 on.

    Raises:
        InvalidOption: a number is missing.
    """
    pattern = re.compile(rf"{re.escape(group)}\.(\d+)\.")
    numbers = {int(match[1]) for match in map(pattern.match, names) if match}
    missing = set(range(max(numbers, default=-1) + 1)) - numbers
    if missing:
        raise InvalidOption(
            f"'{group}.{min(missing)}' is missing: its layers go up to {group}.{max(numbers)}."
        )
    return len(numbers)
