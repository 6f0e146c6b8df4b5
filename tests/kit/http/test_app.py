"""What every route has without asking: envelope, caller header, limits, words."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from guanjia.kit import auth
from guanjia.kit.auth import HEADER, Caller, sign_caller, verify_caller
from guanjia.kit.calls import App, Message
from guanjia.kit.errors import NotSignedIn
from guanjia.kit.http import guard, route_rows
from tests.host import Answer, Host, service_caller, staff_caller
from tests.kit.http.shelf import SERVICE

Story = Callable[[Host], Coroutine[Any, Any, None]]
STAFF = staff_caller("c1")
JSON = {"content-type": "application/json"}


def on_host(folder: Path, story: Story) -> None:
    async def run() -> None:
        async with Host([SERVICE], "sqlite", folder) as host:
            await story(host)

    asyncio.run(run())


def test_a_success(tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        answer = await host.request("shelf", "POST", "/books", caller=STAFF, body={"title": "刹车"})
        assert answer.status == 201
        assert answer.headers["content-type"].startswith("application/json")
        envelope = answer.envelope
        assert (envelope["code"], envelope["message"], envelope["prompt"], envelope["path"]) == (1, "成功", "", "")
        assert envelope["attribute"]["title"] == "刹车"
        listed = await host.request("shelf", "GET", "/books", caller=STAFF)
        assert listed.envelope["attribute"] == {"items": ["刹车"], "next": None}
        deleted = await host.request("shelf", "DELETE", "/books/1", caller=STAFF)
        assert (deleted.status, deleted.attribute) == (200, {"id": "1"})

    on_host(tmp_path, story)


def test_refusals_speak_the_readers_language(tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        for locale, message, prompt in (
            ("zh-CN", "第 7 本书丢了", "请再找一找"),
            ("en", "Book 7 is lost", "Look again"),
            ("fr", "第 7 本书丢了", "请再找一找"),
        ):
            caller = staff_caller("c1", locale=locale)
            answer = await host.request("shelf", "PUT", "/refusals/book_lost", caller=caller, body={"number": 7})
            assert answer.status == 409
            envelope = answer.envelope
            assert (envelope["code"], envelope["message"], envelope["prompt"]) == (0, message, prompt)
            assert envelope["attribute"]["error"] == "book_lost"
            assert envelope["attribute"]["number"] == 7
        throttled = await host.request("shelf", "PUT", "/refusals/too_many", body={})
        assert (throttled.status, throttled.headers["retry-after"]) == (429, "7")

    on_host(tmp_path, story)


def test_the_request_id_comes_back(tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        answer = await host.request("shelf", "GET", "/nothing", caller=STAFF, headers={"X-Request-Id": "r-1"})
        assert (answer.status, answer.error) == (404, "not_found")
        assert answer.envelope["attribute"]["request_id"] == "r-1"

    on_host(tmp_path, story)


def test_a_crash_is_told_without_its_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(host: Host) -> None:
        answer = await host.request("shelf", "PUT", "/refusals/crash", body={})
        assert (answer.status, answer.error) == (500, "internal_error")
        assert b"13800138000" not in answer.body
        assert "ZeroDivisionError" in caplog.text

    on_host(tmp_path, story)


BODIES: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("no JSON", b"{", JSON, 400, "json_malformed"),
    ("trailing", b'{"title": "a"} x', JSON, 400, "json_malformed"),
    ("bad UTF-8", b'{"title": "\xff\xfe"}', JSON, 400, "json_malformed"),
    ("half a surrogate", b'{"title": "\\ud800"}', JSON, 400, "json_malformed"),
    ("NUL", b'{"title": "a\x00b"}', JSON, 400, "text_has_nul"),
    ("escaped NUL", b'{"title": "a\\u0000b"}', JSON, 400, "text_has_nul"),
    ("backslash and escaped NUL", b'{"title": "a\\\\\\u0000b"}', JSON, 400, "text_has_nul"),
    ("deep", b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", JSON, 400, "json_too_deep"),
    ("deep objects", b'{"a":' * 65 + b"1" + b"}" * 65, JSON, 400, "json_too_deep"),
    ("5 MB", b'{"title": "' + b"x" * 5_000_000 + b'"}', JSON, 413, "too_large"),
    ("text", b'{"title": "a"}', {"content-type": "text/plain"}, 415, "unsupported_media"),
    ("form", b"title=a", {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media"),
    ("no type", b'{"title": "a"}', {}, 415, "unsupported_media"),
    (
        "JSON as an upload",
        b'{"title": "a"}',
        {"content-type": "multipart/form-data; boundary=x"},
        415,
        "unsupported_media",
    ),
    ("deep JSON as an upload", b"[" * 99_999, {"content-type": "multipart/form-data"}, 415, "unsupported_media"),
    ("an upload where JSON belongs", b"--x\xff\r\n", {"content-type": "multipart/form-data"}, 400, "json_malformed"),
    ("empty", b"", JSON, 422, "invalid"),
    ("null", b"null", JSON, 422, "invalid"),
    ("list", b"[]", JSON, 422, "invalid"),
    ("lacks a field", b"{}", JSON, 422, "invalid"),
    ("wrong type", b'{"title": 1}', JSON, 422, "invalid"),
    ("too long", b'{"title": "' + b"x" * 101 + b'"}', JSON, 422, "invalid"),
    ("longer than its column", b'{"title": "' + b"x" * 41 + b'"}', JSON, 422, "text_too_long"),
    ("unknown field", b'{"title": "a", "titel": 1}', JSON, 422, "invalid"),
    ("2^70", b'{"title": "a", "pages": 1180591620717411303424}', JSON, 422, "invalid"),
    ("NaN", b'{"title": "a", "pages": NaN}', JSON, 400, "json_malformed"),
]


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"), [case[1:] for case in BODIES], ids=[c[0] for c in BODIES]
)
def test_bad_bodies(tmp_path: Path, body: bytes, headers: dict[str, str], status: int, error: str) -> None:
    async def story(host: Host) -> None:
        answer = await host.request("shelf", "POST", "/books", caller=STAFF, content=body, headers=headers)
        assert (answer.status, answer.error) == (status, error)
        assert answer.envelope["message"] not in ("", error)

    on_host(tmp_path, story)


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({}, "title", "缺少这一项"),
        ({"title": "a", "titel": 1}, "titel", "没有这个字段"),
        ({"title": "a", "pages": -1}, "pages", ""),
        ({"title": "a", "authors": ["x", 5]}, "authors[1]", ""),
    ],
)
def test_wrong_fields_are_named(tmp_path: Path, body: Any, field: str, reason: str) -> None:
    async def story(host: Host) -> None:
        answer = await host.request("shelf", "POST", "/books", caller=STAFF, body=body)
        assert answer.status == 422
        assert list(answer.fields) == [field]
        assert answer.fields[field] == reason or not reason

    on_host(tmp_path, story)


def test_harmless_bodies_pass(tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        for title in ("\\u0000", "[" * 90, '"', "\\", "a\\\\u0000"):
            answer = await host.request("shelf", "POST", "/books", caller=STAFF, body={"title": title[:40]})
            assert answer.attribute["title"] == title[:40]
        nested = b'{"title": "deep enough", "authors": []}'
        answer = await host.request(
            "shelf",
            "POST",
            "/books",
            caller=STAFF,
            content=nested,
            headers={"content-type": "Application/JSON; charset=utf-8"},
        )
        assert answer.status == 201

    on_host(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "path", "query", "status", "error"),
    [
        ("GET", "/nothing", {}, 404, "not_found"),
        ("PATCH", "/books", {}, 405, "method_not_allowed"),
        ("GET", "/books", {"limit": "x"}, 422, "invalid"),
        ("GET", "/books", {"limit": str(2**70)}, 422, "value_not_storable"),
        ("GET", "/books/no-id", {}, 404, "not_found"),
        ("GET", "/books/%00", {}, 404, "not_found"),
        ("GET", "/books/%F0%9F%98%80", {}, 404, "not_found"),
    ],
)
def test_bad_addresses(tmp_path: Path, method: str, path: str, query: dict[str, str], status: int, error: str) -> None:
    async def story(host: Host) -> None:
        answer = await host.request("shelf", method, path, caller=STAFF, query=query)
        assert (answer.status, answer.error) == (status, error)

    on_host(tmp_path, story)


def test_mounts_answer_for_themselves(tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        answer = await host.request("shelf", "GET", "/raw/a")
        assert (answer.status, answer.body) == (200, b"/raw/a")
        refused = await host.request("shelf", "GET", "/raw/refused")
        assert (refused.status, refused.error) == (409, "conflict")
        crashed = await host.request("shelf", "GET", "/raw/crash")
        assert (crashed.status, crashed.error) == (500, "internal_error")
        assert b"13800138000" not in crashed.body
        assert (await host.request("shelf", "GET", "/raw/a", is_signed=False)).status == 401

    on_host(tmp_path, story)


class TestCallerHeader:
    def test_the_route_gets_the_caller(self, tmp_path: Path) -> None:
        async def story(host: Host) -> None:
            caller = staff_caller("c1", "o1", name="李雷", roles=("agent",), locale="en")
            answer = await host.request("shelf", "GET", "/callers", caller=caller)
            assert msgspec.convert(answer.attribute, Caller) == caller
            deputy = service_caller("chat", "c1", on_behalf_of="s9")
            answer = await host.request("shelf", "GET", "/callers", caller=deputy)
            assert msgspec.convert(answer.attribute, Caller).as_actor() == "s9"

        on_host(tmp_path, story)

    def test_what_came_around_the_gateway_is_refused(self, tmp_path: Path) -> None:
        async def story(host: Host) -> None:
            async def ask(header: bytes | None) -> Answer:
                headers = {} if header is None else {HEADER.decode(): header.decode("latin-1")}
                return await host.request("shelf", "GET", "/books", headers=headers, is_signed=False)

            key = host.secrets.platform_key
            good = sign_caller(key, STAFF, "shelf")
            assert (await ask(good)).status == 200
            payload, _, mac = good.partition(b".")
            forged = msgspec.json.decode(base64.urlsafe_b64decode(payload))
            forged["caller"]["company_id"] = "c2"
            tampered = base64.urlsafe_b64encode(msgspec.json.encode(forged)) + b"." + mac
            wrong = [
                None,
                b"",
                b".",
                b"x",
                payload,
                payload + b".",
                payload + b"." + mac[:-1],
                good + b"=",
                tampered,
                sign_caller(b"another key", STAFF, "shelf"),
                sign_caller(key, STAFF, "chat"),
            ]
            for header in wrong:
                answer = await ask(header)
                assert (answer.status, answer.error) == (401, "caller_header_invalid"), header
                assert answer.headers["www-authenticate"] == "Bearer"

        on_host(tmp_path, story)

    def test_it_ends_after_a_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        header = sign_caller(b"key", STAFF, "shelf")
        assert verify_caller(b"key", header, "shelf") == STAFF
        later = time.time() + 59
        monkeypatch.setattr(time, "time", lambda: later)
        assert verify_caller(b"key", header, "shelf") == STAFF
        monkeypatch.setattr(time, "time", lambda: later + 2)
        with pytest.raises(NotSignedIn):
            verify_caller(b"key", header, "shelf")

    @pytest.mark.parametrize("payload", [b"", b"!", b"bnVsbA==", b"e30=", b"/" * 9])
    def test_a_signed_payload_that_says_nothing(self, payload: bytes) -> None:
        with pytest.raises(NotSignedIn):
            verify_caller(b"key", payload + b"." + auth._mac(b"key", payload), "shelf")


async def send_slowly(
    app: App, key: bytes, messages: list[Message], pause: asyncio.Event | None = None
) -> tuple[int, Any]:
    """A POST whose body comes as ``messages``; after them the client waits for ``pause``, or is gone."""
    answer: list[Message] = []
    read = iter(messages)

    async def receive() -> Message:
        for message in read:
            return message
        if pause is not None:
            await pause.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answer.append(message)

    headers = [(HEADER, sign_caller(key, STAFF, "shelf")), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/books",
        "raw_path": b"/books",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": headers,
        "client": ("192.0.2.1", 1),
        "server": ("192.0.2.2", 1),
    }
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in answer[1:])
    return answer[0]["status"], msgspec.json.decode(body)["attribute"]


def chunk(body: bytes, is_last: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": not is_last}


def test_bodies_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(host: Host) -> None:
        app, key = host.directory.find("shelf"), host.secrets.platform_key
        assert app is not None
        whole = [chunk(b'{"ti'), chunk(b""), chunk(b'tle": "a"}', True)]
        assert (await send_slowly(app, key, whole))[0] == 201
        status, attribute = await send_slowly(app, key, [chunk(b'{"title": "b"')])
        assert (status, attribute["error"]) == (400, "body_incomplete")
        # One that lies about its length is stopped at the limit, not read to its end.
        endless = [chunk(b"x" * 100_000) for _ in range(1000)]
        status, attribute = await send_slowly(app, key, endless)
        assert (status, attribute["error"]) == (413, "too_large")
        monkeypatch.setattr(guard, "JSON_SECONDS", 0.05)
        status, attribute = await send_slowly(app, key, [chunk(b"{")], asyncio.Event())
        assert (status, attribute["error"]) == (400, "body_incomplete")
        assert (await host.request("shelf", "GET", "/books", caller=STAFF)).items == ["a"]

    on_host(tmp_path, story)


def test_the_rows_that_the_gateway_checks() -> None:
    rows = {(row.method, row.pattern): (row.callers, row.permission) for row in route_rows(SERVICE)}
    assert rows == {
        ("POST", "/books"): (("staff",), "shelf.books.write"),
        ("GET", "/books"): (("staff",), "shelf.books.read"),
        ("GET", "/books/{book_id}"): (("staff", "service"), "shelf.books.read"),
        ("DELETE", "/books/{book_id}"): (("staff",), "shelf.books.write"),
        ("PUT", "/refusals/{code}"): (("public",), ""),
        ("GET", "/callers"): (("staff", "service", "public"), "self"),
        ("GET", "/raw/**"): (("public",), ""),
    }


def test_a_route_for_staff_names_its_permission() -> None:
    from guanjia.kit.http import get

    with pytest.raises(ValueError, match="permission"):
        get("/x")
    with pytest.raises(ValueError, match="permission"):
        get("/x", permission="a", callers=("public",))
