from pathlib import Path

import numpy as np

from tests.clips import times_in
from vsr.media.clips.h264 import write_clip
from vsr.media.clips.scene import RATE, clip_frames, render
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.values import Size

TINY = Size(96, 54)


def test_the_scene_moves_and_has_detail():
    first, later = render(Size(480, 270), 0.0), render(Size(480, 270), 0.5)
    assert first.shape == (270, 480, 3)
    assert np.abs(first.astype(int) - later).mean() > 5
    assert np.abs(np.diff(first.astype(int), axis=1)).mean() > 3


def test_the_clip_has_its_frames_its_sound_and_its_colour(tmp_path: Path):
    path = tmp_path / "scene.mp4"
    write_clip(path, 0.5, TINY)
    info = probe(path)
    assert info.video.size == TINY
    assert (info.video.colour.matrix, int(info.video.colour.range)) == (1, 1)
    assert [stream.codec for stream in info.others] == ["aac"]
    assert times_in(path) == [index / RATE for index in range(12)]


def test_the_clip_shows_the_scene(tmp_path: Path):
    """Luma of the written clip against BT.709 luma of what was drawn."""
    path = tmp_path / "scene.mp4"
    write_clip(path, 0.1, TINY)
    drawn = next(clip_frames(0.1, TINY)).astype(float)
    luma = 16 + 219 / 255 * (drawn @ [0.2126, 0.7152, 0.0722])
    with Reader.open(path) as reader:
        shown = next(reader.frames()).planes[0]
    assert np.abs(shown - luma).mean() < 3
