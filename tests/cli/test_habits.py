"""What people type who know other tools: each row is the whole answer.

A row of `ANSWERS` or `ALIASES` without a test fails the last one.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import vsr
from vsr.cli.habits import ALIASES, ANSWERS, FLAGS, translated
from vsr.cli.shared.command import parsed, switches, valued_options
from vsr.cli.upscale import upscale

ANSWERED = [
    (
        ["--quality", "90"],
        "vsr: --quality: the quality of the file is --crf here, from 0 (best) to 51, and 18 unless "
        "you say so; --model quality is a larger network.",
    ),
    (
        ["--duration", "30"],
        "vsr: --duration: vsr takes a part of a video by --start and --end, such as --start 1:30 "
        "--end 2:00.",
    ),
    (
        ["--interpolate"],
        "vsr: --interpolate: vsr does not interpolate frames; it enlarges those that are there.",
    ),
    (
        ["-vf", "crop=100:100"],
        "vsr: -vf: vsr has no filters; let ffmpeg filter and pipe it: "
        "ffmpeg -i in.mp4 -vf … -c:v ffv1 -f nut - | vsr upscale - out.mkv.",
    ),
    (
        ["-c:a", "aac"],
        "vsr: -c:a: vsr keeps all audio as it is, and converts only what the container cannot hold "
        "(--audio copy refuses that); --no-audio drops it.",
    ),
    (["--subtitles"], "vsr: --subtitles: vsr keeps all subtitles; --no-subs drops them."),
    (["-map", "0"], "vsr: -map: vsr keeps every stream; --no-audio and --no-subs drop some."),
    (
        ["-map_metadata", "0"],
        "vsr: -map_metadata: vsr keeps titles, chapters and tags as they are.",
    ),
    (
        ["--face_enhance"],
        "vsr: --face-enhance: vsr does not redraw faces; --sharpness draws detail everywhere.",
    ),
    (["--deblur"], "vsr: --deblur: vsr has --sharpness 0 to 1 for this."),
    (["--stabilize"], "vsr: --stabilize: vsr does not stabilise."),
    (["--colorize"], "vsr: --colorize: vsr does not colourise."),
    (["--hdr"], "vsr: --hdr: vsr keeps HDR as HDR and SDR as SDR."),
    (
        ["--resume"],
        "vsr: --resume: vsr resumes by itself: run the same command again, or add --restart to "
        "start over.",
    ),
    (
        ["--recursive"],
        "vsr: --recursive: name a folder, which is searched with those in it, or several files "
        "and a folder: vsr upscale *.mp4 out/.",
    ),
    (
        ["--gui"],
        "vsr: --gui: vsr preview IN shows a result beside its source in the browser, and vsr "
        "compare A B two files.",
    ),
    (["--list-models"], "vsr: --list-models: vsr models lists the networks."),
    (["--list-presets"], "vsr: --list-presets: vsr presets lists the sizes."),
    (["--codecs"], "vsr: --codecs: vsr doctor shows which encoders work here."),
    (["--benchmark"], "vsr: --benchmark: vsr bench measures how fast this machine is."),
    (["--threads", "4"], "vsr: --threads: vsr uses every core; --cpus-per-worker limits it."),
    (["-loglevel", "error"], "vsr: -loglevel: vsr says more with -v, less with -q."),
    (["--tta"], "vsr: --tta: vsr looks at each frame once; only vsr evaluate has this."),
    (
        ["--seed", "1"],
        "vsr: --seed: vsr uses no random numbers: the same input and options give the same file.",
    ),
    (
        ["--suffix", "_big"],
        "vsr: --suffix: name OUT as you want it; vsr batch has --name, such as --name "
        "'{stem}-big'.",
    ),
    (
        ["-movflags", "+faststart"],
        "vsr: -movflags: vsr has --faststart to put the index of an MP4 or MOV at its start.",
    ),
    (
        ["--codec", "nvenc"],
        "vsr: --codec nvenc: name the codec too: h264_nvenc, hevc_nvenc or av1_nvenc.",
    ),
    (
        ["-t", "10"],
        "vsr: -t 10: -t is the side of a tile here (--tile 10); vsr takes a part of a video "
        "by --start and --end.",
    ),
    (
        ["-preset", "slow"],
        "vsr: slow: --preset is for the output size here. For the encoder's speed use "
        "--encoder-preset slow.",
    ),
    (
        ["--denoise", "3"],
        "vsr: strength 3 must be between 0 and 1.",
    ),
]


@pytest.mark.parametrize(("typed", "answer"), ANSWERED, ids=lambda value: str(value[0]))
def test_a_habit_gets_one_sentence(clip: Path, capsys, typed: list[str], answer: str):
    assert vsr("upscale", clip, "out.mp4", *typed) == 2
    shown = capsys.readouterr()
    assert (shown.err, shown.out) == (f"{answer}\n", "")


DONE: list[tuple[list[str], dict[str, Any]]] = [
    (["--denoise", "0.5"], {"strength": 0.5}),
    (["--sharpen=0.3"], {"sharpness": 0.3}),
    (["--factor", "4"], {"scale": 4}),
    (["--scale", "1920x1080"], {"width": 1920, "height": 1080}),
    (["--resolution", "1280×720"], {"width": 1280, "height": 720}),
    (["--resolution", "4K"], {"preset": "4K"}),
    (["--network", "lite"], {"model": "lite"}),
    (["--gpu", "1"], {"device": "1"}),
    (["--gpu"], {"device": "cuda"}),
    (["--gpu", "--crf", "20"], {"device": "cuda", "crf": 20}),
    (["--gpu=0"], {"device": "0"}),
    (["--cpu"], {"device": "cpu"}),
    (["--cuda"], {"device": "cuda"}),
    (["-c:v", "libx265"], {"codec": "libx265"}),
    (["--speed", "slow"], {"encoder_preset": "slow"}),
    (["-crf", "20"], {"crf": 20}),
    (["-CRF", "20"], {"crf": 20}),
    (["-f", "matroska"], {"container": "matroska"}),
    (["-ss", "1:30", "-to", "2:00"], {"start": 90, "end": 120}),
    (["-frames:v", "5"], {"max_frames": 5}),
    (["--max_frames", "5"], {"max_frames": 5}),
    (["-pix_fmt", "yuv420p10le"], {"pix_fmt": "yuv420p10le"}),
    (["--tilesize", "128"], {"tile": 128}),
    (["-t", "128"], {"tile": 128}),
    (["--fp16"], {"precision": "fp16"}),
    (["--half"], {"precision": "fp16"}),
    (["--bf16"], {"precision": "bf16"}),
    (["--fp32"], {"precision": "fp32"}),
    (["-an"], {"keep_audio": True}),
    (["--mute"], {"keep_audio": True}),
    (["-sn"], {"keep_subtitles": True}),
    (["--no-subtitles"], {"keep_subtitles": True}),
    (["--lossless"], {"codec": "ffv1"}),
    (["-preset", "4k"], {"preset": "4k"}),
    (["--4K"], {"preset": "4K"}),
    (["--1080p"], {"preset": "1080p"}),
    (["--2x"], {"scale": 2}),
    (["-x4"], {"scale": 4}),
]


@pytest.mark.parametrize(("typed", "options"), DONE, ids=str)
def test_a_habit_that_means_ours_is_done(typed: list[str], options: dict[str, Any]):
    assert parsed(typed) == options


@pytest.mark.parametrize(
    ("typed", "ours"),
    [
        (["--out", "a.mkv"], ["--output", "a.mkv"]),
        (["--in", "a.mkv"], ["--input", "a.mkv"]),
        (["--force"], ["--overwrite"]),
        (["--yes"], ["--overwrite"]),
        (["--skip-existing"], ["--no-clobber"]),
        (["--silent"], ["--quiet"]),
        (["--debug"], ["--verbose"]),
        (["--dryrun"], ["--dry-run"]),
        (["--simulate"], ["--dry-run"]),
        (["--model", "--denoise"], ["--model", "--denoise"]),
        (["--", "--denoise"], ["--", "--denoise"]),
        (["--gpu", "out.mp4"], ["--device", "cuda", "out.mp4"]),
    ],
    ids=str,
)
def test_words_become_ours_and_values_stay(typed: list[str], ours: list[str]):
    context = upscale.make_context("upscale", ["in.mp4"])
    assert translated(typed, switches(upscale, context), valued_options(upscale)) == ours


def test_every_row_leads_to_an_option_of_ours_and_hides_none():
    context = upscale.make_context("upscale", ["in.mp4"])
    flags, valued = switches(upscale, context), valued_options(upscale)
    assert set(ALIASES) <= valued
    assert all(words[0] in flags | valued for words in FLAGS.values())
    foreign = [word for words in ALIASES.values() for word in words] + list(FLAGS)
    foreign += [word for words, _ in ANSWERS for word in words]
    assert len(foreign) == len(set(foreign))
    assert not set(foreign) & (flags | valued), "an option of ours now: take its row out"


def test_every_row_is_tested():
    typed = {word.partition("=")[0].replace("_", "-") for words, _ in ANSWERED for word in words}
    for words, answer in ANSWERS:
        assert typed & {word.replace("_", "-") for word in words}, answer
