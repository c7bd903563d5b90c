"""What a teacher makes of the patches of a prepared set, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vsr.device.select import Device
from vsr.training.data.batches import normalised
from vsr.training.data.dataset import mapped
from vsr.training.data.fields import is_field
from vsr.training.data.manifest import DatasetManifest, Taught, low_name, read_manifest, target_name
from vsr.training.teacher.correction import Correction
from vsr.training.teacher.targets import TargetFile, chunk_of
from vsr.training.teacher.teacher import Part, Teacher


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
    parts: tuple[Part, ...]
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
