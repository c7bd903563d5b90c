"""Where weights files are, in the package and in the user's own folder, and the card next to each.

The card says where the weights come from and how they score.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import file_digest
from pathlib import Path
from typing import Any

from vsr.disk.folders import user_folder
from vsr.disk.nearby import hint_for_missing
from vsr.disk.publishing import published, writing
from vsr.errors import InvalidCheckpoint, NoSuchFile

SHIPPED = Path(__file__).with_name("weights")
"""The weights that come with the package."""

SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".tar")
"""How the names of weights files end, ``.pth.tar`` among them."""


LARGEST_BYTES = 1 << 30
"""The largest weights file that is read; a larger one holds no network for images, or its trainer's
state too."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One weights file, ``NAME_xSCALE.safetensors``."""

    name: str
    scale: int
    path: Path

    @property
    def is_shipped(self) -> bool:
        """Whether it came with the package."""
        return self.path.parent == SHIPPED


def known_files() -> tuple[WeightsFile, ...]:
    """Return all weights files that have a name, the shipped ones first."""
    return tuple(
        entry for folder in (SHIPPED, user_folder("models")) for entry in _files_in(folder)
    )


def shipped_names() -> frozenset[str]:
    """Return the names of the weights files that came with the package."""
    return frozenset(entry.name for entry in _files_in(SHIPPED))


def files_of(name: str) -> dict[int, WeightsFile]:
    """Return scale → weights file of a name; the package precedes the user's folder."""
    return {entry.scale: entry for entry in reversed(known_files()) if entry.name == name}


def weights_name(name: str, scale: int) -> str:
    """Return the file name under which `files_of` finds the weights of a name."""
    return f"{name}_x{scale}.safetensors"


def is_path(name_or_path: str) -> bool:
    """Return whether this means a file: it has a separator or a suffix, or exists."""
    path = Path(name_or_path)
    return len(path.parts) != 1 or path.suffix in SUFFIXES or path.is_file()


def check_is_weights(path: Path) -> None:
    """Refuse what cannot be a weights file, by what the system says of it.

    Raises:
        NoSuchFile: there is no such file.
        InvalidCheckpoint: a folder, ONNX, or larger than `LARGEST_BYTES`.
    """
    if not path.exists():
        raise NoSuchFile(f"{path}: no such weights file. {hint_for_missing(path)}")
    if not path.is_file():
        raise InvalidCheckpoint(f"{path}: not a file. Give a weights file.")
    if path.suffix.lower() == ".onnx":
        raise InvalidCheckpoint(
            f"{path}: ONNX is written here, not read. Give the weights that it was made from."
        )
    if (size := path.stat().st_size) > LARGEST_BYTES:
        raise InvalidCheckpoint(
            f"{path}: {size / 2**30:.1f} GB. Networks that enlarge images are far smaller: choose "
            f"one of at most {LARGEST_BYTES >> 30} GB."
        )


def _files_in(folder: Path) -> list[WeightsFile]:
    if not folder.is_dir():
        return []
    paths = sorted(folder.iterdir())
    matches = [(re.fullmatch(r"(.+)_x(\d+)\.safetensors", path.name), path) for path in paths]
    return [WeightsFile(match[1], int(match[2]), path) for match, path in matches if match]


CLEAR_FLAVOUR = "clear"
"""How the flavour ends that the card of a network names if it draws detail by itself."""

TAPE_FLAVOUR = "tape"
"""How it ends if the network restores analogue tape; video above 8 bits goes through such a network
without a tone curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known about one weights file.

    Attributes:
        name: what ``--model`` calls it.
        architecture: as in `vsr.models.traits.Traits`.
        scale: output side ÷ input side.
        flavour: what it was trained for: ``pixel``, ``adversarial``, ``pixel, video-strong``,
            ``bootstrap``, …
        licence: SPDX identifier of the weights.
        sha256: of the weights file, in hexadecimal.
        command: the command, or the recipe, that made it.
        data: what it was trained on.
        seconds: how long it was trained.
        device: where it was trained.
        scores: measured, never estimated: data set → metric → mean value.
        protocol: how the scores were measured, with the command.
        note: whatever else a user should know.
        base: the weights that its training began from, with author and licence.
        teacher: the network whose pictures were its targets, with author and licence.
        is_quantised: whether it was tuned to be computed in int8.
        radius: how far it sees, in low-resolution pixels; None if that was not noted, or is the
            whole frame.
    """

    name: str
    architecture: str
    scale: int
    flavour: str
    licence: str
    sha256: str
    command: str
    data: str
    seconds: float
    device: str
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    protocol: str = ""
    note: str = ""
    base: str = ""
    teacher: str = ""
    is_quantised: bool = False
    radius: int | None = None

    @property
    def draws_detail(self) -> bool:
        """Whether the network draws detail by itself, without a dial."""
        return self.flavour.endswith(CLEAR_FLAVOUR)

    @property
    def restores_tape(self) -> bool:
        """Whether the network restores analogue tape."""
        return self.flavour.endswith(TAPE_FLAVOUR)

    def __post_init__(self) -> None:
        texts = [item.name for item in fields(self) if item.type == "str"]
        for name in texts:
            if not isinstance(getattr(self, name), str):
                raise InvalidCheckpoint(
                    f"the card's '{name}' is {getattr(self, name)!r}, not text."
                )
        if not isinstance(self.scale, int) or self.scale < 1:
            raise InvalidCheckpoint(
                f"the card's scale is {self.scale!r}, not a whole number of at least 1."
            )
        if not isinstance(self.scores, Mapping):
            raise InvalidCheckpoint(f"the card's scores are {self.scores!r}, not a table.")
        if not isinstance(self.is_quantised, bool):
            raise InvalidCheckpoint(
                f"the card's is_quantised is {self.is_quantised!r}, not true or false."
            )


def card_path(weights: Path) -> Path:
    """Return the path of the card of a weights file: the same name with ``.json``."""
    return weights.with_suffix(".json")


def read_card(weights: Path) -> Card | None:
    """Read the card next to ``weights``; None if there is none.

    Raises:
        InvalidCheckpoint: it is not a card, or belongs to another file.
    """
    path = card_path(weights)
    if not path.is_file():
        return None
    try:
        table: dict[str, Any] = json.loads(path.read_text("utf-8"))
        card = Card(**table)
    except (OSError, ValueError, TypeError) as error:
        raise InvalidCheckpoint(f"{path}: not a card of weights: {error}.") from error
    if card.sha256 != sha256_of(weights):
        raise InvalidCheckpoint(
            f"{weights}: its SHA-256 is not that of its card {path.name}: the file is damaged or "
            f"was replaced. Download it again, or remove the card."
        )
    return card


def write_card(card: Card, weights: Path) -> Path:
    """Write ``card`` next to ``weights`` and return its path.

    Raises:
        NoSpace, UnwritableOutput: no half of it is left.
    """
    path = card_path(weights)
    table = {item.name: getattr(card, item.name) for item in fields(card)}
    table["scores"] = {name: dict(scores) for name, scores in card.scores.items()}
    text = json.dumps(table, indent=2, ensure_ascii=False) + "\n"
    with writing(path), published(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
