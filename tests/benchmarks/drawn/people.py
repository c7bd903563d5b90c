"""People, as drawn film has them: eyes, locks of hair, shadows with hard borders."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.drawn.hand import Hand, at, cel, ellipse
from tests.benchmarks.drawn.strokes import Canvas, Colour, Points, curve


def _eye(canvas: Canvas, hand: Hand, centre: Points, size: float, iris: Colour) -> None:
    canvas.fill(ellipse(centre, (size, 0.8 * size)), (250, 250, 250))
    ring = ellipse(centre, (0.62 * size, 0.78 * size))
    canvas.light(ring, (hand.shade(iris, 0.4), iris), np.pi / 2)
    canvas.outline(ring, 0.6 * hand.pen, hand.ink)
    canvas.fill(ellipse(centre, (0.28 * size, 0.4 * size)), (20, 15, 25))
    shine = at(centre, size, (-0.25, -0.35))[0]
    canvas.fill(ellipse(shine, (0.2 * size, 0.24 * size)), (255, 255, 255))
    lash = at(centre, size, (-1.1, 0.1), (-0.6, -0.7), (0.1, -0.9), (0.8, -0.6), (1.2, 0.0))
    canvas.ink(curve(lash), max(1.8 * hand.pen, 0.16 * size), hand.ink, 0.4)
    below = at(centre, size, (-0.6, 0.75), (0.0, 0.9), (0.6, 0.75))
    canvas.ink(curve(below), 0.6 * hand.pen, hand.ink, 0.8)
    brow = at(centre, size, (-1.1, -1.3), (0.0, -1.7), (1.1, -1.4))
    canvas.ink(curve(brow), 1.6 * hand.pen, hand.ink, 0.7)


def _hair(canvas: Canvas, hand: Hand, head: Points, size: float, colour: Colour) -> None:
    for _ in range(int(hand.rng.integers(9, 18))):
        x = hand.rng.uniform(-1.1, 1.1)
        root = head + np.array([0.4 * x, -1.15]) * size
        tip = head + np.array([1.1 * x, hand.rng.uniform(-0.5, 0.2 + 0.9 * abs(x))]) * size
        bend = (root + tip) / 2 + np.array([0.4 * x, -0.2]) * size
        lock, wide = curve([root, bend, tip]), size * hand.rng.uniform(0.12, 0.3)
        canvas.ink(lock, wide + 2 * hand.width(), hand.ink, 0.6)
        canvas.ink(lock, wide, colour, 0.6)
        shine = hand.shade(colour, hand.rng.uniform(1.1, 1.6))
        canvas.ink(lock[4:-8], wide * 0.25, shine, 0.9)
        for _ in range(int(hand.rng.integers(1, 4))):
            shift = hand.rng.normal(0, 0.05, 2) * size
            canvas.ink(lock + shift, 0.6 * hand.width(), hand.ink, 1.0)


BODY = ((-0.5, 0.9), (-1.7, 1.6), (-2.0, 3.4), (2.0, 3.4), (1.7, 1.6), (0.5, 0.9))
FACE = (
    (-0.85, -0.6), (-0.85, 0.2), (-0.5, 0.8), (0, 1.1),
    (0.5, 0.8), (0.85, 0.2), (0.85, -0.6), (0, -1.1),
)  # fmt: skip
SHADOW = ((0.5, -0.9), (0.3, 0.0), (0.45, 0.6), (0.1, 1.05), (0.9, 0.7), (1.0, -0.6))
NECK = ((-0.3, 0.6), (-0.35, 1.4), (0.35, 1.4), (0.3, 0.6))


def _person(canvas: Canvas, hand: Hand, head: Points, size: float) -> None:
    skin: Colour = hand.shade((255, 222, 196), hand.rng.uniform(0.45, 1.0))
    if hand.palette == "night":
        skin = hand.shade((200, 205, 255), hand.rng.uniform(0.3, 0.6))
    hair, iris = hand.colour(), hand.colour()
    cel(canvas, hand, curve(at(head, size, *BODY), is_closed=True), hand.colour())
    canvas.fill(at(head, size, *NECK), hand.shade(skin, 0.75))
    outline = curve(at(head, size, *FACE), is_closed=True)
    canvas.fill(outline, skin)
    canvas.fill(at(head, size, *SHADOW) * 0.9 + head * 0.1, hand.shade(skin, 0.82))
    canvas.outline(outline, hand.width(), hand.ink)
    for side in (-1, 1):
        _eye(canvas, hand, at(head, size, (0.4 * side, 0.15))[0], 0.24 * size, iris)
        for index in range(3):
            cheek = np.array([side * 0.55 + 0.06 * index, 0.55])
            mark = at(head, size, *np.add(cheek, ((0.0, 0.0), (0.05, -0.06), (0.08, -0.14))))
            canvas.ink(curve(mark), 0.6 * hand.pen, hand.shade(skin, 0.7), 0.6)
    nose = at(head, size, (-0.03, 0.35), (0.05, 0.5), (-0.02, 0.52))
    canvas.ink(curve(nose), hand.width(), hand.ink, 0.8)
    smile = 0.8 + hand.rng.uniform(-0.05, 0.08)
    mouth = at(head, size, (-0.25, 0.74), (0.0, smile), (0.25, 0.72))
    canvas.ink(curve(mouth), hand.width(), hand.ink, 0.6)
    _hair(canvas, hand, head, size, hair)


def people(canvas: Canvas, hand: Hand) -> None:
    """Draw up to three people, near or far."""
    for _ in range(int(hand.rng.integers(1, 4))):
        size = float(hand.rng.uniform(50, 220))
        _person(canvas, hand, hand.somewhere() * [0.8, 0.55] + [120, 150], size)
