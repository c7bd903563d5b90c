"""Encoders are chosen by rule, and opened before they are promised."""

import io
from threading import Thread

import av
import pytest
from av.video.codeccontext import VideoCodecContext

from vsr.errors import EncoderUnavailable, InvalidOption, UnknownName, UnsuitableContainer
from vsr.frames import Layout
from vsr.media.containers import CONTAINERS
from vsr.media.encoding.choose_encoder import EncoderInput, choose
from vsr.media.encoding.codecs import CODECS, Encoder, codec_named
from vsr.media.encoding.encoder_trial import check_option_names, openings
from vsr.media.encoding.scheduling import open_encoder
from vsr.media.frames.formats import layout_of
from vsr.specs import X264_PRESETS, EncodeSpec
from vsr.values import Size

SMALL = Size(96, 64)
GRAY = Layout(8, 0, 0, is_gray=True)


def chosen(
    container: str = "mp4", size: Size = SMALL, layout: Layout = Layout(), **spec: object
) -> Encoder:
    asked = EncodeSpec(**spec)  # type: ignore[arg-type]  # the fields under test
    frames = EncoderInput(size=size, layout=layout)
    return choose(asked, container, frames, is_cpu_device=True, threads=1)


@pytest.mark.parametrize(
    ("container", "size", "layout", "name"),
    [
        ("mp4", SMALL, Layout(), "libx264"),
        ("matroska", Size(4096, 64), Layout(), "libx264"),
        ("matroska", Size(4098, 64), Layout(), "libx265"),
        ("mp4", SMALL, Layout(10), "libx265"),
        ("mov", SMALL, Layout(10, 1, 0), "libx265"),
        ("mp4", SMALL, Layout(8, 0, 0), "libx264"),
        ("webm", SMALL, Layout(), "libsvtav1"),
        ("webm", SMALL, Layout(10), "libsvtav1"),
        ("webm", SMALL, Layout(8, 0, 0), "libvpx-vp9"),
    ],
)
def test_auto_keeps_depth_and_chroma(container: str, size: Size, layout: Layout, name: str) -> None:
    encoder = chosen(container, size, layout)
    assert encoder.name == name
    assert encoder.layout == layout
    assert layout_of(encoder.pix_fmt) == layout


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


def test_pix_fmt_changes_what_the_upscaler_delivers() -> None:
    assert chosen(pix_fmt="yuv420p10le").layout == Layout(10)
    assert chosen(pix_fmt="yuv420p10le").name == "libx265"
    assert chosen(codec="hevc", layout=Layout(10), pix_fmt="yuv420p").layout == Layout(8)


@pytest.mark.parametrize("pix_fmt", ["rgb24", "nonsense", "nv12"])
def test_a_pix_fmt_that_is_no_planar_yuv_is_refused(pix_fmt: str) -> None:
    with pytest.raises(InvalidOption, match="not a planar YUV"):
        chosen(pix_fmt=pix_fmt)


def test_a_pix_fmt_that_the_encoder_does_not_take_is_refused_with_the_choice() -> None:
    with pytest.raises(EncoderUnavailable, match="Choose one of yuv420p, yuv420p10le"):
        chosen(codec="av1", pix_fmt="yuv444p")


def test_an_encoder_that_would_lose_chroma_is_refused() -> None:
    with pytest.raises(EncoderUnavailable, match=r"cannot keep 4:4:4 at 8 bits"):
        chosen(codec="av1", layout=Layout(8, 0, 0))


def test_an_encoder_that_needs_more_gets_more_and_says_so() -> None:
    encoder = chosen("mov", codec="prores")
    assert encoder.layout == Layout(10, 1, 0)
    assert "4:2:2 at 10 bits" in encoder.notes[0]


def test_gray_stays_gray_for_the_upscaler() -> None:
    assert chosen(layout=GRAY).pix_fmt == "gray"
    encoder = chosen(codec="av1", layout=GRAY)
    assert encoder.pix_fmt == "yuv420p"
    assert encoder.layout == GRAY
    assert "neutral chroma" in encoder.notes[0]


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


@pytest.mark.parametrize(
    ("container", "layout", "name", "pix_fmt"),
    [
        ("mp4", Layout(12), "libx265", "yuv420p12le"),
        ("matroska", Layout(12, 0, 0), "libx265", "yuv444p12le"),
        ("mov", Layout(16, 1, 0), "libx265", "yuv422p12le"),
        ("webm", Layout(12), "libsvtav1", "yuv420p10le"),
        ("mp4", Layout(9), "libx265", "yuv420p10le"),
        ("matroska", Layout(16, 0, 0, is_gray=True), "libx265", "gray12le"),
    ],
)
def test_auto_keeps_as_many_bits_as_the_container_allows(
    container: str, layout: Layout, name: str, pix_fmt: str
) -> None:
    encoder = chosen(container, layout=layout)
    assert (encoder.name, encoder.pix_fmt) == (name, pix_fmt)
    is_less = encoder.layout.bits < layout.bits
    said = f"{encoder.layout.bits} bits instead of {layout.bits}. Choose --codec ffv1, into .mkv"
    assert (said in " ".join(encoder.losses)) == is_less


def test_a_lossless_codec_keeps_sixteen_bits() -> None:
    encoder = chosen("matroska", codec="ffv1", layout=Layout(16, 1, 0))
    assert (encoder.pix_fmt, encoder.losses) == ("yuv422p16le", ())


def test_low_bits_given_up_by_wish_are_no_loss() -> None:
    encoder = chosen(codec="hevc", layout=Layout(12), pix_fmt="yuv420p10le")
    assert (encoder.layout, encoder.losses) == (Layout(10), ())


@pytest.mark.parametrize("codec", ["vp9", "h264"])
def test_no_depth_becomes_eight_bits_by_itself(codec: str) -> None:
    if codec == "h264":
        assert chosen("matroska", codec=codec, layout=Layout(12)).pix_fmt == "yuv420p10le"
    else:
        with pytest.raises(EncoderUnavailable, match="cannot keep 4:2:0 at 12 bits"):
            chosen("webm", codec=codec, layout=Layout(12))


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
