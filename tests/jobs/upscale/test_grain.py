"""Grain that a network removes is measured, decided once, and drawn again."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.barcode import plane_view
from tests.flavoured import SPEC
from vsr.cli import run
from vsr.colour import Colour
from vsr.errors import OutputError
from vsr.frames import Layout
from vsr.jobs.progress import Progress
from vsr.jobs.upscale.choice import Choice, choose_grain
from vsr.jobs.upscale.lost_grain import enlarged_and_reduced, lost_grain
from vsr.jobs.upscale.strength import Condition
from vsr.jobs.workers.upscale import upscale
from vsr.media.frames.planes import video_frame_of
from vsr.metrics.noise import power_before_and_after
from vsr.models.catalog import Model, load
from vsr.models.plain import Plain
from vsr.models.traits import traits_of
from vsr.specs import EncodeSpec
from vsr.values import Grain, GrainProfile

COLOUR = Colour().resolved(160, 120)
PROFILE = GrainProfile(deviations=(5.0,) * 8, spectrum=(1.0,) * 64)
GRAINY = replace(SPEC, strength=0.0, sharpness=0.0, grain=PROFILE)
LOSSLESS = EncodeSpec(codec="ffv1")

pytestmark = pytest.mark.usefixtures("models")


def averaging(share: float) -> Model:
    """A network ×2 that replaces a share of each pixel by the mean of nine."""
    net = Plain(2, 2, 1, "luma")
    state = {name: torch.zeros_like(value) for name, value in net.state_dict().items()}
    state["head.weight"][0, 0] = 1 / 9
    state["head.weight"][1, 0, 1, 1] = 1.0
    state["body.0.weight"][:, :, 1, 1] = torch.eye(2)
    state["tail.weight"][:, 0, 1, 1] = share
    state["tail.weight"][:, 1, 1, 1] = -share
    net.load_state_dict(state)
    return Model(name="mean", net=net.eval(), traits=traits_of(net))


def pairs(deviation: float = 5.0) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Frames of a slope with noise."""
    still, rng = np.tile(np.linspace(60, 190, 160), (120, 1)), np.random.default_rng(0)
    noise = (rng.normal(0, deviation, still.shape) for _ in range(4))
    return list(pairwise(np.rint(still + one).astype(np.uint8) for one in noise))


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_what_is_left_and_what_is_drawn_are_as_strong_as_the_source(share: float) -> None:
    model, source = averaging(share), pairs()
    profile = lost_grain(model, source, COLOUR, 1.0)
    reduced = [enlarged_and_reduced(model, pair, COLOUR) for pair in source]
    _, left = power_before_and_after(source, reduced)
    assert np.sqrt(left.mean() + np.square(profile.deviations).mean()) == pytest.approx(5, rel=0.1)
    half = lost_grain(model, source, COLOUR, 0.5)
    assert half.deviations == pytest.approx(np.array(profile.deviations) / 2, abs=0.01)
    assert half.spectrum == profile.spectrum


def test_a_faithful_network_removes_nothing() -> None:
    small = [tuple(luma[:80, :96] for luma in pair) for pair in pairs()]
    assert lost_grain(load("fast", 2), small, COLOUR, 1.0) is None


@pytest.mark.parametrize("deviation", [0.0, 0.2])
def test_grain_that_is_not_there_is_not_drawn(deviation: float) -> None:
    assert lost_grain(averaging(1.0), pairs(deviation), COLOUR, 1.0) is None


CLEAN = Condition(codec="ffv1", quantiser=0.0, blockiness=0.0)
HARD = Condition(codec="h264", quantiser=34.0, blockiness=0.5)


@pytest.mark.parametrize(
    ("asked", "condition", "amount"),
    [
        ("auto", CLEAN, 1.0),
        ("auto", HARD, None),
        ("keep", HARD, 1.0),
        (0.5, HARD, 0.5),
        ("remove", CLEAN, None),
        (0.0, CLEAN, None),
    ],
)
def test_how_much_is_given_back(asked: Grain, condition: Condition, amount: float | None) -> None:
    measured: list[float] = []

    def measure(amount: float) -> GrainProfile:
        measured.append(amount)
        return PROFILE

    choice = choose_grain(Choice(replace(SPEC, grain=asked)), lambda: condition, measure)
    assert measured == ([] if amount is None else [amount])
    assert choice.spec.grain == (0.0 if amount is None else PROFILE)
    note = choice.note(averaging(1.0)) or ""
    is_said = asked == "auto" and amount is not None
    assert ("grain of 5.0 codes is drawn again; --grain remove for none." in note) is is_said


def test_what_another_worker_measured_is_taken_as_it_is() -> None:
    choice = Choice(replace(SPEC, grain=PROFILE))
    assert choose_grain(choice, no_look, no_look).spec.grain == PROFILE


def no_look(*_: object) -> None:
    """Fail where nothing need be measured."""
    raise AssertionError("measured")


def still_film(path: Path, frames: int = 24) -> Path:
    """A film of one picture, with a key frame every sixth."""
    luma = np.tile(np.linspace(40, 200, 96).astype(np.uint8), (64, 1))
    gray = np.full((32, 48), 128, np.uint8)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25, options={"g": "6"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(frames):
            frame = video_frame_of((luma, gray, gray), "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_frames_that_repeat_are_reused_and_still_get_grain_of_their_own(tmp_path: Path) -> None:
    film, target = still_film(tmp_path / "film.mkv"), tmp_path / "out.mkv"
    result = upscale(film, target, replace(GRAINY, encode=LOSSLESS))
    assert result.frames_reused > 10
    shown = frames_of(target)
    assert len({one.tobytes() for one in shown}) == 24
    noise = np.array([one - np.mean(shown, axis=0) for one in shown]).reshape(24, -1)
    assert np.abs(np.corrcoef(noise) - np.eye(24)).max() < 0.15


def test_a_stopped_run_draws_the_same_grain_and_no_other(tmp_path: Path) -> None:
    class PowerCut(Exception):
        pass

    def cut(progress: Progress) -> None:
        if progress.frames == 14:
            raise PowerCut

    film, target = still_film(tmp_path / "film.mkv"), tmp_path / "out.mkv"
    spec = replace(GRAINY, segment_frames=12)
    upscale(film, tmp_path / "whole.mkv", spec)
    with pytest.raises(PowerCut):
        upscale(film, target, spec, on_progress=cut)
    with pytest.raises(OutputError, match="grain was"):
        upscale(film, target, replace(spec, grain=0.0))
    upscale(film, target, spec)
    assert target.read_bytes() == (tmp_path / "whole.mkv").read_bytes()


def test_an_amount_is_a_word_or_a_number(tmp_path: Path, capsys) -> None:
    film = still_film(tmp_path / "film.mkv", 2)
    command = ["upscale", str(film), str(tmp_path / "out.mkv"), "-s", "2", "-m", "toy", "--dry-run"]
    for value in ("keep", "remove", "auto", "0.5"):
        assert run([*command, "--grain", value]) == 0
    for value, message in (
        ("some", "'some' is not an amount of grain"),
        ("2", "grain 2.0: give keep, remove, auto or a number"),
    ):
        assert run([*command, "--grain", value]) == 2
        assert message in capsys.readouterr().err


def frames_of(path: Path) -> list[NDArray[np.float64]]:
    """The lumas of a film."""
    with av.open(str(path)) as container:
        return [
            plane_view(frame.planes[0], Layout()).astype(np.float64)
            for frame in container.decode(video=0)
        ]
