from pathlib import Path

import pytest

from tests.clips import write_clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A film of thirty pictures, each with its number as a bar code."""
    return write_clip(tmp_path / "in.mp4", frames=30)
