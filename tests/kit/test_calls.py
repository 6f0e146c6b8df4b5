"""Calls between services: signed, with a deadline, refusals as they were."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from guanjia.kit import log
from guanjia.kit.auth import HEADER, verify_caller
from guanjia.kit.calls import App, Calls, Directory, Receive, Refused, Scope, Send, segment
from guanjia.kit.errors import TooMany, Unavailable
from guanjia.kit.http import header

KEY = b"k" * 32


class Answer(msgspec.Struct):
    number: int


def answering(status: int, attribute: Any, seen: list[Scope] | None = None) -> App:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        scope["body"] = message["body"]
        if seen is not None:
            seen.append(scope)
        body = msgspec.json.encode({"code": 1, "attribute": attribute})
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})

    return app


def calls_to(app: App | None) -> Calls:
    directory = Directory()
    if app is not None:
        directory.host("crm", app)
    return Calls("chat", directory, KEY)


def test_the_request_and_its_answer() -> None:
    seen: list[Scope] = []
    calls = calls_to(answering(201, {"number": 3}, seen))

    async def story() -> Answer:
        log.request_id.set("r-9")
        return await calls.request(
            "crm",
            "POST",
            f"/customers/{segment('a/b c?')}",
            body={"x": 1},
            query={"q": "刹车"},
            company_id="c1",
            on_behalf_of="s1",
            returns=Answer,
        )

    assert asyncio.run(story()) == Answer(3)
    (scope,) = seen
    assert (scope["method"], scope["path"], scope["body"]) == ("POST", "/customers/a%2Fb%20c%3F", b'{"x":1}')
    assert scope["query_string"] == b"q=%E5%88%B9%E8%BD%A6"
    assert header(scope, b"x-request-id") == b"r-9"
    caller = verify_caller(KEY, header(scope, HEADER), "crm")
    assert (caller.kind, caller.id, caller.company_id, caller.as_actor()) == ("service", "chat", "c1", "s1")


def test_a_refusal_comes_as_it_was() -> None:
    calls = calls_to(answering(409, {"error": "wrong_state", "number": 7, "fields": {}, "request_id": "r"}))
    with pytest.raises(Refused) as refused:
        asyncio.run(calls.request("crm", "GET", "/x", returns=Answer))
    assert (refused.value.status, refused.value.code, refused.value.data) == (409, "wrong_state", {"number": 7})


@pytest.mark.parametrize(("status", "kind"), [(429, TooMany), (503, Unavailable)])
def test_what_may_be_tried_again_says_so(status: int, kind: type[Exception]) -> None:
    calls = calls_to(answering(status, {"error": "busy"}))
    with pytest.raises(kind):
        asyncio.run(calls.request("crm", "GET", "/x", returns=Answer))


def test_a_failure_without_an_envelope_is_a_refusal_too() -> None:
    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"<html>"})

    with pytest.raises(Refused) as refused:
        asyncio.run(calls_to(broken).request("crm", "GET", "/x", returns=Answer))
    assert refused.value.code == "internal_error"


def test_a_service_that_is_not_there() -> None:
    with pytest.raises(Unavailable) as refused:
        asyncio.run(calls_to(None).request("crm", "GET", "/x", returns=Answer))
    assert (refused.value.code, refused.value.data) == ("service_unavailable", {"service": "crm"})
    assert calls_to(answering(200, {}))._directory.names() == ["crm"]


def test_a_deadline() -> None:
    was_cancelled = False

    async def slow(_scope: Scope, _receive: Receive, _send: Send) -> None:
        nonlocal was_cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled = True
            raise

    async def story() -> None:
        with pytest.raises(Unavailable) as refused:
            await calls_to(slow).request("crm", "GET", "/x", returns=Answer, timeout=0.02)
        assert refused.value.code == "service_too_slow"
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(story())
    assert was_cancelled


def test_a_callers_context_is_not_changed_by_the_callee() -> None:
    async def meddling(scope: Scope, receive: Receive, send: Send) -> None:
        log.request_id.set("theirs")
        await answering(200, {"number": 1})(scope, receive, send)

    async def story() -> str:
        log.request_id.set("mine")
        await calls_to(meddling).request("crm", "GET", "/x", returns=Answer)
        return log.request_id.get()

    assert asyncio.run(story()) == "mine"
