"""The command line as a person types it."""

from vsr.cli import run

QUICK = ["--model", "bicubic", "--scale", "2", "--encoder-preset", "ultrafast"]


def vsr(*arguments: object) -> int:
    """Run a command and return its exit code."""
    return run([str(argument) for argument in arguments])
