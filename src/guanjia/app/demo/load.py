"""Loads a demo: first companies, staff and accounts (before the doors are said to be open), then fans and talks."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
import secrets
import time
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from guanjia.app.demo.menus import MENUS
from guanjia.app.platform import Client, Platform
from guanjia.kit.errors import GuanjiaError
from guanjia.services.auth.manifest import FirstSignIn

log = logging.getLogger(__name__)

CONVERSATIONS = 30
SETTLE_SECONDS = 20.0
_VARIABLE = re.compile(r"\{\w+\}，?")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def password() -> str:
    """A random password that can be typed: 14 letters and digits, about 70 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(14))


async def settled(call: Callable[[], Awaitable[Any]]) -> Any:
    """``call`` again until what it needs has arrived by feed (503, 404, 409, 422), for at most 20 seconds."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            return await call()
        except GuanjiaError as error:
            if error.status not in (404, 409, 422, 503) or time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


class DemoData:
    """One demo's data. A folder that already has ``demo.json`` keeps what it has; only its address is renewed."""

    def __init__(self, platform: Platform, first: FirstSignIn) -> None:
        self._platform = platform
        self._first = first
        self._file = platform.folder / "demo.json"
        self._data = tomllib.loads(Path(__file__).with_name("data.toml").read_text(encoding="utf-8"))
        self._session: aiohttp.ClientSession | None = None
        self._demo: dict[str, Any] = {}
        self._clients: dict[str, Client] = {}
        self._groups: dict[str, str] = {}
        self._staff: dict[str, str] = {}

    async def people(self) -> None:
        """Companies, organisations, staff, groups and accounts; writes ``demo.json`` (0600)."""
        if self._file.exists():
            self._demo = msgspec.json.decode(self._file.read_bytes())
            if self._demo["base_url"] != self._platform.base_url:
                await self._move()
            return
        self._demo = {
            "base_url": self._platform.base_url,
            "accounts": [],
            "staff": [],
            "emulator": {"base_url": f"{self._platform.base_url}/emulator"},
            "is_complete": False,
        }
        first, second = self._data["companies"]
        admin = self._client(first["name"])
        await admin.sign_in("admin", self._first.password)
        (current,) = (await admin.request("GET", "/auth/companies"))["items"]
        change = {"name": first["name"], "version": current["version"]}
        await admin.request("PATCH", f"/auth/companies/{current['id']}", change)
        self._note_staff("admin", self._first.password, "administrator", first["name"])
        await self._company(admin, first, current["id"])
        draft = {"name": second["name"], "administrator": second["administrator"]}
        made = await admin.request("POST", "/auth/companies", draft)
        login = second["administrator"]["login"]
        initial, chosen = made["administrator"]["initial_password"], password()
        other = self._client(second["name"])
        await other.sign_in(login, initial)
        change = {"old_password": initial, "new_password": chosen}
        await other.request("PUT", "/auth/staff/current/passwords", change)
        await other.sign_in(login, chosen)
        self._note_staff(login, chosen, "administrator", second["name"])
        await self._company(other, second, made["company"]["id"])
        self._write()

    async def _move(self) -> None:
        """The platform answers elsewhere than before: accounts and callbacks follow."""
        old = self._demo["base_url"]
        self._demo["base_url"] = new = self._platform.base_url
        self._demo["emulator"]["base_url"] = f"{new}/emulator"
        for company in self._data["companies"]:
            client = self._client(company["name"])
            admin = next(
                one
                for one in self._demo["staff"]
                if one["company"] == company["name"] and one["role"] == "administrator"
            )
            try:
                await client.sign_in(admin["login"], admin["password"])
                for one in (await client.request("GET", "/wechat/accounts"))["items"]:
                    if one["api_base_url"].startswith(old):
                        change = {"api_base_url": f"{new}/emulator", "version": one["version"]}
                        await client.request("PATCH", f"/wechat/accounts/{one['id']}", change)
            except GuanjiaError as error:
                log.warning("the accounts of %s keep the address %s: %s", company["name"], old, error.code)
        for account in self._demo["accounts"]:
            account["callback_url"] = account["callback_url"].replace(old, new)
            await self._emulate(account)
        self._write()

    async def _company(self, client: Client, company: dict[str, Any], company_id: str) -> None:
        places = {"": company_id}
        for one in company["organisations"]:
            body = {"parent_id": places[one.get("parent", "")], "name": one["name"], "kind": one["kind"]}
            places[one["key"]] = (await client.request("POST", "/auth/organisations", body))["id"]
        for one in company["staff"]:
            chosen = password()
            organisation = places[one["at"]]
            body = {
                "login": one["login"],
                "name": one["name"],
                "password": chosen,
                "organisation_id": organisation,
                "grants": [{"role": one["role"], "organisation_id": organisation}],
            }
            self._staff[one["login"]] = (await client.request("POST", "/auth/staff", body))["id"]
            self._note_staff(one["login"], chosen, one["role"], company["name"])
        for one in company["groups"]:
            await self._group(client, company, one, places)
        for one in company["accounts"]:
            await self._account(client, one)

    async def _group(
        self, client: Client, company: dict[str, Any], group: dict[str, Any], places: dict[str, str]
    ) -> None:
        members = [one["login"] for one in company["staff"] if one.get("group") == group["key"]]
        body: dict[str, Any] = {
            "name": group["name"],
            "organisation_id": places[group["organisation"]],
            "is_default": group["is_default"],
            "capacity": group["capacity"],
            "keywords": group["keywords"],
            "accounts": [],
            "hours": {
                "time_zone": "Asia/Shanghai",
                "weekly": [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)],
                "dates": [],
                "uses_public_holidays": False,
            },
            "off_hours_text": "",
            "members": [{"agent_id": self._staff[login], "capacity": None, "skills": []} for login in members],
        }
        self._groups[group["key"]] = (await settled(lambda: client.request("POST", "/chat/groups", body)))["id"]

    async def _account(self, client: Client, account: dict[str, Any]) -> None:
        seed = secrets.token_hex(16)
        keys = ["".join(secrets.choice(_ALPHABET) for _ in range(43)) for _ in range(2)]
        noted = {
            "appid": "wx" + hashlib.sha256(seed.encode()).hexdigest()[:16],
            "secret": secrets.token_hex(16),
            "original_id": "gh_" + secrets.token_hex(6),
            "kind": account["kind"],
            "token": secrets.token_hex(8),
            "aes_key": keys[0],
            "previous_aes_key": keys[1],
            "mode": account["mode"],
        }
        body = {
            "name": account["name"],
            "wechat_id": account["wechat_id"],
            **{key: noted[key] for key in ("appid", "secret", "original_id", "kind", "token", "mode")},
            "aes_key": noted["previous_aes_key"],
            "api_base_url": f"{self._platform.base_url}/emulator",
            "greeting": {"text": account["greeting"], "is_on": bool(account["greeting"])},
            "default_reply": {"text": account["default_reply"], "is_on": bool(account["default_reply"])},
        }
        made = await client.request("POST", "/wechat/accounts", body)
        change = {"aes_key": noted["aes_key"], "version": made["version"]}
        await client.request("PATCH", f"/wechat/accounts/{made['id']}", change)
        complete = {
            "id": made["id"],
            **noted,
            "name": account["name"],
            "callback_url": f"{self._platform.base_url}/wechat/callbacks/{made['id']}",
        }
        self._demo["accounts"].append(complete)
        await self._emulate(complete)

    async def _emulate(self, account: dict[str, Any]) -> None:
        """Make the account known to WeChat's stand-in."""
        fields = (
            "secret",
            "original_id",
            "name",
            "kind",
            "token",
            "aes_key",
            "previous_aes_key",
            "mode",
            "callback_url",
        )
        body = {key: account[key] for key in fields}
        await self._client("").request("PUT", f"/emulator/accounts/{account['appid']}", body)

    def _client(self, company: str) -> Client:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._clients.setdefault(company, Client(self._platform, self._session))

    def _note_staff(self, login: str, chosen: str, role: str, company: str) -> None:
        self._demo["staff"].append({"login": login, "password": chosen, "role": role, "company": company})

    def _write(self) -> None:
        temporary = self._file.with_suffix(".part")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self._demo)))
        temporary.replace(self._file)

    async def rest(self, say: Callable[[str], None]) -> None:
        """Menus, replies, fans and talks, while the doors are open; done once."""
        try:
            if not self._demo["is_complete"]:
                await self._rest()
                self._demo["is_complete"] = True
                self._write()
                say("The demo data are complete.")
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("the demo data are incomplete")
            say("The demo data are incomplete; what is there can be used.")
        finally:
            if self._session is not None:
                await self._session.close()

    async def _rest(self) -> None:
        progress = self._platform.demo_progress
        names: list[str] = self._data["people"]["names"]
        dialogs = [self._data["dialogs"][index % len(self._data["dialogs"])] for index in range(CONVERSATIONS)]
        progress["total"] = len(names) + len(dialogs)
        for company in self._data["companies"]:
            await self._replies(company)
        for account in self._demo["accounts"]:
            if account["kind"] != "subscription_unverified":
                await self._menu(account)
        phones = []
        for index, name in enumerate(names):
            phones.append(await self._fan(name, index, dialogs))
            progress["done"] += 1
        desk = _Desk(self._data, self._demo, self._client)
        await desk.open()
        for index, dialog in enumerate(dialogs):
            await desk.play(phones[index], dialog)
            progress["done"] += 1
        await desk.close()

    async def _replies(self, company: dict[str, Any]) -> None:
        client = self._client(company["name"])
        for sort, one in enumerate(company["keyword_replies"]):
            body = {
                "account_id": None,
                "keywords": one["keywords"],
                "match": one["match"],
                "reply": {"kind": "text", "content": one["text"]},
                "is_on": True,
                "sort": sort,
            }
            await client.request("POST", "/wechat/keyword-replies", body)
        if company is not self._data["companies"][0]:
            return
        for one in self._data["canned"]:
            for sort, text in enumerate(one["texts"]):
                body = {
                    "title": _VARIABLE.sub("", text)[:14],
                    "text": text,
                    "category": one["category"],
                    "scope": "company",
                    "group_id": None,
                    "is_locked": one.get("is_locked", False),
                    "sort": sort,
                }
                await client.request("POST", "/chat/canned-replies", body)

    async def _menu(self, account: dict[str, Any]) -> None:
        base = self._demo["emulator"]["base_url"]
        assert self._session is not None
        ask = {"grant_type": "client_credential", "appid": account["appid"], "secret": account["secret"]}
        async with self._session.post(f"{base}/cgi-bin/stable_token", json=ask) as answer:
            token = (await answer.json(content_type=None))["access_token"]
        body = msgspec.json.encode({"button": MENUS["car" if account["name"].startswith("安行") else "home"]})
        await self._session.post(f"{base}/cgi-bin/menu/create?access_token={token}", data=body)

    async def _fan(self, name: str, index: int, dialogs: list[dict[str, Any]]) -> dict[str, Any]:
        emulator = self._client("")
        phone: dict[str, Any] = await emulator.request("POST", "/emulator/phones", {"name": name})
        wanted = self._account_named(dialogs[index]["account"]) if index < len(dialogs) else self._spread(index)
        await emulator.request("POST", f"/emulator/phones/{phone['id']}/follows", {"appid": wanted["appid"]})
        owner = self._client(self._company_of(wanted))
        path = f"/wechat/fans/{wanted['id']}/{phone['openids'][wanted['appid']]}"
        if wanted["kind"].endswith("_verified"):
            await settled(lambda: owner.request("GET", path))
            await owner.request("PATCH", path, {"remark": name})
        return phone

    def _account_named(self, key: str) -> dict[str, Any]:
        names = {one["key"]: one["name"] for company in self._data["companies"] for one in company["accounts"]}
        found: dict[str, Any] = next(one for one in self._demo["accounts"] if one["name"] == names[key])
        return found

    def _spread(self, index: int) -> dict[str, Any]:
        accounts: list[dict[str, Any]] = self._demo["accounts"]
        return accounts[index % len(accounts)]

    def _company_of(self, account: dict[str, Any]) -> str:
        name: str = next(
            company["name"]
            for company in self._data["companies"]
            if any(one["name"] == account["name"] for one in company["accounts"])
        )
        return name


