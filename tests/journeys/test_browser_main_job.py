"""The main job in real browsers: a customer writes on his phone, agents answer in the console, and back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.journeys.browser import Guard
from tests.journeys.console import Console
from tests.journeys.firm import PASSWORD, Account, Firm
from tests.journeys.installation import Installation, Person, wait_for
from tests.journeys.phone_page import PhonePage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OpenBrowser = Callable[..., BrowserContext]
REFUSED_CONTENT = 45002


@pytest.fixture
def console(firm: Firm, open_browser: OpenBrowser) -> Console:
    """Ann is online in the console of a company where she is alone."""
    return Console.at_work(open_browser(), firm.hire("Ann"))


def phone_of(firm: Firm, account: Account, open_browser: OpenBrowser, name: str) -> PhonePage:
    """A new customer's phone in a browser of its own, the account's chat open."""
    customer = firm.customer(name, account)
    return PhonePage.opened(open_browser(), firm.installation.base_url, customer, account.appid)


def picture(folder: Path, name: str, colour: str) -> Path:
    """A picture of 320 × 240 points."""
    file = folder / name
    Image.new("RGB", (320, 240), colour).save(file)
    return file


def test_text_picture_voice_and_location(
    demo: Installation, firm: Firm, console: Console, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    account = firm.connect(mode="safe", greeting="{name}，欢迎关注晨光服务！")
    customer = demo.phone("周小雨")
    browser = open_browser(permissions=["microphone"])
    phone = PhonePage.opened(browser, demo.base_url, customer)
    phone.follow(account.appid)
    expect(phone.message("朋友，欢迎关注晨光服务！")).to_be_visible()

    phone.write("我的车刹车有异响")
    console.open("我的车刹车有异响")
    expect(console.messages("customer", "text")).to_have_text(re.compile("我的车刹车有异响"))

    phone.get("composer-plus").click()
    phone.get("album-file").set_input_files(picture(tmp_path, "wheel.png", "#336699"))
    seen = console.messages("customer", "image").get_by_test_id("picture").locator("img")
    expect(seen).to_be_visible()
    assert seen.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320

    phone.get("composer-voice").click()
    hold = phone.get("voice-hold")
    hold.hover()
    browser.pages[0].mouse.down()
    expect(hold).to_have_attribute("aria-pressed", "true")
    pressed_at = time.monotonic()
    # The customer speaks: a press of less than 0.6 s would be a slip.
    wait_for("a second of speech", lambda: time.monotonic() > pressed_at + 1)
    browser.pages[0].mouse.up()
    expect(phone.messages("voice", "user")).to_have_attribute("data-state", "sent")
    expect(console.messages("customer", "voice").get_by_test_id("voice")).to_be_visible()
    phone.get("composer-voice").click()

    phone.get("composer-plus").click()
    phone.get("plus-location").click()
    phone.screen.locator("[data-testid^=place-]").first.click()
    place = phone.get("location-chosen").locator("strong").inner_text()
    phone.get("location-send").click()
    expect(phone.messages("location", "user")).to_have_attribute("data-state", "sent")
    expect(console.messages("customer", "location")).to_contain_text(place)

    console.write("您好，请先减速慢行。")
    expect(console.message("您好，请先减速慢行。")).to_have_attribute("data-state", "sent")
    expect(phone.message("您好，请先减速慢行。")).to_be_visible()
    console.page.get_by_test_id("picture-input").set_input_files(picture(tmp_path, "advice.png", "#996633"))
    expect(console.messages("agent", "image")).to_have_attribute("data-state", "sent")
    received = phone.messages("image", "account").locator("img").first
    expect(received).to_be_visible()
    assert received.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    kinds = [console.messages("customer").nth(index).get_attribute("data-kind") for index in range(4)]
    assert kinds == ["text", "image", "voice", "location"]


def test_canned_reply_note_and_rating(
    firm: Firm, account: Account, console: Console, open_browser: OpenBrowser
) -> None:
    phone = phone_of(firm, account, open_browser, "吴优")
    phone.write("发票什么时候能开？")
    console.open("发票什么时候能开？")

    field = console.page.get_by_test_id("composer-text")
    field.press_sequentially("/请稍等")
    expect(console.page.get_by_test_id("canned-option").first).to_contain_text("请稍等")
    field.press("Enter")
    expect(field).to_have_value("好的，请您稍等，我马上为您查询。")
    field.press("Enter")
    expect(phone.message("好的，请您稍等，我马上为您查询。")).to_be_visible()

    field.press_sequentially("/开场问候")
    expect(console.page.get_by_test_id("canned-option").first).to_contain_text("开场问候")
    field.press("Enter")
    greeting = re.compile("好！欢迎联系晨光汽车 [0-9a-f]+，我是客服Ann，请问有什么可以帮您？")
    expect(console.page.get_by_test_id("locked-reply")).to_have_text(greeting)
    field.press("Enter")
    expect(phone.messages("text", "account").filter(has_text=greeting)).to_be_visible()

    console.choose_mode("note")
    console.write("客户上周已经催过一次")
    expect(console.message("客户上周已经催过一次")).to_have_attribute("data-note", "true")
    console.choose_mode("reply")
    # What is sent after the note shows that the phone had the time to get it.
    console.write("已经为您开好了")
    expect(phone.message("已经为您开好了")).to_be_visible()
    expect(phone.message("客户上周已经催过一次")).to_have_count(0)

    console.page.get_by_test_id("act-invite").click()
    expect(phone.messages("menu", "account")).to_contain_text("请为本次服务打分")
    phone.screen.get_by_role("button", name="非常满意", exact=True).click()
    expect(console.messages("system").filter(has_text="客户评价 5 分")).to_be_visible()
    console.page.get_by_test_id("act-close").click()
    console.page.get_by_test_id("close-result").fill("发票已开")
    console.page.get_by_test_id("dialog-submit").click()
    console.show("closed")
    expect(console.page.get_by_test_id("conversation-row")).to_contain_text("★ 5")


def test_transfer_to_a_colleague_with_a_note(
    firm: Firm, account: Account, console: Console, open_browser: OpenBrowser
) -> None:
    phone = phone_of(firm, account, open_browser, "郑爽")
    phone.write("变速箱有顿挫")
    console.open("变速箱有顿挫")
    console.write("请问行驶了多少公里？")
    expect(phone.message("请问行驶了多少公里？")).to_be_visible()

    colleague = Console.at_work(open_browser(), firm.hire("Bob"))
    console.page.get_by_test_id("act-transfer").click()
    console.page.get_by_test_id("agent-option").filter(has_text="Bob").click()
    console.page.get_by_test_id("hand-over-note").fill("客户很急，请先安抚")
    console.page.get_by_test_id("dialog-submit").click()
    expect(console.page.get_by_test_id("conversation-row")).to_have_count(0)

    colleague.open("变速箱有顿挫|请问行驶了多少公里|客户很急")
    expect(colleague.message("请问行驶了多少公里？")).to_be_visible()
    expect(colleague.messages("system").filter(has_text="Ann 转接会话：Ann → Bob")).to_be_visible()
    expect(colleague.message("客户很急，请先安抚")).to_have_attribute("data-note", "true")
    colleague.write("您好，我是Bob，接着为您处理。")
    expect(phone.message("您好，我是Bob，接着为您处理。")).to_be_visible()
    expect(phone.message("客户很急，请先安抚")).to_have_count(0)

    console.page.go_back()
    expect(console.page.get_by_test_id("composer-bar")).to_have_attribute("data-bar", "colleague")
    expect(console.message("您好，我是Bob，接着为您处理。")).to_be_visible()
    expect(colleague.page.get_by_test_id("viewers")).to_have_text(re.compile("Ann 也在查看"))


def test_taken_from_the_queue(firm: Firm, account: Account, open_browser: OpenBrowser) -> None:
    console = Console.at_work(open_browser(), firm.hire("Ann"), "busy")
    phone = phone_of(firm, account, open_browser, "冯媛")
    phone.write("空调不制冷")
    console.show("queue")
    expect(console.page.get_by_test_id("tab-queue")).to_have_text("排队1")
    console.open("空调不制冷")
    expect(console.state).to_have_attribute("data-state", "queued")
    expect(console.page.get_by_test_id("composer-bar")).to_have_attribute("data-bar", "queued")
    console.page.get_by_test_id("act-pick-up").click()
    expect(console.page.get_by_test_id("tab-mine")).to_have_attribute("aria-checked", "true")
    expect(console.row("空调不制冷")).to_be_visible()
    console.write("您好，请问是什么车型？")
    expect(phone.message("您好，请问是什么车型？")).to_be_visible()
    expect(console.page.get_by_test_id("tab-queue")).to_have_text("排队0")


def test_wrong_password_throttling_and_forbidden_page(firm: Firm, context: BrowserContext, guard: Guard) -> None:
    # The browser itself writes a refused request into its console.
    guard.allow("status of 401", "status of 429")
    login = firm.hire("Ann").me["login"]
    console = Console(context.new_page(), firm.installation.base_url)
    said = console.page.get_by_test_id("sign-in-error")
    console.go("/settings/staff")
    console.fill_sign_in(login, "wrong-Password-1")
    expect(said).to_have_text("账号或密码不正确 请检查后重试")
    expect(console.page.get_by_test_id("sign-in-password")).to_be_focused()

    _fail_often(firm.installation.person(), login)
    console.fill_sign_in(login, "wrong-Password-1")
    expect(said).to_have_text(re.compile(r"请在 \d+ 秒后再试"))
    expect(console.page.get_by_test_id("sign-in-submit")).to_be_disabled()

    console.go("/sign-in?return=/settings/staff")
    console.fill_sign_in(firm.hire("Bob").me["login"], PASSWORD)
    expect(console.page.get_by_test_id("forbidden")).to_contain_text("auth.staff.read")
    console.page.get_by_role("button", name="回到首页").click()
    expect(console.page.get_by_test_id("conversation-list")).to_be_visible()


def _fail_often(person: Person, login: str) -> None:
    """Wrong passwords until the delay is longer than a browser test takes."""

    def is_delayed() -> bool:
        body = b'{"login": "%s", "password": "wrong-Password-1"}' % login.encode()
        headers = {"Content-Type": "application/json"}
        status, answered, _ = person.raw("POST", "/auth/tokens", body, headers)
        return status == 429 and int(answered["retry-after"]) > 5

    wait_for("a delay", is_delayed, 40)


def test_drafts_survive_reload_and_another_browser(firm: Firm, account: Account, open_browser: OpenBrowser) -> None:
    ann = firm.hire("Ann")
    console = Console.at_work(open_browser(), ann)
    customer, other = firm.customer("褚明", account), firm.customer("卫红", account)
    customer.write(account.appid, "什么时候交车？")
    console.open("什么时候交车？")
    with console.page.expect_response(lambda answer: "/drafts" in answer.url and answer.ok):
        console.page.get_by_test_id("composer-text").fill("您的车预计下周")
    console.page.reload()
    expect(console.page.get_by_test_id("composer-text")).to_have_value("您的车预计下周")

    other.write(account.appid, "可以改颜色吗？")
    console.open("可以改颜色吗？")
    expect(console.page.get_by_test_id("composer-text")).to_have_value("")
    expect(console.row("什么时候交车？")).to_contain_text("[草稿]")

    elsewhere = Console.at_work(open_browser(), ann)
    elsewhere.open("什么时候交车？")
    expect(elsewhere.page.get_by_test_id("composer-text")).to_have_value("您的车预计下周")


@pytest.fixture
def wechat_control(demo: Installation) -> Iterator[Person]:
    """Whoever moves the switches of WeChat's stand-in; they are back afterwards."""
    person = demo.person()
    yield person
    person.call("PUT", "/emulator/faults", {"send_errcode": 0, "answer_delay_seconds": 0})


