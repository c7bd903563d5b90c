"""What ``vsr preview`` and ``vsr compare`` share: where a page goes, and what is shown of it."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsr.cli.shared.report import emit
from vsr.errors import InvalidOption
from vsr.jobs.progress import Count, Note, ignore

if TYPE_CHECKING:
    from vsr.jobs.preview.spec import PageResult

SUFFIXES = (".html", ".htm")


@dataclass(frozen=True, slots=True)
class PageReport:
    """Where the progress and the notes of a page in the making go."""

    watch: Count
    note: Note


def page_path(target: Path | None, name: str, folder: Path) -> Path:
    """Return where a page goes: ``target``, ``name`` in it if it is a folder, else in ``folder``.

    Raises:
        InvalidOption: another kind of file is named.
    """
    if target is None:
        return folder / name
    if target.is_dir():
        return target / name
    if target.suffix.lower() not in SUFFIXES:
        raise InvalidOption(f"{target}: a page is written here. Give a name that ends in .html.")
    return target


@contextmanager
def page_report(label: str, *, as_json: bool, is_quiet: bool) -> Iterator[PageReport]:
    """Yield a report: a bar on a terminal and notes on stderr, JSON lines, or nothing."""
    from tqdm import tqdm

    is_shown = not (as_json or is_quiet)
    disable = None if is_shown else True  # None: no bar unless stderr is a terminal
    with tqdm(desc=label, unit=" steps", leave=False, disable=disable, dynamic_ncols=True) as bar:

        def watch(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        def note(text: str) -> None:
            if as_json:
                emit({"event": "note", "message": text})
            else:
                bar.clear()
                click.echo(f"vsr: {text}", err=True)
                bar.refresh()

        yield PageReport(watch, ignore if is_quiet else note)


def show_result(result: PageResult, *, as_json: bool, is_quiet: bool, is_opened: bool) -> None:
    """Print what was written, and open it in the browser if that was asked for."""
    if as_json:
        emit({"event": "done", **result.as_dict()})
    elif result.is_skipped:
        click.echo(f"{result.page}: already exists; skipped.")
    elif not is_quiet:
        for row in result.rows:
            facts = ", ".join(value for key, value in row.items() if key not in HIDDEN)
            click.echo(f"{row['name']}: {facts}")
        click.echo(f"page   {result.page}")
        click.echo(f"sheet  {result.sheet}")
    if is_opened and not webbrowser.open(result.page.absolute().as_uri()):
        click.echo(f"vsr: --open: no browser was found. Open {result.page} yourself.", err=True)


HIDDEN = ("name", "command", "Seconds per frame")
"""Columns of the page's table that the terminal does not repeat."""
