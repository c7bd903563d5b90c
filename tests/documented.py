"""What README.md and docs/*.md tell a reader to type: commands, installs, examples.

A block of code after the comment ``<!-- run -->``, and a row of a table that ends in one, are
run by a test as well; a reader does not see the comment.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
MARK = "<!-- run -->"

_SPAN = re.compile(r"`([^`]+)`")
_SEPARATORS = ("|", "&&", ";", ">", "<")
_STARTERS = ("vsr", "torchrun")
"""Commands that are ``vsr``, or start it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of code of a page, or a span of code within its text.

    Attributes:
        language: of its fence; empty for a block without one, and for a span.
        is_run: whether it is marked.
    """

    page: Path
    number: int
    text: str
    language: str = ""
    is_run: bool = False

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.number}: {self.text}"

    @property
    def commands(self) -> list[list[str]]:
        """Return the words of each command of a shell's line."""
        lexer = shlex.shlex(self.text, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        found: list[list[str]] = [[]]
        for word in lexer:
            if word in _SEPARATORS:
                found.append([])
            else:
                found[-1].append(word)
        return [words for words in found if words]

    @property
    def calls(self) -> list[list[str]]:
        """Return what each command of a shell's line gives to ``vsr``."""
        starting = (words for words in self.commands if words[0] in _STARTERS and "vsr" in words)
        return [call for words in starting if (call := words[words.index("vsr") + 1 :])]


def lines_of(page: Path) -> Iterator[Line]:
    """Yield the lines of a page's blocks of code, a continued one as one, and its spans."""
    fence: str | None = None
    is_marked, before = False, ""
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
    for number, text in lines:
        is_code = fence is not None or (text.startswith("    ") and not before.strip())
        if text.startswith("```"):
            is_marked = is_marked and fence is None
            fence = text[3:].strip() if fence is None else None
            before = ""
        elif is_code:
            whole = text
            while whole.endswith("\\"):
                whole = whole[:-1] + next(lines)[1]
            yield Line(page, number, whole.strip(), fence or "", is_marked)
        else:
            for span in _SPAN.findall(text):
                whole = span.replace("\\|", "|")  # of a table
                yield Line(page, number, whole, is_run=text.endswith(MARK))
            is_marked = text == MARK or (is_marked and not text.strip())
            before = text


def shell_lines() -> Iterator[Line]:
    """Yield what a shell takes: blocks that name no other language, and spans."""
    for page in PAGES:
        for line in lines_of(page):
            if line.language in ("", "sh") and not _is_no_shell(line.text):
                yield line


def _is_no_shell(text: str) -> bool:
    """Return whether this is only a name, a value or a drawing: it starts no command."""
    return text.partition(" ")[0] not in (*_STARTERS, *TOOLS, "ffmpeg", "curl")


TOOLS = ("pip", "uv", "pipx", "make", "ray", "git")
"""Commands of installing and of clusters."""


def code_of(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
