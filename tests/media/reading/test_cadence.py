"""What a few frames in a row show of where they come from."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import write_clip
from tests.woven import interlaced, telecined
from vsr.errors import UnreadableMedia
from vsr.frames import HostFrame, Layout
from vsr.media.reading.cadence import Cadences, cadence_of, cadences_of, looks_telecined
from vsr.media.reading.probe import probe
from vsr.values import Size

SIZE = Size(192, 128)
GRAY = Layout(8, 0, 0, is_gray=True)
WINDOW = 21
Luma = NDArray[np.uint8]


def pictures(count: int, *, pace: float = 3.0, held: int = 1, seed: int = 0) -> list[Luma]:
    """A patch that moves over a backdrop, each picture shown ``held`` times."""
    random = np.random.default_rng(seed)
    backdrop = 100 + random.normal(0, 10, (SIZE.height, SIZE.width))
    patch = random.uniform(0, 255, (48, 48))
    found = []
    for index in range(count):
        luma = backdrop.copy()
        left = 10 + round(pace * (index // held)) % (SIZE.width - 70)
        luma[40:88, left : left + 48] = patch
        found.append(luma.astype(np.uint8))
    return found


def frames_of(lumas: Sequence[Luma], noise: float = 0.0) -> list[HostFrame]:
    random = np.random.default_rng(7)
    return [
        HostFrame(
            planes=(np.clip(luma + random.normal(0, noise, luma.shape), 0, 255).astype(np.uint8),),
            pts=index,
            layout=GRAY,
        )
        for index, luma in enumerate(lumas[:WINDOW])
    ]


@pytest.mark.parametrize("noise", [0.0, 2.0])
@pytest.mark.parametrize("is_top_first", [True, False])
@pytest.mark.parametrize("skipped", range(5))
def test_a_telecine_is_seen_with_its_cycle_and_field_order(
    skipped: int, is_top_first: bool, noise: float
):
    lumas = telecined(pictures(24), is_top_first=is_top_first)[skipped:]
    seen = cadence_of(frames_of(lumas, noise))
    assert (seen.kind, seen.first, seen.is_top_first) == ("film", -skipped % 5, is_top_first)


def test_drawn_film_is_seen_though_every_picture_is_shown_twice():
    assert cadence_of(frames_of(telecined(pictures(24, held=2, pace=6)))).kind == "film"


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_video_is_seen_whether_interlaced_or_not(noise: float):
    assert cadence_of(frames_of(list(interlaced(pictures(48))), noise)).kind == "video"
    assert cadence_of(frames_of(pictures(24), noise)).kind == "video"


@pytest.mark.parametrize("noise", [0.0, 1.0, 4.0])
def test_what_stands_still_tells_nothing_however_noisy(noise: float):
    assert cadence_of(frames_of(pictures(24, pace=0), noise)).kind == "still"


def test_a_cut_between_stills_and_a_few_frames_tell_nothing():
    cut = [*pictures(11, pace=0), *pictures(11, pace=0, seed=5)]
    assert cadence_of(frames_of(cut)).kind == "still"
    assert cadence_of(frames_of(telecined(pictures(24)))[:5]).kind == "still"
    assert cadence_of([]).kind == "still"


def test_other_repetitions_are_no_film():
    assert cadence_of(frames_of(pictures(24, held=2))).kind == "still"
    assert cadence_of(frames_of(pictures(24, held=3))).kind == "still"


def test_places_are_film_only_together():
    film, video, still = (
        cadence_of(frames_of(lumas))
        for lumas in (telecined(pictures(24)), pictures(24), pictures(24, pace=0))
    )
    assert Cadences((film, still)).is_film
    assert not Cadences((film, video)).is_film
    assert Cadences((film, video, still)).is_mixed
    assert not Cadences((still,)).is_film


@pytest.mark.parametrize(("rate", "is_seen"), [("30000/1001", True), ("30", True), ("25", False)])
def test_only_its_own_frame_rate_is_looked_at(tmp_path: Path, rate: str, is_seen: bool):
    planes = [(luma,) for luma in telecined(pictures(24))]
    clip = write_clip(
        tmp_path / "a.mkv", frames=len(planes), pictures=planes, size=SIZE, rate=Fraction(rate)
    )
    assert looks_telecined(probe(clip)) is is_seen


def test_what_cannot_be_read_again_is_not_called_film(tmp_path: Path):
    clip = write_clip(tmp_path / "a.mkv", frames=30, rate=Fraction(30000, 1001))
    info = probe(clip)
    clip.write_bytes(b"gone")
    with pytest.raises(UnreadableMedia):
        probe(clip)
    assert cadences_of(info).places == ()
