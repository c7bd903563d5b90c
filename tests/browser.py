"""The system's Chromium, driven over its own protocol through a pipe: no server, no driver.

Source: Chrome DevTools Protocol; with ``--remote-debugging-pipe`` it reads messages from file
descriptor 3 and writes to 4, each ended by a zero byte.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--hide-scrollbars", "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-pipe", "--proxy-server=127.0.0.1:9",
)  # fmt: skip
"""The proxy does not exist: a page that asked for anything would fail."""

ON_PIPES = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Runs a program whose descriptors 3 and 4 are the two that are named first."""

PATIENCE_SECONDS = 240.0


class Browser:
    """One page of a browser. Use `opened`."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._pending = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def attach(self) -> None:
        """Take the first page."""
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(one for one in targets if one["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=page["targetId"], flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def look(
        self, width: int, height: int, scheme: str = "light", ratio: float = 1, motion: str = ""
    ) -> None:
        """Set the size of the window, and what the user prefers: light or dark, less motion."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=ratio, mobile=False,
        )  # fmt: skip
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        self.send("Emulation.setEmulatedMedia", features=features)

    def open(self, page: Path) -> None:
        """Open a file, and wait until all of it is there."""
        self.send("Page.navigate", url=page.absolute().as_uri())
        self.until("document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        """Evaluate JavaScript and return its value."""
        result = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
            userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.value(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key."""
        common = {"key": key, "modifiers": 8 if shift else 0}
        if len(key) == 1:
            common |= {"text": key}
        else:
            common |= {"code": key, "windowsVirtualKeyCode": KEY_CODES[key]}
        self.send("Input.dispatchKeyEvent", type="keyDown", **common)
        common.pop("text", None)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def centre(self, selector: str) -> tuple[float, float]:
        """Scroll an element into view and return its centre."""
        box = self.value(
            f"(() => {{ const one = document.querySelector({selector!r}); "
            "one.scrollIntoView({block: 'nearest'}); const box = one.getBoundingClientRect(); "
            "return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
        return box[0], box[1]

    def click(self, selector: str) -> None:
        """Click on the middle of an element."""
        x, y = self.centre(selector)
        self.drag((x, y), (x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at one place and release it at another."""
        self._mouse("mouseMoved", *start)
        self._mouse("mousePressed", *start)
        if start != end:
            self._mouse("mouseMoved", *end)
        self._mouse("mouseReleased", *end)

    def screenshot(self, path: Path, *, is_whole: bool = False) -> None:
        """Write what is shown, or the whole page, as a PNG."""
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=is_whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self) -> list[str]:
        """Return errors of the script, refusals of the page's policy, and requests to elsewhere."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"].get("exception", params)))
            elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
                found.append(params["entry"]["text"])
            elif event.get("method") == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("data:", "file:", "blob:", "about:")):
                    found.append(url)
        return found

    def _mouse(self, kind: str, x: float, y: float) -> None:
        self.send(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, clickCount=1,
            button="none" if kind == "mouseMoved" else "left",
            buttons=0 if kind == "mouseReleased" else 1,
        )  # fmt: skip

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            piece = os.read(self._answers, 1 << 20)
            assert piece, "the browser has ended"
            self._pending += piece
        message, _, self._pending = self._pending.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


KEY_CODES = {
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
    "Home": 36, "End": 35, "Tab": 9, "Enter": 13,
}  # fmt: skip


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Browser]:
    """Start the system's Chromium, and end it.

    Args:
        folder: for its profile; empty.
    """
    program = next(filter(None, map(shutil.which, NAMES)), None)
    assert program, f"tests marked browser need one of {', '.join(NAMES)}"
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    arguments = [*FLAGS, f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(
        [sys.executable, "-c", ON_PIPES, str(to_browser), str(from_browser), program, *arguments],
        pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        browser = Browser(commands, answers)
        browser.attach()
        yield browser
    finally:
        os.close(commands)
        os.close(answers)
        process.terminate()
        process.wait(30)
