"""The plot of a run, as far as pixels tell."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vsr.metrics.plot import HEIGHT, MARGIN_TOP
from vsr.training.run.log import LOSS_COLOUR, LogEntry, write_plot


def drawn(losses: dict[str, tuple[float, ...]], folder: Path) -> np.ndarray:
    """Return where the loss panel has the colour of its curve: (HEIGHT, WIDTH), bool."""
    entries = [
        LogEntry(stage, step, loss, None)
        for stage, line in losses.items()
        for step, loss in enumerate(line, 1)
    ]
    write_plot(entries, folder / "plot.png")
    with Image.open(folder / "plot.png") as image:
        return (np.asarray(image)[:HEIGHT] == LOSS_COLOUR).all(axis=2)


def test_a_curve_is_one_line_and_the_next_stage_begins_another(tmp_path):
    one = drawn({"pixel": (0.5, 0.4, 0.3, 0.2, 0.1, 0.05)}, tmp_path)
    columns = np.flatnonzero(one.any(axis=0))
    assert (np.diff(columns) == 1).all()
    two = drawn({"pixel": (0.5, 0.4, 0.3), "polish": (0.2, 0.1, 0.05)}, tmp_path)
    gaps = np.diff(np.flatnonzero(two.any(axis=0)))
    assert (gaps > 50).sum() == 1


@pytest.mark.parametrize("later", [20.0, 2000.0])
def test_a_small_loss_is_seen_beside_the_large_one_of_a_later_stage(tmp_path, later):
    small = drawn({"pixel": (0.1, 0.05, 0.02), "adversarial": (later, later, later)}, tmp_path)
    rows = np.flatnonzero(small[:, : small.shape[1] // 2].any(axis=1))
    assert rows.max() - rows.min() > (HEIGHT - MARGIN_TOP) // 20


def test_an_empty_log_is_not_drawn(tmp_path):
    write_plot([], tmp_path / "plot.png")
    assert not (tmp_path / "plot.png").exists()
