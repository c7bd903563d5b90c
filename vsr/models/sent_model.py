"""A user's own network on another machine: its files are sent, and found there by their hash."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from vsr.disk.folders import cache_folder, limit_cache
from vsr.disk.publishing import writing
from vsr.errors import InvalidCheckpoint
from vsr.models.flavours import weights_of
from vsr.models.weights_files import SHIPPED, card_path, is_path, sha256_of

MOST_SENT_BYTES = 2_000_000_000
"""The most that received weights take on a worker; they can be sent again."""

LONGEST_RUN_SECONDS = 7 * 24 * 3600
"""What arrived within a week is kept: a run that still opens it may be that long."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file: its name, its SHA-256, and what is in it."""

    name: str
    sha256: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SentModel:
    """A network's files as they are sent; none for one that comes with the program.

    Attributes:
        model: what ``--model`` called it.
    """

    model: str
    files: tuple[SentFile, ...] = ()

    @classmethod
    def of(cls, model: str) -> Self:
        """Read the files that a network may be made of, with their cards."""
        weights = [p for p in weights_of(model, is_blended=True) if p.parent != SHIPPED]
        paths = [*weights, *(card for card in map(card_path, weights) if card.is_file())]
        contents = [(path.name, path.read_bytes()) for path in paths]
        return cls(model, tuple(SentFile(name, sha256(c).hexdigest(), c) for name, c in contents))

    def arrive(self) -> str:
        """Return what the network is called on this machine, where its files are now.

        What is here already, bit for bit, is used; else it is kept in the cache. Networks that go
        by a name are looked up there from now on, by this process and its children.

        Raises:
            InvalidCheckpoint: a file is not what was sent.
            NoSpace, UnwritableOutput: there is no room for it.
        """
        if not self.files or self._is_here():
            return self.model
        digest = sha256("".join(file.sha256 for file in self.files).encode()).hexdigest()
        folder = cache_folder() / "sent" / digest
        for file in self.files:
            if sha256(file.content).hexdigest() != file.sha256:
                raise InvalidCheckpoint(f"{file.name}: arrived damaged. Start the run again.")
            _write(folder / file.name, file.content)
        limit_cache(folder, MOST_SENT_BYTES, spared_seconds=LONGEST_RUN_SECONDS)
        if is_path(self.model):
            return str(folder / self.files[0].name)
        os.environ["VSR_MODELS"] = str(folder)
        return self.model

    def _is_here(self) -> bool:
        here = {p.name: sha256_of(p) for p in weights_of(self.model, is_blended=True)}
        sent = {file.name: file.sha256 for file in self.files if not file.name.endswith(".json")}
        return sent.items() <= here.items()


def _write(path: Path, content: bytes) -> None:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}")  # workers may share the folder
        part.write_bytes(content)
        part.replace(path)
