"""Parameters of an encoder's own library: one option of FFmpeg, ``key=value:key=value``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def with_parameters(
    options: Mapping[str, str], option: str, parameters: Iterable[str]
) -> dict[str, str]:
    """Return options with parameters put before those that are there, which come last and win.

    Args:
        option: that takes them, such as ``x264-params``.
        parameters: each ``key=value``; none leave the options as they are.
    """
    parts = list(parameters)
    if not parts:
        return dict(options)
    given = options.get(option)
    return dict(options) | {option: ":".join([*parts, *([given] if given else [])])}
