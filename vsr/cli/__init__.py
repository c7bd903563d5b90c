"""The command line: parse, build one spec, run one job, print one report.

Exit codes: 0 done, 1 failed, 2 usage or refused before the start, 3 finished with losses that are
listed, 130 interrupted (143 by SIGTERM, 129 by SIGHUP). Results go to stdout, progress and warnings
to stderr.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import ELOOP, ENAMETOOLONG
from io import TextIOWrapper

import click

from vsr.cli.shared.plain import in_signs_it_has
from vsr.errors import Failed, Interrupted, Refused, VsrError, code_of_signal


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``vsr`` and leave with its exit code.

    After Ctrl-C a thread may be stuck in a library, for which Python would wait while it ends.
    """
    code = run(list(sys.argv[1:] if arguments is None else arguments))
    if code >= FIRST_OF_SIGNALS:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # whoever read it is gone
                stream.flush()
        os._exit(code)
    sys.exit(code)


FIRST_OF_SIGNALS = 129
"""Exit codes from here on are 128 plus the number of a signal."""


def run(arguments: list[str]) -> int:
    """Run ``vsr`` with these arguments and return the exit code.

    Every error ends as one line on stderr; ``-v`` adds log and traceback, ``--json`` an event.
    """
    from vsr.jobs.ending import heeding_ends
    from vsr.jobs.process_setup import settle

    settle()
    with heeding_ends() as came:
        return _run(arguments, came)


def _run(arguments: list[str], came: Sequence[int]) -> int:
    """Run it; ``came`` are the signals, beside Ctrl-C, that have asked it to end."""
    from vsr.cli.root import vsr

    for stream in (sys.stdout, sys.stderr):  # a name that the terminal cannot show is no error
        if isinstance(stream, TextIOWrapper):
            in_signs_it_has(stream)
    try:
        with logged(is_on=_is_verbose(arguments)):
            code = vsr.main(arguments, prog_name="vsr", standalone_mode=False)
    except click.ClickException as error:
        message = _sentence(_on_one_line(error))
        return _report(message, error.exit_code, arguments, hint=_hint(error))
    except (KeyboardInterrupt, click.Abort):
        return _report("interrupted.", _code_of_stop(came), arguments)
    except Interrupted as error:
        return _report(str(error), _code_of_stop(came) if came else error.exit_code, arguments)
    except VsrError as error:
        return _report(str(error), error.exit_code, arguments)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output is gone, so there is no one to report to
        return 1
    except OSError as error:
        return _report(*_system_error(error), arguments)
    except RuntimeError as error:
        if not str(error).startswith("Symlink loop"):  # as Path.resolve says it
            return _report(_bug(error), Failed.exit_code, arguments)
        return _report(f"{error}. Choose another path.", Refused.exit_code, arguments)
    except MemoryError:
        what = "not enough memory. Close other programs, or set a smaller --tile."
        return _report(what, Failed.exit_code, arguments)
    except Exception as error:  # the outermost edge: a bug, reported as such
        return _report(_bug(error), Failed.exit_code, arguments)
    return code if isinstance(code, int) else 0


def _code_of_stop(came: Sequence[int]) -> int:
    return code_of_signal(came[0]) if came else Interrupted.exit_code


IMPOSSIBLE = (ENAMETOOLONG, ELOOP)
"""What the system says of a name that cannot be one."""


def _system_error(error: OSError) -> tuple[str, int]:
    """Return what the system refused in a sentence, and the exit code."""
    where = f"{error.filename}: " if error.filename is not None else ""
    what = _sentence(f"{where}{error.strerror or error}")
    if error.errno in IMPOSSIBLE:
        return f"{what} Choose another name.", Refused.exit_code
    return f"{what} Check the disk and its permissions.", Failed.exit_code


def _bug(error: Exception) -> str:
    what = f"internal error: {type(error).__name__}: {error}".splitlines()[0]
    return f"{what}. Run again with -v for the traceback, and report this bug."


def _on_one_line(error: click.ClickException) -> str:
    """Return what click says; it gives the choices for a missing argument a line each."""
    text = error.format_message()
    return text.replace("\n\t", " ") if isinstance(error, click.MissingParameter) else text


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f" Try '{context.command_path} --help'." if context else ""


def _report(message: str, code: int, arguments: list[str], hint: str = "") -> int:
    from vsr.cli.shared.lines import say
    from vsr.wording import printable

    message = printable(message)
    if "--json" in arguments:
        event = json.dumps({"event": "error", "code": code, "message": message})
        with suppress(OSError):  # whoever read it is gone
            click.echo(event, err=_sends_film(arguments))
    if _is_verbose(arguments) and not isinstance(sys.exception(), click.ClickException):
        with suppress(OSError):  # a terminal that was closed
            traceback.print_exc()
    say(f"{message}{hint}")
    return code


def _sends_film(arguments: list[str]) -> bool:
    """Return whether stdout is for the film, and not for lines of JSON."""
    from vsr.cli.root import with_command
    from vsr.cli.shared.command import words_of
    from vsr.cli.shared.places import is_output_piped
    from vsr.cli.upscale import upscale

    name, *words = with_command(arguments)
    return name == "upscale" and is_output_piped(*words_of(upscale, words))


def _is_verbose(arguments: list[str]) -> bool:
    return any(word in ("-v", "--verbose", "-vv") for word in arguments)


@contextmanager
def logged(*, is_on: bool) -> Iterator[None]:
    """Print the log while this lasts, if it is wanted."""
    if not is_on:
        yield
        return
    from vsr.cli.shared.report import LOGGER
    from vsr.cli.shared.status_line import LogLines

    logger, handler = logging.getLogger(LOGGER), LogLines(logging.INFO)
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
