"""Encoders are chosen by rule, and opened before they are promised."""

import io
from threading import Thread

import av
import pytest
from av.video.codeccontext import VideoCodecContext

from tests.media.encoding.chosen import SMALL, chosen
from vsr.errors import EncoderUnavailable, InvalidOption, UnknownName, UnsuitableContainer
from vsr.frames import Layout
from vsr.media.containers import CONTAINERS
from vsr.media.encoding.choose_encoder import EncoderInput, choose
from vsr.media.encoding.codecs import CODECS, codec_named
from vsr.media.encoding.encoder_trial import check_option_names, openings
from vsr.media.encoding.scheduling import open_encoder
from vsr.specs import X264_PRESETS, EncodeSpec
from vsr.values import Size


@pytest.mark.parametrize("entry", CODECS, ids=lambda entry: entry.name)
def test_every_name_that_users_type_is_known(entry: object) -> None:
    assert codec_named(entry.name.upper()) is entry  # type: ignore[attr-defined]
    for alias in entry.aliases:  # type: ignore[attr-defined]
        assert codec_named(alias) is entry


def test_an_unknown_codec_gets_the_closest_names() -> None:
    with pytest.raises(UnknownName, match="Did you mean .*h264"):
        chosen(codec="h624")


@pytest.mark.parametrize("preset", X264_PRESETS)
@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9", "ffv1", "prores"])
def test_every_preset_name_opens_in_every_encoder(codec: str, preset: str) -> None:
    container = {"vp9": "webm", "ffv1": "matroska", "prores": "mov"}.get(codec, "mp4")
    assert chosen(container, codec=codec, encoder_preset=preset).codec == codec


def test_a_native_preset_is_passed_on() -> None:
    assert chosen(codec="av1", encoder_preset="12").options["preset"] == "12"


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(UnknownName, match="medium"):
        chosen(encoder_preset="meduim")


def test_the_cpu_gets_a_fast_preset_and_a_gpu_a_good_one() -> None:
    spec = EncodeSpec()
    presets = [
        choose(spec, "mp4", EncoderInput(size=SMALL), is_cpu_device=is_cpu).options["preset"]
        for is_cpu in (True, False)
    ]
    assert presets == ["superfast", "medium"]


def test_crf_is_on_the_scale_of_x264() -> None:
    assert chosen(crf=18.5).options["crf"] == "18.5"
    for codec in ("hevc", "av1"):
        values = [float(chosen(codec=codec, crf=crf).options["crf"]) for crf in (0, 18, 30, 51)]
        assert values == sorted(set(values))


@pytest.mark.parametrize("crf", [-1, 52])
def test_crf_outside_its_scale_is_refused(crf: float) -> None:
    with pytest.raises(InvalidOption, match="between 0 and 51"):
        chosen(crf=crf)


@pytest.mark.parametrize("codec", ["ffv1", "prores"])
def test_crf_is_refused_where_it_means_nothing(codec: str) -> None:
    with pytest.raises(InvalidOption, match="has no such setting"):
        chosen("mov" if codec == "prores" else "matroska", codec=codec, crf=20)


def test_an_option_of_the_encoder_is_passed_on_and_wins() -> None:
    encoder = chosen(options={"tune": "film", "crf": "11", "g": "30"})
    assert encoder.options["tune"] == "film"
    assert encoder.options["crf"] == "11"


def test_parameters_of_the_library_are_passed_on() -> None:
    encoder = chosen(options={"x264-params": "keyint=30:ref=2"})
    assert encoder.options["x264-params"] == "keyint=30:ref=2"


@pytest.mark.parametrize(
    ("codec", "key", "value"),
    [
        ("h264", "tunee", "film"),
        ("h264", "x264-params", "fooo=3"),
        ("hevc", "x265-params", "fooo=3"),
        ("av1", "svtav1-params", "fooo=3"),
        ("ffv1", "preset", "slow"),
        ("h264", "ar", "48000"),
    ],
)
def test_an_unknown_option_is_a_usage_error(codec: str, key: str, value: str) -> None:
    with pytest.raises(InvalidOption, match=r"-e"):
        chosen("matroska", codec=codec, options={key: value})


