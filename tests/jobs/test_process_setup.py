"""What the program does to its own process, and the library does not."""

import subprocess
import sys

import pytest

OPENED = """
import os
from vsr.media.encoding.encoder_trial import openings
before = dict(os.environ)
{settled}
assert dict(openings())["libsvtav1"] is None
print(before == dict(os.environ))
"""
SETTLED = "from vsr.jobs.process_setup import settle; settle()"


@pytest.mark.parametrize(
    ("settled", "is_unchanged", "is_quiet"), [("", True, False), (SETTLED, False, True)]
)
def test_only_the_program_tells_encoders_to_be_quiet(settled, is_unchanged, is_quiet):
    run = subprocess.run(
        [sys.executable, "-c", OPENED.format(settled=settled)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": ""},
    )
    assert run.stdout.strip() == str(is_unchanged)
    assert ("Svt" not in run.stderr) is is_quiet
