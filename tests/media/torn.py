"""An input whose reads fail at certain packets, as those of a truncated file or a dying disk do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vsr.media.source.opening import open_input


class Torn:
    """A container that raises before some packets, once for each unless it does so forever."""

    def __init__(
        self, path: Path, failures: dict[int, Exception], *, is_for_ever: bool = False
    ) -> None:
        self._container, self._failures = open_input(path), dict(failures)
        self._is_for_ever = is_for_ever
        self._packets: Iterator[Any] | None = None
        self._count = 0

    def demux(self, streams: Any) -> Iterator[Any]:
        self._packets = self._packets or self._container.demux(streams)
        while True:
            failure = self._failures.get(self._count)
            if failure is not None:
                if not self._is_for_ever:
                    del self._failures[self._count]
                raise failure
            packet = next(self._packets, None)
            if packet is None:
                return
            self._count += 1
            yield packet

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def __enter__(self) -> Torn:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()


def tearing(failures: dict[int, Exception]) -> Callable[[Path], Torn]:
    """Return what opens an input so, in place of `open_input`."""
    return lambda path: Torn(path, failures)
