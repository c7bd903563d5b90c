import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Pictures of a few pixels gain nothing from threads that wait for each other."""
    from vsr.device.memory import one_compute_thread

    with one_compute_thread():
        yield


@pytest.fixture
def onnx() -> None:
    """Skip where the extra ``onnx`` is not installed, without importing it, as it would report."""
    if not all(map(find_spec, ("onnx", "onnxruntime"))):
        pytest.skip("the extra onnx is not installed")


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """A shell starts what runs in the background, and all its children, deaf to Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pictures as a prepared data set, which no test may change."""
    from tests.training.toys import prepared

    return prepared(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes what this machine remembers."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
