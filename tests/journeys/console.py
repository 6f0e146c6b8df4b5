"""The console as its user sees it, by the names that its pages give for tests."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.journeys.firm import PASSWORD, Desk


class Console:
    """One tab of the console."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url

    @classmethod
    def at_work(cls, context: BrowserContext, desk: Desk, status: str = "online") -> Console:
        """A new tab of somebody who has filled the sign-in form and said what he is."""
        console = cls(context.new_page(), desk.base_url)
        console.go("/sign-in")
        console.fill_sign_in(desk.me["login"], PASSWORD)
        console.expect_live()
        console.set_presence(status)
        return console

    def go(self, path: str) -> None:
        """Load ``/console{path}``."""
        self.page.goto(f"{self.base_url}/console{path}")

    def fill_sign_in(self, login: str, password: str) -> None:
        """Fill the form and send it."""
        self.page.get_by_test_id("sign-in-login").fill(login)
        self.page.get_by_test_id("sign-in-password").fill(password)
        self.page.get_by_test_id("sign-in-submit").click()

    def expect_live(self) -> None:
        """The stream stands."""
        expect(self.page.get_by_test_id("connection")).to_have_attribute("data-phase", "live")

    def set_presence(self, status: str) -> None:
        """online, busy, break or offline."""
        self.page.get_by_test_id(f"presence-{status}").click()
        expect(self.page.get_by_test_id(f"presence-{status}")).to_have_attribute("aria-checked", "true")

    def show(self, box: str) -> None:
        """The list ``mine``, ``queue`` or ``closed``."""
        self.page.get_by_test_id(f"tab-{box}").click()
        expect(self.page.get_by_test_id(f"tab-{box}")).to_have_attribute("aria-checked", "true")

    def row(self, words: str) -> Locator:
        """The conversation in the list whose customer or last words match."""
        return self.page.get_by_test_id("conversation-row").filter(has_text=re.compile(words))

    def open(self, words: str) -> None:
        """Open that conversation."""
        row = self.row(words)
        conversation_id = row.get_attribute("data-id")
        row.click()
        self.page.wait_for_url(f"**/workbench/{conversation_id}**")
        self.page.get_by_test_id("composer").wait_for()

    @property
    def state(self) -> Locator:
        """What the header says about the conversation (``data-state``)."""
        return self.page.get_by_test_id("conversation-state")

    def messages(self, author: str = "", kind: str = "") -> Locator:
        """The messages of the open conversation."""
        conditions = "[data-testid=message]"
        if author:
            conditions += f"[data-author={author}]"
        if kind:
            conditions += f"[data-kind={kind}]"
        return self.page.locator(conditions)

    def message(self, text: str) -> Locator:
        """The one message that says so."""
        return self.messages().filter(has_text=text)

    def write(self, text: str) -> None:
        """Send what the composer is for: a reply, or a note."""
        field = self.page.get_by_test_id("composer-text")
        field.fill(text)
        field.press("Enter")

    def choose_mode(self, mode: str) -> None:
        """``reply`` or ``note``."""
        self.page.get_by_test_id(f"mode-{mode}").click()
        expect(self.page.get_by_test_id("composer")).to_have_attribute("data-mode", mode)
