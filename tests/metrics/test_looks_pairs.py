"""Blind pairs, their verdict, and the table of the benchmark of looks."""

import argparse
import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from tests.benchmarks.looks import pairs
from tests.benchmarks.looks.clips import CLIPS, Clip
from tests.benchmarks.looks.methods import Method
from tests.benchmarks.looks.table import table

METHODS = [Method(name=name, key=name) for name in ("lanczos", "default", "mine")]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Pairs of two clips in which a method's frames are all of its own gray."""
    grays = {"lanczos": 50, "default": 100, "mine": 200}

    def shown(clip, every, match):
        del every, match
        return None, {name: np.full((8, 240, 320, 3), gray) for name, gray in grays.items()}

    def as_codes(clip, every, match):
        scene, frames = shown(clip, every, match)
        return scene, {name: one.astype(np.uint8) for name, one in frames.items()}

    monkeypatch.setattr(pairs, "shown", as_codes)
    clips = [Clip(file=f"{name}.mp4", what="", half="report") for name in ("one", "two")]
    typed = argparse.Namespace(folder=tmp_path / "blind", key=tmp_path / "key.json", seed=5)
    count = pairs.write(clips, METHODS, "mine", typed)
    return typed, count, grays


def test_every_clip_gives_a_pair_against_each_rival(written):
    typed, count, _ = written
    assert count == 4
    assert sorted(file.name for file in typed.folder.iterdir()) == [
        "001.png", "002.png", "003.png", "004.png",
    ]  # fmt: skip
    key = json.loads(typed.key.read_text())["pairs"]
    kinds = {rival: set() for rival in ("lanczos", "default")}
    for one in key.values():
        kinds[one["A"] if one["B"] == "mine" else one["B"]].add(one["kind"])
    assert kinds == {rival: {"still", "strip"} for rival in kinds}  # not one kind for each rival
    assert all("mine" in (one["A"], one["B"]) for one in key.values())


def test_a_page_shows_what_the_key_says(written):
    typed, _, grays = written
    for name, one in json.loads(typed.key.read_text())["pairs"].items():
        page = np.asarray(Image.open(typed.folder / f"{name}.png").convert("L"))
        middle = page[page.shape[0] // 2]
        assert middle[10] == grays[one["A"]]
        assert middle[-10] == grays[one["B"]]


def test_the_verdict_counts_choices_of_the_candidate(tmp_path):
    key = {"candidate": "mine", "pairs": {
        "001": {"A": "mine", "B": "lanczos"}, "002": {"A": "lanczos", "B": "mine"},
        "003": {"A": "default", "B": "mine"},
    }}  # fmt: skip
    (tmp_path / "key.json").write_text(json.dumps(key))
    (tmp_path / "one.txt").write_text("001 A\n002 A\n003 B, softer\n")
    (tmp_path / "two.txt").write_text("001 A\n002 =\n003 B\n")
    answers = [tmp_path / "one.txt", tmp_path / "two.txt"]
    lines = pairs.verdict(tmp_path / "key.json", answers).splitlines()
    assert lines[2].startswith("| lanczos | 62 % |")
    assert lines[2].endswith("| 4 | ≥ 80 % |")
    assert lines[3].startswith("| default | 100 % |")


def test_an_interval_is_wilsons():
    low, high = pairs.interval(8, 10)
    assert (low, high) == (pytest.approx(0.490, abs=0.001), pytest.approx(0.943, abs=0.001))
    assert pairs.interval(10, 10)[1] == 1
    widths = [np.diff(pairs.interval(0.8 * count, count))[0] for count in (10, 40, 120)]
    assert all(narrow < wide for wide, narrow in pairwise(widths))


def test_no_two_clips_share_a_name_and_both_halves_cover_every_purpose():
    names = [clip.name for clip in CLIPS]
    assert len(set(names)) == len(names)
    for half in ("choose", "report"):
        purposes = {clip.purpose for clip in CLIPS if clip.half == half}
        assert purposes == {"looks", "pan", "pulse", "shade", "text", "face"}


def test_the_table_marks_what_misses_and_divides_by_lanczos():
    flat = {"worst": 0.1, "is_exact": True, "operations": 1000}
    scores = {
        "lanczos": {
            "acutance": 1.0,
            "still": 2.0,
            "psnr_y": 30.0,
            "overshoot": 0.0,
            "wrong_characters": 0.0,
        },
        "mine": {
            "acutance": 1.3,
            "still": 3.0,
            "psnr_y": 29.9,
            "overshoot": 0.6,
            "wrong_characters": 0.01,
        },
    }
    clip = {"half": "choose", "what": "", "scores": scores}
    flats = {"lanczos": flat | {"operations": 0}, "mine": flat}
    text = table({"scale": 2, "flat": flats, "clips": {"a": clip}})
    assert text.startswith("How enlarged clips look, ×2 ")
    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if "|" in line}
    assert rows["acutance, sharp edges"].endswith("| **1.00; 1.00** | 1.30; 1.30 |")
    assert rows["flicker where still / Lanczos"].endswith("| 1.00; 1.00 | **1.50; 1.50** |")
    assert rows["Y-PSNR − Lanczos, dB"].endswith("| 0.00; 0.00 | -0.10; -0.10 |")
    assert rows["overshoot, codes"].endswith("| 0.00; 0.00 | **0.60; 0.60** |")
    assert rows["wrong characters, %"].endswith("| 0.00; 0.00 | **1.00; 1.00** |")
