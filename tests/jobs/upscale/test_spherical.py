"""A 360° video is planned as one: what is left of it, and what is said."""

from pathlib import Path

import pytest

from tests.jobs.upscale.woven_runs import bob_spec
from tests.media.encoding.test_projection import AHEAD, CUBE, write_spherical
from vsr.errors import UnsuitableContainer
from vsr.jobs.probe.look import look
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.workers.upscale import upscale
from vsr.media.frames.spherical import Spherical
from vsr.media.reading.probe import probe


def test_an_upscaled_video_has_the_projection_of_its_size(tmp_path: Path):
    clip = write_spherical(tmp_path / "in.mp4", CUBE)
    assert look(clip).words["video"].endswith(", 360°")
    result = upscale(clip, tmp_path / "out.mp4", bob_spec())
    assert probe(result.output).video.spherical == Spherical(CUBE.projection, padding=8)
    assert not result.losses


def test_a_part_of_its_frames_is_none(tmp_path: Path):
    clip = write_spherical(tmp_path / "in.mp4")
    job = prepare(clip, tmp_path / "out.mp4", bob_spec(crop="48:64:0:0"))
    assert job.video.spherical is None
    assert job.lost == ("its frames are cut, which leaves no 360° video: players show it flat.",)
    whole = prepare(clip, tmp_path / "out.mp4", bob_spec(crop="96:64:0:0"))
    assert whole.video.spherical == AHEAD


def test_a_pipe_does_not_tell_it(tmp_path: Path):
    clip = write_spherical(tmp_path / "in.mp4")
    job = prepare(clip, Path("-"), bob_spec(container="matroska"))
    (lost,) = job.lost
    assert lost.endswith("players show it flat. Write an .mp4 or .mkv file to keep it.")
    with pytest.raises(UnsuitableContainer, match="360°"):
        prepare(clip, Path("-"), bob_spec(container="matroska", is_strict=True))
