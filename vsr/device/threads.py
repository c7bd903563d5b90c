"""Let idle compute threads sleep, so that decoder and encoder get the cores.

OpenMP's threads by default spin while they wait for their next piece of work. Beside an encoder on
the same cores that costs more than waking them: measured on two loaded cores, `lite` took 54
instead of 135 to 239 ms of processor time a frame, `fast` 498 instead of about 650.
"""

from __future__ import annotations

import os
import sys

_POLICY = "OMP_WAIT_POLICY"


def let_idle_threads_sleep() -> bool:
    """Ask OpenMP for passive waiting; a choice of the user's own stands.

    Process-wide, and read when torch is loaded: the command-line program calls it first of all, the
    library never does.

    Returns:
        False when torch was loaded before, which makes it too late.
    """
    if "torch" in sys.modules:
        return False
    os.environ.setdefault(_POLICY, "PASSIVE")
    return True
