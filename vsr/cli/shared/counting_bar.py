"""A bar for a job that counts what it has done, such as the files of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vsr.jobs.progress import Count


@contextmanager
def counting_bar(
    noun: str, label: str | None = None, *, is_silent: bool, is_left: bool = True
) -> Iterator[Count]:
    """Yield a function to call with the count so far and the total; no bar without a terminal.

    Args:
        noun: what is counted, in the plural.
        is_left: the bar stays on the terminal once it is full.
    """
    from tqdm import tqdm

    disable = True if is_silent else None  # None: only where stderr is a terminal
    with tqdm(
        desc=label, unit=f" {noun}", leave=is_left, disable=disable, dynamic_ncols=True
    ) as bar:

        def on_count(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield on_count
