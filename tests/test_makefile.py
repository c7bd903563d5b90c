"""What runs on a machine with a GPU installs nothing there: it may have no package registry."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ON_GPU = ["gpu-first", "test-gpu", "bench-gpu", "train-weights"]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def planned(target: str, *words: str) -> list[str]:
    command = ["make", "--no-print-directory", "-n", target, *words]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("target", ON_GPU)
def test_a_python_that_has_what_is_needed_is_used_as_it_is(target: str, tmp_path: Path):
    (line,) = planned(target, f"PYTHON={sys.executable}", f"VENV={tmp_path}")
    assert line.startswith(f"{sys.executable} -m ")


@pytest.mark.parametrize("target", ON_GPU)
def test_else_the_environment_is_made_and_used(target: str, tmp_path: Path):
    lines = planned(target, "PYTHON=false", f"VENV={tmp_path}")
    assert any("pip install" in line for line in lines)
    assert lines[-1].startswith(f"{tmp_path}/bin/python -m ")


def test_an_environment_that_is_there_comes_first(tmp_path: Path):
    (tmp_path / "installed").touch()
    (line,) = planned("bench-gpu", f"PYTHON={sys.executable}", f"VENV={tmp_path}", "RESULTS=out")
    assert line == f"{tmp_path}/bin/python -m tests.benchmarks.gpu --results out"
