import pytest


@pytest.fixture(autouse=True)
def _computed_by_one_thread(one_thread: None) -> None:
    """Every test of this folder."""
