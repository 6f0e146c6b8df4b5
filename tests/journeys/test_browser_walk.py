"""One walk over every page, in both languages, light and dark: nothing that a user must never meet."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.browser import RESULTS, Guard, open_context
from tests.journeys.firm import upload
from tests.journeys.installation import Installation, Person, Phone, wait_for
from tests.journeys.walk import ROOT, Walk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

REFUSED_CONTENT = 45002
# Somebody's own settings, as the pages keep them.
PREFERENCES = """
if (location.origin.startsWith('http')) {
    localStorage.setItem('guanjia.language', %s)
    localStorage.setItem('guanjia.preferences', %s)
}
"""
SETTINGS = {
    "organisations": ("organisations", "organisation-add"),
    "staff": ("staff-table", "staff-add"),
    "groups": ("groups-table", "group-add"),
    "canned-replies": ("canned-table", "canned-add"),
    "greetings": ("greetings-table", "greeting-add"),
    "accounts": ("accounts-table", "account-add"),
    "keyword-replies": ("keyword-table", "keyword-add"),
    "audit": ("audit-table", ""),
}


@dataclass(frozen=True)
class Stage:
    """A conversation in which everything has been said, and another that waits."""

    phone: Phone
    other: Phone
    appid: str
    open_id: str
    closed_id: str


@pytest.fixture(scope="module")
def stage(demo: Installation) -> Stage:
    """Made once, so that all walks see the same."""
    account = demo.account()
    appid = account["appid"]
    admin = demo.staff("admin")
    phone, other = demo.phone("周小雨"), demo.phone("韩梅")
    for one in (phone, other):
        one.follow(appid)
        one.write(appid, "我的车刹车有异响，在 https://example.com/brakes 看到说要换刹车片")
    control = demo.person()
    voice = upload(control, f"/emulator/phones/{phone.id}/media", b"#!AMR\n" + bytes([60, *[0] * 31]) * 80, "audio/amr")
    for kind, content in (
        ("image", {"sample": "car"}),
        ("voice", {"duration_seconds": 2, "recognition": "低速的时候特别明显"}),
        ("location", {"latitude": 31.1886, "longitude": 121.4365, "label": "上海 · 徐汇服务中心", "scale": 16}),
        ("link", {"title": "刹车片保养", "description": "多久换一次", "url": "https://example.com/brakes"}),
    ):
        body = {"appid": appid, "kind": kind, "content": content}
        medium = {"media_id": voice["media_id"]} if kind == "voice" else {}
        control.call("POST", f"/emulator/phones/{phone.id}/messages", body | medium)
    open_id = _conversation(admin, phone.openid(appid))
    _take(admin, open_id)
    _say(admin, open_id, "客户很急，请优先安排", is_note=True)
    _say(admin, open_id, "您好，请先减速慢行，尽快到店检查。")
    path = f"/chat/conversations/{open_id}/messages"
    wait_for("the answer", lambda: "sent" in [one["state"] for one in admin.call("GET", path)["items"]])
    control.call("PUT", "/emulator/faults", {"send_errcode": REFUSED_CONTENT})
    _say(admin, open_id, "请把行驶证发给我")
    wait_for("the refusal", lambda: "failed" in [one["state"] for one in admin.call("GET", path)["items"]])
    control.call("PUT", "/emulator/faults", {"send_errcode": 0})
    admin.call("POST", f"/chat/conversations/{open_id}/rating-invitations", {})
    wait_for("the invitation", lambda: [one for one in phone.messages(appid) if one["kind"] == "menu"])
    closed = admin.call("GET", "/chat/conversations?box=closed&limit=1")["items"]
    return Stage(phone, other, appid, open_id, closed[0]["id"])


def _conversation(admin: Person, openid: str) -> str:
    def find() -> str:
        items = admin.call("GET", "/chat/conversations?box=all&limit=200")["items"]
        return next((one["id"] for one in items if one["openid"] == openid and one["last_number"] >= 5), "")

    return wait_for("the conversation", find)


def _take(admin: Person, conversation_id: str) -> None:
    """Have the conversation in hand, also if another got it while nobody had the console open."""
    admin.call("PUT", "/chat/presences/current", {"status": "busy"})
    if admin.call("GET", f"/chat/conversations/{conversation_id}")["conversation"]["agent_id"] != admin.me["id"]:
        admin.call("POST", f"/chat/conversations/{conversation_id}/assignments", {"agent_id": admin.me["id"]})


def _say(admin: Person, conversation_id: str, text: str, *, is_note: bool = False) -> None:
    key = f"walk-{text}"
    body = {"client_id": key[:30], "kind": "text", "content": {"content": text}, "is_note": is_note}
    admin.call("POST", f"/chat/conversations/{conversation_id}/messages", body, Idempotency_Key=str(hash(key)))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page(
    demo: Installation, stage: Stage, browser: Browser, guard: Guard, language: str, theme: str
) -> None:
    walk = Walk(language, theme, RESULTS / "walk")
    _take(demo.staff("admin"), stage.open_id)

    def open_in(**options: object) -> BrowserContext:
        context = open_context(browser, guard, locale=language, color_scheme=theme, **options)
        preferences = json.dumps(json.dumps({"theme": theme}))
        context.add_init_script(PREFERENCES % (json.dumps(language), preferences))
        return context

    for tour, options in (
        (_console, {}),
        (_phones, {}),
        (_small_phone, {"viewport": {"width": 390, "height": 844}, "has_touch": True}),
        (_story, {}),
    ):
        context = open_in(**options)
        tour(walk, context.new_page(), demo, stage)
        context.close()
    walk.judge()
    assert _routes() <= {name.partition("+")[0] for name in walk.seen}


def _routes() -> set[str]:
    """The names of all pages that the console's parts declare."""
    files = (ROOT / "web" / "console" / "src" / "features").glob("*/routes.ts")
    found = {name for file in files for name in re.findall(r"\n      name: '([a-z-]+)'", file.read_text("utf-8"))}
    assert len(found) > 10, found
    return found | {"forbidden", "not-found"}


