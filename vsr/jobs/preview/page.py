"""One self-contained HTML page: a slider over pictures, a loop, a table; no server, no network."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from vsr.jobs.preview.choose import Loop
from vsr.values import Size

MOST_BYTES = 10_000_000
"""The largest page: it is sent by mail and opened on phones."""

SHARE_OF_LOOP = 0.25
"""The share of the page's bytes for the loop; the images take the rest, but for a little."""

SCRIPT_BYTES = 100_000
"""Bytes set aside for markup, style and script."""

BASE64 = 4 / 3
"""How much longer bytes become as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One side of a comparison: a setting, a file, or the source.

    Attributes:
        name: short; no two of a page are the same.
        detail: what it is, in full.
        facts: what the table says of it, by column.
        command: what makes it; None for the source, or a file.
        short: the facts in a few words, for the sheet.
    """

    name: str
    detail: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    command: str | None = None
    short: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFrame:
    """One frame in all variants.

    Attributes:
        time: such as ``1:23.4``.
        why: why it was chosen, in a word or two.
        size: as displayed, in pixels.
        pictures: one WebP for each variant.
    """

    time: str
    why: str
    size: Size
    pictures: tuple[bytes, ...]

    @property
    def label(self) -> str:
        """Time and reason."""
        return f"{self.time}, {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page shows.

    Attributes:
        subject: what is compared, in a few words.
        summary: one line below it.
        variants: at least two.
        loop: None for a clip of one frame.
        notes: remarks, one sentence each.
    """

    subject: str
    summary: str
    variants: tuple[Variant, ...]
    shots: tuple[ShownFrame, ...]
    loop: Loop | None = None
    notes: tuple[str, ...] = ()
    made_by: str = "vsr preview"


def picture_budget(has_loop: bool) -> int:
    """Return how many bytes all pictures of a page may take."""
    share = 1 - SHARE_OF_LOOP if has_loop else 1
    return int((MOST_BYTES - SCRIPT_BYTES) * share / BASE64)


def loop_budget() -> int:
    """Return how many bytes the loop may take."""
    return int((MOST_BYTES - SCRIPT_BYTES) * SHARE_OF_LOOP / BASE64)


def html_of(page: Page) -> str:
    """Return the page. Nothing in it is fetched from elsewhere, and its policy forbids it."""
    assets = files("vsr.jobs.preview") / "assets"
    style, script, viewer = (
        (assets / name).read_text("utf-8") for name in ("page.css", "page.js", "viewer.html")
    )
    policy = (
        "default-src 'none'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'"
    )
    body = "\n".join(
        (
            _header(page),
            "<main>",
            viewer.rstrip(),
            _loop(page),
            _table(page),
            _notes(page),
            _static(page),
            "</main>",
            _footer(page),
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(page.subject)} · {escape(page.made_by)}</title>\n"
        f"<style>{style}</style>\n</head>\n<body>\n"
        f'<div class="page">\n{body}\n</div>\n'
        f'<script type="application/json" id="page-data">{_data(page)}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"


def _data(page: Page) -> str:
    """Return what the script needs as JSON that cannot end the element it is in."""
    loop = page.loop
    values: dict[str, Any] = {
        "variants": [{"name": one.name} for one in page.variants],
        "shots": [
            {
                "time": shot.time,
                "why": shot.why,
                "label": shot.label,
                "width": shot.size.width,
                "height": shot.size.height,
            }
            for shot in page.shots
        ],
        "loop": None
        if loop is None
        else {
            "fps": float(loop.motion.fps),
            "frames": loop.motion.frames,
            "width": loop.size.width,
            "height": loop.size.height,
            "tiles": [list(tile) for tile in loop.tiles],
        },
    }
    return json.dumps(values, ensure_ascii=False).replace("<", "\\u003c")


def _header(page: Page) -> str:
    return (
        f"<header><div><h1>{escape(page.subject)}</h1>"
        f'<p class="muted named">{escape(page.summary)}</p></div>'
        '<button id="blind" class="needs-script" aria-pressed="false">Blind test</button></header>'
    )


def _loop(page: Page) -> str:
    loop = page.loop
    if loop is None:
        return ""
    source = _url("video/mp4", loop.video)
    return f"""\
