"""A plain text table."""

from __future__ import annotations

from collections.abc import Sequence

import click

from vsr.errors import Refused


def echo_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns as wide as their widest cell; numbers are right-aligned."""
    cells = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    is_number = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(heads))]
    for line in (list(heads), *cells):
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def name_broken(errors: Sequence[Refused]) -> int:
    """Say on stderr what could not be listed; return the exit code of the list."""
    for error in errors:
        click.echo(f"vsr: {error}", err=True)
    return 3 if errors else 0


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}".replace(",", " ")
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return "–" if cell is None else str(cell)
