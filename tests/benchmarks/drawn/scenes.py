"""Drawn pictures: people, landscapes, pages and shapes, each from a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.benchmarks.drawn.hand import SIZE, Hand, at, cel, ellipse, hatched
from tests.benchmarks.drawn.people import people
from tests.benchmarks.drawn.strokes import Canvas, Points, curve

WORDS = (
    "night", "river", "wind", "over", "the", "hill", "who", "is", "there", "wait", "a", "moment",
    "gone", "KAZE", "12:40", "EXIT", "STOP",
)  # fmt: skip


def landscape(canvas: Canvas, hand: Hand) -> None:
    """Draw clouds, hills, trees and houses."""
    width, height = SIZE
    for _ in range(int(hand.rng.integers(2, 6))):
        cloud = hand.somewhere() * [1, 0.4]
        for _ in range(6):
            puff = cloud + hand.rng.normal(0, 45, 2) * [1.6, 0.6]
            canvas.fill(
                ellipse(puff, (60, 40)), hand.shade((245, 248, 255), hand.rng.uniform(0.8, 1))
            )
    for depth in np.linspace(0.45, 0.85, 4):
        ridge = [
            (x, height * depth + hand.rng.normal(0, 45)) for x in np.linspace(-60, width + 60, 9)
        ]
        line, colour = curve(ridge), hand.colour()
        bottom = np.array([[width + 60, height], [-60, height]])
        canvas.light(np.concatenate([line, bottom]), (colour, hand.shade(colour, 0.6)), np.pi / 2)
        canvas.ink(line, hand.width(), hand.ink, 0.2)
        for _ in range(int(hand.rng.integers(2, 6))):
            place = line[int(hand.rng.integers(len(line)))]
            (_tree if hand.rng.random() < 0.5 else _house)(canvas, hand, place, 300 * (depth - 0.3))


def _tree(canvas: Canvas, hand: Hand, foot: Points, size: float) -> None:
    trunk = curve(at(foot, size, (0, 0), (0.05, -0.6), (0, -1.2)))
    canvas.ink(trunk, 0.2 * size, hand.shade(hand.colour(), 0.5), 0.3)
    crown = at(foot, size, (0, -1.4))[0]
    cel(canvas, hand, hand.blob(crown, 0.6 * size, 0.35), hand.colour())
    for _ in range(12):
        start = crown + hand.rng.normal(0, 0.25 * size, 2)
        leaf = curve(at(start, size, (0, 0), (0.06, -0.04), (0.12, 0.03)))
        canvas.ink(leaf, hand.width() * 0.7, hand.ink, 0.9)


def _house(canvas: Canvas, hand: Hand, foot: Points, size: float) -> None:
    wall = at(foot, size, (-0.6, 0), (-0.6, -0.9), (0.6, -0.9), (0.6, 0))
    roof = at(foot, size, (-0.8, -0.9), (0, -1.5), (0.8, -0.9))
    for outline in (wall, roof):
        canvas.fill(outline, hand.colour())
        canvas.outline(outline, hand.width(), hand.ink)
    for x in (-0.4, 0.1):
        corners = ((x, -0.7), (x + 0.3, -0.7), (x + 0.3, -0.4), (x, -0.4))
        pane = at(foot, size, *corners)
        canvas.light(pane, ((255, 240, 170), (250, 200, 90)), 1.0)
        canvas.outline(pane, 0.7 * hand.width(), hand.ink)
        bars = at(pane.mean(axis=0), size, (0, -0.15), (0, 0.15))
        canvas.ink(np.linspace(*bars, 9), 0.7 * hand.width(), hand.ink, 0.0)


def page(canvas: Canvas, hand: Hand) -> None:
    """Draw bubbles with letters, hatching and speed lines."""
    focus = hand.somewhere()
    for angle in hand.rng.uniform(0, 2 * np.pi, int(hand.rng.integers(0, 60))):
        along = np.array([np.cos(angle), np.sin(angle)])
        line = np.linspace(focus + along * hand.rng.uniform(150, 400), focus + along * 1400, 20)
        canvas.ink(line, 2.5 * hand.width(), hand.ink, 0.5)
    for _ in range(int(hand.rng.integers(2, 6))):
        hatched(canvas, hand, hand.somewhere(), hand.rng.uniform(40, 160))
    for _ in range(int(hand.rng.integers(2, 6))):
        centre, pixels = hand.somewhere() * 0.9, float(hand.rng.uniform(14, 60))
        words = " ".join(hand.rng.choice(WORDS, 2))
        reach = (0.32 * pixels * len(words) + pixels, 1.4 * pixels)
        bubble = ellipse(centre, reach)
        canvas.fill(bubble, (252, 252, 252))
        canvas.outline(bubble, hand.width(), hand.ink)
        canvas.write(
            words,
            (float(centre[0] - 0.26 * pixels * len(words)), float(centre[1] - 0.6 * pixels)),
            pixels,
            (15, 12, 20),
        )


def shapes(canvas: Canvas, hand: Hand) -> None:
    """Draw shapes with hard shadows, round ones in soft light, and loose strokes."""
    for _ in range(int(hand.rng.integers(10, 24))):
        outline, colour = hand.blob(hand.somewhere(), hand.rng.uniform(25, 190)), hand.colour()
        if hand.rng.random() < 0.5:
            cel(canvas, hand, outline, colour)
        else:
            canvas.light(
                outline, (hand.shade(colour, 1.3), hand.shade(colour, 0.45)), hand.rng.uniform(0, 6)
            )
    for _ in range(int(hand.rng.integers(15, 50))):
        start = hand.somewhere()
        path = start + np.cumsum(hand.rng.normal(0, 60, (5, 2)), axis=0)
        ink = hand.ink if hand.rng.random() < 0.7 else hand.colour()
        canvas.ink(curve(path), hand.width(), ink, hand.rng.uniform(0.1, 1.0))


SCENES: tuple[Callable[[Canvas, Hand], None], ...] = (people, landscape, page, shapes, people)


def drawn(seed: int, background: Image.Image | None = None) -> Image.Image:
    """Return a picture of `SIZE`; the same for the same seed.

    Args:
        background: a painted one, instead of a soft gradient.
    """
    rng = np.random.default_rng(seed)
    hand, canvas = Hand(rng), Canvas(SIZE, (255, 255, 255))
    width, height = SIZE
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    canvas.light(corners, (hand.colour(), hand.colour()), rng.uniform(0, 2 * np.pi))
    if background is not None:
        canvas.paste(background)
    SCENES[seed % len(SCENES)](canvas, hand)
    if seed % 4:
        SCENES[int(rng.integers(len(SCENES)))](canvas, hand)
    return canvas.finished()
