"""A timecode names the same frame before and after."""

from fractions import Fraction

import pytest

from vsr.media.timecode import relabelled, timecode_in

NTSC = Fraction(30_000, 1001)


@pytest.mark.parametrize(
    ("text", "rate", "frames", "expected"),
    [
        ("01:00:00:00", 25, 0, "01:00:00:00"),
        ("01:00:00:00", 25, 30, "01:00:01:05"),
        ("10:00:00:23", Fraction(24_000, 1001), 1, "10:00:01:00"),
        ("23:59:59:24", 25, 1, "00:00:00:00"),
        ("01:00:59;29", NTSC, 1, "01:01:00;02"),
        ("01:09:59;29", NTSC, 1, "01:10:00;00"),
        ("00:00:00;00", NTSC, 107_892, "01:00:00;00"),
        ("00:00:00;00", NTSC, 1800, "00:01:00;02"),
        ("00:00:00;00", NTSC, 17_982, "00:10:00;00"),
        ("00:00:59;59", 2 * NTSC, 1, "00:01:00;04"),
        ("00:00:00:00", NTSC, 1800, "00:01:00:00"),
        ("01:00:00.10", NTSC, 1, "01:00:00.11"),
    ],
)
def test_a_later_frame_has_a_later_label(
    text: str, rate: Fraction, frames: int, expected: str
) -> None:
    assert relabelled(text, Fraction(rate), frames / Fraction(rate)) == expected


@pytest.mark.parametrize(
    ("text", "rate", "ratio", "expected"),
    [
        ("01:00:00:12", Fraction(25), Fraction(2), "01:00:00:24"),
        ("01:00:00;14", NTSC, Fraction(2), "01:00:00;28"),
        ("01:02:00;02", NTSC, Fraction(2), "01:02:00;04"),
        ("01:00:00:10", NTSC, Fraction(4, 5), "01:00:00:08"),
        ("01:00:00;00", NTSC, Fraction(4, 5), None),
        ("a label", Fraction(25), Fraction(2), None),
    ],
)
def test_frames_are_counted_at_the_new_rate(
    text: str, rate: Fraction, ratio: Fraction, expected: str | None
) -> None:
    assert relabelled(text, rate, Fraction(0), ratio) == expected


def test_every_drop_frame_label_of_an_hour_is_used_once_and_in_order() -> None:
    labels = [relabelled("09:59:59;28", NTSC, n / NTSC) for n in range(1, 4000)]
    assert len(set(labels)) == len(labels)
    assert labels == sorted(map(str, labels))
    assert {"10:00:00;00", "10:00:59;29", "10:01:00;02"} <= set(labels)
    assert "10:01:00;00" not in labels


def test_what_is_not_moved_stays_as_it_is_written() -> None:
    assert relabelled("a label", None, Fraction(0)) == "a label"
    assert relabelled("01:00:00:00", None, Fraction(1)) is None


def test_a_tag_counts_in_any_case() -> None:
    assert timecode_in({"TIMECODE": "01:00:00:00"}) == "01:00:00:00"
    assert timecode_in({"title": "A film"}) is None
