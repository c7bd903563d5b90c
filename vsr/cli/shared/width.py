"""How many columns of a terminal a text takes: Chinese, Japanese and Korean letters take two.

Source: Unicode Standard Annex 11, East Asian Width: W and F are wide. Marks that are drawn over the
letter before them take none (general categories Mn, Me and Cf).
"""

from __future__ import annotations

from unicodedata import category, east_asian_width


def width_of(text: str) -> int:
    """Return how many columns a text takes, without line feeds and escapes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def padded(text: str, width: int, *, is_right: bool = False) -> str:
    """Return a text with blanks behind it, or before it, so that it takes ``width`` columns."""
    blanks = " " * (width - width_of(text))
    return blanks + text if is_right else text + blanks


def cut(text: str, width: int) -> str:
    """Return the beginning of a text that fits ``width`` columns."""
    return text[: _fitting(text, width)]


def shortened(text: str, width: int, tail: int) -> str:
    """Return a text of at most ``width`` columns: what does not fit is left out of its middle.

    Args:
        tail: columns that its end gets.
    """
    if width_of(text) <= width:
        return text
    end = text[::-1][: _fitting(text[::-1], tail)][::-1]
    return f"{cut(text, width - tail - 1)}…{end}"


def wrapped(text: str, width: int, hanging: str = "", *, breaks_words: bool = False) -> list[str]:
    """Return the lines of a text that is broken between words, at least one.

    Args:
        hanging: what every line but the first begins with.
        breaks_words: break what is wider than a line; names stay whole, as they are copied.
    """
    if width_of(text) <= width:
        return [text]
    first, *words = text.split(" ")
    lines, line = [], first
    for word in words:
        if width_of(f"{line} {word}") <= width:
            line += f" {word}"
        else:
            lines.append(line)
            line = hanging + word
    lines.append(line)
    if not breaks_words:
        return lines
    return [part for line in lines for part in _broken(line, width)]


def _broken(line: str, width: int) -> list[str]:
    parts = []
    while width_of(line) > width:
        parts.append(cut(line, width))
        line = line.removeprefix(parts[-1])
    return [*parts, line]


def _fitting(text: str, width: int) -> int:
    taken = 0
    for index, letter in enumerate(text):
        taken += _columns(letter)
        if taken > width:
            return index
    return len(text)


def _columns(letter: str) -> int:
    if category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(letter) in ("W", "F") else 1
