"""Pages of `vsr preview` and `vsr compare`: where one goes, and what is shown of its making."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vsr.cli.shared.lines import echo, say
from vsr.cli.shared.report import emit, report_for
from vsr.errors import InvalidOption
from vsr.jobs.progress import Count, Note

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

    A name without a suffix is that of a folder, which is made if it is not there.

    Raises:
        InvalidOption: another kind of file is named.
    """
    if target is None:
        return folder / name
    if target.is_dir() or not target.suffix:
        return target / name
    if target.suffix.lower() not in SUFFIXES:
        raise InvalidOption(f"{target}: a page is written here. Give a name that ends in .html.")
    return target


@contextmanager
def page_report(label: str, *, as_json: bool, is_quiet: bool) -> Iterator[PageReport]:
    """Yield a report: a line on a terminal and notes on stderr, JSON lines, or nothing."""
    with report_for(label, as_json=as_json, is_quiet=is_quiet) as report:

        def watch(done: int, total: int | None) -> None:
            report.show("rendering", f"{done}/{total}")

        yield PageReport(watch, report.note)


def show_result(result: PageResult, *, as_json: bool, is_quiet: bool, is_opened: bool) -> None:
    """Print what was written, and open it in the browser if that was asked for."""
    if as_json:
        emit({"event": "done", **result.as_dict()})
    elif result.is_skipped:
        echo(f"{result.page}: already exists; skipped.")
    elif not is_quiet:
        for row in result.rows:
            facts = ", ".join(value for key, value in row.items() if key not in HIDDEN)
            echo(f"{row['name']}: {facts}")
        echo(f"page   {result.page}")
        echo(f"sheet  {result.sheet}")
    if is_opened and not webbrowser.open(result.page.absolute().as_uri()):
        say(f"--open: no browser was found. Open {result.page} yourself.")


HIDDEN = ("name", "command", "Seconds per frame")
"""Columns of the page's table that the terminal does not repeat."""
