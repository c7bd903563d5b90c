import pytest

from vsr.wording import counted, of_all, printable


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        (0, "frame", "0 frames"),
        (1, "frame", "1 frame"),
        (1, "patch", "1 patch"),
        (2, "patch", "2 patches"),
    ],
)
def test_things_are_counted_in_words(count: int, noun: str, words: str) -> None:
    assert counted(count, noun) == words


def test_of_all_things_one_is_and_several_are() -> None:
    assert of_all(1, 4, "segment") == "1 of 4 segments is"
    assert of_all(3, 4, "segment") == "3 of 4 segments are"
    assert of_all(1, 1, "segment") == "1 of 1 segment is"


def test_a_name_that_breaks_lines_or_cannot_be_decoded_is_shown_on_one_line() -> None:
    assert printable("a\nb\x1b[31m.mp4") == "a\\nb\\x1b[31m.mp4"
    assert printable("b\udcff.mp4") == "b?.mp4"
    assert printable("Häßlich 映画.mp4") == "Häßlich 映画.mp4"
