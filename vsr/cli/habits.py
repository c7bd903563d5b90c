"""What people type who know other tools: done where vsr means the same, else answered.

One table each: words that are replaced, and words that get one sentence. Every row is a test of
its whole answer (`tests/cli/test_habits.py`); an option that vsr gets is taken out of here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from vsr.errors import InvalidOption

ALIASES: dict[str, tuple[str, ...]] = {
    "--strength": ("--denoise", "--noise", "--deblock", "--dejpeg"),
    "--sharpness": ("--sharpen",),
    "--scale": ("--factor", "--outscale", "--ratio", "--zoom", "--scale-factor", "--upscale"),
    "--preset": ("--size", "--resolution", "--res", "--target"),
    "--model": ("--network", "--net", "--model-name", "--model-path", "--weights"),
    "--device": ("--gpu", "--gpus", "-gpu"),
    "--codec": ("-vcodec", "-c:v", "-codec:v", "--vcodec", "--video-codec", "--encoder"),
    "--encoder-preset": ("--speed", "--encoder-speed"),
    "--crf": ("-crf",),
    "--bitrate": ("--video-bitrate", "-b", "-b:v", "--maxrate"),
    "--file-size": ("--target-size", "-fs", "--filesize"),
    "--format": ("-f", "--container", "--output-format", "--ext"),
    "--fps": ("-r", "--framerate", "-framerate", "--frame-rate"),
    "--start": ("-ss", "--ss", "--from", "--seek"),
    "--end": ("-to", "--to", "--until"),
    "--max-frames": ("--frames", "-vframes", "-frames:v", "--limit"),
    "--tile": ("--tile-size", "--tilesize"),
    "--output": ("--out", "--out-dir", "--outdir", "--output-dir", "--output-folder"),
    "--input": ("--in", "--source"),
}
"""Our option → others' words for the same; what follows is its value."""

FLAGS: dict[str, tuple[str, ...]] = {
    "--cpu": ("--device", "cpu"),
    "--cuda": ("--device", "cuda"),
    "--fp16": ("--precision", "fp16"),
    "--half": ("--precision", "fp16"),
    "--bf16": ("--precision", "bf16"),
    "--fp32": ("--precision", "fp32"),
    "-an": ("--no-audio",),
    "--mute": ("--no-audio",),
    "-sn": ("--no-subs",),
    "--no-subtitles": ("--no-subs",),
    "--lossless": ("--codec", "ffv1"),
    "--force": ("--overwrite",),
    "--yes": ("--overwrite",),
    "--skip-existing": ("--no-clobber",),
    "--silent": ("--quiet",),
    "--debug": ("--verbose",),
    "--dryrun": ("--dry-run",),
    "--simulate": ("--dry-run",),
}
"""A word without a value → ours."""

ANSWERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("--quality", "-q:v", "-qp", "--qp", "-cq", "--cq"),
        "the quality of the file is --crf here, from 0 (best) to 51, and 18 unless you say so; "
        "--model quality is a larger network.",
    ),
    (
        ("--duration", "--length", "-d:v"),
        "vsr takes a part of a video by --start and --end, such as --start 1:30 --end 2:00.",
    ),
    (
        ("--interpolate", "--interpolation", "--slowmo", "--slow-motion", "--rife"),
        "vsr does not interpolate frames; it enlarges those that are there.",
    ),
    (
        ("-vf", "--vf", "--filter", "--filters", "-filter:v", "-filter_complex"),
        "vsr has no filters; let ffmpeg filter and pipe it: "
        "ffmpeg -i in.mp4 -vf … -c:v ffv1 -f nut - | vsr upscale - out.mkv.",
    ),
    (
        ("-acodec", "-c:a", "-codec:a", "--acodec", "--audio-codec", "--copy-audio", "-b:a"),
        "vsr keeps all audio as it is, and converts only what the container cannot hold (--audio "
        "copy refuses that); --no-audio drops it.",
    ),
    (
        ("-c:s", "-scodec", "--subs", "--subtitles", "--keep-subs", "--copy-subs"),
        "vsr keeps all subtitles; --no-subs drops them.",
    ),
    (("-map", "--map"), "vsr keeps every stream; --no-audio and --no-subs drop some."),
    (
        ("-map_metadata", "--metadata", "-metadata", "--keep-metadata"),
        "vsr keeps titles, chapters and tags as they are.",
    ),
    (
        ("--face", "--faces", "--face-enhance", "--gfpgan", "--codeformer"),
        "vsr does not redraw faces; --sharpness draws detail everywhere.",
    ),
    (("--deblur", "--detail", "--details"), "vsr has --sharpness 0 to 1 for this."),
    (("--stabilize", "--stabilise"), "vsr does not stabilise."),
    (("--colorize", "--colourize", "--colorise"), "vsr does not colourise."),
    (("--hdr", "--sdr", "--tonemap"), "vsr keeps HDR as HDR and SDR as SDR."),
    (
        ("--resume", "--continue"),
        "vsr resumes by itself: run the same command again, or add --restart to start over.",
    ),
    (
        ("--batch", "--recursive", "-recursive"),
        "name a folder, which is searched with those in it, or several files and a folder: "
        "vsr upscale *.mp4 out/.",
    ),
    (
        ("--gui", "--ui", "--compare", "--side-by-side"),
        "vsr preview IN shows a result beside its source in the browser, and vsr compare A B two "
        "files.",
    ),
    (("--list-models", "--models", "--list"), "vsr models lists the networks."),
    (("--list-presets", "--presets"), "vsr presets lists the sizes."),
    (("--list-codecs", "--codecs", "--encoders"), "vsr doctor shows which encoders work here."),
    (("--benchmark",), "vsr bench measures how fast this machine is."),
    (
        ("--threads", "-threads", "-j", "--jobs"),
        "vsr uses every core; --cpus-per-worker limits it.",
    ),
    (("--loglevel", "-loglevel", "--log", "--log-level"), "vsr says more with -v, less with -q."),
    (("--tta", "--ensemble"), "vsr looks at each frame once; only vsr evaluate has this."),
    (("--seed",), "vsr uses no random numbers: the same input and options give the same file."),
    (
        ("--suffix", "--prefix"),
        "name OUT as you want it; vsr batch has --name, such as --name '{stem}-big'.",
    ),
    (
        ("-movflags", "--movflags"),
        "vsr has --faststart to put the index of an MP4 or MOV at its start.",
    ),
)
"""Words → what to say of them, after the word itself."""

