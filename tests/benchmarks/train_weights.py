"""Train the weights that the package ships, one resumable run per network: ``make train-weights``.

One call prepares the data, trains the first unfinished network for a piece, or exports it: at most
ten minutes on a GPU machine. Call it again to continue. Needs the shared data of ``VSR_DATA``.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WEIGHTS = Path("vsr/models/weights")
FEATURES = "weights/mobilenet_v2_features_fp16.safetensors"
SOURCES = ("budgie", "deepin", "drone", "elementary", "opensfm", "popos")
"""Of the shared photographs, those that weights which are shipped may learn from (see NOTICE)."""

RARE = ("drone_*=0.3", "opensfm_*=0.3")
"""Many pictures of one place weigh less."""

TEACHER = "weights/public/realesr-general-x4v3.pth"
PUBLIC = "weights/public/realesr-animevideov3.pth"
"""Of the shared data: what ``vivid`` begins as, ``clear`` is fitted to, and most learn from; and
what ``anime`` learns from."""

CRISP = ("--tone", "6", "--texture", "0.3", "--window", "0", "--name", "crisp")
CRISP_X4 = (*CRISP, "--scale", "4", "--sharpen", "0.8")
CRISP_X2 = (*CRISP, "--scale", "2", "--sharpen", "0.6")
VIVID = ("--tone", "12", "--texture", "0.3", "--window", "0", "--name", "vivid")
VIVID_X4 = (*VIVID, "--scale", "4", "--sharpen", "0.5")
TAPED = (*CRISP, "--scale", "2", "--sharpen", "0.2")
DRAWN_CORRECTION = ("--tone", "6", "--texture", "0.8", "--sharpen", "1")
"""How targets are corrected: of ``fast-clear`` ×4 and ×2, ``vivid`` and ``clear``, ``tape``, and
``anime``."""

BENCHMARKS = ("Set5", "Set14", "BSD100")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A network: its recipe, its name, what it starts from; exported to the user if not shipped.

    It learns from drawings (`tests.benchmarks.drawn`) where it ``is_drawn``, else from photographs.
    """

    recipe: str
    name: str
    init: str = ""
    has_features: bool = False
    is_in_package: bool = True
    is_drawn: bool = False


FAST = str(WEIGHTS / "fast_x4.safetensors")

SHIPPED = (
    Shipped(recipe="fast-x4", name="fast"),
    Shipped(recipe="fast-video-strong-x4", name="fast-video-strong", init="fast"),
    Shipped(recipe="fast-video-medium-x4", name="fast-video-medium", init="fast"),
    Shipped(recipe="fast-video-light-x4", name="fast-video-light", init="fast"),
    Shipped(recipe="fast-clear-x4", name="fast-clear", init="fast", has_features=True),
    Shipped(recipe="quality-x4", name="quality", init=FAST),
    Shipped(recipe="clear-x4", name="clear", init=TEACHER),
    Shipped(recipe="vivid-x4", name="vivid", init=TEACHER),
    Shipped(recipe="lite-x4", name="lite"),
    Shipped(recipe="swift-srgan-x4", name="swift-srgan"),
    Shipped(recipe="srgan-x4", name="srgan"),
    Shipped(recipe="dpsrgan-x4", name="dpsrgan"),
    Shipped(recipe="fast-x2", name="fast", init=FAST),
    Shipped(recipe="fast-video-strong-x2", name="fast-video-strong", init="fast"),
    Shipped(recipe="fast-clear-x2", name="fast-clear", init="fast"),
    Shipped(recipe="tape-x2", name="tape", init="fast-clear"),
    Shipped(recipe="anime-x4", name="anime", init="fast-clear", is_drawn=True),
    *(
        Shipped(
            recipe=f"{system}-{losses}-gan-x4", name=f"{system}-gan", init=system,
            has_features=True, is_in_package=False,
        )
        for system, losses in (
            ("swift-srgan", "multiscale"), ("srgan", "mobilenet"), ("dpsrgan", "mobilenet"),
        )
    ),
)  # fmt: skip
"""In the order of training: a network that starts from another follows it."""


TRAIN = ("-c", "from vsr.cli import main; main()", "train")
DRAW = ("-m", "tests.benchmarks.drawn")
"""Arguments of Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one call does.

    Attributes:
        arguments: of ``vsr train``, or of the ``program``.
        done: the file that is made when it has succeeded; None for the data.
        is_piece: it is stopped when its time is up, and goes on in the next call.
    """

    arguments: tuple[str, ...]
    done: Path | None
    text: str
    is_piece: bool = False
    program: tuple[str, ...] = TRAIN


def next_step(runs: Path, data: Path, minutes: int) -> Step | None:
    """Return what is to be done next; None if everything is exported.

    Args:
        runs: where the prepared data and the runs are kept.
        data: the shared data.
        minutes: how long each network is trained.
    """
    if step := _made(runs, data):
        return step
    for one in SHIPPED:
        run = runs / one.recipe
        if (run / "exported").exists():
            continue
        if (run / "trained").exists():
            return _export(one, run, data)
        if one.is_drawn and (step := _drawn(runs, data)):
            return step
        return _train(one, run, runs / ("drawn" if one.is_drawn else "data"), data, minutes)
    return None


