"""``kill -9`` at random moments while fifty customers write and agents answer.

Another installation plays WeChat, so that only the one under test dies. What it acknowledged to WeChat, and what it
accepted from its agents, must be there afterwards, once.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.journeys.crowd import Agent, Customer, Line, until
from tests.journeys.installation import Installation

ROUNDS = int(os.environ.get("GUANJIA_KILL_ROUNDS", "20"))
SEED = int(os.environ.get("GUANJIA_KILL_SEED", str(random.SystemRandom().randrange(10**6))))
PHONES = 50
AGENTS = 5
ACKNOWLEDGED = frozenset({"success", "reply", "transfer"})
SERVICES = ("auth", "crm", "wechat", "chat")
PASSWORD = "first-Password-9"

pytestmark = [pytest.mark.kill, pytest.mark.timeout(120 + 30 * ROUNDS)]


@pytest.fixture(scope="module")
def wechat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The installation that plays WeChat; nobody kills it."""
    installation = Installation(tmp_path_factory.mktemp("wechat") / "data").start()
    try:
        yield installation.wait_for_demo_data()
    finally:
        installation.stop()


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Installation]:
    """The installation under test, no demo."""
    installation = Installation(tmp_path / "victim", "--no-demo").start()
    try:
        yield installation
    finally:
        installation.stop()


def test_nothing_acknowledged_is_lost_or_doubled(wechat: Installation, victim: Installation) -> None:
    print(f"GUANJIA_KILL_SEED={SEED} rounds={ROUNDS}")
    asyncio.run(_Trial(wechat, victim).run())


