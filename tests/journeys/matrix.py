"""A whole platform in this process with two companies, and how each route is called in it.

Every row that serves staff has its ``Fill``: what stands for its variables, its body, and what comes back when the
caller is admitted. A row without one fails the matrix, so that no new route goes unlooked at.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from guanjia.app.platform import Platform
from guanjia.app.services import SERVICES
from guanjia.kit.calls import Reply, call_app
from guanjia.kit.http import RouteRow, route_rows
from guanjia.services.auth import rules as auth_rules
from guanjia.services.auth.manifest import FirstSignIn

PASSWORD = "clerk-Password-9"
MARK = "SECRET-A"
TOKEN = "matrixtoken"
OPENID = "openid-of-company-a"
WAIT_SECONDS = 20.0

ROWS: list[tuple[str, RouteRow]] = [(service.id, row) for service in SERVICES for row in route_rows(service)]
PERMISSIONS = {name for service in SERVICES for name in service.permissions}
ROLES_FILE = Path(auth_rules.__file__).parent.with_name("roles.toml")


def name_of(service: str, row: RouteRow) -> str:
    """``chat GET /counts``."""
    return f"{service} {row.method} {row.pattern}"


def held_by_role() -> dict[str, set[str]]:
    """Role → permission names, read from ``roles.toml`` by the rule that stands at its head, written here anew."""
    data = tomllib.loads(ROLES_FILE.read_text(encoding="utf-8"))
    owned = tuple(pattern.removesuffix("*") for pattern in data["platform"])
    held: dict[str, set[str]] = {}
    for role, entry in data["roles"].items():
        held[role] = set()
        for pattern in entry["permissions"]:
            if pattern == "*":
                held[role] |= {"self"} | {name for name in PERMISSIONS if not name.startswith(owned)}
            elif pattern.endswith(".*"):
                held[role] |= {name for name in PERMISSIONS if name.startswith(pattern.removesuffix("*"))}
            else:
                held[role].add(pattern)
    return held


class Clerk:
    """A member of staff who calls through the door of the platform."""

    def __init__(self, platform: Platform, login: str, password: str = PASSWORD) -> None:
        self._platform = platform
        self.login = login
        self._password = password
        self.token = ""
        self.id = ""

    async def sign_in(self) -> Clerk:
        """Get a token."""
        answer = await self.ask("POST", "/auth/tokens", {"login": self.login, "password": self._password})
        self.token, self.id = answer["access_token"], answer["staff"]["id"]
        return self

    async def call(self, method: str, path: str, body: Any = None, query: str = "") -> Reply:
        """Any answer."""
        headers = [(b"content-type", b"application/json"), (b"accept", b"application/json")]
        if self.token:
            headers.append((b"authorization", f"Bearer {self.token}".encode()))
        content = b"" if body is None else msgspec.json.encode(body)
        return await call_app(self._platform.door, method, path, headers, content, query, 30.0)

    async def ask(self, method: str, path: str, body: Any = None, query: str = "") -> Any:
        """The attribute of a success."""
        reply = await self.call(method, path, body, query)
        assert reply.status < 400, (method, path, reply.status, reply.body)
        return msgspec.json.decode(reply.body)["attribute"]


async def seen(what: str, check: Callable[[], Awaitable[Any]]) -> Any:
    """The first true answer of ``check``."""
    found: Any = None
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not (found := await check()):  # noqa: ASYNC110 -- a listener's cursor tells nobody that it moved
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never seen: {what}") from None
    return found


@dataclass
class World:
    """Company A with one of everything (``ids``), and who works in it and beside it."""

    platform: Platform
    boss: Clerk
    ids: dict[str, str] = field(default_factory=dict)
    other_ids: dict[str, str] = field(default_factory=dict)  # some of company B's own
    everywhere: dict[str, Clerk] = field(default_factory=dict)  # role → who holds it at company A
    branch: dict[str, Clerk] = field(default_factory=dict)  # role → who holds it at a branch of A that owns nothing
    others: dict[str, Clerk] = field(default_factory=dict)  # role → who holds it at company B
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def new(self, stem: str) -> str:
        """A name that nobody has yet."""
        return f"{stem}-{next(self.numbers)}"

    async def settle(self) -> None:
        """Wait until ``chat`` and ``crm`` have heard what was published."""

        async def is_heard() -> bool:
            return all(
                self.platform.listener(service, source).cursor >= self.platform.feeds[source].head
                for service, source in (("chat", "auth"), ("chat", "wechat"), ("chat", "crm"), ("crm", "wechat"))
            )

        await seen("all events heard", is_heard)


async def build(folder: Path) -> World:
    """Start the platform, found both companies and hire everybody."""
    platform = Platform(SERVICES, folder=folder, is_demo=True, base_url="http://127.0.0.1:9")
    await platform.start()
    first = platform.contexts["auth"].part(FirstSignIn)
    boss = await Clerk(platform, "admin", first.password).sign_in()
    world = World(platform, boss)
    roles = list(held_by_role())
    company = (await boss.ask("GET", "/auth/companies/current"))["id"]
    world.ids["company_id"] = company
    service_desk = await _organisation(boss, company, f"{MARK} desk")
    branch = await _organisation(boss, company, "Branch")
    world.ids["organisation_id"] = service_desk
    for role in roles:
        world.everywhere[role] = await _hire(world, boss, role, company)
        world.branch[role] = await _hire(world, boss, role, branch)
    chief = {"login": "chief-b", "name": "Chief", "password": PASSWORD}
    made = await boss.ask("POST", "/auth/companies", {"name": "Company B", "administrator": chief})
    other = await Clerk(platform, "chief-b").sign_in()
    for role in roles:
        if role != "platform_administrator":  # nobody in B may give it
            world.others[role] = await _hire(world, other, role, made["company"]["id"])
    world.other_ids["company_id"] = made["company"]["id"]
    await world.settle()
    await _furnish(world)
    await _furnish_other(world)
    return world


async def _organisation(boss: Clerk, parent: str, name: str) -> str:
    body = {"parent_id": parent, "name": name, "kind": "department"}
    return str((await boss.ask("POST", "/auth/organisations", body))["id"])


async def _hire(world: World, boss: Clerk, role: str, organisation: str) -> Clerk:
    login = world.new(role.replace("_", "-"))
    body = {
        "login": login,
        "name": f"{MARK} {login}" if boss is world.boss else login,
        "password": PASSWORD,
        "organisation_id": organisation,
        "grants": [{"role": role, "organisation_id": organisation}],
    }
    await boss.ask("POST", "/auth/staff", body)
    return await Clerk(world.platform, login).sign_in()


async def _furnish(world: World) -> None:
    """One of everything in company A."""
    boss, ids = world.boss, world.ids
    ids["staff_id"] = ids["agent_id"] = world.everywhere["agent"].id
    ids["group_id"] = (await boss.ask("POST", "/chat/groups", {**new_group(world), "name": f"{MARK} group"}))["id"]
    ids["account_id"] = (await boss.ask("POST", "/wechat/accounts", {**new_account(world), "name": f"{MARK} account"}))[
        "id"
    ]
    ids["keyword_reply_id"] = (await boss.ask("POST", "/wechat/keyword-replies", keyword_reply(MARK)))["id"]
    ids["canned_id"] = (await boss.ask("POST", "/chat/canned-replies", canned("company", MARK)))["id"]
    ids["conversation_id"] = await new_conversation(world, OPENID)
    ids["openid"] = OPENID
    conversation = (await boss.ask("GET", f"/chat/conversations/{ids['conversation_id']}"))["conversation"]

    async def customer() -> Any:
        found = await boss.ask("GET", f"/chat/conversations/{ids['conversation_id']}")
        return found["conversation"]["customer_id"]

    ids["customer_id"] = conversation["customer_id"] or await seen("the customer", customer)
    path = f"/chat/conversations/{ids['conversation_id']}/messages"
    pushed = (await boss.ask("GET", path))["items"][0]
    ids["push_id"] = pushed["push_id"]
    phones = f"/crm/customers/{ids['customer_id']}/phones"
    ids["phone_id"] = (await boss.ask("POST", phones, {"phone": "13800138000"}))["phones"][0]["id"]
    # The account has no secret, so that what is sent through it fails at once.
    body = {"client_id": "m", "kind": "text", "content": {"content": f"{MARK} answer"}}
    ids["message_id"] = (await boss.ask("POST", path, body))["id"]

    async def letters() -> Any:
        return (await boss.ask("GET", "/wechat/dead-letters"))["items"]

    ids["letter_id"] = (await seen("the dead letter", letters))[0]["id"]
    await world.settle()


async def _furnish_other(world: World) -> None:
    """What company B needs to put A's ids into its own things."""
    chief, ids = world.others["administrator"], world.other_ids
    ids["account_id"] = (await chief.ask("POST", "/wechat/accounts", new_account(world)))["id"]
    ids["conversation_id"] = await new_conversation(world, "openid-of-company-b", chief, ids["account_id"])

    async def customer() -> Any:
        found = await chief.ask("GET", f"/chat/conversations/{ids['conversation_id']}")
        return found["conversation"]["customer_id"]

    ids["customer_id"] = await seen("the customer", customer)
    branch = await chief.ask(
        "POST", "/auth/organisations", {"parent_id": ids["company_id"], "name": "B", "kind": "department"}
    )
    ids["organisation_id"], ids["organisation_version"] = branch["id"], str(branch["version"])
    ids["staff_id"] = world.others["agent"].id
    await world.settle()


