"""P2: a customer's message → the agent's screen, at 300 messages a second, 200 consoles open.

Each console is an event stream of an agent with one conversation; 20 of them see their whole group as well. The load
is open: a push leaves when its time has come, whether or not earlier ones were answered. Below 180 seconds, so that
no conversation is handed back for want of an answer; ``GUANJIA_BENCH_SECONDS`` sets the length (120).
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.hosted import hosted_account, request
from benchmarks.process import Server, scratch
from benchmarks.pushes import FANS, Account, encrypted

CONSOLES = 200
WITH_QUEUE = 20
RATE = 300
SERVICES = ("auth", "crm", "wechat", "chat", "gateway")
PASSWORD = "bench-Agent-pass-1"
SETTLE_SECONDS = 60.0


class Run:
    """One run: who has which conversation, when each message left, when it was seen."""

    def __init__(self, server: Server, account: Account, path: str, admin: str) -> None:
        self.server = server
        self.account = account
        self.path = path
        self.admin = admin
        self.left: dict[str, float] = {}
        self.latencies: list[float] = []
        self.seen: dict[str, int] = {}
        self.refused = 0
        self.owner: dict[str, str] = {}
        self.count = 0
        self.is_complete = asyncio.Event()

    def _call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        return request(self.server.port, method, path, body, token or self.admin)

    def _settled(self, method: str, path: str, body: Any, token: str = "") -> Any:
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                return self._call(method, path, body, token)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def staff(self) -> list[tuple[str, str]]:
        """(id, token) of 200 signed-in agents; 20 hold their role at the group, the others at a place of their own."""
        company = self._call("GET", "/auth/staff/current")["company"]["id"]
        group = {"parent_id": company, "name": "inbox", "kind": "group"}
        group_org = self._call("POST", "/auth/organisations", group)["id"]
        agents: list[tuple[str, str]] = []
        for number in range(CONSOLES):
            place = group_org
            if number >= WITH_QUEUE:
                desk = {"parent_id": company, "name": f"desk {number}", "kind": "group"}
                place = self._call("POST", "/auth/organisations", desk)["id"]
            body = {
                "login": f"agent{number}",
                "name": f"agent {number}",
                "password": PASSWORD,
                "organisation_id": place,
                "grants": [{"role": "agent", "organisation_id": place}],
            }
            made = self._call("POST", "/auth/staff", body)
            credentials = {"login": f"agent{number}", "password": PASSWORD}
            agents.append((made["id"], self._call("POST", "/auth/tokens", credentials)["access_token"]))
        weekly = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)]
        body = {
            "name": "inbox",
            "organisation_id": group_org,
            "is_default": True,
            "capacity": 1,
            "keywords": [],
            "accounts": [],
            "hours": {"time_zone": "Asia/Shanghai", "weekly": weekly, "dates": [], "uses_public_holidays": False},
            "off_hours_text": "",
            "members": [{"agent_id": one, "capacity": 1, "skills": []} for one, _ in agents],
        }
        self._settled("POST", "/chat/groups", body)
        for _, token in agents:
            self._settled("PUT", "/chat/presences/current", {"status": "online"}, token)
        return agents

    async def _push(self, session: aiohttp.ClientSession, raw: bytes, text: str) -> None:
        head, _, body = raw.partition(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        self.left[text] = time.perf_counter()
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with session.post(url, data=body, headers={"Content-Type": "text/xml"}) as answer:
            if answer.status != 200:
                self.refused += 1

    async def _console(self, session: aiohttp.ClientSession, agent: str, token: str, opened: asyncio.Event) -> None:
        url = f"http://127.0.0.1:{self.server.port}/gateway/events?services=chat"
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        async with session.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=None)) as stream:
            async for line in stream.content:
                if line.startswith(b"event: ready"):
                    opened.set()
                if not line.startswith(b"data: ") or b'"name":"message_added"' not in line:
                    continue
                now = time.perf_counter()
                message = json.loads(line[6:])["data"]["message"]
                text = message["content"].get("content", "")
                if message["author"]["kind"] != "customer" or self.owner.get(message["conversation_id"]) != agent:
                    continue
                self.seen[text] = self.seen.get(text, 0) + 1
                if len(self.seen) == self.count:
                    self.is_complete.set()
                if text in self.left:
                    self.latencies.append(now - self.left[text])

    async def _heartbeats(self, session: aiohttp.ClientSession, agents: list[tuple[str, str]]) -> None:
        url = f"http://127.0.0.1:{self.server.port}/chat/presences/current/heartbeats"
        while True:
            for _, token in agents:
                async with session.put(url, json={}, headers={"Authorization": f"Bearer {token}"}):
                    await asyncio.sleep(20 / len(agents))

    async def drive(self, agents: list[tuple[str, str]], seconds: float) -> None:
        """Give each agent a conversation, open the consoles, then hold the rate."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, read_bufsize=2**20) as session:
            beating = asyncio.create_task(self._heartbeats(session, agents))
            first = encrypted(self.account, self.path, FANS)
            for number, raw in enumerate(first):
                await self._push(session, raw, f"first {number}")
            await asyncio.to_thread(self._learn_owners)
            opened = [asyncio.Event() for _ in agents]
            consoles = [
                asyncio.create_task(self._console(session, one, token, event))
                for (one, token), event in zip(agents, opened, strict=True)
            ]
            await asyncio.gather(*(event.wait() for event in opened))
            self.count = count = int(RATE * seconds)
            requests = encrypted(self.account, self.path, count)
            begun, sends = time.perf_counter(), []
            for number, raw in enumerate(requests):
                ahead = begun + number / RATE - time.perf_counter()
                if ahead > 0:
                    await asyncio.sleep(ahead)
                sends.append(asyncio.create_task(self._push(session, raw, f"我的车刹车有异响 {number}")))
            await asyncio.gather(*sends)
            try:
                async with asyncio.timeout(10):
                    await self.is_complete.wait()
            except TimeoutError:
                pass  # what is missing is counted as lost
            for task in (beating, *consoles):
                task.cancel()
            await asyncio.gather(beating, *consoles, return_exceptions=True)

    def _learn_owners(self) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while len(self.owner) < FANS and time.monotonic() < deadline:
            cursor = ""
            while True:
                found = self._call("GET", f"/chat/conversations?box=all&limit=100{cursor}")
                self.owner |= {one["id"]: one["agent_id"] for one in found["items"] if one["agent_id"]}
                if not found["next"]:
                    break
                cursor = f"&cursor={found['next']}"
            time.sleep(0.2)
        if len(self.owner) < FANS:
            raise RuntimeError(f"{FANS - len(self.owner)} conversations found no agent")


