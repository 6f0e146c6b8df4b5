"""Browser pages that fail the test on what a user must never meet: console errors, foreign requests, CSP violations."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
CHROMIUM = "/usr/bin/chromium"
# Pictures and traces of pages: of failed tests, and of the walk.
RESULTS = Path(__file__).resolve().parents[2] / "test-results"
# A busy machine is slow, not wrong.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


class Guard:
    """Collects what went wrong on the pages of one context. ``allow`` names texts that a test provokes on purpose."""

    def __init__(self) -> None:
        self.findings: list[str] = []
        self.allowed: list[str] = []

    def allow(self, *texts: str) -> None:
        """Messages that contain one of ``texts`` are no finding."""
        self.allowed += texts

    def watch(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self._note(f"foreign request: {request.url}")

    def _note(self, finding: str) -> None:
        if not any(text in finding for text in self.allowed):
            self.findings.append(finding)

    def check(self) -> None:
        """Fail when anything was found."""
        assert not self.findings, "\n".join(self.findings)


def open_context(browser: Browser, guard: Guard, **options: Any) -> BrowserContext:
    """A fresh context whose every page is watched."""
    options = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": {"width": 1440, "height": 900}, **options}
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    context.on("page", guard.watch)
    return context
