"""A company of a test's own, on a demo that other tests use too: its people, its group, its official account."""

from __future__ import annotations

import secrets
from typing import Any

from tests.journeys.installation import Installation, Person, Phone, wait_for

PASSWORD = "journey-Password-7"


class Company:
    """Nobody else's conversations, queue or agents come into its way. Each agent's login is his name's first word."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._tag = secrets.token_hex(4)
        self.name = f"晨光汽车 {self._tag}"
        self._agents: dict[str, Person] = {}
        self.admin = self._found()
        self.id: str = self.admin.me["company"]["id"]
        self.account = self._connect()
        self.appid: str = self.account["appid"]

    def login(self, name: str) -> str:
        """The login of the one with this name."""
        return f"{name}-{self._tag}"

    def hire(self, name: str, title: str, role: str = "agent") -> Person:
        """A new member of staff, signed in by API: login ``name``, shown as ``title``."""
        self.admin.call(
            "POST",
            "/auth/staff",
            {
                "login": self.login(name),
                "name": title,
                "password": PASSWORD,
                "organisation_id": self.id,
                "grants": [{"role": role, "organisation_id": self.id}],
            },
        )
        person = self.installation.person()
        person.sign_in(self.login(name), PASSWORD)
        self._agents[name] = person
        return person

    def agent(self, name: str) -> Person:
        """Somebody hired before."""
        return self._agents[name]

    def group(self) -> dict[str, Any]:
        """The group that every conversation of this company comes to."""
        found: dict[str, Any] = wait_for("the company's first group", self._groups)[0]
        return found

    def change_group(self, **changes: Any) -> None:
        """Change some fields of that group."""
        group = self.group()
        self.admin.call("PUT", f"/chat/groups/{group['id']}", {**group, **changes})

    def greet(self, text: str) -> None:
        """Say this to whoever follows the account."""
        change = {"greeting": {"text": text, "is_on": True}, "version": self.account["version"]}
        self.admin.call("PATCH", f"/wechat/accounts/{self.account['id']}", change)

    def phone(self, name: str, *, is_following: bool = True) -> Phone:
        """A new customer."""
        phone = self.installation.phone(name)
        if is_following:
            phone.follow(self.appid)
        return phone

    def _groups(self) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = self.admin.call("GET", "/chat/groups")["items"]
        return groups

    def _found(self) -> Person:
        founder = self.installation.staff("admin")
        login = self.login("boss")
        administrator = {"login": login, "name": "程总"}
        made = founder.call("POST", "/auth/companies", {"name": self.name, "administrator": administrator})
        initial = made["administrator"]["initial_password"]
        admin = self.installation.person()
        admin.sign_in(login, initial)
        admin.call("PUT", "/auth/staff/current/passwords", {"old_password": initial, "new_password": PASSWORD})
        admin.sign_in(login, PASSWORD)
        return admin

    def _connect(self) -> dict[str, Any]:
        agreed = {
            "secret": secrets.token_hex(16),
            "original_id": f"gh_{secrets.token_hex(6)}",
            "name": "晨光服务",
            "kind": "service_verified",
            "token": secrets.token_hex(8),
            "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            "mode": "safe",
        }
        appid = f"wx{secrets.token_hex(8)}"
        base = self.installation.base_url
        body = {**agreed, "appid": appid, "api_base_url": f"{base}/emulator"}
        account: dict[str, Any] = self.admin.call("POST", "/wechat/accounts", body)
        callback = f"{base}/wechat/callbacks/{account['id']}"
        self.installation.person().call("PUT", f"/emulator/accounts/{appid}", {**agreed, "callback_url": callback})
        return account