def new_group(world: World) -> dict[str, Any]:
    """A group of company A."""
    return {"name": world.new("group"), "organisation_id": world.ids["organisation_id"]}


def new_account(world: World) -> dict[str, Any]:
    """An account of company A, without a secret."""
    return {"name": "account", "appid": world.new("wxmatrix"), "kind": "service_verified", "token": TOKEN}


def keyword_reply(name: str = "a") -> dict[str, Any]:
    """A reply to a word that nobody says."""
    return {"keywords": ["abracadabra"], "reply": {"kind": "text", "content": f"{name} reply"}}


def canned(scope: str, name: str = "a") -> dict[str, Any]:
    return {"title": f"{name} canned", "text": f"{name} text", "scope": scope}


async def new_conversation(world: World, openid: str, reader: Clerk | None = None, account_id: str = "") -> str:
    """A customer writes (to company A's account); the conversation's id, as ``reader`` (A's boss) finds it."""
    clerk = reader or world.boss
    query = f"timestamp=1&nonce=1&signature={hashlib.sha1(''.join(sorted([TOKEN, '1', '1'])).encode()).hexdigest()}"
    number = next(world.numbers)
    fields = {
        "ToUserName": "gh_matrix",
        "FromUserName": openid,
        "CreateTime": "1",
        "MsgType": "text",
        "Content": f"{MARK} question" if reader is None else "question",
        "MsgId": str(10**15 + number),
    }
    xml = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    path = f"/wechat/callbacks/{account_id or world.ids['account_id']}"
    headers = [(b"content-type", b"text/xml")]
    body = f"<xml>{xml}</xml>".encode()
    reply = await call_app(world.platform.door, "POST", path, headers, body, query, 30.0)
    assert (reply.status, reply.body) == (200, b"success")

    async def found() -> Any:
        items = (await clerk.ask("GET", "/chat/conversations", query="box=queue&limit=200"))["items"]
        return next((one["id"] for one in items if one["openid"] == openid), None)

    return str(await seen("the conversation", found))


