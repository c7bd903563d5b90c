"""What only the program may do to its process; each is tried in a process of its own."""

import subprocess
import sys


def said_by(code: str, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", **environment},
    )
    return run.stdout.strip()


SLEEP = "from vsr.device.threads import let_idle_threads_sleep as f; import os; print(f()"
POLICY = ", os.environ.get('OMP_WAIT_POLICY'))"


def test_idle_threads_sleep_unless_the_user_chose():
    assert said_by(SLEEP + POLICY) == "True PASSIVE"
    assert said_by(SLEEP + POLICY, OMP_WAIT_POLICY="ACTIVE") == "True ACTIVE"


def test_after_torch_it_is_too_late_and_says_so():
    code = "import sys, types; sys.modules['torch'] = types.ModuleType('torch'); "
    assert said_by(code + SLEEP + POLICY) == "False None"


def test_the_allocator_takes_the_settings_where_there_is_glibc():
    code = (
        "from vsr.device.allocator import keep_large_blocks; import platform; "
        "print(keep_large_blocks() == (platform.libc_ver()[0] == 'glibc'))"
    )
    assert said_by(code) == "True"