def _console(walk: Walk, page: Page, demo: Installation, stage: Stage) -> None:
    base = f"{demo.base_url}/console"
    get = page.get_by_test_id
    page.goto(f"{base}/sign-in")
    get("sign-in-login").wait_for()
    walk.see(page, "sign-in")
    entry = next(one for one in demo.demo["staff"] if one["login"] == "admin")
    get("sign-in-login").fill("admin")
    get("sign-in-password").fill(entry["password"])
    get("sign-in-submit").click()
    get("conversation-row").first.wait_for()
    walk.see(page, "workbench+list")

    page.goto(f"{base}/workbench/{stage.open_id}")
    expect(page.locator("[data-testid=message][data-kind=menu]")).to_be_visible()
    expect(page.locator("[data-testid=message][data-state=sending]")).to_have_count(0)
    get("fan-panel").wait_for()
    get("customer-tags").wait_for()
    # Also after its pictures have come, the newest message is the one in view.
    expect(get("message").last).to_be_in_viewport()
    walk.see(page, "workbench")
    get("message-log").evaluate("log => log.scrollTo(0, 0)")
    walk.see(page, "workbench+start")
    get("composer-text").fill("/")
    get("canned-option").first.wait_for()
    walk.see(page, "workbench+canned")
    get("composer-text").fill("")
    get("mode-note").click()
    walk.see(page, "workbench+note")
    get("mode-reply").click()
    get("act-transfer").click()
    get("agent-option").first.wait_for()
    walk.see(page, "workbench+transfer")
    page.keyboard.press("Escape")
    expect(get("dialog-transfer")).to_have_count(0)
    get("act-close").click()
    get("close-result").wait_for()
    walk.see(page, "workbench+close")
    page.keyboard.press("Escape")
    expect(get("dialog-close")).to_have_count(0)
    get("open-search").click()
    get("search-input").fill("王建国")
    get("finding").first.wait_for()
    walk.see(page, "workbench+search")
    page.keyboard.press("Escape")
    expect(get("search-palette")).to_have_count(0)
    get("account-menu").click()
    get("sign-out").wait_for()
    walk.see(page, "workbench+menu")
    page.goto(f"{base}/workbench?box=queue")
    get("conversation-row").first.click()
    get("act-pick-up").wait_for()
    walk.see(page, "workbench+queue")
    page.goto(f"{base}/workbench/{stage.closed_id}?box=closed")
    get("message").first.wait_for()
    page.keyboard.press("?")
    get("cheat-sheet").wait_for()
    walk.see(page, "workbench+keys")

    page.goto(f"{base}/supervision")
    get("supervision-agents").get_by_test_id("row").or_(get("supervision-agents").locator("tr")).first.wait_for()
    walk.see(page, "supervision")
    for name, (table, add) in SETTINGS.items():
        page.goto(f"{base}/settings/{name}")
        get(table).wait_for()
        walk.see(page, name)
        if add:
            get(add).first.click()
            get("edit-drawer").locator("input, textarea").first.wait_for()
            walk.see(page, f"{name}+add")
    page.goto(f"{base}/settings/accounts")
    get("account-quotas").first.click()
    get("quota-dialog").wait_for()
    walk.see(page, "accounts+quotas")
    page.goto(f"{base}/password")
    get("password-form").wait_for()
    walk.see(page, "password")
    page.goto(f"{base}/forbidden")
    get("forbidden").wait_for()
    walk.see(page, "forbidden")
    page.goto(f"{base}/no/such/page")
    get("not-found").wait_for()
    walk.see(page, "not-found")