Body = Any | Callable[[World], Any]
Maker = Callable[[World, Clerk], Awaitable[dict[str, str]]]


@dataclass(frozen=True)
class Fill:
    """How a row is called: which id stands for each variable, its body, its query, and what an admitted caller gets.

    ``names`` maps variables to other ids than those of their own name. ``make`` gives ids for this one call; with
    ``is_own`` what it makes is the caller's own, wherever he works.
    ``in_branch`` is what somebody gets whose role holds only at a branch that owns nothing of all this.
    """

    body: Body = None
    query: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    make: Maker | None = None
    is_own: bool = False
    statuses: tuple[int, ...] = (200, 201)
    in_branch: tuple[int, ...] = ()

    def path(self, service: str, row: RouteRow, ids: Mapping[str, str]) -> str:
        """The address with ``ids`` for its variables."""
        parts = [
            ids[self.names.get(part.strip("{}"), part.strip("{}"))] if part.startswith("{") else part
            for part in row.pattern.split("/")
        ]
        return f"/{service}" + "/".join(parts)

    def content(self, world: World) -> Any:
        """The body of one call."""
        return self.body(world) if callable(self.body) else self.body


async def _new_group_id(world: World, _clerk: Clerk) -> dict[str, str]:
    return {"group_id": (await world.boss.ask("POST", "/chat/groups", new_group(world)))["id"]}


async def _new_keyword_id(world: World, _clerk: Clerk) -> dict[str, str]:
    made = await world.boss.ask("POST", "/wechat/keyword-replies", keyword_reply())
    return {"keyword_reply_id": made["id"]}


async def _own_canned_id(_world: World, clerk: Clerk) -> dict[str, str]:
    return {"canned_id": (await clerk.ask("POST", "/chat/canned-replies", canned("personal")))["id"]}


async def _new_conversation_id(world: World, _clerk: Clerk) -> dict[str, str]:
    return {"conversation_id": await new_conversation(world, world.new("openid"))}


