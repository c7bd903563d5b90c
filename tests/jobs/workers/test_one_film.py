"""``vsr upscale --workers``: what of one film is distributed, and what is not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vsr.batch.engine import EngineSpec
from vsr.errors import OutputExists
from vsr.jobs.workers.upscale import upscale
from vsr.specs import UpscaleSpec
from vsr.values import OutputSize

TWO = EngineSpec(workers=2, cpus_per_worker=1)


def test_a_picture_is_done_by_one_however_many_there_are(tmp_path: Path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("workers were started for a picture")

    monkeypatch.setattr("vsr.jobs.workers.upscale.open_local", refuse)
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(np.zeros((8, 12, 3), np.uint8)).save(source)
    spec = UpscaleSpec(size=OutputSize(scale=2), steps=("upscale", "fit"), model="bicubic")
    assert upscale(source, target, spec, engine=TWO).frames_out == 1
    with Image.open(target) as picture:
        assert picture.size == (24, 16)
    with pytest.raises(OutputExists):
        upscale(source, target, spec, engine=TWO)
