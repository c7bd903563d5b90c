"""Enlarge a clip by every method, an unsharp mask of equal acutance among them, and score all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.looks import cache, cells, frame_edges, methods, score, tones
from tests.benchmarks.looks.clips import Clip
from tests.benchmarks.looks.material import LOOKED_AT, Material, material
from tests.benchmarks.looks.methods import LANCZOS, SLOW, TEACHER, Method
from tests.benchmarks.looks.planar import Rgb
from tests.benchmarks.looks.score import Scene, pictures
from vsr.jobs.upscale.strength import CLEAR
from vsr.values import Blend

PLAIN = ("filters", "score", "sharpness", "tones")
MEASURES: dict[str, tuple[str, ...]] = {
    "looks": (*PLAIN, "flow", "motion"),
    "face": (*PLAIN, "flow", "motion"),
    "pan": (*PLAIN, "flow", "motion"),
    "pulse": (*PLAIN, "flow", "motion"),
    "shade": ("filters", "score", "shades"),
    "text": (*PLAIN, "pages"),
    "flat": ("tones",),
    "cells": ("cells", "tones"),
    "frame_edges": ("frame_edges", "tones"),
}
"""The modules that figures of each kind depend on: they are measured anew when one changes."""

TYPICAL = Blend(strength=0.6, sharpness=CLEAR)
"""What a compressed film is given."""

LARGEST_AMOUNT, HALVINGS = 8.0, 10
"""Of the unsharp mask, and how exactly it is solved."""


def flat(method: Method) -> dict[str, Any]:
    """Return what becomes of flat fields, in the blend of a typical film, and the cost."""

    def measured() -> dict[str, Any]:
        fields = tones.flat_fields(partial(method.enlarge, blend=TYPICAL))
        found = {"worst": fields.worst, "is_exact": fields.is_exact}
        return found | {"operations": methods.operations(method)}

    return cache.kept_values(cache.digest("flat", method.key, _version("flat")), measured)


def shown(clip: Clip, every: Sequence[Method], match: str) -> tuple[Scene, dict[str, Rgb]]:
    """Return the frames of each method, and of the mask that is as acute as ``match``."""
    given = material(clip)
    results = {method.name: enlarged(method, given) for method in every}
    scene = Scene(clip=clip, material=given, lanczos=results[LANCZOS], teacher=results.get(TEACHER))
    target = scene.acutance(pictures(results[match]))
    if target is not None:
        results[f"unsharp = {match}"] = matched_unsharp(scene, target)
    if given.truth is not None:
        results["truth"] = given.truth
    return scene, results


def judged(
    clip: Clip, every: Sequence[Method], match: str
) -> tuple[dict[str, Any], dict[str, Rgb]]:
    """Return the figures of each method on a clip, and the frames to be looked at."""
    scene, results = shown(clip, every, match)
    keys = {method.name: method.key for method in every}
    matched = cache.digest("unsharp", keys[match])
    row = {
        name: _all_scores(scene, keys.get(name, "truth" if name == "truth" else matched), frames)
        for name, frames in results.items()
    }
    return row, results


def enlarged(method: Method, given: Material) -> Rgb:
    """Return a method's frames, from the cache if they are there: slow methods' few."""
    source = given.source[list(LOOKED_AT)] if method.name in SLOW else given.source
    make = partial(method.frames, source, given.blend)
    if method.name == LANCZOS:
        return make()
    return cache.kept_array(cache.digest(method.key, given.key, len(source)), make)


def matched_unsharp(scene: Scene, target: float) -> Rgb:
    """Return Lanczos with an unsharp mask of a given acutance, by bisection."""
    base = pictures(scene.lanczos)
    lost = methods.detail(base)
    low, high = 0.0, LARGEST_AMOUNT
    for _ in range(HALVINGS):
        amount = (low + high) / 2
        own = scene.acutance(methods.to_codes(base + amount * lost))
        assert own is not None
        low, high = (amount, high) if own < target else (low, amount)
    amount = (low + high) / 2
    sharpened = [
        methods.to_codes(one + amount * methods.detail(one[None])[0]) for one in scene.lanczos
    ]
    return np.stack(sharpened)


def _all_scores(scene: Scene, key: str, frames: Rgb) -> dict[str, Any]:
    found = _scores(scene, key, frames)
    if scene.clip.purpose not in ("looks", "face"):
        return found
    own, scale = pictures(frames), scene.clip.scale

    def kept(kind: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        whole = cache.digest(kind, key, scene.clip, scene.material.key, _version(kind))
        return cache.kept_values(whole, make)

    found = found | kept("cells", lambda: cells.steps(own, pictures(scene.lanczos), scale))
    truth = scene.material.truth
    if truth is None:
        return found
    return found | kept(
        "frame_edges",
        lambda: {"frame_edges": frame_edges.ring_error(own, pictures(truth), scale)},
    )


def _scores(scene: Scene, key: str, frames: Rgb) -> dict[str, Any]:
    teacher = scene.teacher is not None
    version = _version(scene.clip.purpose)
    whole = cache.digest("scores", key, scene.clip, scene.material.key, version, teacher)
    return cache.kept_values(whole, lambda: dict(score.scores(scene, frames)))


def _version(kind: str) -> str:
    files = [Path(__file__).parent / f"{name}.py" for name in MEASURES[kind]]
    return cache.digest(*(file.read_text() for file in files))