def _staff_draft(world: World) -> dict[str, Any]:
    place = world.ids["organisation_id"]
    grants = [{"role": "quality", "organisation_id": place}]
    return {
        "login": world.new("hired"),
        "name": "Hired",
        "organisation_id": place,
        "grants": grants,
        "password": PASSWORD,
    }


async def _new_staff_id(world: World, _clerk: Clerk) -> dict[str, str]:
    return {"staff_id": (await world.boss.ask("POST", "/auth/staff", _staff_draft(world)))["id"]}


def _company_draft(world: World) -> dict[str, Any]:
    chief = {"login": world.new("chief"), "name": "Chief", "password": PASSWORD}
    return {"name": world.new("Company"), "administrator": chief}


def _new_message(world: World) -> dict[str, Any]:
    return {"client_id": world.new("client"), "kind": "text", "content": {"content": "hello"}}


def _version(**values: Any) -> dict[str, Any]:
    """A change that comes too late, so that nothing changes: admitted callers get 409."""
    return {"version": 999, **values}


REPLY = {"reply_id": "keyword_reply_id"}
CANNED = {"reply_id": "canned_id"}
DONE = (200, 201)
STALE = (409,)
# An admitted caller may be told that the state of things forbids it; never that there is no such thing.
DONE_OR_NOT_NOW = (200, 201, 409)

