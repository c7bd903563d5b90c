"""The manifest of a prepared data set: what it holds, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from vsr.disk.publishing import published
from vsr.errors import InvalidData, InvalidRecipe
from vsr.models.weights_files import sha256_of
from vsr.recipes.read import decode
from vsr.wording import counted

MANIFEST = "dataset.json"
FORMAT = 4
READ = (1, 2, 3, 4)
"""Format 1 is without ``degradations``: it has the standard protocol's alone. Up to format 2 the
SHA-256 was that of ``hr.u8``; up to format 3 there were neither fields nor teachers."""

DATA_SUFFIXES = (".u8", ".i8")
"""Suffixes of the files that hold patches and moves."""

TRUTH = "truth"
"""What a network learns where no teacher is named: the patches as they are."""

PAIRS = "pairs"
"""What the user's own low resolution is called, whatever became of it."""

FEW = 3
"""Skipped files that are named for each reason, where not all are asked for."""

BICUBIC = "bicubic"
"""The degradation of the standard protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """What a teacher made of the patches at one scale and of one degradation.

    Attributes:
        name: of the targets, as a recipe names them.
        teachers: each network with its share and the start of its SHA-256.
        correction: what was done to its pictures, as a `Correction` is printed.
        sha256: of the file.
    """

    name: str
    scale: int
    degradation: str
    teachers: tuple[str, ...]
    correction: str
    sha256: str

    @property
    def corrected(self) -> str:
        """The correction for people: ``tone 16.0, texture 0.5, window 17, sharpen 0.0``."""
        return self.correction.removeprefix("Correction(").removesuffix(")").replace("=", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetManifest:
    """What a prepared folder holds and what was left out of it.

    ``weights`` has one number per patch: how much likelier than another it is drawn.
    ``degradations`` are the ways in which the patches were reduced, each to every scale.
    ``sha256`` is `digest_of` all of it: a run is only resumed on the set that it began with.
    ``has_fields`` tells whether some patches are `fields`; ``taught`` lists the targets of
    teachers, which have digests of their own. ``asked`` is the digest of the spec that was
    prepared; empty if that is not known.
    """

    format: int = FORMAT
    patch: int
    scales: tuple[int, ...]
    count: int
    sources: int
    weights: tuple[float, ...]
    sha256: str
    converted: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dropped_patches: Mapping[str, int] = field(default_factory=dict)
    degradations: tuple[str, ...] = (BICUBIC,)
    has_fields: bool = False
    taught: tuple[Taught, ...] = ()
    asked: str = ""

    def __post_init__(self) -> None:
        if self.format not in READ:
            raise InvalidData(f"format {self.format}, this vsr reads {FORMAT}; prepare it again.")
        if self.count < 1 or len(self.weights) != self.count:
            raise InvalidData("no patches, or not one weight for each; prepare it again.")

    def check_offers(self, scale: int, degradation: str, folder: Path) -> None:
        """Refuse what was not prepared.

        Raises:
            InvalidData: it has other scales or other degradations; says how to prepare it.
        """
        if scale not in self.scales:
            known = ", ".join(f"×{known}" for known in self.scales)
            if PAIRS in self.degradations:
                raise InvalidData(
                    f"{folder}: its {PAIRS} are {known}, not ×{scale}. Write a recipe with scale = "
                    f"{self.scales[0]}, or prepare others."
                )
            raise InvalidData(
                f"{folder}: prepared for {known}, not for ×{scale}. "
                f"Prepare it again with --scale {scale}."
            )
        if degradation not in self.degradations and PAIRS in self.degradations:
            raise InvalidData(
                f"{folder}: prepared with {PAIRS}, not with {degradation}. Choose a recipe with "
                f'degradation = "{PAIRS}", such as fast-x4-pairs.'
            )
        if degradation not in self.degradations:
            raise InvalidData(
                f"{folder}: prepared with {', '.join(self.degradations)}, not with {degradation}. "
                f"Prepare it again with --degradation {degradation}."
            )

    def targets(self, name: str, scale: int, degradation: str, folder: Path) -> Taught:
        """Return the targets of a name.

        Raises:
            InvalidData: there are none; says how to make them.
        """
        for taught in self.taught:
            if (taught.name, taught.scale, taught.degradation) == (name, scale, degradation):
                return taught
        others = sorted({taught.name for taught in self.taught})
        there = f" It has: {', '.join(others)}." if others else ""
        raise InvalidData(
            f"{folder}: no targets '{name}' for ×{scale} and {degradation}.{there} Make them: vsr "
            f"train teach {folder} --scale {scale} --degradation {degradation} --name {name} "
            "--teacher FILE."
        )

    def summary(self) -> dict[str, Any]:
        """Return what it holds and what was left out, for programs."""
        table = asdict(self)
        del table["weights"], table["asked"]
        return table

    def losses(self, *, is_detailed: bool) -> list[str]:
        """Return lines on what was changed or left out; in detail, with the names of all files."""
        lines = [f"{count} converted: {what}" for what, count in self.converted.items()]
        for reason, names in self.skipped.items():
            shown = names if is_detailed or len(names) <= FEW else (*names[:FEW], "…")
            lines.append(f"{len(names)} skipped: {reason} ({', '.join(shown)})")
        for reason, count in self.dropped_patches.items():
            lines.append(f"{counted(count, 'patch')} dropped: {reason}")
        return lines

    def write(self, folder: Path) -> None:
        """Write it as JSON into ``folder``; the one before stays until the new one is whole."""
        with published(folder / MANIFEST) as part:
            part.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def read_manifest(folder: Path) -> DatasetManifest:
    """Read the manifest of a prepared folder.

    Raises:
        InvalidData: there is none, or it cannot be read.
    """
    try:
        table = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return decode(table, DatasetManifest, MANIFEST)
    except (FileNotFoundError, NotADirectoryError) as error:
        if not folder.exists():
            raise InvalidData(f"{folder}: no such folder. Check the path.") from error
        raise InvalidData(
            f"{folder}: not a prepared data set. Make one with: vsr train prepare {folder} --out "
            "PREPARED."
        ) from error
    except (OSError, ValueError, AttributeError, InvalidRecipe) as error:
        raise InvalidData(f"{folder}: {error}") from error


def digest_of(folder: Path, parameters: Iterable[str]) -> str:
    """Return the SHA-256 over the names and bytes of all data files of a folder.

    Args:
        parameters: what else they were made with, one line each.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix in DATA_SUFFIXES)
    lines = [*(f"{path.name} {sha256_of(path)}" for path in files), *parameters]
    return sha256("\n".join(lines).encode()).hexdigest()


def low_name(scale: int, degradation: str) -> str:
    """Return the name of the file of reduced patches."""
    return f"lr_x{scale}.u8" if degradation == BICUBIC else f"lr_x{scale}_{degradation}.u8"


def next_name(scale: int, degradation: str) -> str:
    """Return the name of the file of the same patches one frame later."""
    return f"lr_x{scale}_{degradation}_next.u8"


def move_name(scale: int, degradation: str) -> str:
    """Return the name of the file that says how the window moved in between."""
    return f"lr_x{scale}_{degradation}_move.i8"


def target_name(scale: int, degradation: str, name: str) -> str:
    """Return the name of the file of what a teacher made of the patches."""
    return f"hr_x{scale}_{degradation}_{name}.u8"
