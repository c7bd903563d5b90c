"""What a teacher makes of the patches of a prepared set: a file, and a journal of what is in it.

Patches are taught in chunks, in any order and by several processes. A killed run leaves
``….u8.part`` and ``….journal``: the first line of the journal says what is being made, every other
one is a chunk that lies in the file. Made again with the same values, only the rest is done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vsr.device.select import Device
from vsr.disk.publishing import part_of, publish, writing
from vsr.models.weights_files import sha256_of
from vsr.training.data.batches import normalised
from vsr.training.data.dataset import mapped
from vsr.training.data.fields import is_field
from vsr.training.data.manifest import DatasetManifest, Taught, low_name, read_manifest, target_name
from vsr.training.pictures import Pixels
from vsr.training.teacher.teacher import Correction, Teacher, TeacherSpec

JOURNAL = ".journal"

CHUNK = 8
"""Patches that go through the teacher together, and are noted together."""


@dataclass(frozen=True, slots=True)
class TargetFile:
    """A file of targets (count, side, side, 3), uint8, as it comes to be.

    Attributes:
        identity: everything that its bytes depend on; another identity begins from nothing.
    """

    path: Path
    count: int
    side: int
    identity: Mapping[str, object]

    @property
    def journal(self) -> Path:
        """What has been done."""
        return self.path.with_suffix(JOURNAL)

    def begin(self) -> list[int]:
        """Make the file, or go on with it; return the chunks that are left.

        Raises:
            NoSpace, UnwritableOutput: the folder.
        """
        chunks = range(-(-self.count // CHUNK))
        first, *done = self._lines() or [""]
        if first == self._identity and (part_of(self.path).exists() or self.path.exists()):
            return sorted(set(chunks) - {int(line) for line in done if line.isdigit()})
        with writing(self.path):
            with part_of(self.path).open("wb") as file:
                file.truncate(self.count * self.side**2 * 3)
            self.journal.write_text(self._identity + "\n", encoding="utf-8")
        return list(chunks)

    def put(self, chunk: int, pixels: Pixels) -> None:
        """Put the targets of a chunk where they belong."""
        size = self.side**2 * 3
        with writing(self.path), part_of(self.path).open("r+b") as file:
            file.seek(chunk * CHUNK * size)
            file.write(np.ascontiguousarray(pixels).tobytes())

    def note(self, chunk: int) -> None:
        """Record that a chunk lies in the file."""
        with writing(self.journal), self.journal.open("a", encoding="utf-8") as file:
            file.write(f"{chunk}\n")

    def publish(self) -> str:
        """Give the complete file its name; return its SHA-256."""
        with writing(self.path):
            if part_of(self.path).exists():
                publish(part_of(self.path), self.path)
        return sha256_of(self.path)

    def forget(self) -> None:
        """Drop the journal: the manifest knows of the file."""
        self.journal.unlink(missing_ok=True)

    @property
    def _identity(self) -> str:
        return json.dumps(self.identity, sort_keys=True)

    def _lines(self) -> list[str]:
        """Return the whole lines of the journal; the last one may have been cut off."""
        if not self.journal.exists():
            return []
        text = self.journal.read_text(encoding="utf-8")
        return text[: text.rfind("\n") + 1].splitlines()


def chunk_of(chunk: int, count: int) -> slice:
    """Return which patches a chunk is."""
    return slice(chunk * CHUNK, min((chunk + 1) * CHUNK, count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """The patches of one scale and degradation, and who teaches them how.

    Attributes:
        folder: the prepared set.
        name: of the targets.
    """

    folder: Path
    name: str
    scale: int
    degradation: str
    parts: tuple[TeacherSpec, ...]
    correction: Correction
    device: Device

    def target_file(self, manifest: DatasetManifest, teacher: Teacher) -> TargetFile:
        """Return the file that it makes."""
        identity = {
            "data": manifest.sha256,
            "teachers": teacher.names(),
            "correction": str(self.correction),
            "precision": self.device.precision,
        }
        path = self.folder / target_name(self.scale, self.degradation, self.name)
        return TargetFile(path, manifest.count, manifest.patch, identity)

    def entry(self, teacher: Teacher, sha256: str) -> Taught:
        """Return what the manifest says of it."""
        return Taught(
            name=self.name,
            scale=self.scale,
            degradation=self.degradation,
            teachers=teacher.names(),
            correction=str(self.correction),
            sha256=sha256,
        )


class Class:
    """A lesson with its teacher and files open: makes chunks in any order."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.manifest = read_manifest(lesson.folder)
        self.teacher = Teacher.open(lesson.parts, lesson.scale)
        self.file = lesson.target_file(self.manifest, self.teacher)
        side = self.manifest.patch
        low = low_name(lesson.scale, lesson.degradation)
        self._low = mapped(lesson.folder / low, self.manifest.count, side // lesson.scale)
        self._high = mapped(lesson.folder / "hr.u8", self.manifest.count, side)

    @torch.inference_mode()
    def teach(self, chunk: int) -> None:
        """Make the targets of a chunk; those of `fields` are the truth."""
        lesson, numbers = self.lesson, chunk_of(chunk, self.manifest.count)
        truth_codes = np.array(self._high[numbers])
        low, truth = (
            normalised(torch.from_numpy(codes), "rgb").to(lesson.device.torch_device)
            for codes in (np.array(self._low[numbers]), truth_codes)
        )
        taught = self.teacher.taught(low, lesson.device)
        target = lesson.correction.of(taught, truth, low)
        made = target.mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        fields = [
            self.manifest.has_fields and is_field(number)
            for number in range(self.manifest.count)[numbers]
        ]
        made[fields] = truth_codes[fields]
        self.file.put(chunk, made)
