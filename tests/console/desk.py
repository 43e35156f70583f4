"""An operator's desk: a real browser before a real server; it notes what goes wrong on its pages.

A page that a test opened has no JavaScript error, and asks no other host for anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request

from tests.api.processes import Served

WIDE = {"width": 1400, "height": 900}
NARROW = {"width": 420, "height": 800}
#: How long a page may take to show what it must, on a slow machine.
PATIENCE_MS = 30_000


class Desk:
    """One person's browser session. `errors` and `hosts` are what its pages did."""

    def __init__(self, browser: Browser, served: Served, key: str, **context: Any) -> None:
        self.served = served
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        options: dict[str, Any] = {"viewport": WIDE, **context}
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("request", self._asked)
        self.page = self.tab()
        self._log_in(key)

    def tab(self) -> Page:
        """One more tab of the same session."""
        page = self.context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def open(self, path: str, *, page: Page | None = None) -> Page:
        """Go to a path and return once its socket is there, so that it answers to clicks."""
        page = page or self.page
        page.goto(f"{self.served.url}{path}")
        page.wait_for_function("() => window.socket && window.socket.connected")
        return page

    def button(self, words: str, *, page: Page | None = None) -> Locator:
        """The button that is called so; a key's hint may follow its name."""
        named = re.compile(rf"^{re.escape(words)}(\s|$)")
        return (page or self.page).get_by_role("button", name=named)

    def close(self) -> None:
        """End the session, and say what went wrong in it."""
        self.context.close()
        assert not self.errors, f"errors on a page: {self.errors}"
        others = self.hosts - {urlsplit(self.served.url).netloc}
        assert not others, f"a page asked other hosts: {others}"

    def _log_in(self, key: str) -> None:
        said = self.context.request.post(
            f"{self.served.url}/login", form={"key": key}, max_redirects=0
        )
        assert said.status == 303, said.status

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss"):
            self.hosts.add(parts.netloc)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} {message.location.get('url', '')}")


def contrast_of(page: Page, selector: str) -> Mapping[str, float]:
    """The contrast of text and ground of every element found, by its text."""
    found: Mapping[str, float] = page.evaluate(_CONTRAST, selector)
    return found


_CONTRAST = """(selector) => {
  const light = (rgb) => {
    const [r, g, b] = rgb.match(/[0-9.]+/g).map(Number).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(c)) return c;
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  for (const e of document.querySelectorAll(selector)) {
    const a = light(getComputedStyle(e).color), b = light(ground(e));
    found[e.innerText] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  return found;
}"""
