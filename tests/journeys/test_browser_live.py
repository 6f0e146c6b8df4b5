"""What an agent's console shows by itself: after a lost network, in eight tabs, and when time passes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Request, expect

from tests.journeys.browser import Guard
from tests.journeys.console import Console
from tests.journeys.firm import Account, Firm

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OpenBrowser = Callable[..., BrowserContext]
SHANGHAI = ZoneInfo("Asia/Shanghai")
TABS = 8


def test_everything_once_and_in_order_after_a_lost_network(
    firm: Firm, account: Account, context: BrowserContext, guard: Guard
) -> None:
    # The browser itself writes each request that had no network into its console.
    guard.allow("ERR_INTERNET_DISCONNECTED")
    console = Console.at_work(context, firm.hire("Ann"))
    customer = firm.customer("韩梅", account)
    customer.write(account.appid, "第 0 句：车门关不严")
    console.open("车门关不严")
    expect(console.messages("customer")).to_have_count(1)
    conversation_id = console.page.url.rsplit("/", 1)[1]
    colleague = firm.hire("Lee", "supervisor")

    context.set_offline(True)
    expect(console.page.get_by_test_id("connection")).to_have_attribute("data-phase", "offline")
    expect(console.page.get_by_test_id("connection-banner")).to_contain_text("连接已断开")
    console.write("我在地库，信号不好")
    expect(console.page.get_by_test_id("outgoing").get_by_test_id("state")).to_have_text("已排队，联网后发送")
    for number in range(1, 13):
        customer.write(account.appid, f"第 {number} 句")
        if number % 4 == 0:
            colleague.answer(conversation_id, f"备注 {number}", is_note=True)
    other = firm.customer("冯雷", account)
    other.write(account.appid, "断网时来的新客户")
    expect(console.messages("customer")).to_have_count(1)

    context.set_offline(False)
    console.expect_live()
    expect(console.message("我在地库，信号不好")).to_have_attribute("data-state", "sent")
    expect(console.messages("customer")).to_have_count(13)
    expect(console.page.get_by_test_id("outgoing")).to_have_count(0)
    expect(console.row("断网时来的新客户")).to_be_visible()
    items = colleague.messages(conversation_id)
    shown = console.messages().evaluate_all("all => all.map(one => Number(one.dataset.number))")
    assert shown == sorted({one["number"] for one in items})
    said = [one["content"].get("content", "") for one in items if one["kind"] == "text"]
    assert [text for text in said if text.startswith("备注")] == ["备注 4", "备注 8", "备注 12"]
    assert said.count("我在地库，信号不好") == 1
    assert customer.texts_from_account(account.appid).count("我在地库，信号不好") == 1


def test_eight_tabs_are_live_by_one_stream(firm: Firm, account: Account, context: BrowserContext) -> None:
    streams: list[Request] = []
    ended: list[Request] = []
    context.on("request", lambda request: streams.append(request) if "/gateway/events" in request.url else None)
    context.on("requestfinished", lambda request: ended.append(request))
    context.on("requestfailed", lambda request: ended.append(request))
    first = Console.at_work(context, firm.hire("Ann"))
    tabs = [first]
    for _ in range(TABS - 1):
        tab = Console(context.new_page(), firm.installation.base_url)
        tab.go("/workbench")
        tabs.append(tab)
    for tab in tabs:
        tab.expect_live()
    customer = firm.customer("施敏", account)
    customer.write(account.appid, "八个页面都看到吗？")
    for tab in tabs:
        expect(tab.row("八个页面都看到吗？")).to_be_visible()
    assert len(streams) == 1
    assert not set(streams) & set(ended)

    # The tab that held the stream goes: another goes on where it was.
    first.page.close()
    customer.write(account.appid, "关掉一个呢？")
    for tab in tabs[1:]:
        expect(tab.row("关掉一个呢？")).to_be_visible()
        tab.expect_live()
    assert len(streams) == 2


def test_unanswered_conversation_is_handed_back(firm: Firm, account: Account, context: BrowserContext) -> None:
    console = Console.at_work(context, firm.hire("Ann"))
    firm.customer("孔亮", account).write(account.appid, "有人在吗？")
    console.open("有人在吗？")
    expect(console.messages("system").filter(has_text="已分配给 Ann")).to_be_visible()
    console.set_presence("busy")
    firm.advance(181)
    expect(console.messages("system").filter(has_text="Ann 未及时应答，已退回排队")).to_be_visible()
    expect(console.state).to_have_attribute("data-state", "queued")
    expect(console.page.get_by_test_id("tab-mine")).to_have_text("我的0")
    console.show("queue")
    expect(console.row("有人在吗？")).to_be_visible()


def test_message_left_off_hours_comes_first_in_the_morning(
    firm: Firm, account: Account, context: BrowserContext
) -> None:
    week = [{"weekday": day, "start": "09:00", "end": "18:00"} for day in range(1, 8)]
    hours = {"time_zone": "Asia/Shanghai", "weekly": week, "dates": [], "uses_public_holidays": False}
    firm.change_default_group(hours=hours)
    console = Console.at_work(context, firm.hire("Ann"))
    clock = firm.control
    evening = _next(clock.call("GET", "/emulator/clock")["now"], time(20, 0))
    clock.call("PUT", "/emulator/clock", {"at": evening.isoformat()})
    customer = firm.customer("曹颖", account)
    customer.write(account.appid, "夜里车打不着火")
    console.show("queue")
    expect(console.row("现在是非服务时间")).to_contain_text("留言")
    console.open("现在是非服务时间")
    expect(console.messages("system").filter(has_text="非服务时间留言，已排队等待处理")).to_be_visible()
    expect(console.messages("bot").filter(has_text=re.compile("现在是非服务时间"))).to_have_attribute(
        "data-state", "sent"
    )
    assert any("现在是非服务时间" in text for text in customer.texts_from_account(account.appid))

    clock.call("PUT", "/emulator/clock", {"at": (evening + timedelta(hours=13, minutes=1)).isoformat()})
    expect(console.messages("system").filter(has_text="已分配给 Ann")).to_be_visible()
    console.show("mine")
    expect(console.row("现在是非服务时间")).to_be_visible()


def _next(now: str, moment: time) -> datetime:
    """When it is next so late in Shanghai."""
    at = datetime.fromisoformat(now).astimezone(SHANGHAI)
    wanted = datetime.combine(at.date(), moment, SHANGHAI)
    return wanted if wanted > at else wanted + timedelta(days=1)
