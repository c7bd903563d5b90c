"""Code in a process of its own that is held to fewer instructions than this processor has."""

import os
import subprocess
import sys


def printed(code: str, onednn: str, *arguments: str) -> str:
    """Return what Python code prints where oneDNN has the instructions of a set, and no more.

    oneDNN reads the variable when it starts.
    """
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": onednn},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
