"""spandrel loads beside any torch, and leaves nothing behind."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

BROKEN = 'raise RuntimeError("operator torchvision::nms does not exist")\n'


def run_with(folder, code):
    """Run code in a fresh process whose path begins with a folder."""
    whole = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", whole], capture_output=True, text=True, check=True
    ).stdout.splitlines()


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is there")
def test_the_stand_in_is_gone_once_spandrel_is_imported(tmp_path):
    lines = run_with(
        tmp_path,
        "from vsr.models.foreign.library import library\n"
        "print(library().detail)\n"
        "print(len(list(library().module.MAIN_REGISTRY)))\n"
        "print([name for name in sys.modules if name.startswith('torchvision')])\n",
    )
    assert "stand-in for torchvision, which is not installed" in lines[0]
    assert int(lines[1]) >= 40
    assert lines[2] == "[]"


def test_a_torchvision_that_does_not_load_is_stood_in_for(tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(BROKEN)
    (line,) = run_with(
        tmp_path, "from vsr.models.foreign.library import library\nprint(library().detail)\n"
    )
    assert "which does not load beside this torch (operator torchvision::nms" in line


@pytest.mark.slow
def test_a_torchvision_that_loads_is_used(tmp_path):
    for name in ("", "transforms"):
        (tmp_path / "torchvision" / name).mkdir()
        (tmp_path / "torchvision" / name / "__init__.py").write_text("")
    (tmp_path / "torchvision/transforms/functional.py").write_text(
        "class InterpolationMode: BILINEAR = 'bilinear'\nrotate = normalize = print\n"
    )
    (line,) = run_with(
        tmp_path, "from vsr.models.foreign.library import library\nprint(library().detail)\n"
    )
    assert line.endswith("with torchvision's own names")


def test_without_spandrel_the_extra_is_named(tmp_path):
    (line,) = run_with(
        tmp_path,
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'spandrel' else found(name, *rest)\n"
        "from vsr.models.foreign.library import library\nprint(library().detail)\n",
    )
    assert "vsr-cli[models]" in line
    assert "--no-deps spandrel einops" in line
