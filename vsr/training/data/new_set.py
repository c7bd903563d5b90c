"""The folder of a set in the making: one run alone works on it; it gets its name once complete."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vsr.disk.locks import held
from vsr.disk.output_folders import folder_made
from vsr.disk.publishing import name_around, part_of, writing
from vsr.errors import OutputBusy, OutputExists

PREPARED = "which is preparing it. Wait for it, or choose another --out."


@contextmanager
def new_set(out: Path) -> Iterator[Path]:
    """Yield the folder in which to make a set; it gets its name once it is complete.

    What a killed run left in its place is removed first; an error leaves no new folder.

    Raises:
        OutputBusy: another run is making it.
        OutputExists, UnwritableOutput, NoSpace: the output folder.
    """
    if out.exists():
        raise OutputExists(f"{out}: already exists. Choose another --out.")
    part = part_of(out)
    lock = out.with_name(name_around(".", out.name, ".lock"))
    with folder_made(out.parent), writing(out), alone(lock, out, PREPARED):
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir()
            yield part
            part.replace(out)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def alone(lock: Path, out: Path, advice: str) -> Iterator[None]:
    """Let one process at a time work on a set: hold a lock while the ``with`` lasts.

    Args:
        advice: what the other process does, and what to do: ``which is preparing it. Wait for it.``

    Raises:
        OutputBusy: another process holds it.
        UnwritableOutput, NoSpace: it cannot be made.
    """
    with ExitStack() as stack:
        with writing(out):
            try:
                stack.enter_context(held(lock))
            except BlockingIOError as error:
                raise OutputBusy(f"{out}: {error.strerror}, {advice}") from error
        yield