def test_a_bad_value_of_an_option_is_refused() -> None:
    with pytest.raises(EncoderUnavailable, match="libx264 does not open"):
        chosen(options={"tune": "flim"})


@pytest.mark.parametrize("size", [Size(161, 121), Size(20000, 64)])
def test_a_size_that_the_encoder_cannot_take_is_found_before_the_start(size: Size) -> None:
    with pytest.raises(EncoderUnavailable, match=str(size)):
        chosen(size=size, codec="h264")


@pytest.mark.parametrize("size", [Size(48, 64), Size(64, 62), Size(44, 36)])
def test_x265_is_not_run_where_it_writes_beyond_its_memory(size: Size) -> None:
    with pytest.raises(EncoderUnavailable, match=f"libx265: {size} is too small.*h264 or vp9"):
        chosen("matroska", size=size, codec="hevc")
    for container in ("mp4", "mpegts", "matroska"):
        assert chosen(container, size, Layout(10)).codec != "hevc"
    assert chosen(size=Size(64, 64), codec="hevc").name == "libx265"


@pytest.mark.parametrize("size", [Size(20, 128), Size(3000, 10), Size(24, 66)])
def test_av1_is_not_used_where_its_encoder_never_returns(size: Size) -> None:
    with pytest.raises(EncoderUnavailable, match=r"libsvtav1: .* is too small.* --codec vp9\."):
        chosen("webm", size=size, codec="av1")
    assert chosen("webm", size).codec == "vp9"
    assert chosen("webm", size=Size(64, 66), codec="av1").name == "libsvtav1"


def test_an_encoder_that_ffmpeg_was_built_without_is_refused() -> None:
    with pytest.raises(EncoderUnavailable, match="this build of FFmpeg does not have it"):
        check_option_names("libnothing", {})


@pytest.mark.parametrize(
    ("codec", "container"),
    [
        ("h264", "webm"),
        ("prores", "mp4"),
        ("ffv1", "mp4"),
        ("vp9", "mov"),
        ("av1", "mpegts"),
        ("prores", "nut"),
    ],
)
def test_a_codec_that_the_container_cannot_hold_is_refused(codec: str, container: str) -> None:
    with pytest.raises(UnsuitableContainer, match=f"{container} cannot hold {codec}"):
        chosen(container, codec=codec)


def test_every_container_takes_auto() -> None:
    for container in CONTAINERS:
        assert chosen(container.name).codec in container.video_codecs


PAIRS = [
    (container.name, entry.name)
    for container in CONTAINERS
    for entry in CODECS
    if entry.codec in container.video_codecs and not entry.is_hardware
]


@pytest.mark.parametrize(("container", "encoder"), PAIRS)
def test_a_container_takes_what_it_is_said_to_hold(container: str, encoder: str) -> None:
    with av.open(io.BytesIO(), "w", format=container) as output:
        output.add_stream(encoder, rate=25)


def test_threads_are_fixed_and_recorded() -> None:
    assert chosen().threads == 1
    assert choose(EncodeSpec(), "mp4", EncoderInput(size=SMALL), is_cpu_device=True).threads >= 1


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    for codec in ("h264", "hevc"):  # av1: see tests/jobs/test_process_setup.py
        chosen(codec=codec)
    assert capfd.readouterr() == ("", "")


def test_what_other_threads_say_while_an_encoder_is_tried_is_not_told(monkeypatch, caplog) -> None:
    """FFmpeg's scaler complains of the pixel formats of JPEG, whoever uses it."""

    def opened(context: VideoCodecContext) -> None:
        frame = av.VideoFrame(64, 48, "yuvj420p")
        thread = Thread(target=lambda: frame.reformat(width=32, format="rgb24"))
        thread.start()
        thread.join()
        open_encoder(context)

    monkeypatch.setattr("vsr.media.encoding.encoder_trial.open_encoder", opened)
    assert next(openings()) == ("libx264", None)
    assert caplog.records == []
