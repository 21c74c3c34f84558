"""What a person at a page sees, and when: a real headless Chromium, the page's own actions, and clocks inside the page.

A picture counts when it is on screen: the page says `data-painted` within an animation frame, and a task that is posted then runs right
after the frame has been painted, bars and axis with it. Of the first picture alone bars and axis come a little later, with plotly.js.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

WIDTH, HEIGHT = 1280, 900
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run")
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_WATCH = """(() => {
  const pictures = [];
  const keys = [];
  const sharp = ({ view, window, width }) => {
    const [from, to, step] = view.split("-").map(Number);
    const [t0, t1] = window.split("-").map(Number);
    return from <= t0 && to >= t1 && step <= 1.51 * Math.max(1, (t1 - t0) / width);
  };
  globalThis.bench = {
    pictures,
    keys,
    window: () => pictures.at(-1)?.window,
    /** ms from the last key to the first sharp picture of another window than `before`; null so far. */
    zoomed: (before) => {
      const found = pictures.find((one) => one.at > keys.at(-1) && one.window !== before && sharp(one));
      return found ? found.at - keys.at(-1) : null;
    },
  };
  /** Whether the last key has moved nothing: the window was as far as it goes. */
  bench.moot = (before) => performance.now() - keys.at(-1) > 2000 && document.querySelector("#timeline-card").dataset.window === before;
  addEventListener("keydown", (event) => keys.push(event.timeStamp), true);
  new MutationObserver(() => {
    const plot = document.querySelector("#timeline-card .plot");
    const card = document.querySelector("#timeline-card");
    if (!plot?.dataset.painted) return;
    const { grown, painted: view } = plot.dataset;
    const { window, resolution } = card.dataset;
    const seen = { grown: Number(grown), view, window, resolution, width: plot.querySelector(".surface").clientWidth };
    const channel = new MessageChannel();
    channel.port1.onmessage = () => pictures.push({ at: performance.now(), ...seen });
    channel.port2.postMessage(null);
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-painted"] });
})()"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A fresh one: nothing is cached, and its memory is its own."""
    found = os.environ.get("GILSCOPE_CHROMIUM") or next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise SystemExit("no Chromium here: install one, or name it in GILSCOPE_CHROMIUM")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=list(_FLAGS))
        try:
            yield launched
        finally:
            launched.close()


def watched(browser: Browser) -> Page:
    """A page that notes when it has shown what; see `globalThis.bench`."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_default_timeout(120_000)
    page.add_init_script(_WATCH)
    return page


def first_picture(page: Page, url: str) -> dict[str, float]:
    """Seconds from the click on a link to the first picture, and to the first one of the open trace."""
    page.goto(url, wait_until="commit")
    page.wait_for_function("() => bench.pictures.some(({ resolution }) => resolution && resolution !== 'opening')", polling="raf")
    pictures = page.evaluate("() => bench.pictures")
    told = [one for one in pictures if one["resolution"]]
    return {"first": told[0]["at"] / 1000, "open": next(one["at"] for one in told if one["resolution"] != "opening") / 1000}


_KEYS = "wwwwwwdawwwwwwssd0wwwwddwwwwwwwwaa0wwssww0"


def zooms(page: Page, keys: str = _KEYS) -> list[float]:
    """Per key, in ms: from its press to the sharp picture of the new window. The pointer wanders, so that each goes somewhere else.

    Begins when bars and axis are there: until plotly.js has been evaluated, a second after the first picture, keys wait for that.
    """
    page.wait_for_selector("#timeline-card .plot[data-drawn]")
    plot = page.locator("#timeline-card .plot .surface").bounding_box()
    assert plot is not None
    found = []
    for number, key in enumerate(keys):
        page.mouse.move(plot["x"] + plot["width"] * (0.2 + 0.6 * ((number * 0.37) % 1)), plot["y"] + 40)
        before = page.evaluate("() => bench.window()")
        page.keyboard.press(key)
        page.wait_for_function("(before) => bench.zoomed(before) !== null || bench.moot(before)", arg=before, polling="raf")
        took = page.evaluate("(before) => bench.zoomed(before)", before)
        found += [] if took is None else [took]
        page.wait_for_timeout(150)
    return found


def memory_mb(pids: list[int]) -> float:
    """What these processes take, memory that several share counted once (PSS)."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def browsers() -> list[int]:
    """Processes of Chromium that descend from this one."""
    return [pid for pid in _descendants(os.getpid()) if _is(pid, lambda name: "chrom" in name)]


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, waiting = [], [root]
    while waiting:
        above = waiting.pop()
        below = [pid for pid, parent in parents.items() if parent == above]
        found += below
        waiting += below
    return found


def _is(pid: int, fits: Callable[[str], bool]) -> bool:
    try:
        return fits(Path(f"/proc/{pid}/comm").read_text())
    except OSError:
        return False


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of them are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def described(value: Any) -> str:
    """A figure of a table, or why there is none."""
    return value if isinstance(value, str) else f"{value:.2f}" if value < 10 else f"{value:,.0f}"
