"""Ctrl-C: the run stops at once, leaves no process and no target, and the next one resumes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clips import indices_in, write_clip

ROOT = Path(__file__).parents[2]
QUICK = ["--model", "bicubic", "--scale", "2", "--encoder-preset", "ultrafast"]


def alive_in(group: int) -> list[str]:
    """Return the processes of a group, except those that only wait for init to reap them."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        state, _, pgrp = rest.split()[:3]
        if int(pgrp) == group and state != "Z":
            found.append(name)
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_ends_a_batch_and_its_workers_and_the_same_command_goes_on(tmp_path: Path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for index in range(3):
        write_clip(source / f"{index}.mkv", frames=96, gop=12)
    options = [*QUICK, "--workers", "2", "--segment-frames", "24", "--json"]
    command = [sys.executable, "-c", "from vsr.cli import main; main()", "batch"]
    with subprocess.Popen(
        [*command, str(source), str(out), *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    ) as driver:  # fmt: skip
        assert driver.stdout is not None
        driver.stdout.readline()
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: to the workers as well
        *_, last = driver.communicate()[0].splitlines()
    assert driver.returncode == 130
    assert json.loads(last)["code"] == 130
    for _ in range(100):
        if not alive_in(driver.pid):
            break
        time.sleep(0.05)
    assert alive_in(driver.pid) == []
    assert (out / "vsr-report.json").exists()
    subprocess.run(
        [*command, str(source), str(out), *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    assert all(indices_in(out / f"{index}.mkv") == list(range(96)) for index in range(3))
