"""What decides how many bits are spent: one thing at a time, and nothing that is not heeded."""

from typing import Any

import pytest

from tests.clips import SMALL
from vsr.errors import InvalidOption
from vsr.media.encoding.choose_encoder import EncoderInput, at_rate, choose
from vsr.media.encoding.codecs import Encoder
from vsr.notation import amount_of
from vsr.specs import EncodeSpec


def chosen(container: str = "matroska", **spec: Any) -> Encoder:
    frames = EncoderInput(size=SMALL)
    return choose(EncodeSpec(**spec), container, frames, is_cpu_device=True, threads=1)


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9"])
def test_a_rate_among_the_options_replaces_the_default_quality(codec: str) -> None:
    options = chosen(codec=codec, options={"b": "200k"}).options
    assert options["b"] == "200k"
    assert "crf" not in options
    assert "crf" in chosen(codec=codec, options={"g": "30"}).options


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9"])
def test_an_average_rate_takes_the_place_of_the_quality(codec: str) -> None:
    encoder = chosen(codec=codec, bitrate="1.5M")
    assert (encoder.bit_rate, encoder.options["b"]) == (1_500_000, "1500000")
    assert "crf" not in encoder.options


def test_another_rate_leaves_what_the_user_set_beside_it() -> None:
    encoder = chosen(codec="hevc", bitrate=1_000_000, options={"bufsize": "900000"})
    other = at_rate(encoder, 300_000)
    assert [other.options[key] for key in ("b", "maxrate", "bufsize")] == [
        "300000",
        "300000",
        "900000",
    ]


def test_parameters_of_the_library_are_added_to_those_of_the_rate() -> None:
    encoder = chosen(codec="h264", bitrate=1_000_000, options={"x264-params": "keyint=30"})
    assert encoder.options["x264-params"] == "ratetol=0.1:keyint=30"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"crf": 20, "options": {"b": "1M"}}, "--crf 20 and -e b=1M contradict"),
        ({"bitrate": 10**6, "options": {"qp": "3"}}, "--bitrate 1000000 and -e qp=3 contradict"),
        ({"codec": "ffv1", "bitrate": 10**6}, "ffv1 has no such setting"),
        ({"codec": "ffv1", "options": {"b": "1M"}}, "-e b=1M: ffv1 has no such setting"),
        ({"crf": 20, "bitrate": "1M"}, "crf and bitrate each choose the size"),
        ({"file_size": "4GB", "bitrate": "1M"}, "bitrate and file-size each choose"),
        ({"bitrate": "fast"}, "'fast' is not an amount; write 800k, 8M or 4GB"),
        ({"bitrate": "-5"}, "'-5' is not an amount"),
        ({"bitrate": 800}, "--bitrate 800: bits per second, .* write 800k"),
    ],
)
def test_what_contradicts_or_means_nothing_is_refused(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidOption, match=words):
        chosen(**spec)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("800k", 800_000), ("8M", 8_000_000), ("8Mbit/s", 8_000_000), ("4GB", 4 * 10**9),
        ("1.5 GiB", 3 * 2**29), ("700MB", 700 * 10**6), ("25000", 25_000), (25_000, 25_000),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, amount: int) -> None:
    assert amount_of(text) == amount
