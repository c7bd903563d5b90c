from pathlib import Path

import pytest

from tests.clips import Audio, write_clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A film of twelve pictures, with audio."""
    return write_clip(tmp_path / "in.mp4", frames=12, audio=[Audio()])
