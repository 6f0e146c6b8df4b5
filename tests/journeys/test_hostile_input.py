"""Hostile input through the gateway, against every route of every service: the right refusal, no 500, no leak."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from guanjia.app.services import SERVICES
from guanjia.kit.database import Target
from guanjia.kit.http import RouteRow, route_rows
from tests.conftest import SERVERS
from tests.journeys.attacker import (
    IDS,
    MALFORMED,
    NO_FAULTS,
    QUERIES,
    SIGN_OUT,
    UUID,
    Attacker,
    Slow,
    exchange,
)
from tests.journeys.bodies import Document
from tests.journeys.firm import Firm
from tests.journeys.installation import Installation, wait_for

GROWTH_KILOBYTES = 30 * 1024
WRITING = ("POST", "PUT", "PATCH", "DELETE")
DOCUMENTS = {service.id: Document(service) for service in SERVICES if service.routes}
ROWS = [(service.id, row) for service in SERVICES for row in route_rows(service)]


def ids_of(row: RouteRow, value: str) -> str:
    """The row's path with ``value`` for each variable."""
    parts = [value if part.startswith("{") or part == "**" else part for part in row.pattern.split("/")]
    return "/".join(parts)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A demo, on the database that ``GUANJIA_DATABASE`` names: what one takes may break another."""
    kind = os.environ.get("GUANJIA_DATABASE", "sqlite").split(":", 1)[0]
    database = "sqlite" if kind == "sqlite" else f"{SERVERS[kind][0]}/guanjia_hostile_{secrets.token_hex(4)}"
    installation = Installation(tmp_path_factory.mktemp("target") / "data", database=database).start()
    try:
        yield installation.wait_for_demo_data()
    finally:
        installation.stop()
        for service in SERVICES:
            if service.metadata is not None:
                Target(installation.folder, database).drop(service.id)


@pytest.fixture(scope="module")
def attacker(target: Installation) -> Attacker:
    """The administrator of the platform, so that no permission keeps anything from the routes."""
    return Attacker(target.base_url, target.staff("admin").token)


@pytest.fixture(scope="module")
def slow(target: Installation, attacker: Attacker) -> Slow:
    return Slow(target.port, attacker.token)


def resident_kilobytes(target: Installation) -> int:
    """The memory that the process holds."""
    assert target.process is not None
    status = Path(f"/proc/{target.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


@pytest.fixture(scope="module")
def before(target: Installation, attacker: Attacker, slow: Slow) -> int:
    """The memory after one round of the heavy attacks: what is loaded late, and the room that the allocator once took
    for password hashes and large uploads, is no growth."""
    for service, row in ROWS:
        if row.pattern == SIGN_OUT or "**" in row.pattern:
            continue
        path = f"/{service}{ids_of(row, 'x')}"
        attacker.send(row.method, path, b"{}" if row.method in ("POST", "PUT", "PATCH") else None)
    send_fields(attacker)
    send_uploads(attacker)
    attacker.check()
    attacker.requests = 0
    return resident_kilobytes(target)


pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("before")]


def test_malformed_bodies(attacker: Attacker) -> None:
    """Of a route that reads a body each has its status; no other route minds."""
    for service, row in ROWS:
        if row.method not in WRITING or row.pattern in ("/tokens", SIGN_OUT):
            continue
        path = f"/{service}{ids_of(row, UUID)}"
        is_staffs = "staff" in row.callers or "public" in row.callers
        reads_json = DOCUMENTS[service].body(row.method, row.pattern) is not None
        for body, status in MALFORMED.values():
            if not is_staffs:
                attacker.expect(403, row.method, path, body)
            elif reads_json and is_staffs:
                attacker.expect(status, row.method, path, body)
            else:
                attacker.send(row.method, path, body)
        if reads_json and is_staffs:
            attacker.expect(415, row.method, path, b"{}", "text/plain")
            attacker.expect(415, row.method, path, b"<a/>", "application/xml")
            attacker.expect((400, 422), row.method, path, b"")
    attacker.check()


def test_bodies_of_five_megabytes(attacker: Attacker) -> None:
    """Refused by their announced length, or as soon as they are too long."""
    body = b'{"a":"' + b"x" * 5_000_000 + b'"}'
    for service, row in ROWS:
        if DOCUMENTS.get(service) and DOCUMENTS[service].body(row.method, row.pattern) and "service" not in row.callers:
            attacker.expect(413, row.method, f"/{service}{ids_of(row, UUID)}", body)
    attacker.check()


def send_fields(attacker: Attacker) -> None:
    """Every field of every body, one at a time; the rest of the body fits."""
    for service, row in ROWS:
        schema = DOCUMENTS[service].body(row.method, row.pattern) if service in DOCUMENTS else None
        if schema is None or row.callers == ("service",) or row.pattern in ("/tokens", "/staff/current/passwords"):
            continue
        path = f"/{service}{ids_of(row, UUID)}"
        for body in DOCUMENTS[service].hostile(schema):
            attacker.send(row.method, path, json.dumps(body).encode())
    attacker.expect(200, "PUT", "/emulator/faults", NO_FAULTS)


def test_hostile_fields(attacker: Attacker) -> None:
    send_fields(attacker)
    attacker.check()


@pytest.fixture(scope="module")
def firm(target: Installation) -> Firm:
    """A company with one of everything, which the attacks may ruin."""
    return Firm(target, "Target")


@pytest.fixture(scope="module")
def real_ids(firm: Firm) -> dict[str, str]:
    """What a path variable stands for; where services differ, by ``service.variable``."""
    account = firm.connect("service_verified", "plain")
    agent = firm.hire("Ann")
    agent.be()
    phone = firm.customer("Customer", account)
    phone.write(account.appid, "hello")
    conversation = agent.conversation_of(phone, account)
    message = agent.answer(conversation["id"], "hello")
    keyword = {"keywords": ["x"], "reply": {"kind": "text", "content": "x"}}
    place = {"parent_id": firm.company_id, "name": "Branch", "kind": "dealer"}
    return {
        "conversation_id": conversation["id"],
        "message_id": message["id"],
        "customer_id": conversation["customer_id"],
        "agent_id": agent.id,
        "staff_id": firm.hire("Ben").id,
        "organisation_id": firm.admin.call("POST", "/auth/organisations", place)["id"],
        "group_id": firm.group("Second", [agent])["id"],
        "account_id": account.id,
        "appid": account.appid,
        "openid": phone.openid(account.appid),
        "phone_id": phone.id,
        "wechat.reply_id": firm.admin.call("POST", "/wechat/keyword-replies", keyword)["id"],
        "chat.reply_id": firm.admin.call("POST", "/chat/canned-replies", {"title": "x", "text": "x"})["id"],
    }


def test_hostile_fields_of_what_is_there(attacker: Attacker, firm: Firm, real_ids: dict[str, str]) -> None:
    """The same, where the rest of the request finds what it names; each change that is taken is followed."""
    owner = Attacker(firm.installation.base_url, firm.admin.token)
    taken = 0
    for service, row in ROWS:
        schema = DOCUMENTS[service].body(row.method, row.pattern) if service in DOCUMENTS else None
        if schema is None or row.callers == ("service",) or row.pattern.startswith(("/tokens", "/staff/current")):
            continue
        path = "/" + service
        for part in row.pattern[1:].split("/"):
            name = part.strip("{}")
            path += "/" + (real_ids.get(f"{service}.{name}") or real_ids.get(name, UUID) if part[0] == "{" else part)
        version = 0 if row.pattern.endswith("/drafts") else 1
        for body in DOCUMENTS[service].hostile(schema):
            if body.get("version") == 1:
                body["version"] = version
            if owner.send(row.method, path, json.dumps(body).encode()) in (200, 201):
                taken += 1
                version = json.loads(owner.answer)["attribute"].get("version", version)
    owner.expect(200, "PUT", "/emulator/faults", NO_FAULTS)
    owner.check()
    assert taken > 100
    attacker.requests += owner.requests


def test_foreign_and_impossible_ids(attacker: Attacker) -> None:
    """Whoever asks for what is not there gets 404 (or is told that his words are wrong), with any spelling of it."""
    for service, row in ROWS:
        if "{" not in row.pattern:
            continue
        schema = DOCUMENTS[service].body(row.method, row.pattern)
        body = None if row.method == "GET" else json.dumps({} if schema is None else DOCUMENTS[service].fitting(schema))
        for value in IDS:
            path = f"/{service}{ids_of(row, value)}"
            allowed = (403,) if row.callers == ("service",) else (404, 409, 422)
            if DOCUMENTS[service].takes_file(row.method, row.pattern):
                allowed = (400,)
            if row.pattern == "/accounts/{appid}":
                allowed = (422,)
            attacker.expect(allowed, row.method, path, None if body is None else body.encode())
    attacker.check()


def test_hostile_queries(attacker: Attacker) -> None:
    for service, row in ROWS:
        if row.method != "GET" or service not in DOCUMENTS or "**" in row.pattern:
            continue
        path = f"/{service}{ids_of(row, UUID)}"
        for name in DOCUMENTS[service].queries(row.method, row.pattern):
            for value in QUERIES:
                attacker.send("GET", f"{path}?{name}={value}")
            attacker.send("GET", f"{path}?{name}=1&{name}=2")
        attacker.send("GET", f"{path}?nobody_knows_me=1&&&=&%")
    for query in ("after=%00", "after=chat:1&after=crm:1", "services=%ff", "services=nobody", "wait=-1", "wait=nan"):
        attacker.send("GET", f"/gateway/events?{query}&wait=0", Accept="application/json")
    attacker.check()


def test_methods_that_a_route_has_not(attacker: Attacker) -> None:
    """405 for a known path, HEAD among them; OPTIONS tells nothing."""
    known: dict[tuple[str, str], set[str]] = {}
    for service, row in ROWS:
        known.setdefault((service, row.pattern), set()).add(row.method)
    for (service, pattern), methods in known.items():
        if "**" in pattern:
            continue
        path = f"/{service}{pattern.replace('{', '').replace('}', '')}"
        # The same path may be another route's: /staff/{id} and /staff/current.
        for method in {"GET", "HEAD", *WRITING, "TRACE", "PROPFIND"} - methods:
            attacker.expect((401, 403, 404, 405, 422), method, path)
        if "HEAD" not in methods:
            attacker.expect(405, "HEAD", path)
        attacker.expect(405, "PROPFIND", path)
        attacker.expect(204, "OPTIONS", path)
    attacker.check()


def test_tokens_that_do_not_count(target: Installation, attacker: Attacker) -> None:
    """401 for every route that wants somebody signed in, before anything else is looked at."""
    nobody = Attacker(target.base_url)
    signed_out = target.staff("hejing")
    signed_out.call("DELETE", "/auth/tokens/current")
    headers = (
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {'x' * 8000}",
        f"Basic {attacker.token}",
        attacker.token,
        f"Bearer {signed_out.token}",
        f"Bearer {hashlib.sha256(attacker.token.encode()).hexdigest()}",
        "Bearer ' OR 1=1 --",
        "Bearer \xff\xfe",
    )
    for service, row in ROWS:
        if "public" in row.callers:
            continue
        path = f"/{service}{ids_of(row, UUID)}"
        body = b"{" if row.method in ("POST", "PUT", "PATCH") else None
        nobody.expect(401, row.method, path, body)
    for value in headers:
        nobody.expect(401, "GET", "/chat/conversations", Authorization=value)
        nobody.expect(401, "GET", "/gateway/events?wait=0", Authorization=value)
    nobody.check()
    attacker.requests += nobody.requests


def test_forged_caller(target: Installation, attacker: Attacker) -> None:
    """Whatever a client says about who he is, only his token counts."""
    agent = Attacker(target.base_url, target.staff("chenxi").token)
    nobody = Attacker(target.base_url)
    forged = json.dumps({"kind": "service", "id": "chat", "company_id": "x", "subjects": ["x"]})
    for claim in (forged, "service", "kind=service;id=auth", "x" * 4000):
        for name in ("X_Guanjia_Caller", "x_guanjia_caller", "X_GUANJIA_CALLER"):
            nobody.expect(401, "GET", "/auth/policies", **{name: claim})
            nobody.expect(401, "GET", "/chat/conversations", **{name: claim})
            agent.expect(403, "GET", "/auth/policies", **{name: claim})
            agent.expect(403, "POST", "/auth/staff", b"{}", **{name: claim})
            agent.expect(200, "GET", "/chat/conversations", **{name: claim})
    nobody.check()
    agent.check()
    attacker.requests += nobody.requests + agent.requests


def test_path_tricks(target: Installation, attacker: Attacker) -> None:
    """A path that another parser could read otherwise is refused; none leads past a permission."""
    agent = target.staff("chenxi").token
    tricks = {
        "//auth/staff": 400,
        "/auth//staff": 400,
        "/auth/./staff": 400,
        "/chat/../auth/staff": 400,
        "/chat/%2e%2e/auth/staff": 400,
        "/chat/..%2fauth/staff": 400,
        "/auth%2fstaff": 400,
        "/auth\\staff": 400,
        "/auth/staff;x=1": 400,
        "/auth/%73taff": 403,
        "/AUTH/staff": 403,
        "/auth/staff/": 403,
        "/auth/STAFF": 404,
        "/auth/staff%00": 400,
        "/auth/staff%0a": 400,
        "/auth/staff%ff": 400,
        "/auth/%25%73taff": 400,
        "/auth/staff.json": 404,
        "/auth": 404,
        "/auth/": 404,
        "/auth/schema": 404,
        "/auth/schema/openapi.json": 404,
        "/chat/schema/swagger": 404,
        "/auth/policies": 403,
        "/nobody/staff": 404,
        "/gateway/nobody": 404,
        "/files/..%2f..%2fkeys%2fplatform.key": 400,
        "/files/platform.key?exp=9999999999&sig=x": 404,
        "/assets/../../keys/platform.key": 400,
        "/assets/%2e%2e/x": 400,
        "/console/..%5c..%5cx": 400,
        "http://other.example/auth/staff": 403,
        "*": 400,
    }
    found = {}
    for path, status in tricks.items():
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {agent}\r\nConnection: close\r\n\r\n"
        got = exchange(target.port, head.encode("latin-1"))
        if got != status:
            found[path] = (got, status)
    assert not found
    for keys in ("/keys/platform.key", "/demo.json", "/guanjia.json", "/auth.sqlite", "/console/../demo.json"):
        head = f"GET {keys} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert exchange(target.port, head.encode()) in (400, 404), keys
    attacker.requests += len(tricks)
    for number in range(400):
        attacker.expect(404, "GET", f"/chat/{number}/{'x' * 16_000}")
    attacker.check()


def test_broken_http(target: Installation, attacker: Attacker) -> None:
    """What is no HTTP, or stops in the middle, costs nobody else anything."""
    start = b"POST /chat/uploads HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    assert exchange(target.port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n") in (0, 400)
    assert exchange(target.port, b"GET / HTTP/9.9\r\n\r\n") in (0, 400, 505)
    endless = b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 4_000_000
    assert exchange(target.port, endless) in (0, 400)
    assert exchange(target.port, start + b"Content-Length: -5\r\n\r\n{}") in (0, 400)
    assert exchange(target.port, start + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") in (
        0,
        400,
        401,
    )
    assert exchange(target.port, start + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n") in (0, 400, 401)
    for _ in range(20):
        exchange(target.port, start + b"Content-Length: 900000\r\n\r\n{", and_close=True)
        exchange(target.port, b"GET /auth/sta", and_close=True)
    attacker.expect(200, "GET", "/health")
    attacker.check()


def send_uploads(attacker: Attacker) -> None:
    """Uploads that are none, or too large."""
    mark = "multipart/form-data; boundary=x"
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    png = b"\x89PNG\r\n\x1a\n"
    bad = (400, 404, 415, 422)
    for path in ("/chat/uploads", f"/emulator/phones/{UUID}/media"):
        attacker.expect((404, 422), "POST", path, part + b"no picture\r\n--x--\r\n", mark)
        attacker.expect((404, 422), "POST", path, part + png + b"\r\n--x--\r\n", mark)
        attacker.expect(bad, "POST", path, b"--x--\r\n", mark)
        attacker.expect(bad, "POST", path, part + png, mark)
        attacker.expect(bad, "POST", path, b"", mark)
        attacker.expect(bad, "POST", path, b"x", "multipart/form-data")
        attacker.expect(bad, "POST", path, b"{}")
        attacker.expect(bad, "POST", path, (part + b"x\r\n") * 2000 + b"--x--\r\n", mark)
        attacker.expect(bad, "POST", path, part.replace(b"a.png", b"../../a\x00.png") + b"x", mark)
        attacker.expect(413, "POST", path, part + b"x" * 13_000_000, mark)
        attacker.expect((413, 404), "POST", path, part + png + b"x" * 11_000_000 + b"\r\n--x--\r\n", mark)


def test_uploads_that_are_none(attacker: Attacker) -> None:
    send_uploads(attacker)
    attacker.check()


def signed(token: str, timestamp: str = "1", nonce: str = "2") -> str:
    """The query of a push that WeChat signed."""
    digest = hashlib.sha1("".join(sorted([token, timestamp, nonce])).encode()).hexdigest()
    return f"signature={digest}&timestamp={timestamp}&nonce={nonce}"


def test_hostile_pushes(target: Installation, attacker: Attacker) -> None:
    """The callback: what WeChat could not have sent is refused, and nothing of it is stored."""
    account = target.account(mode="plain")
    path = f"/wechat/callbacks/{account['id']}"
    query = signed(account["token"])
    xml = "text/xml"
    admin = target.staff("jinxiu")
    newest = admin.call("GET", "/wechat/pushes?limit=1")["items"][0]["id"]
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><Content>&b;</Content></xml>'
    outside = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Content>&e;</Content></xml>'
    for body in (
        b"",
        b"x",
        b"{}",
        b"<xml>",
        b"<xml></xml",
        b"<xml><a></xml></a>",
        b"<a></a>",
        b"<xml>\xff\xfe</xml>",
        b"<xml><Content>\x00</Content></xml>",
        b"<xml><Content>&nobody;</Content></xml>",
        b"<xml>" + b"<a>" * 20_000 + b"</a>" * 20_000 + b"</xml>",
        bomb,
        outside,
    ):
        attacker.expect(400, "POST", f"{path}?{query}", body, xml)
    attacker.expect(413, "POST", f"{path}?{query}", b"<xml><Content>" + b"x" * 5_000_000 + b"</Content></xml>", xml)
    fit = b"<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime></xml>"
    for other in ("", "signature=x&timestamp=1&nonce=2", signed("other"), query.replace("nonce=2", "nonce=3")):
        attacker.expect(403, "POST", f"{path}?{other}", fit, xml)
        attacker.expect(403, "GET", f"{path}?{other}&echostr=hello")
    attacker.expect(400, "POST", f"{path}?{query}&{query}", fit, xml)
    attacker.expect(403, "POST", f"{path}?{query}&encrypt_type=aes&msg_signature=x", fit, xml)
    attacker.expect((400, 403), "POST", f"{path}?{query}&x={'y' * 9000}", fit, xml)
    attacker.expect(200, "GET", f"{path}?{query}&echostr=hello")
    for nobody in ("/wechat/callbacks/x", f"/wechat/callbacks/{UUID}", "/wechat/callbacks/", f"{path}/x"):
        attacker.expect(404, "POST", f"{nobody}?{query}", fit, xml)
    attacker.expect(405, "PUT", f"{path}?{query}", fit, xml)
    safe = target.account(mode="safe")
    attacker.expect(403, "POST", f"/wechat/callbacks/{safe['id']}?{signed(safe['token'])}", fit, xml)
    attacker.check()
    assert admin.call("GET", "/wechat/pushes?limit=1")["items"][0]["id"] == newest


def test_hostile_calls_of_wechats_own_interfaces(target: Installation, attacker: Attacker) -> None:
    """The emulator answers whatever it is asked as WeChat does: 200 with an errcode."""
    for path in ("/cgi-bin/token", "/cgi-bin/message/custom/send", "/cgi-bin/menu/create", "/cgi-bin/user/info"):
        for prefix in ("", "/emulator"):
            for body in (b"", b"{", b"[]", b"\xff", b"[" * 50_000, b'{"touser":"\\u0000"}', b"x" * 2_000_000):
                attacker.send("POST", f"{prefix}{path}?access_token=x", body)
            attacker.send("GET", f"{prefix}{path}?access_token=%00&appid=%ff&secret={'x' * 5000}")
    attacker.check()


def test_replayed_sign_ins_are_throttled(target: Installation, attacker: Attacker) -> None:
    """Wrong passwords are 401 until it is too many; nothing else can be had from the sign-in."""
    nobody = Attacker(target.base_url)
    for body, status in MALFORMED.values():
        nobody.expect(status, "POST", "/auth/tokens", body)
    for login in ("", "x" * 200, "' OR 1=1 --", "admin\u0130", "刹车"):
        nobody.expect((401, 422), "POST", "/auth/tokens", json.dumps({"login": login, "password": "x" * 900}).encode())
    wrong = json.dumps({"login": "guofan", "password": "wrong-Password-1"}).encode()
    statuses = [nobody.send("POST", "/auth/tokens", wrong) for _ in range(8)]
    assert statuses[:5] == [401] * 5
    assert statuses[-1] == 429
    nobody.expect(401, "PUT", "/auth/tokens", b"{}", Cookie="guanjia_refresh=nonsense")
    nobody.expect(401, "PUT", "/auth/tokens")
    nobody.check()
    attacker.requests += nobody.requests


def test_slow_bodies_are_given_up(slow: Slow) -> None:
    """Each was answered 400 within half a minute, while everybody else was served."""
    for thread in slow.threads:
        thread.join()
    assert all(one.startswith("HTTP/1.1 400") for one in slow.answers), slow.answers
    assert len(slow.answers) == 4
    assert max(slow.seconds) < 35


def test_memory_has_not_grown(target: Installation, attacker: Attacker, before: int) -> None:
    assert attacker.requests > 3000
    wait_for("health", lambda: target.health()["status"] == "up")
    grown = resident_kilobytes(target) - before
    print(f"{attacker.requests} hostile requests, {grown} kB more")
    assert grown <= GROWTH_KILOBYTES
    assert "Traceback" not in target.log.read_text()
