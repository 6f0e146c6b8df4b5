"""Hostile input: whatever is sent to WeChat's API or to the control API, there is a refusal, never a crash."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from guanjia.kit.http import route_rows
from guanjia.services.emulator.api.app import INTERFACES
from guanjia.services.emulator.manifest import SERVICE
from tests.services.emulator.bench import JPEG, Bench, multipart

pytestmark = pytest.mark.anyio

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**63,
    -(2**70),
    1.5,
    1e308,
    "",
    "x" * 70_000,
    "\u202e😀\x1d",
    "o" + "A" * 27,
    "' OR 1=1 --",
    [],
    [[]],
    [None, 1, "a", {}],
    {},
    {"id": {}, "name": [], "list": {}, "media_id": [], "scene": "x"},
]
NAMES = sorted(
    {
        *("touser", "msgtype", "text", "image", "news", "msgmenu", "customservice", "command", "openid", "openid_list"),
        *("tag", "tagid", "group", "to_groupid", "user_list", "remark", "button", "action", "appid", "secret", "data"),
        *("action_name", "action_info", "expire_seconds", "template_id", "kf_account", "nickname", "cgi_path", "rid"),
        *("grant_type", "appsecret", "template_id_short", "next_openid", "begin_openid", "check_operator"),
    }
)
RAW = [
    b"",
    b"\x00",
    b"null",
    b"[]",
    b"{",
    b'{"a":1}{"b":2}',
    b"\xff\xfe{\x00}\x00",
    b'{"touser":"\\ud83d"}',
    b'{"touser":"\\u0000"}',
    b'{"a":' * 5000,
    b"<xml><a/></xml>",
    b'{"touser":' + b"9" * 400 + b"}",
    b"--x\r\n\r\n--x--",
]


def bodies(chance: random.Random) -> list[bytes]:
    """Bodies that fit, more or less: each name with values of every type, in any combination."""
    made = list(RAW)
    for _ in range(24):
        chosen = {name: chance.choice(VALUES) for name in chance.sample(NAMES, chance.randint(1, 12))}
        chosen["msgtype"] = chance.choice(["text", "image", "news", "msgmenu", "video", "dance", 5])
        made.append(json.dumps(chosen, ensure_ascii=False).encode())
    return made


@pytest.mark.parametrize("path", sorted(INTERFACES))
async def test_no_body_breaks_an_interface(own_bench: Bench, path: str) -> None:
    account = await own_bench.add_account()
    await own_bench.sign_in(account)
    _phone, openid = await own_bench.fan(account)
    chance = random.Random(path)
    for body in bodies(chance):
        if chance.random() < 0.5:
            body = body.replace(b'"o' + b"A" * 27 + b'"', json.dumps(openid).encode())
        query = {"access_token": own_bench.token, "openid": chance.choice(["", openid, "\x00", "x" * 9000])}
        query["type"] = query["media_id"] = query["ticket"] = chance.choice(["", "image", "\x00", "😀" * 999])
        method = chance.choice(["GET", "POST", "POST", "POST"])
        answer = await own_bench.raw(method, path, query=query, content=body)
        assert answer.status == 200 or (answer.status == 404 and path == "/cgi-bin/showqrcode")
        if answer.headers["content-type"].startswith("application/json"):
            assert json.loads(answer.body).get("errcode") != -1, body


async def test_no_upload_breaks_an_interface(own_bench: Bench) -> None:
    await own_bench.sign_in(await own_bench.add_account())
    good, good_type = multipart(JPEG, 'a"\r\nx: y.jpg')
    chance = random.Random(4711)
    for _ in range(60):
        cut = chance.randint(0, len(good))
        body = good[:cut] + chance.randbytes(chance.randint(0, 40)) + good[cut:]
        content_type = chance.choice([good_type, "multipart/form-data", "", 'multipart/form-data; boundary=""', "\xff"])
        query = {"access_token": own_bench.token, "type": chance.choice(["image", "thumb", "voice"])}
        headers = {"content-type": content_type.encode("ascii", "replace").decode()}
        answer = await own_bench.raw("POST", "/cgi-bin/media/upload", query=query, content=body, headers=headers)
        assert answer.status == 200
        assert answer.envelope.get("errcode") != -1


async def test_a_body_beyond_the_limit_is_cut_off(own_bench: Bench) -> None:
    answer = await own_bench.raw("POST", "/cgi-bin/media/upload", content=b"x" * (13 << 20))
    assert answer.status == 413


async def test_no_request_breaks_the_control_api(own_bench: Bench) -> None:
    account = await own_bench.add_account()
    phone, _openid = await own_bench.fan(account)
    chance = random.Random(11)
    rows = [row for row in route_rows(SERVICE) if "**" not in row.pattern]
    seen = set()
    for row in rows:
        for _ in range(25):
            path = row.pattern.replace("{phone_id}", chance.choice([phone["id"], "x", "%00", "%F0%9F%98%80"]))
            path = path.replace("{appid}", chance.choice([account["appid"], "wx1", "%00"])).replace("{key}", "%27")
            body = {name: chance.choice(VALUES) for name in chance.sample(CONTROL_NAMES, chance.randint(0, 5))}
            body["appid"] = account["appid"]
            content = None if row.method in ("GET", "DELETE") else json.dumps(body).encode()
            query = {name: chance.choice(["", "x", "-1", "9" * 30, "\x00"]) for name in ("cursor", "limit", "before")}
            if row.pattern.endswith("/clock") or row.pattern.endswith("/faults"):
                body.pop("appid")
                content = json.dumps({"advance_seconds": -1, **body}).encode() if content else None
            headers = {"content-type": chance.choice(["application/json", "application/json", "text/plain"])}
            answer = await own_bench.control(
                row.method, path, content=content or b"", query=query if row.method == "GET" else None, headers=headers
            )
            assert answer.status < 500, (row, path, content, answer)
            seen.add(answer.status)
    assert {200, 404, 422} <= seen


CONTROL_NAMES = [
    *("name", "seed", "kind", "content", "media_id", "created_at", "key", "message_id", "item_id", "ticket", "scene"),
    *("latitude", "at", "advance_seconds", "url", "token", "mode", "secret", "client_id", "quotas", "errcodes"),
]