def test_bubble_shows_sending_sent_failed_and_retry(
    firm: Firm, account: Account, console: Console, open_browser: OpenBrowser, wechat_control: Person
) -> None:
    phone = phone_of(firm, account, open_browser, "蒋欣")
    phone.write("保修期多久？")
    console.open("保修期多久？")

    wechat_control.call("PUT", "/emulator/faults", {"answer_delay_seconds": 3})
    console.write("整车三年")
    state = console.message("整车三年").get_by_test_id("state")
    expect(state).to_have_text("发送中")
    expect(state).to_have_text("已发送")

    wechat_control.call("PUT", "/emulator/faults", {"answer_delay_seconds": 0, "send_errcode": REFUSED_CONTENT})
    console.write("或者十万公里")
    bubble = console.message("或者十万公里")
    expect(bubble).to_have_attribute("data-state", "failed")
    expect(bubble.get_by_test_id("state")).to_have_text(re.compile("发送失败 *· *.*内容"))
    expect(phone.message("或者十万公里")).to_have_count(0)

    wechat_control.call("PUT", "/emulator/faults", {"send_errcode": 0})
    bubble.get_by_test_id("retry-message").click()
    expect(bubble).to_have_attribute("data-state", "sent")
    expect(phone.message("或者十万公里")).to_have_count(1)
    expect(phone.message("整车三年")).to_have_count(1)
