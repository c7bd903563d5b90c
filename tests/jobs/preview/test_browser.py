"""The page in a real browser: dragged, typed at, zoomed; nothing fetched, nothing complained of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, opened
from tests.cli.command import QUICK, vsr
from tests.clips import write_clip

pytestmark = pytest.mark.browser

CLIP = "parseFloat(getComputedStyle(document.querySelector('.pane.left')).clipPath.split(' ')[1])"
"""The share of the left picture that is cut away, in per cent."""

ZOOM = "document.querySelector('.pane.left img').style.transform"
SIDES = "[document.querySelector('#left').value, document.querySelector('#right').value].join()"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    clip = write_clip(folder / "in.mp4", frames=30)
    assert vsr("preview", clip, *QUICK, "--try", "crf=40", "-q") == 0
    return folder / "in-preview.html"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture
def browser(started: Browser, page: Path) -> Iterator[Browser]:
    started.look(1280, 900)
    started.open(page)
    started.until("document.querySelector('.pane.left img').naturalWidth > 0")
    yield started
    assert started.complaints() == []


def stage(browser: Browser, across: float, down: float = 0.5) -> tuple[float, float]:
    """A place in the stage, in shares of its sides."""
    box = browser.value(
        "(() => { const box = document.querySelector('#stage').getBoundingClientRect();"
        " return [box.left, box.top, box.width, box.height]; })()"
    )
    return box[0] + across * box[2], box[1] + down * box[3]


def test_the_divider_is_dragged(browser: Browser):
    assert browser.value(CLIP) == pytest.approx(50)
    browser.drag(stage(browser, 0.5), stage(browser, 0.25))
    assert browser.value(CLIP) == pytest.approx(75, abs=1)
    browser.drag(stage(browser, 0.9), stage(browser, 0.8))
    assert browser.value(CLIP) == pytest.approx(20, abs=1)


def test_the_divider_heeds_the_keys_and_says_where_it_is(browser: Browser):
    browser.value("document.querySelector('#divider').focus()")
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    assert browser.value(CLIP) == pytest.approx(46)
    browser.press("End")
    assert browser.value(CLIP) == pytest.approx(0)
    browser.press("Home")
    assert browser.value(CLIP) == pytest.approx(100)
    spoken = browser.value("document.querySelector('#divider').getAttribute('aria-valuetext')")
    assert spoken == "Source (Lanczos) on 0 % of the width"


def test_frames_sides_and_views_are_chosen_by_keys(browser: Browser):
    first = browser.value("document.querySelector('.pane.left img').src.length")
    browser.press("3")
    assert browser.value("document.querySelectorAll('input[name=shot]')[2].checked")
    assert browser.value("document.querySelector('.pane.left img').src.length") != first
    assert browser.value("document.querySelector('#said').textContent").startswith("Frame 3, 0:")
    assert browser.value(SIDES) == "0,1"
    browser.press("s")
    assert browser.value(SIDES) == "1,0"
    browser.press("v")
    assert browser.value("document.querySelector('#stage').classList.contains('beside')")
    assert browser.value("document.querySelector('input[name=view][value=beside]').checked")


def test_a_zoomed_picture_is_dragged_and_keeps_its_pixels(browser: Browser):
    before = browser.value(ZOOM)
    for _ in range(3):
        browser.press("+")
    assert browser.value("document.querySelector('input[name=zoom]:checked').value") == "4"
    assert browser.value(ZOOM).endswith("scale(4)")
    assert browser.value("document.querySelector('#stage').classList.contains('exact')")
    browser.look(500, 900)
    browser.until("document.querySelector('#stage').clientWidth < 500")
    zoomed = browser.value(ZOOM)
    browser.drag(stage(browser, 0.8, 0.3), stage(browser, 0.6, 0.3))
    assert browser.value(ZOOM) != zoomed
    assert browser.value(CLIP) == pytest.approx(50)
    browser.look(1280, 900)
    browser.press("0")
    browser.until(f"{ZOOM} === {before!r}")  # the size of the window takes a moment


def test_the_loop_plays_stops_and_goes_on_frame_by_frame(browser: Browser):
    browser.until("document.querySelector('#loop-video').currentTime > 0.05")
    browser.click("#play")
    assert browser.value("document.querySelector('#loop-video').paused")
    browser.value("document.querySelector('#loop-video').currentTime = 0.5 / 25")
    browser.until("!document.querySelector('#loop-video').seeking")
    browser.click("#forth")
    browser.until("Math.abs(document.querySelector('#loop-video').currentTime - 0.06) < 0.001")
    browser.click("#back")
    browser.click("#back")
    browser.until("Math.abs(document.querySelector('#loop-video').currentTime - 29.5 / 25) < 0.001")
    drawn = (
        "[...document.querySelectorAll('.moving canvas')].map(one =>"
        " one.getContext('2d').getImageData(0, 0, one.width, one.height).data"
        ".some((value, i) => i % 4 < 3 && value > 99)).join()"
    )
    browser.until(f"{drawn} === 'true,true'")


def test_a_blind_test_hides_the_names_until_the_end(browser: Browser):
    names = "document.querySelector('.page').innerText"
    assert "Source (Lanczos)" in browser.value(names)
    browser.press("b")
    text = browser.value(names)
    assert "Source (Lanczos)" not in text
    assert "crf" not in text
    assert "Pair 1 of 9" in text
    for number in range(9):
        browser.click(("#vote-left", "#vote-right", "#vote-same")[number % 3])
    text = browser.value(names)
    assert "Source (Lanczos)" in text
    rows = browser.value(
        "[...document.querySelectorAll('#verdict tbody tr')].map(row =>"
        " [...row.children].map(cell => cell.textContent))"
    )
    assert sorted(row[0] for row in rows) == ["Source (Lanczos)", "bicubic", "crf=40"]
    assert sum(int(row[1]) for row in rows) == sum(int(row[3]) for row in rows) == 6
    assert sum(int(row[2]) for row in rows) == 6


def test_it_is_readable_in_the_dark_and_in_the_light(browser: Browser):
    contrast = """
    (() => {
      const shine = (text) => {
        const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((c) => {
          c /= 255;
          return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = (one) => {
        while (one) {
          const colour = getComputedStyle(one).backgroundColor;
          if (!/, 0\\)$|transparent/.test(colour)) return colour;
          one = one.parentElement;
        }
        return "rgb(255, 255, 255)";
      };
      const low = [];
      for (const one of document.querySelectorAll("h1, h2, p, small, td, th, label, button, li, kbd, span")) {
        if (!one.innerText?.trim() || one.closest(".tag, [hidden]") || !one.offsetParent) continue;
        const [a, b] = [shine(getComputedStyle(one).color), shine(ground(one))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) low.push(`${one.tagName} ${one.innerText.slice(0, 20)} ${ratio.toFixed(2)}`);
      }
      return low;
    })()
    """  # noqa: E501
    grounds = []
    for scheme in ("light", "dark"):
        browser.look(1280, 900, scheme, motion="reduce")  # no colour on its way to another
        assert browser.value(contrast) == []
        grounds.append(browser.value("getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] != grounds[1]


def test_a_phone_shows_all_of_it(browser: Browser):
    browser.look(390, 800, ratio=3)
    assert browser.value("document.documentElement.scrollWidth") <= 390
    assert browser.value("document.querySelector('#stage').clientHeight") >= 200
    browser.look(1280, 900)


def test_every_control_is_reached_by_tab(browser: Browser):
    reached = set()
    for _ in range(40):
        browser.press("Tab")
        reached.add(browser.value("document.activeElement.id || document.activeElement.name || ''"))
    assert {"shot", "left", "swap", "right", "zoom", "view", "divider"} <= reached
    assert {"play", "back", "forth", "speed", "blind"} <= reached
