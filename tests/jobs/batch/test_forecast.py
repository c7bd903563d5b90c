"""What ``vsr batch --dry-run`` foresees: what the batch then does, refusals included."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.clips import write_clip
from vsr.batch.plan import Selection
from vsr.jobs.batch.batch import BatchSpec, batch
from vsr.jobs.batch.forecast import forecast
from vsr.media.images.images import RESULTS
from vsr.specs import OutputSize, Size, UpscaleSpec

SPEC = UpscaleSpec(
    target=OutputSize(width=96, height=96), steps=("upscale", "fit"), model="bicubic"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    write_clip(folder / "large.mp4", frames=2, size=Size(128, 96))
    write_clip(folder / "small.mp4", frames=2, size=Size(64, 48))
    Image.new("RGB", (128, 96)).save(folder / "large.png")
    Image.new("RGB", (48, 32)).save(folder / "small.png")
    return folder


@pytest.mark.parametrize(
    ("spec", "refused"),
    [
        (SPEC, {"large.mp4", "large.png"}),
        (replace(SPEC, target=OutputSize(scale=2)), set()),
        (
            replace(SPEC, sharpness=1.0),
            {"large.mp4", "large.png", "small.mp4", "small.png"},
        ),
    ],
)
def test_what_the_batch_will_refuse_is_foreseen(
    folder: Path, tmp_path: Path, spec: UpscaleSpec, refused: set[str]
) -> None:
    job = BatchSpec(upscale=spec, selection=Selection(pictures=RESULTS))
    foreseen = {one.source.name: one.error for one in forecast(folder, tmp_path / "out", job)}
    assert {name for name, error in foreseen.items() if error} == refused
    done = {one.source.name: one.error for one in batch(folder, tmp_path / "out", job)}
    assert foreseen == done
