"""One demo platform for the journeys of a test process, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.journeys.browser import ARGUMENTS, CHROMIUM, Guard, open_context
from tests.journeys.installation import Installation


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running demo with all its data."""
    folder: Path = tmp_path_factory.mktemp("demo") / "data"
    installation = Installation(folder).start()
    try:
        yield installation.wait_for_demo_data()
    finally:
        installation.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once a test process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def guard() -> Iterator[Guard]:
    """Findings of the test's pages fail it at its end."""
    guard = Guard()
    yield guard
    guard.check()


@pytest.fixture
def context(browser: Browser, guard: Guard) -> Iterator[BrowserContext]:
    """A fresh, watched browser context."""
    context = open_context(browser, guard)
    yield context
    context.close()
