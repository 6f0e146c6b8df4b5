"""A whole platform in a process of its own, as ``guanjia up`` runs it, and the people who use it over HTTP."""

from __future__ import annotations

import http.cookiejar
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
START_SECONDS = 60.0
WAIT_SECONDS = 20.0


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(what: str, check: Callable[[], T | None], seconds: float = WAIT_SECONDS) -> T:
    """The first true answer of ``check``; fails the test with ``what`` when it never comes."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"never seen: {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, envelope: dict[str, Any], headers: dict[str, str]) -> None:
        super().__init__(f"{status} {envelope}")
        self.status = status
        self.envelope = envelope
        self.headers = headers

    @property
    def code(self) -> str:
        return str(self.envelope.get("attribute", {}).get("error", ""))


class Person:
    """Somebody who calls the platform's API through the gateway."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.token = ""
        self.me: dict[str, Any] = {}
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._jar)
        )

    def raw(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case) and body of any answer."""
        request = urllib.request.Request(self.base_url + path, data=body, method=method, headers=headers or {})
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The ``attribute`` of a success; Refusal otherwise."""
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        status, answered, content = self.raw(method, path, data, sent)
        envelope = json.loads(content)
        if status >= 400:
            raise Refusal(status, envelope, answered)
        return envelope["attribute"]

    def sign_in(self, login: str, password: str) -> None:
        """Sign in and use the token from now on."""
        answer = self.call("POST", "/auth/tokens", {"login": login, "password": password})
        self.token, self.me = answer["access_token"], answer["staff"]


class Phone:
    """A phone of the emulator: one customer."""

    def __init__(self, emulator: Person, name: str) -> None:
        self._emulator = emulator
        self.data: dict[str, Any] = emulator.call("POST", "/emulator/phones", {"name": name})
        self.id: str = self.data["id"]

    def openid(self, appid: str) -> str:
        return str(self.data["openids"][appid])

    def follow(self, appid: str) -> None:
        self._emulator.call("POST", f"/emulator/phones/{self.id}/follows", {"appid": appid})

    def write(self, appid: str, text: str) -> Any:
        body = {"appid": appid, "kind": "text", "content": {"content": text}}
        return self._emulator.call("POST", f"/emulator/phones/{self.id}/messages", body)

    def messages(self, appid: str) -> list[dict[str, Any]]:
        screen = self._emulator.call("GET", f"/emulator/phones/{self.id}/screen?appid={appid}")
        messages: list[dict[str, Any]] = screen["messages"]
        return messages

    def texts_from_account(self, appid: str) -> list[str]:
        """What the account said, as the customer reads it."""
        return [m["content"].get("content", "") for m in self.messages(appid) if m["from"] == "account"]


class Installation:
    """``guanjia up`` on a data folder of its own."""

    def __init__(self, folder: Path, *arguments: str, database: str = "sqlite", **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._arguments = arguments
        self._environment = {
            **os.environ,
            "GUANJIA_DATABASE": database,
            "GUANJIA_ADMIN_PASSWORD": "first-Password-9",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder.parent / f"{folder.name}.log"

    @classmethod
    def running(cls, folder: Path) -> Installation:
        """One that somebody else has started and will stop."""
        installation = cls(folder)
        installation.base_url = installation.demo["base_url"]
        return installation

    def launch(self) -> Installation:
        """Start (again) and wait for nothing."""
        command = [sys.executable, "-m", "guanjia", "up", "--port", str(self.port), "--data", str(self.folder)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self._arguments], stdout=log, stderr=subprocess.STDOUT, env=self._environment
            )
        return self

    def start(self) -> Installation:
        """Start (again) and wait until the doors are open."""
        return self.launch().wait_until_open()

    def wait_until_open(self) -> Installation:
        """Wait until the doors are open."""
        wait_for(f"health of {self.base_url}\n{self.log}", self._is_healthy, START_SECONDS)
        return self

    def _is_healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"guanjia ended:\n{self.log.read_text()}"
        try:
            return self.person().raw("GET", "/health")[0] == 200
        except OSError:
            return False

    def health(self) -> dict[str, Any]:
        """What ``GET /health`` says."""
        health: dict[str, Any] = json.loads(self.person().raw("GET", "/health")[2])
        return health

    def wait_for_demo_data(self) -> Installation:
        """Wait until all demo data are loaded."""

        def is_loaded() -> bool:
            demo_data = self.health()["demo_data"]
            is_complete: bool = self.demo.get("is_complete", False)
            return is_complete or (demo_data["total"] > 0 and demo_data["done"] == demo_data["total"])

        wait_for("complete demo data", is_loaded, 120.0)
        return self

    def kill(self) -> None:
        """Like a power cut for the process."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> float:
        """Ctrl-C; the seconds until it had ended."""
        if self.process is None or self.process.poll() is not None:
            return 0.0
        begun = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        return time.monotonic() - begun

    @property
    def demo(self) -> dict[str, Any]:
        """``demo.json``."""
        demo: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return demo

    def person(self) -> Person:
        """Somebody not signed in."""
        return Person(self.base_url)

    def staff(self, login: str) -> Person:
        """A member of the demo's staff, signed in."""
        entry = next(one for one in self.demo["staff"] if one["login"] == login)
        person = self.person()
        person.sign_in(login, entry["password"])
        return person

    def account(self, kind: str = "service_verified", mode: str = "safe") -> dict[str, Any]:
        """A demo account of that kind and mode."""
        account: dict[str, Any] = next(
            one for one in self.demo["accounts"] if one["kind"] == kind and one["mode"] == mode
        )
        return account

    def phone(self, name: str) -> Phone:
        """A new customer with a phone."""
        return Phone(self.person(), name)