def _made(runs: Path, data: Path) -> Step | None:
    """Return what is still to be made of the photographs: a set, or its targets."""
    prepared = runs / "data"
    if not prepared.is_dir():
        weights = [word for pattern in RARE for word in ("--weight", pattern)]
        kinds = ("video", "video-clear", "video-tape")
        damage = [word for kind in kinds for word in ("--degradation", kind)]
        options = ["--out", str(prepared), *damage, *weights]
        return Step(
            arguments=("prepare", *_photos(data), *options), done=None, text="data prepared"
        )
    teacher = data / TEACHER
    clear, tape = ("--degradation", "video-clear"), ("--degradation", "video-tape")
    sets = {
        "taught-crisp": (*CRISP_X4, *clear),
        "taught-crisp-x2": (*CRISP_X2, *clear),
        "taught-vivid": (*VIVID_X4, *clear),
        "taught-crisp-tape": (*TAPED, *tape),
    }
    steps = (_targets(prepared, runs / name, teacher, wanted) for name, wanted in sets.items())
    return next(filter(None, steps), None)


def _drawn(runs: Path, data: Path) -> Step | None:
    """Return what is still to be made of drawings: pictures, a set, or its targets."""
    pictures, prepared = runs / "pictures", runs / "drawn"
    if not (runs / "pictures-drawn").exists():
        return Step(
            arguments=(*_photos(data), str(pictures)),
            done=runs / "pictures-drawn",
            text="pictures drawn",
            program=DRAW,
        )
    if not prepared.is_dir():
        options = ("--out", str(prepared), "--degradation", "video-clear")
        return Step(
            arguments=("prepare", str(pictures), *options), done=None, text="drawings prepared"
        )
    return _targets(prepared, runs / "drawn-taught", data / PUBLIC, DRAWN_CORRECTION)


def _photos(data: Path) -> list[str]:
    photos = [str(path) for path in sorted((data / "train/photos").glob("*_*"))]
    return [path for path in photos if Path(path).name.startswith(SOURCES)]


def _targets(prepared: Path, done: Path, teacher: Path, correction: tuple[str, ...]) -> Step | None:
    if done.exists():
        return None
    arguments = ("teach", str(prepared), "--teacher", str(teacher), *correction)
    return Step(arguments=arguments, done=done, text="targets made", is_piece=True)


def _export(one: Shipped, run: Path, data: Path) -> Step:
    scores = [word for name in BENCHMARKS for word in ("--benchmark", f"{data}/benchmarks/{name}")]
    to = ("--to", str(WEIGHTS)) if one.is_in_package else ()
    to = ("--name", one.name, *to, "-y", "--licence", "Apache-2.0")
    arguments = ("export", str(run), *to, *scores)
    return Step(arguments=arguments, done=run / "exported", text=f"{one.recipe}: exported")


def _train(one: Shipped, run: Path, prepared: Path, data: Path, minutes: int) -> Step:
    text = f"{one.recipe}: trained for a piece"
    if (run / "run.json").exists():
        arguments: tuple[str, ...] = ("resume", str(run))
    else:
        arguments = ("fit", one.recipe, "--data", str(prepared), "--out", str(run))
        arguments += ("--minutes", str(minutes))
        init = str(data / one.init) if one.init == TEACHER else one.init
        arguments += ("--init", init) if init else ()
        arguments += ("--perceptual-weights", str(data / FEATURES)) if one.has_features else ()
    return Step(arguments=arguments, done=run / "trained", text=text, is_piece=True)


def do(step: Step, seconds: int) -> int:
    """Run a step, and stop it after ``seconds`` if it goes on in the next call."""
    command = [sys.executable, *step.program, *step.arguments]
    with subprocess.Popen(command) as process:
        try:
            code = process.wait(seconds if step.is_piece else None)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait()
            return 0
    if code == 0 and step.done is not None:
        step.done.touch()
    return 0 if step.done is None and code == 3 else code  # 3: pictures were dropped


def main() -> int:
    """Do what is next, and say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path.home() / ".cache" / "vsr" / "runs")
    parser.add_argument("--minutes", type=int, default=25, help="of each network")
    parser.add_argument("--piece", type=int, default=570, help="seconds of one call")
    wanted = parser.parse_args()
    if "VSR_DATA" not in os.environ:
        parser.error("set VSR_DATA to the folder of the shared data.")
    step = next_step(wanted.runs, Path(os.environ["VSR_DATA"]), wanted.minutes)
    if step is None:
        print("every network is trained and exported")
        return 0
    code = do(step, wanted.piece)
    if code == 0:
        print(f"{step.text}; run make train-weights again")
    return code


if __name__ == "__main__":
    sys.exit(main())