_OURS = {word: own for own, words in ALIASES.items() for word in words}
_SAID = {word: answer for words, answer in ANSWERS for word in words}
_BOX = re.compile(r"(\d+)\s*[x×*:]\s*(\d+)")
_SIZE = re.compile(r"--?(?:(\d+[kp])|x(\d+)|(\d+)x)", re.IGNORECASE)
_DEVICE = re.compile(r"\d+|auto|cpu|cuda(:\d+)?", re.IGNORECASE)
LEAST_SHORT_TILE = 64
"""The smallest tile, in pixels, that ``-t`` is taken for; a smaller number is meant as ffmpeg's
seconds."""

SIZED = ("--preset", "--scale", "-p", "-s")
"""Options whose value may be written as 1920x1080."""


def translated(words: Sequence[str], flags: Collection[str], valued: Collection[str]) -> list[str]:
    """Return the words of a command with those of other tools replaced by ours.

    Args:
        flags: the command's options that take no value; left alone, as are
        valued: those that do, and the word after each.

    Raises:
        InvalidOption: a word that is answered instead.
    """
    found: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*found, word, *rest]
        name, separator, value = word.partition("=")
        if size := _SIZE.fullmatch(word):  # --4k, --1080p, --2x
            rest = ["--preset" if size[1] else "--scale", size[1] or size[2] or size[3], *rest]
            continue
        name = _spelled(name, {*flags, *valued})
        if name in FLAGS and name not in flags:
            found += FLAGS[name]
            continue
        if name in ALIASES["--device"] and not (separator or _is_device(rest)):
            rest.insert(0, "cuda")  # --gpu, as a switch
        if name in _OURS and name not in valued:
            name = _OURS[name]
        elif name in _SAID and name not in flags and name not in valued:
            raise InvalidOption(f"{name}: {_SAID[name]}")
        if separator and name.startswith("--"):
            rest.insert(0, value)
        elif separator:
            name = word
        found += _with_value(name, rest) if name in valued else [name]
    return found


def _spelled(name: str, known: set[str]) -> str:
    """Return an option as it is spelled here: ``-preset`` and ``--max_frames`` are ours too."""
    if not name.startswith("-") or name in known or name in _SAID or name in _OURS:
        return name
    plain = name.lstrip("-").replace("_", "-").lower()
    long = f"--{plain}"
    is_long = len(plain) > 1 and (long in known or long in _OURS or long in _SAID or long in FLAGS)
    return long if is_long and name not in FLAGS else name


def _with_value(name: str, rest: list[str]) -> list[str]:
    """Return an option with its value, which is taken from the rest."""
    if not rest:
        return [name]
    value = rest.pop(0)
    if name in SIZED and (box := _BOX.fullmatch(value)):
        return ["--width", box[1], "--height", box[2]]
    if name in ("-c", "--codec") and value.lower() in ("nvenc", "cuvid", "gpu", "nvidia"):
        raise InvalidOption(
            f"--codec {value}: name the codec too: h264_nvenc, hevc_nvenc or av1_nvenc."
        )
    if name == "-t" and not (value.isdecimal() and int(value) >= LEAST_SHORT_TILE):
        raise InvalidOption(
            f"-t {value}: -t is the side of a tile here (--tile {value}); vsr takes a part of a "
            "video by --start and --end."
        )
    return [name, value]


def _is_device(rest: Sequence[str]) -> bool:
    return bool(rest) and _DEVICE.fullmatch(rest[0]) is not None
