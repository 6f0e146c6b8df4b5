"""One demo platform for the journeys of a test process, and a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.journeys.browser import ARGUMENTS, CHROMIUM, RESULTS, Guard, open_context
from tests.journeys.firm import Account, Firm
from tests.journeys.installation import Installation

_HAS_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failure, so that the test's pages can be kept before they close."""
    report = yield
    if report.failed:
        item.stash[_HAS_FAILED] = True
    return report


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running demo with all its data. ``GUANJIA_DEMO`` names the folder of one that runs already."""
    if running := os.environ.get("GUANJIA_DEMO"):
        yield Installation.running(Path(running))
        return
    folder: Path = tmp_path_factory.mktemp("demo") / "data"
    installation = Installation(folder).start()
    try:
        yield installation.wait_for_demo_data()
    finally:
        installation.stop()


@pytest.fixture
def firm(demo: Installation) -> Firm:
    """A company that this test has for itself."""
    return Firm(demo, "晨光汽车")


@pytest.fixture
def account(firm: Firm) -> Account:
    """Its official account."""
    return firm.connect()


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
def open_browser(
    browser: Browser, guard: Guard, request: pytest.FixtureRequest
) -> Iterator[Callable[..., BrowserContext]]:
    """Opens fresh, watched contexts: each is another person's browser. A failed test leaves pictures and traces."""
    contexts: list[BrowserContext] = []

    def open_one(**options: Any) -> BrowserContext:
        context = open_context(browser, guard, **options)
        context.tracing.start(snapshots=True)
        contexts.append(context)
        return context

    yield open_one
    folder = RESULTS / re.sub(r"\W+", "-", request.node.name)
    for number, context in enumerate(contexts, 1):
        if request.node.stash.get(_HAS_FAILED, False):
            for place, page in enumerate(context.pages, 1):
                page.screenshot(path=folder / f"{number}-{place}.png")
            context.tracing.stop(path=folder / f"{number}.zip")
        context.close()


@pytest.fixture
def context(open_browser: Callable[..., BrowserContext]) -> BrowserContext:
    """A fresh, watched browser context."""
    return open_browser()
