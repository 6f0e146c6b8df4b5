"""A customer's phone on ``/phone/``, by the names that the page gives for tests."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.journeys.installation import Phone


class PhonePage:
    """One phone in one tab."""

    def __init__(self, page: Page, base_url: str, phone: Phone) -> None:
        self.page = page
        self.base_url = base_url
        self.phone = phone
        self.screen = page.get_by_test_id(f"phone-{phone.id}")

    @classmethod
    def opened(cls, context: BrowserContext, base_url: str, phone: Phone, appid: str = "") -> PhonePage:
        """The phone in a new tab, with an account's chat open when one is named."""
        page = context.new_page()
        page.goto(f"{base_url}/phone/?phones={phone.id}{'~' + appid if appid else ''}")
        opened = cls(page, base_url, phone)
        opened.get("chat-log" if appid else "phone-title").wait_for()
        expect(page.get_by_test_id("live-sign")).to_have_attribute("data-phase", "live")
        return opened

    def get(self, name: str) -> Locator:
        """Something on this phone."""
        return self.screen.get_by_test_id(name)

    def follow(self, appid: str) -> None:
        """Search the account and follow it, which opens its chat."""
        self.get("phone-add-menu").click()
        self.get("phone-search").click()
        self.get(f"search-account-{appid}").click()
        self.get("profile-follow").click()
        self.get("chat-log").wait_for()

    def write(self, text: str) -> None:
        """Type and send."""
        self.get("composer-text").fill(text)
        self.get("composer-send").click()

    def messages(self, kind: str = "", sender: str = "") -> Locator:
        """The messages of the open chat, of one kind and from one side when named."""
        conditions = f"[data-testid=message-{kind}]" if kind else "[data-testid^=message-][data-from]"
        return self.screen.locator(f"{conditions}[data-from={sender}]" if sender else conditions)

    def message(self, text: str) -> Locator:
        """The message that says so."""
        return self.messages().filter(has_text=text)
