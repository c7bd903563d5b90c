"""Networks written as ONNX by several threads at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from vsr.models.onnx_file import write_onnx
from vsr.models.plain import Plain
from vsr.values import Size

pytestmark = pytest.mark.usefixtures("onnx")

THREADS = 3


def test_threads_write_theirs_at_once(tmp_path: Path) -> None:
    start = Barrier(THREADS)

    def write(number: int) -> float:
        start.wait(10)
        return write_onnx(Plain(2, 8, 4), tmp_path / f"{number}.onnx", Size(16, 16))

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(apart <= 1 for apart in pool.map(write, range(THREADS)))
    assert len(list(tmp_path.iterdir())) == THREADS