def _phones(walk: Walk, page: Page, demo: Installation, stage: Stage) -> None:
    page.goto(f"{demo.base_url}/phone/")
    page.get_by_test_id("phones-add").click()
    page.get_by_test_id("chooser-name").wait_for()
    walk.see(page, "phone+add")
    page.goto(f"{demo.base_url}/phone/?phones={stage.phone.id}~{stage.appid},{stage.other.id}")
    expect(page.get_by_test_id("live-sign")).to_have_attribute("data-phase", "live")
    page.get_by_test_id("message-menu").wait_for()
    page.get_by_test_id("strip-toggle").click()
    page.get_by_test_id("pushes").wait_for()
    walk.see(page, "phone")
    other = page.get_by_test_id(f"phone-{stage.other.id}")
    for tab in ("contacts", "discover", "me"):
        other.get_by_test_id(f"phone-tab-{tab}").click()
        walk.see(page, f"phone+{tab}")
    other.get_by_test_id("phone-add-menu").click()
    other.get_by_test_id("phone-scan").click()
    other.get_by_test_id("scan-ticket").wait_for()
    walk.see(page, "phone+scan")


def _small_phone(walk: Walk, page: Page, demo: Installation, stage: Stage) -> None:
    page.goto(f"{demo.base_url}/phone/?phones={stage.other.id}~{stage.appid}")
    expect(page.get_by_test_id("live-sign")).to_have_attribute("data-phase", "live")
    get = page.get_by_test_id(f"phone-{stage.other.id}").get_by_test_id
    get("message-text").first.wait_for()
    walk.see(page, "small")
    page.get_by_test_id("strip-toggle").click()
    page.get_by_test_id("pushes").wait_for()
    walk.see(page, "small+strip")
    page.get_by_test_id("strip-toggle").click()
    if get("menu-keyboard").is_visible():
        get("menu-keyboard").click()
    get("composer-plus").click()
    walk.see(page, "small+plus")
    get("plus-location").click()
    get("location-chosen").wait_for()
    walk.see(page, "small+location")
    get("phone-back").click()
    get("composer-emoji").click()
    get("emoji-panel").wait_for()
    walk.see(page, "small+emoji")
    get("composer-voice").click()
    get("voice-hold").wait_for()
    walk.see(page, "small+voice")
    get("chat-profile").click()
    get("profile-unfollow").click()
    get("sheet-confirm").wait_for()
    walk.see(page, "small+profile")


def _story(walk: Walk, page: Page, demo: Installation, stage: Stage) -> None:
    page.goto(f"{demo.base_url}/phone/story.html")
    inside = page.get_by_test_id("story-console").content_frame
    inside.get_by_test_id("conversation-list").wait_for()
    walk.see(page, "story")
    for _ in range(3):
        page.get_by_test_id("story-next").click()
        expect(page.get_by_test_id("story-step")).to_have_attribute("data-state", "done")
    page.get_by_test_id("path-in").first.wait_for()
    walk.see(page, "story+way")


def test_the_walk_sees_what_is_wrong(
    demo: Installation, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tmp_path / "allowed.json"
    entry = {"language": "zh-CN", "theme": "light", "page": "sign-in", "rule": "image-alt"}
    known.write_text(json.dumps([entry]), "utf-8")
    monkeypatch.setattr("tests.journeys.walk.ALLOWED", known)
    guard = Guard()
    walk = Walk("zh-CN", "dark", tmp_path)
    context = open_context(browser, guard)
    page = context.new_page()
    page.goto(f"{demo.base_url}/console/sign-in")
    page.get_by_test_id("sign-in-login").wait_for()
    page.evaluate("""() => {
        document.body.insertAdjacentHTML('beforeend',
            '<p id="pale">chat.no_such_word</p><img src="https://example.com/picture.png" alt="">')
        const pale = document.getElementById('pale')
        pale.style.color = '#eee'
        pale.style.width = '3000px'
        document.body.append(Object.assign(document.createElement('script'), {text: 'window.evil = 1'}))
    }""")
    walk.see(page, "sign-in")
    assert "sign-in: no words for chat.no_such_word" in walk.faults
    assert "sign-in: shown in zh-CN, light" in walk.faults
    assert any("points wide" in fault for fault in walk.faults)
    assert ("sign-in", "color-contrast") in walk.findings
    with pytest.raises(AssertionError, match="no words for"):
        walk.judge()
    findings = "\n".join(guard.findings)
    assert "foreign request: https://example.com/picture.png" in findings
    assert "Content Security Policy" in findings
    context.close()

    fresh = Walk("zh-CN", "light", tmp_path)
    with pytest.raises(AssertionError, match="sign-in: image-alt is mended: remove it"):
        fresh.judge()
