"""Which frames are shown: a textured, a dark and a moving one, apart from each other."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import write_clip
from vsr.jobs.estimate.moments import clock, pts_at, seconds_at
from vsr.jobs.preview.choose import telling_frames
from vsr.media.frames.planes import video_frame_of
from vsr.media.reading import glimpses as module
from vsr.media.reading.glimpses import Glimpse, glimpses
from vsr.media.reading.probe import probe
from vsr.values import PtsSpan

PLAIN = {"brightness": 0.5, "contrast": 0.2, "texture": 0.1, "motion": 0.01}


def film(**special: dict[str, float]) -> list[Glimpse]:
    """A hundred frames alike but for those that are named ``f40={"texture": 0.9}``."""
    return [Glimpse(pts=i, **{**PLAIN, **special.get(f"f{i}", {})}) for i in range(100)]


def chosen(found: list[Glimpse], count: int, *taken: int) -> dict[str, int]:
    return {choice.why: choice.pts for choice in telling_frames(found, count, taken)}


def test_the_frame_is_found_that_each_is_looked_for():
    found = film(
        f20={"brightness": 0.1}, f50={"texture": 0.9}, f80={"motion": 0.1}, f95={"brightness": 0.9}
    )
    assert chosen(found, 1) == {"textured": 50}
    assert chosen(found, 4) == {"dark": 20, "textured": 50, "moving": 80, "bright": 95}
    assert [one.pts for one in telling_frames(found, 4)] == [20, 50, 80, 95]


def test_black_frames_and_cuts_tell_nothing():
    found = film(
        f10={"brightness": 0.0, "contrast": 0.0}, f30={"brightness": 0.2},
        f60={"motion": 0.4}, f70={"motion": 0.1}, f90={"texture": 0.5},
    )  # fmt: skip
    assert chosen(found, 3) == {"dark": 30, "moving": 70, "textured": 90}


def test_frames_are_apart_where_the_film_allows_it():
    found = film(f50={"texture": 0.9, "brightness": 0.1}, f52={"brightness": 0.2})
    dark = chosen(found, 2)["dark"]
    assert abs(dark - 50) >= 12
    assert len(telling_frames(found[:2], 5)) == 2


def test_more_frames_are_spread_and_none_is_taken_twice():
    many = telling_frames(film(), 9, taken=[50])
    times = sorted([50, *(choice.pts for choice in many)])
    assert len(set(times)) == 10
    assert min(b - a for a, b in pairwise(times)) >= 5


def moving(path: Path, count: int, gop: int) -> Path:
    """A film of noise that moves only in the second half, and is dark at its end."""
    rng = np.random.default_rng(3)
    field = rng.integers(60, 200, (64, 300), dtype=np.uint8)
    gray = np.full((32, 48), 128, np.uint8)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "10", "g": str(gop)})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(count):
            shift = max(0, index - count // 2) % 200
            luma = np.ascontiguousarray(field[:, shift : shift + 96])
            luma = luma // 3 if index > count * 0.9 else luma
            frame = video_frame_of((luma, gray, gray), "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("gop", [10, 500])
@pytest.mark.parametrize("is_whole", [True, False])
def test_a_film_is_measured_whole_or_in_places(tmp_path, monkeypatch, gop, is_whole):
    info = probe(moving(tmp_path / "a.mkv", 240, gop))
    if not is_whole:
        monkeypatch.setattr(module, "SHORT_PIXELS", 96 * 64 * 200)
    found = glimpses(info, PtsSpan(), 240)
    if is_whole:
        assert len(found) == 240
    half = [one for one in found if seconds_at(info, one.pts) < 4.7][1:]
    rest = [one for one in found if 4.9 < seconds_at(info, one.pts) < 8.5]
    assert half
    assert rest
    assert max(one.motion for one in half) < min(one.motion for one in rest)
    end = [one for one in found if seconds_at(info, one.pts) > 8.8]
    if gop == 10 or is_whole:
        assert max(one.brightness for one in end) < min(one.brightness for one in half)


def test_a_time_names_the_frame_that_is_shown_at_it(tmp_path):
    info = probe(write_clip(tmp_path / "a.mkv", frames=30, rate=Fraction(30000, 1001)))
    step = 1001 / 30000
    for number in (0, 1, 7, 29):
        pts = pts_at(info, number * step + 0.004)
        assert seconds_at(info, pts) == pytest.approx(number * step, abs=0.001)
        minutes, seconds = clock(seconds_at(info, pts)).split(":")
        assert pts_at(info, 60 * int(minutes) + float(seconds)) == pts


def test_a_clock_reads_as_people_write_it():
    assert clock(0) == "0:00.00"
    assert clock(83.451) == "1:23.46"
    assert clock(3723.5) == "1:02:03.50"
