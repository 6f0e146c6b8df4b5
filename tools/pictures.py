"""Takes the pictures of the documents from a running demo, which it fills with a morning's work first.

    guanjia up --port 8080 --data /tmp/pictures
    python -m tools.pictures /tmp/pictures

Run by hand on a new demo, with Noto fonts (`fonts-noto-cjk`, `fonts-noto-color-emoji`) installed.
"""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect, sync_playwright

from tests.journeys.browser import ARGUMENTS, CHROMIUM
from tests.journeys.installation import Installation, Phone, wait_for

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 400 * 1024
VIEW = {"width": 1440, "height": 900}
PREFERENCES = "if (location.origin.startsWith('http')) localStorage.setItem('guanjia.preferences', %s)"

MAIN = "周雨桐"
WAITING = (
    ("何俊杰", "首保可以提前几天做吗？"),
    ("苏婉", "车机升级以后蓝牙连不上了"),
    ("丁磊", "请问代步车怎么申请？"),
    ("马晓燕", "钥匙没电了，去哪里换电池"),
)


class Morning:
    """Customers who write and agents who answer, as the pictures show them."""

    def __init__(self, demo: Installation) -> None:
        self.demo = demo
        self.account = demo.account()
        self.appid: str = self.account["appid"]
        self.admin = demo.staff("admin")
        self.control = demo.person()
        self.agent = demo.staff("chenxi")
        self.colleagues = [demo.staff(login) for login in ("wangning", "zhaolei")]
        self.phone = self._customer(MAIN)
        self.other = self._customer("陈建国")
        self.conversation_id = ""

    def play(self) -> None:
        """From the first message to the moment of the pictures."""
        self.agent.call("PUT", "/chat/presences/current", {"status": "online"})
        self.phone.write(self.appid, "我的车刹车有异响，低速的时候特别明显")
        self.conversation_id = self._conversation(self.phone)
        self._later(20)
        self._answer("您好，我是客服陈曦。听到异响请先减速慢行，方便的话请拍一张前轮的照片发给我。")
        self._later(35)
        body = {"appid": self.appid, "kind": "image", "content": {"sample": "car"}}
        self.control.call("POST", f"/emulator/phones/{self.phone.id}/messages", body)
        self._hear("轻踩的时候有吱吱声，重踩就没有了")
        self._later(25)
        self._answer("照片收到了。这通常是刹车片磨到了报警位，离您最近的浦东店今天 17:30 前都可以检查，约 40 分钟。")
        self._note("浦东店 15:00 有空位，已口头预留，等客户确认")
        self._later(15)
        self._hear("好的，那我下午三点过去，需要预约吗？")
        self.other.write(self.appid, "上次维修的发票还没收到")
        for name, text in WAITING:
            self._later(2)
            self._customer(name).write(self.appid, text)
        wait_for("all conversations", lambda: len(self._mine()) >= len(WAITING) + 2)
        self.be_there()

    def be_there(self) -> None:
        """The colleagues are at their desks."""
        for colleague, status in zip(self.colleagues, ("online", "busy"), strict=True):
            colleague.call("PUT", "/chat/presences/current", {"status": status})

    def _customer(self, name: str) -> Phone:
        phone = self.demo.phone(name)
        phone.follow(self.appid)
        path = f"/wechat/fans/{self.account['id']}/{phone.openid(self.appid)}"
        wait_for("the fan", lambda: self.admin.raw("GET", path, headers=self._signed())[0] == 200)
        self.admin.call("PATCH", path, {"remark": name})
        return phone

    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.admin.token}"}

    def _later(self, seconds: int) -> None:
        self.control.call("PUT", "/emulator/clock", {"advance_seconds": seconds})

    def _mine(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.agent.call("GET", "/chat/conversations?box=mine")["items"]
        return items

    def _conversation(self, phone: Phone) -> str:
        openid = phone.openid(self.appid)

        def find() -> str:
            return next((str(one["id"]) for one in self._mine() if one["openid"] == openid), "")

        return wait_for("the conversation", find)

    def _hear(self, text: str) -> None:
        """The customer says it, and the agent has it."""
        self.phone.write(self.appid, text)
        path = f"/chat/conversations/{self.conversation_id}/messages"

        def said() -> list[str]:
            return [one["content"].get("content", "") for one in self.agent.call("GET", path)["items"]]

        wait_for("what the customer said", lambda: text in said())

    def _answer(self, text: str) -> None:
        self._send(text, is_note=False)
        wait_for("the answer", lambda: text in self.phone.texts_from_account(self.appid))

    def _note(self, text: str) -> None:
        self._send(text, is_note=True)

    def _send(self, text: str, *, is_note: bool) -> None:
        key = secrets.token_hex(8)
        body = {"client_id": key, "kind": "text", "content": {"content": text}, "is_note": is_note}
        path = f"/chat/conversations/{self.conversation_id}/messages"
        self.agent.call("POST", path, body, Idempotency_Key=key)


class Camera:
    """A browser in Chinese, and the folder of pictures."""

    def __init__(self, browser: Browser, demo: Installation) -> None:
        self._browser = browser
        self._demo = demo
        self.base = demo.base_url

    def context(self, theme: str = "light") -> BrowserContext:
        """A new browser of somebody who likes it light, or dark."""
        context = self._browser.new_context(
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": VIEW["width"], "height": VIEW["height"]},
            color_scheme="dark" if theme == "dark" else "light",
        )
        context.set_default_timeout(30_000)
        context.add_init_script(PREFERENCES % json.dumps(json.dumps({"theme": theme})))
        return context

    def sign_in(self, context: BrowserContext, login: str) -> Page:
        """Somebody of the demo's staff in the console."""
        entry = next(one for one in self._demo.demo["staff"] if one["login"] == login)
        page = context.new_page()
        page.goto(f"{self.base}/console/sign-in")
        page.get_by_test_id("sign-in-login").fill(login)
        page.get_by_test_id("sign-in-password").fill(entry["password"])
        page.get_by_test_id("sign-in-submit").click()
        expect(page.get_by_test_id("connection")).to_have_attribute("data-phase", "live")
        return page

    def take(self, page: Page, name: str) -> None:
        """The picture, small enough for a document."""
        page.mouse.move(0, 0)
        file = FOLDER / f"{name}.png"
        page.screenshot(path=file, animations="disabled")
        if file.stat().st_size > MOST_BYTES:
            Image.open(file).convert("RGB").quantize(256).save(file, optimize=True)
        size = file.stat().st_size
        print(f"{file.relative_to(ROOT)}  {size // 1024} KB")
        if size > MOST_BYTES:
            raise SystemExit(f"{file} is larger than {MOST_BYTES // 1024} KB")


def workbench(camera: Camera, morning: Morning, theme: str) -> None:
    """The conversation with everything in it, an answer half written."""
    context = camera.context(theme)
    page = camera.sign_in(context, "chenxi")
    page.goto(f"{camera.base}/console/workbench/{morning.conversation_id}")
    page.get_by_test_id("fan-panel").wait_for()
    _loaded(page)
    field = page.get_by_test_id("composer-text")
    with page.expect_response(lambda answer: "/drafts" in answer.url):
        field.fill("不用预约，我已为您登记今天 15:00")
        field.press("End")
        field.press_sequentially("。")
    expect(page.get_by_test_id("message").last).to_be_in_viewport()
    camera.take(page, f"workbench-{theme}")
    context.close()


def phone(camera: Camera, morning: Morning) -> None:
    """Two customers, and WeChat's tries beneath them."""
    context = camera.context()
    page = context.new_page()
    places = f"{morning.phone.id}~{morning.appid},{morning.other.id}~{morning.appid}"
    page.goto(f"{camera.base}/phone/?phones={places}")
    expect(page.get_by_test_id("live-sign")).to_have_attribute("data-phase", "live")
    page.get_by_test_id(f"phone-{morning.phone.id}").get_by_test_id("message-image").wait_for()
    other = page.get_by_test_id(f"phone-{morning.other.id}")
    other.get_by_test_id("menu-top-0").click()
    _loaded(page)
    camera.take(page, "phone")
    context.close()


def story(camera: Camera) -> None:
    """The story at its seventh step."""
    context = camera.context()
    page = context.new_page()
    page.goto(f"{camera.base}/phone/story.html")
    console: FrameLocator = page.get_by_test_id("story-console").content_frame
    console.get_by_test_id("conversation-list").wait_for()
    for _ in range(7):
        page.get_by_test_id("story-next").click()
        expect(page.get_by_test_id("story-step")).to_have_attribute("data-state", "done")
    expect(console.get_by_test_id("message-log")).to_contain_text("重踩就没有了")
    expect(page.get_by_test_id("path-in").first.get_by_test_id("stop-conversation")).to_have_attribute(
        "data-reached", "true"
    )
    expect(console.get_by_test_id("unread")).to_have_count(0)
    _loaded(page)
    camera.take(page, "story")
    context.close()


def supervision(camera: Camera, morning: Morning) -> None:
    """Who is there, who waits, and how today goes."""
    morning.be_there()
    context = camera.context()
    page = camera.sign_in(context, "linhui")
    page.goto(f"{camera.base}/console/supervision")
    page.get_by_test_id("supervision-agents").get_by_text("陈曦").first.wait_for()
    camera.take(page, "supervision")
    context.close()


def _loaded(page: Page) -> None:
    """Every picture on the page is there."""
    for frame in page.frames:
        frame.evaluate("() => Promise.all([...document.images].map((one) => one.decode().catch(() => null)))")


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the data folder of a running demo")
    demo = Installation.running(parser.parse_args().data).wait_for_demo_data()
    FOLDER.mkdir(parents=True, exist_ok=True)
    morning = Morning(demo)
    morning.play()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        camera = Camera(browser, demo)
        scenes: list[Callable[[], None]] = [
            lambda: workbench(camera, morning, "light"),
            lambda: workbench(camera, morning, "dark"),
            lambda: phone(camera, morning),
            lambda: supervision(camera, morning),
            lambda: story(camera),
        ]
        for scene in scenes:
            scene()
        browser.close()


if __name__ == "__main__":
    main()
