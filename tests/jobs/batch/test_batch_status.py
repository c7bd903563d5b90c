"""What distinguishes one batch's settings from another's."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.flavoured import SPEC
from vsr.batch.ledger import open_ledger
from vsr.batch.plan import Item
from vsr.jobs.batch.outcome import Outcome, file_state, fingerprint
from vsr.specs import UpscaleSpec


def change(path: Path) -> None:
    """Write other bytes of the same count and time: only reading them all shows the change."""
    facts, content = path.stat(), path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@pytest.mark.parametrize(
    ("spec", "end", "is_other"),
    [
        (SPEC, "", True),
        (SPEC, "-video-medium", True),
        (replace(SPEC, strength=0.0, sharpness=0.0), "-video-medium", False),
        (replace(SPEC, strength=0.0, sharpness=0.5), "-clear", True),
        (replace(SPEC, model="bicubic"), "", False),
    ],
)
def test_new_weights_under_the_same_name_are_another_setting(
    models: Path, spec: UpscaleSpec, end: str, is_other: bool
) -> None:
    before = fingerprint(spec)
    assert fingerprint(spec) == before
    change(models / f"toy{end}_x2.safetensors")
    assert (fingerprint(spec) != before) is is_other


def test_new_weights_in_the_same_file_are_another_setting(models: Path) -> None:
    path = models / "toy_x2.safetensors"
    before = fingerprint(replace(SPEC, model=str(path)))
    change(path)
    assert fingerprint(replace(SPEC, model=str(path))) != before


def test_what_was_made_with_other_weights_is_done_again(models: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "film.mp4").write_bytes(b"film")
    item = Item(name="film.mp4", source=tmp_path / "film.mp4", target=out / "film.mp4")

    def settled() -> Outcome | None:
        return file_state(item, ledger, "refuse", fingerprint(SPEC)).settled

    with open_ledger(out) as ledger:
        key = file_state(item, ledger, "refuse", fingerprint(SPEC)).key
        item.target.write_bytes(b"large film")
        ledger.write("done", item.name, item.target, key, {})
        assert settled() is not None
        change(models / "toy_x2.safetensors")
        assert settled() is None