class _Trial:
    """The customers, the agents, the killing, and what must hold afterwards."""

    def __init__(self, wechat: Installation, victim: Installation) -> None:
        self._wechat = wechat
        self._victim = victim
        self._chance = random.Random(SEED)  # every actor's own is drawn from it
        self._customers: list[Customer] = []
        self._agents: list[Agent] = []
        self._accounts: list[dict[str, Any]] = []

    async def run(self) -> None:
        async with self._lines() as (admin, control):
            await admin.call("GET", "/auth/staff/current")
            for kind, mode in (("service_verified", "safe"), ("subscription_verified", "plain")):
                self._accounts.append(await self._connect(admin, control, kind, mode))
            await control.call("PUT", "/emulator/faults", {"callback_timeout_seconds": 3.0})
            is_over = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for agent in self._agents:
                    group.create_task(agent.live(is_over, pause=0.4))
                for customer in self._customers:
                    group.create_task(customer.live(is_over, pause=3.0))
                await self._kill_often()
                is_over.set()
            await self._settle(admin, control)
            await self._check(admin, control)

    @asynccontextmanager
    async def _lines(self) -> AsyncIterator[tuple[Line, Line]]:
        """The administrator's line and WeChat's control, with everybody hired and every phone bought."""
        timeout = aiohttp.ClientTimeout(total=15)
        async with (
            aiohttp.ClientSession(timeout=timeout) as ours,
            aiohttp.ClientSession(timeout=timeout) as theirs,
        ):
            admin = await self._sign_in(Line(ours, self._victim.base_url), "admin")
            control = Line(theirs, self._wechat.base_url)
            me = await admin.call("GET", "/auth/staff/current")
            await self._hire(ours, admin, me["company"]["id"])
            yield admin, control

    async def _sign_in(self, line: Line, login: str) -> Line:
        line.token = (await line.call("POST", "/auth/tokens", {"login": login, "password": PASSWORD}))["access_token"]
        return line

    async def _hire(self, session: aiohttp.ClientSession, admin: Line, company_id: str) -> None:
        """Agents, online, with room for all customers."""
        groups: list[dict[str, Any]] = []

        async def is_missing() -> object:
            """The company's first group comes by feed."""
            groups[:] = (await admin.call("GET", "/chat/groups"))["items"]
            return None if groups else "no group"

        await until("the default group", is_missing, 20)
        (group,) = groups
        await admin.call("PUT", f"/chat/groups/{group['id']}", {**group, "capacity": PHONES})
        for number in range(1, AGENTS + 1):
            body = {
                "login": f"agent-{number}",
                "name": f"Agent {number}",
                "password": PASSWORD,
                "organisation_id": company_id,
                "grants": [{"role": "agent", "organisation_id": company_id}],
            }
            await admin.call("POST", "/auth/staff", body)
            line = await self._sign_in(Line(session, self._victim.base_url), f"agent-{number}")

            async def is_away(line: Line = line) -> object:
                try:
                    await line.call("PUT", "/chat/presences/current", {"status": "online"})
                except Exception as error:
                    return error
                return None

            await until("an agent online", is_away, 20)
            self._agents.append(Agent(line, f"answer of {number}:", random.Random(self._chance.random())))

    async def _connect(self, admin: Line, control: Line, kind: str, mode: str) -> dict[str, Any]:
        """An account that both sides know, and half of the phones, which follow it."""
        number = len(self._accounts) + 1
        agreed = {
            "secret": f"{number}" * 32,
            "original_id": f"gh_{number:012d}",
            "name": f"Account {number}",
            "kind": kind,
            "token": f"token{number}",
            "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            "mode": mode,
        }
        appid = f"wx{number:016d}"
        body = {**agreed, "appid": appid, "api_base_url": f"{self._wechat.base_url}/emulator"}
        account: dict[str, Any] = await admin.call("POST", "/wechat/accounts", body)
        callback = f"{self._victim.base_url}/wechat/callbacks/{account['id']}"
        await control.call("PUT", f"/emulator/accounts/{appid}", {**agreed, "callback_url": callback})
        for index in range(PHONES // 2):
            phone = await control.call("POST", "/emulator/phones", {"name": f"Customer {number}.{index}"})
            await control.call("POST", f"/emulator/phones/{phone['id']}/follows", {"appid": appid})
            chance = random.Random(self._chance.random())
            name = f"text of {number}.{index}:"
            self._customers.append(Customer(control, phone["id"], appid, phone["openids"][appid], name, chance))
        return account

    async def _kill_often(self) -> None:
        """End the process without warning, sometimes while it is still starting, and start it again."""
        for number in range(ROUNDS):
            await asyncio.sleep(self._chance.uniform(0.3, 2.5))
            await asyncio.to_thread(self._victim.kill)
            await asyncio.to_thread(self._victim.launch)
            if number % 5 == 4:
                await asyncio.sleep(self._chance.uniform(0.8, 3.0))
                await asyncio.to_thread(self._victim.kill)
                await asyncio.to_thread(self._victim.launch)
            await asyncio.to_thread(self._victim.wait_until_open)

    async def _settle(self, admin: Line, control: Line) -> None:
        """Wait until WeChat has given up or delivered everything, and nothing is on its way any more."""

        async def pending_pushes() -> object:
            return [one["id"] for one in await self._pushes(control) if one["state"] == "pending"]

        async def under_way() -> object:
            return self._rows("wechat", "SELECT id FROM wechat_outgoing WHERE state IN ('pending', 'sending')")

        async def unheard() -> object:
            heads = {name: self._rows(name, f"SELECT max(position) FROM {name}_feed")[0][0] or 0 for name in SERVICES}
            # A cursor is written with the next event that somebody hears, so that only its lag is told here.
            seen = self._rows("chat", "SELECT feed, seq FROM chat_cursors WHERE feed = 'wechat'")
            return [(feed, seq, heads[feed]) for feed, seq in seen if seq < heads[feed]]

        async def sending() -> object:
            return self._rows("chat", "SELECT id FROM chat_messages WHERE state = 'sending'")

        await until("all pushes at their end", pending_pushes, 60)
        await until("all calls at their end", under_way, 60)
        await until("wechat's feed heard", unheard, 30)
        await until("no message on its way", sending, 60)

    async def _pushes(self, control: Line) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for account in self._accounts:
            found += await control.pages(f"/emulator/pushes?appid={account['appid']}")
        return found

    def _rows(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        file = self._victim.folder / f"{service}.sqlite"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchall()

    async def _check(self, admin: Line, control: Line) -> None:
        conversations = await admin.pages("/chat/conversations?box=all")
        messages: dict[str, list[dict[str, Any]]] = {}
        for one in conversations:
            messages[one["id"]] = await self._messages(admin, one)
        self._check_conversations(conversations, messages)
        await self._check_pushes(control, conversations, messages)
        await self._check_sends(messages)
        await self._check_letters(admin, messages)

    async def _messages(self, admin: Line, conversation: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["number"] if found else 0
            path = f"/chat/conversations/{conversation['id']}/messages?limit=200&after={after}"
            page = (await admin.call("GET", path))["items"]
            if not page:
                return found
            found += page

    def _check_conversations(
        self, conversations: list[dict[str, Any]], messages: dict[str, list[dict[str, Any]]]
    ) -> None:
        """Numbers have no gap, and everything open is somebody's or stands in a queue."""
        for one in conversations:
            numbers = [message["number"] for message in messages[one["id"]]]
            assert numbers == list(range(1, one["last_number"] + 1)), one["id"]
            if one["state"] == "queued":
                assert one["group_id"], one
            elif one["state"] != "closed":
                assert one["agent_id"], one
        is_open = Counter(one["openid"] for one in conversations if one["state"] != "closed")
        assert not {openid: number for openid, number in is_open.items() if number > 1}

    async def _check_pushes(
        self, control: Line, conversations: list[dict[str, Any]], messages: dict[str, list[dict[str, Any]]]
    ) -> None:
        """What WeChat was told to have arrived is there once, nothing is there twice, each customer's in order."""
        pushes = [one for one in await self._pushes(control) if one["kind"] == "text"]
        acknowledged = {
            one["summary"] for one in pushes if any(each["verdict"] in ACKNOWLEDGED for each in one["tries"])
        }
        written = {text for customer in self._customers for text in customer.texts}
        assert {one["summary"] for one in pushes} == written
        stored: dict[str, list[str]] = {customer.openid: [] for customer in self._customers}
        for conversation in sorted(conversations, key=lambda one: one["opened_at"]):
            stored[conversation["openid"]] += [
                message["content"]["content"]
                for message in messages[conversation["id"]]
                if message["author"]["kind"] == "customer"
            ]
        times = Counter(text for texts in stored.values() for text in texts)
        assert not {text: number for text, number in times.items() if number > 1}
        assert not acknowledged - times.keys(), "acknowledged, but not there"
        assert not times.keys() - written
        for customer in self._customers:
            place = {text: index for index, text in enumerate(customer.texts)}
            places = [place[text] for text in stored[customer.openid]]
            assert places == sorted(places), customer.name
        retried = sum(len(one["tries"]) > 1 for one in pushes)
        print(f"{len(pushes)} pushes, {len(acknowledged)} acknowledged, {retried} delivered more than once")
        assert len(acknowledged) > ROUNDS

    async def _check_sends(self, messages: dict[str, list[dict[str, Any]]]) -> None:
        """Every answer that was accepted stands once in its conversation, and on the phone as its state says."""
        known = {message["id"]: message for one in messages.values() for message in one}
        texts = Counter(
            message["content"]["content"] for message in known.values() if message["author"]["kind"] == "agent"
        )
        assert not {text: number for text, number in texts.items() if number > 1}
        on_phones: Counter[str] = Counter()
        for customer in self._customers:
            on_phones.update(
                message["content"].get("content", "")
                for message in await customer.messages()
                if message["from"] == "account"
            )
        states: Counter[str] = Counter()
        for agent in self._agents:
            for message_id, (conversation_id, text) in agent.accepted.items():
                message = known[message_id]
                assert message["conversation_id"] == conversation_id
                states[message["state"]] += 1
                told = (text, message["state"], message["failure"], on_phones[text])
                assert message["state"] in ("sent", "failed", "unknown"), told
                assert on_phones[text] <= 1, told
                assert message["state"] != "sent" or on_phones[text] == 1, told
                assert message["state"] != "failed" or on_phones[text] == 0, told
        assert not on_phones.keys() - texts.keys() - {""}, "on a phone, but in no conversation"
        refusals = Counter(code for agent in self._agents for code in agent.refusals)
        print(f"answers: {dict(states)}, refused: {dict(refusals)}")
        assert states["sent"] > ROUNDS

    async def _check_letters(self, admin: Line, messages: dict[str, list[dict[str, Any]]]) -> None:
        """No listener has parked anything; a call that failed or whose end is unknown shows on its message."""
        for service in SERVICES:
            assert self._rows(service, f"SELECT name, error FROM {service}_parked") == []
        letters = await admin.pages("/wechat/dead-letters")
        assert {one["channel"] for one in letters} <= {"messages"}, letters
        troubled = [one["id"] for each in messages.values() for one in each if one["state"] in ("failed", "unknown")]
        assert sorted(one["id"] for one in letters) == sorted(troubled)
