"""``vsr upscale --workers``: what of one film is distributed, and what is not."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.clips import write_clip
from vsr.batch.engine import EngineSpec
from vsr.errors import InvalidCheckpoint, OutputExists, UnreadableMedia
from vsr.jobs.workers.pool import open_pool
from vsr.jobs.workers.tasks import PlanFilm, UpscaleSegment
from vsr.jobs.workers.upscale import upscale
from vsr.jobs.workers.worker import FilmSpec, open_worker, opener
from vsr.models.plain import Plain
from vsr.models.sent_model import SentModel
from vsr.specs import UpscaleSpec
from vsr.values import OutputSize

TWO = EngineSpec(workers=2, cpus_per_worker=1)


def test_a_picture_is_done_by_one_however_many_there_are(tmp_path: Path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("workers were started for a picture")

    monkeypatch.setattr("vsr.jobs.workers.pool.open_local", refuse)
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(np.zeros((8, 12, 3), np.uint8)).save(source)
    spec = UpscaleSpec(size=OutputSize(scale=2), steps=("upscale", "fit"), model="bicubic")
    assert upscale(source, target, spec, engine=TWO).frames_out == 1
    with Image.open(target) as picture:
        assert picture.size == (24, 16)
    with pytest.raises(OutputExists):
        upscale(source, target, spec, engine=TWO)


def test_what_workers_tell_is_told_under_the_name_that_was_typed(tmp_path, monkeypatch):
    """A worker is given absolute paths, as it may run in another folder."""

    def open_here(_engine: EngineSpec, spec: UpscaleSpec, watchdog: None) -> object:
        return open_pool(None, spec, watchdog)

    monkeypatch.setattr("vsr.jobs.workers.upscale.open_pool", open_here)
    monkeypatch.chdir(tmp_path)
    Path("in.mp4").write_bytes(b"no film")
    spec = UpscaleSpec(size=OutputSize(scale=2), steps=("upscale", "fit"), model="bicubic")
    with pytest.raises(UnreadableMedia, match=r"^in\.mp4: not a media file"):
        upscale(Path("in.mp4"), Path("out.mp4"), spec, engine=TWO)


def test_a_worker_elsewhere_gets_the_network_and_names_it_as_it_was_sent(tmp_path, monkeypatch):
    clip, weights = write_clip(tmp_path / "in.mp4", frames=2), tmp_path / "mine.pth"
    torch.save(Plain(2, 4, 1).state_dict(), weights)
    spec = UpscaleSpec(size=OutputSize(scale=2), steps=("upscale", "fit"), model=str(weights))
    sent = SentModel.of(spec.model)
    assert opener(spec, is_remote=True).args[-1] == sent
    weights.unlink()
    monkeypatch.setenv("VSR_HOME", str(tmp_path / "other"))
    worker = open_worker("cpu", "fp32", None, None, sent)
    begun = PlanFilm(FilmSpec(source=clip, target=tmp_path / "o.mkv", spec=spec)).run(worker, print)
    assert begun.spec.model == str(weights)
    assert begun.fingerprint["weights"] == sent.files[0].sha256
    assert begun.fingerprint["model"] == "mine"


def test_weights_that_change_after_the_plan_are_refused(tmp_path):
    clip, weights = write_clip(tmp_path / "in.mp4", frames=2), tmp_path / "mine.pth"
    torch.save(Plain(2, 4, 1).state_dict(), weights)
    spec = UpscaleSpec(size=OutputSize(scale=2), steps=("upscale", "fit"), model=str(weights))
    film = FilmSpec(source=clip, target=tmp_path / "o.mkv", spec=spec)
    begun = PlanFilm(film).run(open_worker("cpu", "fp32", None), print)
    torch.save(Plain(2, 4, 1).state_dict(), weights)
    (segment,) = begun.segments
    part = UpscaleSegment(
        film=film, fingerprint=begun.fingerprint, segment=segment, path=tmp_path / "000.nut"
    )
    with pytest.raises(InvalidCheckpoint, match="its weights changed after") as refused:
        part.run(open_worker("cpu", "fp32", None), print)
    assert refused.value.exit_code == 2
    assert not part.path.exists()