class _Desk:
    """The demo's agents at work: they answer the talks that the demo begins with."""

    AGENTS = ("wangning", "liufang")

    def __init__(self, data: dict[str, Any], demo: dict[str, Any], client: Callable[[str], Client]) -> None:
        self._data = data
        self._demo = demo
        self._client = client
        self._agents: dict[str, Client] = {}

    async def open(self) -> None:
        """One agent of each company signs in and goes online."""
        for login in self.AGENTS:
            entry = next(one for one in self._demo["staff"] if one["login"] == login)
            agent = self._client(f"agent-{login}")
            await agent.sign_in(login, entry["password"])
            await settled(lambda agent=agent: agent.request("PUT", "/chat/presences/current", {"status": "online"}))  # type: ignore[misc]  # early bound
            self._agents[entry["company"]] = agent

    async def close(self) -> None:
        """They go off duty; what is unanswered waits in the queue."""
        for agent in self._agents.values():
            await agent.request("PUT", "/chat/presences/current", {"status": "offline"})

    async def play(self, phone: dict[str, Any], dialog: dict[str, Any]) -> None:
        """One talk; a closed one is rated when the script says so."""
        names = {
            one["key"]: (company["name"], one["name"])
            for company in self._data["companies"]
            for one in company["accounts"]
        }
        company, account_name = names[dialog["account"]]
        account = next(one for one in self._demo["accounts"] if one["name"] == account_name)
        agent, emulator = self._agents[company], self._client("")
        if not dialog.get("is_closed"):
            await agent.request("PUT", "/chat/presences/current", {"status": "busy"})
        conversation = ""
        for who, text in dialog["lines"]:
            if who == "c":
                body = {"appid": account["appid"], "kind": "text", "content": {"content": text}}
                await emulator.request("POST", f"/emulator/phones/{phone['id']}/messages", body)
                continue
            conversation = conversation or await settled(lambda: self._mine(agent, phone["openids"][account["appid"]]))
            await self._answer(agent, conversation, text)
        if dialog.get("is_closed"):
            if dialog.get("rating"):
                await settled(
                    lambda: agent.request("POST", f"/chat/conversations/{conversation}/rating-invitations", {})
                )
                await self._rate(phone, account, dialog["rating"])
            body = {"category": dialog["category"], "result": "已解决"}
            await settled(lambda: agent.request("POST", f"/chat/conversations/{conversation}/closures", body))
        else:
            await agent.request("PUT", "/chat/presences/current", {"status": "online"})

    async def _mine(self, agent: Client, openid: str) -> str:
        found = await agent.request("GET", "/chat/conversations?box=mine&limit=50")
        for one in found["items"]:
            if one["openid"] == openid:
                return str(one["id"])
        raise _missing()

    async def _answer(self, agent: Client, conversation: str, text: str) -> None:
        body = {
            "client_id": secrets.token_hex(8),
            "kind": "text",
            "content": {"content": text},
            "is_note": False,
        }
        await settled(lambda: agent.request("POST", f"/chat/conversations/{conversation}/messages", body))

    async def _rate(self, phone: dict[str, Any], account: dict[str, Any], score: int) -> None:
        """Tap the star in the invitation as soon as it is on the phone."""
        emulator = self._client("")
        path = f"/emulator/phones/{phone['id']}/screen?appid={account['appid']}"

        async def tap() -> None:
            screen = await emulator.request("GET", path)
            for message in reversed(screen["messages"]):
                if message["kind"] in ("menu", "msgmenu"):
                    items = message["content"].get("items") or message["content"].get("list") or []
                    item = next(one for one in items if str(one["id"]).endswith(f":{score}"))
                    body = {"appid": account["appid"], "message_id": message["id"], "item_id": item["id"]}
                    await emulator.request("POST", f"/emulator/phones/{phone['id']}/taps", body)
                    return
            raise _missing()

        await settled(tap)


def _missing() -> GuanjiaError:
    error = GuanjiaError("not_found")
    error.status = 404
    return error