<section aria-labelledby="loop-title">
<div class="head"><h2 id="loop-title">In motion</h2>
<p class="muted">{escape(loop.motion.label)}</p>
<div class="controls needs-script">
<button id="play">Play</button>
<button id="back" aria-label="One frame back" title="One frame back">‹</button>
<button id="forth" aria-label="One frame forward" title="One frame forward">›</button>
<label>Speed <select id="speed">
<option value="1">1×</option><option value="0.5">½×</option><option value="0.25">¼×</option>
</select></label>
</div></div>
<div class="moving needs-script">
<div><canvas id="loop-left" role="img" aria-label="The loop, left side"></canvas>
<span class="tag left" aria-hidden="true"></span></div>
<div><canvas id="loop-right" role="img" aria-label="The loop, right side"></canvas>
<span class="tag right" aria-hidden="true"></span></div>
</div>
<video id="loop-video" class="hidden-video" src="{source}" loop muted playsinline preload="auto" \
tabindex="-1" aria-hidden="true"></video>
</section>"""


def _table(page: Page) -> str:
    fullest = max(page.variants, key=lambda one: len(one.facts))
    columns = list(dict.fromkeys(name for one in (fullest, *page.variants) for name in one.facts))
    has_commands = any(one.command for one in page.variants)
    heads = ["Setting" if has_commands else "File", *columns]
    heads += ["Command"] if has_commands else []
    rows = []
    for one in page.variants:
        cells = "".join(f"<td>{escape(one.facts.get(name, '–'))}</td>" for name in columns)
        if has_commands:
            cells += f'<td class="command">{_command(one.command)}</td>'
        detail = f"<small>{escape(one.detail)}</small>" if one.detail else ""
        rows.append(f'<tr><th scope="row">{escape(one.name)}{detail}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    title = "Settings" if has_commands else "Files"
    return (
        f'<section class="named" aria-labelledby="table-title"><div class="head">'
        f'<h2 id="table-title">{title}</h2></div>\n<div class="scroll"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _command(command: str | None) -> str:
    if command is None:
        return '<span class="muted">–</span>'
    words = " ".join(f"<span>{escape(word)}</span>" for word in command.split(" "))
    return (
        f"<div><code>{words}</code>"
        '<button class="copy needs-script" aria-label="Copy the command">Copy</button></div>'
    )


def _notes(page: Page) -> str:
    if not page.notes:
        return ""
    noted = (re.sub(r"(--[a-z][a-z-]*)", r"<b>\1</b>", escape(note)) for note in page.notes)
    items = "".join(f"<li>{note}</li>" for note in noted)
    return (
        '<section class="named" aria-labelledby="notes-title"><div class="head">'
        f'<h2 id="notes-title">Notes</h2></div><ul class="notes">{items}</ul></section>'
    )


def _static(page: Page) -> str:
    """Return every picture in an element of its own: what the script shows, and a page without."""
    figures = []
    for index, shot in enumerate(page.shots):
        for column, (one, content) in enumerate(zip(page.variants, shot.pictures, strict=True)):
            text = escape(f"{shot.label}: {one.name}")
            figures.append(
                f'<figure><img data-shot="{index}" data-variant="{column}" alt="{text}" '
                f'src="{_url("image/webp", content)}"><figcaption>{text}</figcaption></figure>'
            )
    return (
        '<section aria-labelledby="all-title"><h2 id="all-title" class="unseen">All images</h2>'
        f'<div class="static">{"".join(figures)}</div></section>'
    )


def _footer(page: Page) -> str:
    made = f"{escape(page.made_by)}. Nothing on this page is loaded from elsewhere."
    return f"<footer><p>{made}</p></footer>"
