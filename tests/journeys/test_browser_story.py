"""The story player: one customer's story, step by step, with the way of each message between phone and console."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.journeys.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WAY_IN = ("phone", "stored", "routed", "conversation", "agent")
WAY_OUT = ("agent", "sending", "sent", "phone")


def test_the_story_plays_to_its_end_by_the_step_button(demo: Installation, context: BrowserContext) -> None:
    head = demo.person().call("GET", "/emulator/stories")["items"][0]
    steps = demo.person().call("GET", f"/emulator/stories/{head['key']}")["steps"]
    page = context.new_page()
    page.goto(f"{demo.base_url}/phone/story.html")
    console = page.get_by_test_id("story-console").content_frame
    console.get_by_test_id("conversation-list").wait_for()
    card = page.get_by_test_id("story-step")
    for step in steps:
        page.get_by_test_id("story-next").click()
        expect(card).to_have_attribute("data-step", step["key"])
        expect(card).to_have_attribute("data-state", "done")
        expect(card.get_by_role("heading")).to_have_text(step["title"])
    expect(page.get_by_test_id("story-over")).to_be_visible()
    expect(page.get_by_test_id("story-next")).to_be_disabled()

    texts = [step["act"] for step in steps if step["act"]["kind"] in ("message", "reply")]
    phone = page.locator("[data-testid^=phone-]").get_by_test_id("chat-log")
    for act in texts:
        said = act["text"] if act["kind"] == "reply" else act["message"]["content"].get("content", "")
        expect(phone).to_contain_text(said)
        expect(console.get_by_test_id("message-log")).to_contain_text(said)
    expect(console.get_by_test_id("conversation-state")).to_have_attribute("data-state", "closed")
    expect(console.get_by_test_id("message-log")).to_contain_text("客户评价 5 分")

    asked = page.get_by_test_id("path-in").filter(has_text=steps[2]["act"]["message"]["content"]["content"])
    for stop in WAY_IN:
        expect(asked.get_by_test_id(f"stop-{stop}")).to_have_attribute("data-reached", "true")
    answered = page.get_by_test_id("path-out").filter(has_text=steps[5]["act"]["text"])
    for stop in WAY_OUT:
        expect(answered.get_by_test_id(f"stop-{stop}")).to_have_attribute("data-reached", "true")
    expect(page.locator("[data-testid=stop-failed][data-reached=true]")).to_have_count(0)
