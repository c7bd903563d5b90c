import pytest

from vsr.jobs.progress import counted, printable


@pytest.mark.parametrize(("frames", "words"), [(0, "0 frames"), (1, "1 frame"), (2, "2 frames")])
def test_frames_are_counted_in_words(frames: int, words: str):
    assert counted(frames) == words


def test_a_name_that_breaks_lines_or_cannot_be_decoded_is_shown_on_one_line():
    assert printable("a\nb\x1b[31m.mp4") == "a\\nb\\x1b[31m.mp4"
    assert printable("b\udcff.mp4") == "b?.mp4"
    assert printable("Häßlich 映画.mp4") == "Häßlich 映画.mp4"
