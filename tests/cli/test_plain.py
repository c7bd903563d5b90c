"""Terminals that know ASCII alone, or a code page."""

import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from vsr.cli.shared.plain import in_signs_it_has


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("utf-8", "4× → Übung 日 …"), ("cp1252", "4× -> Übung \\u65e5 …"), ("ascii", None)],
)
def test_what_an_encoding_lacks_is_written_in_signs_that_it_has(encoding, written):
    stream = TextIOWrapper(BytesIO(), encoding=encoding)
    in_signs_it_has(stream)
    stream.write("4× → Übung 日 …")
    stream.flush()
    said = stream.buffer.getvalue().decode(encoding)
    assert said == (written or "4x -> \\xdcbung \\u65e5 ...")


def test_messages_are_plain_where_the_terminal_must_be(tmp_path: Path):
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    name = tmp_path / "4×.mp4"
    code = f"from vsr.cli import main; main(['probe', {str(name)!r}])"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=False)
    assert b"4x.mp4: no such file" in done.stderr
