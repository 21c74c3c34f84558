"""A trace's page as its reader handles it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Locator, Page, expect


class Timeline:
    """What the timeline shows, by its own account, and how to get at it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.card = page.locator("#timeline-card")
        self.lanes = page.locator("#timeline")
        self.surface = page.locator(".plot .surface")
        self.said = page.locator("#timeline-card [data-part=live]")
        self.tooltip = page.locator("#tooltip")

    def open(self, **query: object) -> None:
        self.page.goto(f"{self.url}?{urlencode(query)}" if query else self.url)
        self.is_drawn()

    def is_drawn(self) -> None:
        expect(self.page.locator(".plot")).to_have_attribute("data-grown", re.compile("[1-9]"))
        expect(self.page.locator(".plot .main-svg .xtick text").first).to_be_visible()

    def press(self, *keys: str) -> None:
        self.lanes.focus()
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def window(self) -> tuple[int, int]:
        t0, t1 = (self.card.get_attribute("data-window") or "").split("-")
        return int(t0), int(t1)

    def shows(self, t0: int, t1: int) -> None:
        expect(self.card).to_have_attribute("data-window", f"{t0}-{t1}")

    def label(self, lane: str) -> Locator:
        return self.page.locator(f".lanelabel:has(.name:text-is('{lane}'))")

    def stand(self, prefix: str, *names: str) -> None:
        """The lanes whose names begin so come to stand in this order, from top to bottom."""
        labels = self.page.locator(".lanelabel .name").filter(has_text=re.compile(f"^{re.escape(prefix)}"))
        expect(labels).to_have_text(names)
        tops: list[float] = labels.evaluate_all("labels => labels.map((label) => label.getBoundingClientRect().top)")
        assert tops == sorted(tops)

    def place(self, lane: str, share: float) -> tuple[float, float]:
        """Of a point on a lane, at a share of the plot's width."""
        row, plot = self.label(lane).bounding_box(), self.surface.bounding_box()
        assert row is not None
        assert plot is not None
        return plot["x"] + share * plot["width"], row["y"] + row["height"] / 2

    def click(self, lane: str, share: float) -> None:
        self.page.mouse.click(*self.place(lane, share))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        self.page.mouse.move(*end)
        self.page.mouse.up()

    def chosen(self) -> tuple[int, int] | None:
        told = self.card.get_attribute("data-chosen") or ""
        lane, _, t = told.partition("@")
        return (int(lane), int(t)) if told else None

    def in_address(self, name: str, value: str | None) -> None:
        """The address comes to name this; None: it does not any more."""
        self.page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get(name) == (None if value is None else [value]))
