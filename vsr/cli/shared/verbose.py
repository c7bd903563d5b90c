"""What ``-v`` adds: the log of the jobs, line by line on stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOGGER = "vsr"
"""Every job's logger is below it, under its module's name."""


@contextmanager
def logged(*, is_on: bool) -> Iterator[None]:
    """Print the log while this lasts, if it is wanted."""
    if not is_on:
        yield
        return
    logger, handler = logging.getLogger(LOGGER), _Lines(logging.INFO)
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _Lines(logging.Handler):
    """Prints each record as a line that tears no bar."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print it."""
        from tqdm import tqdm

        tqdm.write(f"vsr: {record.getMessage()}", file=sys.stderr)
