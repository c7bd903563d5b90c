"""What only the program may do to its process; each is tried in a process of its own."""

import subprocess
import sys


def said_by(code: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": ""},
    )
    return run.stdout.strip()


def test_the_allocator_takes_the_settings_where_there_is_glibc():
    code = (
        "from vsr.device.memory import keep_large_blocks; import platform; "
        "print(keep_large_blocks() == (platform.libc_ver()[0] == 'glibc'))"
    )
    assert said_by(code) == "True"