FILLS: dict[str, Fill] = {
    "auth DELETE /tokens/current": Fill(),
    "auth GET /staff/current": Fill(),
    "auth PUT /staff/current/passwords": Fill(
        {"old_password": "wrong", "new_password": "New-Password-9"}, statuses=(422,)
    ),
    "auth GET /staff": Fill(query="limit=200"),
    "auth POST /staff": Fill(_staff_draft, in_branch=(422,)),
    "auth GET /staff/{staff_id}": Fill(),
    "auth PATCH /staff/{staff_id}": Fill(_version(name="Renamed"), statuses=STALE),
    "auth POST /staff/{staff_id}/password-resets": Fill(make=_new_staff_id),
    "auth POST /organisations": Fill(
        lambda world: {"parent_id": world.ids["organisation_id"], "name": world.new("Sub"), "kind": "group"},
        in_branch=(422,),
    ),
    "auth PATCH /organisations/{organisation_id}": Fill(_version(name="Renamed"), statuses=STALE),
    "auth GET /organisations": Fill(),
    "auth GET /roles": Fill(),
    "auth GET /companies": Fill(),
    "auth POST /companies": Fill(_company_draft, in_branch=DONE),
    "auth GET /companies/current": Fill(),
    "auth PATCH /companies/{company_id}": Fill(_version(name="Renamed"), statuses=STALE, in_branch=STALE),
    "auth GET /menus/current": Fill(),
    "auth GET /audit": Fill(query="limit=200"),
    "auth GET /events": Fill(statuses=(404,)),
    "crm GET /customers": Fill(),
    "crm GET /customers/{customer_id}": Fill(in_branch=DONE),
    "crm PATCH /customers/{customer_id}": Fill(_version(name="Renamed"), statuses=STALE, in_branch=STALE),
    "crm PUT /customers/{customer_id}/tags": Fill(_version(tags=["a"]), statuses=STALE, in_branch=STALE),
    "crm POST /customers/{customer_id}/phones": Fill(
        {"phone": "13800138000"}, statuses=DONE_OR_NOT_NOW, in_branch=DONE
    ),
    "crm POST /customers/{customer_id}/phone-reveals": Fill(
        lambda world: {"phone_id": world.ids["phone_id"]}, in_branch=DONE
    ),
    "crm GET /tags": Fill(),
    "crm GET /events": Fill(statuses=(404,)),
    "wechat GET /accounts": Fill(),
    "wechat POST /accounts": Fill(new_account, in_branch=(403,)),
    "wechat GET /accounts/{account_id}": Fill(in_branch=DONE),
    "wechat PATCH /accounts/{account_id}": Fill(_version(name="Renamed"), statuses=STALE, in_branch=(403,)),
    "wechat POST /accounts/{account_id}/checks": Fill(in_branch=DONE),
    "wechat GET /accounts/{account_id}/quotas": Fill(in_branch=DONE),
    "wechat GET /accounts/{account_id}/permissions": Fill(in_branch=DONE),
    "wechat GET /keyword-replies": Fill(),
    "wechat POST /keyword-replies": Fill(lambda _: keyword_reply(), in_branch=(403,)),
    "wechat PUT /keyword-replies/{reply_id}": Fill(lambda _: keyword_reply(), names=REPLY, in_branch=(403,)),
    "wechat DELETE /keyword-replies/{reply_id}": Fill(names=REPLY, make=_new_keyword_id, in_branch=(403,)),
    "wechat GET /providers": Fill(),
    "wechat GET /fans": Fill(),
    "wechat GET /fans/{account_id}/{openid}": Fill(in_branch=DONE),
    "wechat PATCH /fans/{account_id}/{openid}": Fill({"remark": "Renamed"}, in_branch=DONE),
    "wechat GET /pushes": Fill(),
    "wechat GET /dead-letters": Fill(),
    "wechat POST /dead-letters/{letter_id}/replays": Fill(statuses=DONE_OR_NOT_NOW, in_branch=(403,)),
    "wechat GET /message-paths/{path_id}": Fill(names={"path_id": "push_id"}, in_branch=DONE),
    "wechat GET /events": Fill(statuses=(404,)),
    "chat GET /conversations": Fill(query="box=all"),
    "chat GET /counts": Fill(),
    "chat GET /conversations/{conversation_id}": Fill(),
    "chat GET /conversations/{conversation_id}/history": Fill(),
    "chat PUT /conversations/{conversation_id}/reads": Fill({"number": 0}),
    "chat PUT /conversations/{conversation_id}/drafts": Fill({"text": "x", "version": 0}),
    "chat GET /conversations/{conversation_id}/messages": Fill(),
    "chat POST /conversations/{conversation_id}/messages": Fill(_new_message, statuses=DONE_OR_NOT_NOW),
    "chat POST /conversations/{conversation_id}/messages/{message_id}/retries": Fill({}, statuses=DONE_OR_NOT_NOW),
    "chat POST /uploads": Fill({}, statuses=(400,), in_branch=(400,)),
    "chat GET /message-paths/{message_id}": Fill(),
    "chat POST /conversations/{conversation_id}/pickups": Fill({}, make=_new_conversation_id),
    "chat POST /conversations/{conversation_id}/assignments": Fill(lambda world: {"agent_id": world.ids["agent_id"]}),
    "chat POST /conversations/{conversation_id}/transfers": Fill(
        lambda world: {"group_id": world.ids["group_id"]}, make=_new_conversation_id
    ),
    "chat POST /conversations/{conversation_id}/returns": Fill({}, make=_new_conversation_id),
    "chat POST /conversations/{conversation_id}/consultations": Fill(
        lambda world: {"agent_id": world.ids["agent_id"]}, make=_new_conversation_id
    ),
    "chat DELETE /conversations/{conversation_id}/consultations/{agent_id}": Fill(make=_new_conversation_id),
    "chat POST /conversations/{conversation_id}/closures": Fill({}, make=_new_conversation_id),
    "chat POST /conversations/{conversation_id}/rating-invitations": Fill({}, make=_new_conversation_id),
    "chat PUT /conversations/{conversation_id}/viewers": Fill({"is_typing": False}),
    "chat GET /agents": Fill(),
    "chat GET /presences/current": Fill(),
    "chat PUT /presences/current": Fill({"status": "busy"}),
    "chat PUT /presences/current/heartbeats": Fill({}),
    "chat GET /supervision": Fill(),
    "chat GET /groups": Fill(),
    "chat POST /groups": Fill(new_group, in_branch=(422,)),
    "chat PUT /groups/{group_id}": Fill(lambda world: {**new_group(world), "version": 999}, statuses=STALE),
    "chat DELETE /groups/{group_id}": Fill(make=_new_group_id),
    "chat GET /canned-replies": Fill(),
    "chat GET /canned-replies/rendered": Fill(query="conversation_id={conversation_id}", in_branch=(404,)),
    "chat POST /canned-replies": Fill(lambda _: canned("personal"), in_branch=DONE),
    "chat PUT /canned-replies/{reply_id}": Fill(
        lambda _: {**canned("personal"), "version": 999}, names=CANNED, make=_own_canned_id, is_own=True,
        statuses=STALE, in_branch=STALE,
    ),
    "chat DELETE /canned-replies/{reply_id}": Fill(
        names=CANNED, make=_own_canned_id, is_own=True, in_branch=DONE
    ),
    "chat GET /greetings": Fill(),
    "chat PUT /greetings": Fill(
        {"items": [{"kind": "queued", "text": "Please wait"}]}, in_branch=(403,)
    ),
    "chat GET /words": Fill(),
    "chat GET /events": Fill(statuses=(404,)),
}  # fmt: skip
