"""Lines that people read: results, messages and tables, as wide as their terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from shutil import get_terminal_size

import click

from vsr.cli.shared.status_line import message
from vsr.cli.shared.width import padded, shortened, width_of, wrapped
from vsr.errors import Refused
from vsr.wording import printable


def say(text: str) -> None:
    """Print a message on stderr: on a terminal in lines that fit, elsewhere in one."""
    width = columns() if sys.stderr.isatty() else None
    with suppress(OSError):  # a terminal that was closed
        print(message(text, width), file=sys.stderr)


def echo(text: object) -> None:
    """Print a line of a result, whatever is in the names that it holds."""
    click.echo(printable(text))


def echo_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns as wide as their widest cell; numbers are right-aligned.

    The last one is broken into lines that fit the terminal, or 80 columns without one. On a
    terminal the others are shortened in the middle where they do not fit.
    """
    cells = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(width_of, column)) for column in zip(heads, *cells, strict=True)]
    is_number = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(heads))]
    if sys.stdout.isatty():
        least = widths[-1] if is_number[-1] else min(widths[-1], LEAST_COLUMNS)
        room = columns() - least - 2 * len(widths[:-1])
        widths[:-1] = _narrowed(widths[:-1], is_number, room)
        for line in cells:
            line[:-1] = [
                shortened(cell, width, width // 2)
                for cell, width in zip(line[:-1], widths[:-1], strict=True)
            ]
    indent = sum(widths[:-1]) + 2 * len(widths[:-1])
    for line in (list(heads), *cells):
        filled = [
            padded(cell, width, is_right=right)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        ]
        last = filled[-1].rstrip()
        lines = wrapped(last, max(columns() - indent, LEAST_COLUMNS), breaks_words=True)
        click.echo("  ".join((*filled[:-1], lines[0])).rstrip())
        for more in lines[1:]:
            click.echo(" " * indent + more)


def _narrowed(widths: Sequence[int], is_number: Sequence[bool], room: int) -> list[int]:
    """Return widths that sum up to ``room``: the widest of those of words give way."""
    narrowed = list(widths)
    while sum(narrowed) > room:
        words = [index for index in range(len(narrowed)) if not is_number[index]]
        widest = max(words, key=lambda index: narrowed[index], default=None)
        if widest is None or narrowed[widest] <= LEAST_NAME:
            break
        narrowed[widest] -= 1
    return narrowed


def echo_wrapped(head: str, text: str) -> None:
    """Print a text behind its head; what does not fit the terminal goes below it."""
    width = max(columns() - len(head), LEAST_COLUMNS)
    lines = wrapped(text, width)
    for index, line in enumerate(lines):
        click.echo(f"{' ' * len(head) if index else head}{line}")


def echo_lines(text: str, *, to_stderr: bool = False) -> None:
    """Print lines; on a terminal, what does not fit goes below, indented. Elsewhere one is one."""
    stream = sys.stderr if to_stderr else sys.stdout
    for line in text.splitlines():
        shown = line
        if stream.isatty():
            shown = "\n".join(wrapped(line, columns(), HANGING))
        click.echo(shown, err=to_stderr)


HANGING = " " * len("loss: ")

LEAST_COLUMNS = 20
"""The narrowest column in which a text is still broken into lines."""

LEAST_NAME = 12
"""The fewest columns to which a name is shortened."""


def columns() -> int:
    """Return the width of the terminal; 80 without one."""
    return get_terminal_size((80, 24)).columns


def name_broken(errors: Sequence[Refused]) -> int:
    """Say on stderr what could not be listed; return the exit code of the list."""
    for error in errors:
        say(str(error))
    return 3 if errors else 0


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}".replace(",", " ")
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return "–" if cell is None else printable(cell)