def run() -> list[str]:
    """The figures of P2."""
    seconds = float(os.environ.get("GUANJIA_BENCH_SECONDS", "120"))
    with scratch() as folder, hosted_account(Path(folder), SERVICES, has_secret=False) as (server, account, path):
        signed_in = request(server.port, "POST", "/auth/tokens", {"login": "admin", "password": "bench-Password-1"})
        one = Run(server, account, path, signed_in["access_token"])
        agents = one.staff()
        cpu = server.cpu_seconds()
        asyncio.run(one.drive(agents, seconds))
        cpu = server.cpu_seconds() - cpu
        memory = server.resident_mb()
    count = int(RATE * seconds)
    wanted = [f"我的车刹车有异响 {number}" for number in range(count)]
    lost = sum(1 for text in wanted if text not in one.seen)
    doubled = sum(1 for text in wanted if one.seen.get(text, 0) > 1)
    ordered = sorted(one.latencies)
    if not ordered:
        raise RuntimeError("no console saw anything")
    p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
    return [
        f"P2  customer's message to the agent's screen, {RATE}/s for {seconds:.0f} s, {CONSOLES} consoles",
        f"p50 {p50:.1f} ms (target < 20), p99 {p99:.1f} ms (target < 100)",
        f"{count} sent, {one.refused} refused, {lost} lost, {doubled} doubled",
        f"{cpu / count * 1e6:.0f} µs CPU a message, {memory:.0f} MB resident",
    ]
