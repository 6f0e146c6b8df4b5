"""A company of its own on a running demo: hired, connected and grouped as one test needs it, in nobody's way."""

from __future__ import annotations

import json
import secrets
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.journeys.installation import Installation, Person, Phone, Refusal, wait_for

PASSWORD = "desk-Password-9"
AES_KEYS = ("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba")
NEVER_CLOSED = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)]


def settled(call: Callable[[], Any], *, but: tuple[int, ...] = (404, 409, 422, 503)) -> Any:
    """``call`` again until what it needs has come by the feed."""
    last: list[Refusal] = []

    def attempt() -> tuple[Any] | None:
        try:
            return (call(),)
        except Refusal as refusal:
            if refusal.status not in but:
                raise
            last[:] = [refusal]
            return None

    try:
        return wait_for("a success", attempt)[0]
    except AssertionError as error:
        raise last[0] from error


@dataclass(frozen=True)
class Account:
    """An official account that both sides know."""

    id: str
    appid: str
    callback_url: str
    token: str


class Desk(Person):
    """A member of staff at work."""

    def __init__(self, base_url: str, login: str, password: str) -> None:
        super().__init__(base_url)
        self.sign_in(login, password)
        self.id: str = self.me["id"]
        self.name: str = self.me["name"]

    def be(self, status: str = "online") -> None:
        """Say what he is; waits until chat knows him."""
        settled(lambda: self.call("PUT", "/chat/presences/current", {"status": status}))

    def box(self, name: str = "mine") -> list[dict[str, Any]]:
        """A box's conversations."""
        items: list[dict[str, Any]] = self.call("GET", f"/chat/conversations?box={name}&limit=200")["items"]
        return items

    def conversation_of(self, phone: Phone, account: Account, box: str = "mine", **wanted: Any) -> dict[str, Any]:
        """The conversation with a phone's owner, as soon as it stands in the box and is as ``wanted``."""
        openid = phone.openid(account.appid)

        def find() -> dict[str, Any] | None:
            found = [one for one in self.box(box) if one["openid"] == openid]
            return next((one for one in found if all(one[key] == value for key, value in wanted.items())), None)

        return wait_for(f"a conversation in {box} of {self.name} with {wanted}", find)

    def conversation(self, conversation_id: str) -> dict[str, Any]:
        """One conversation."""
        found: dict[str, Any] = self.call("GET", f"/chat/conversations/{conversation_id}")["conversation"]
        return found

    def messages(self, conversation_id: str) -> list[dict[str, Any]]:
        """Its messages, in order."""
        path = f"/chat/conversations/{conversation_id}/messages?limit=200"
        items: list[dict[str, Any]] = self.call("GET", path)["items"]
        return items

    def wait_for_message(self, conversation_id: str, **wanted: Any) -> dict[str, Any]:
        """The newest message that is as ``wanted``, as soon as there is one."""

        def find() -> dict[str, Any] | None:
            found = reversed(self.messages(conversation_id))
            return next((one for one in found if all(one[key] == value for key, value in wanted.items())), None)

        return wait_for(f"a message with {wanted}", find)

    def lines(self, conversation_id: str) -> list[dict[str, Any]]:
        """The contents of the system's lines."""
        return [one["content"] for one in self.messages(conversation_id) if one["kind"] == "system"]

    def answer(self, conversation_id: str, text: str, *, key: str = "", is_note: bool = False) -> dict[str, Any]:
        """Answer the customer, or keep a note."""
        key = key or secrets.token_hex(8)
        return self.send(conversation_id, "text", {"content": text}, key=key, client_id=key, is_note=is_note)

    def send(
        self, conversation_id: str, kind: str, content: Any, *, client_id: str, key: str = "", is_note: bool = False
    ) -> dict[str, Any]:
        """Send a message; with ``key`` as its Idempotency-Key."""
        body = {"client_id": client_id, "kind": kind, "content": content, "is_note": is_note}
        headers = {"Idempotency_Key": key} if key else {}
        sent: dict[str, Any] = self.call("POST", f"/chat/conversations/{conversation_id}/messages", body, **headers)
        return sent

    def act(self, conversation_id: str, deed: str, **body: Any) -> dict[str, Any]:
        """An act upon a conversation: ``pickups``, ``transfers`` …"""
        view: dict[str, Any] = self.call("POST", f"/chat/conversations/{conversation_id}/{deed}", body)
        return view

    def upload(self, path: str, content: bytes, media_type: str) -> dict[str, Any]:
        """A file as multipart field ``file``."""
        return upload(self, path, content, media_type)


def upload(person: Person, path: str, content: bytes, media_type: str) -> dict[str, Any]:
    """Send a file as the multipart field ``file``; the answer's attribute."""
    mark = secrets.token_hex(12)
    disposition = 'form-data; name="file"; filename="file"'
    head = f"--{mark}\r\nContent-Disposition: {disposition}\r\nContent-Type: {media_type}\r\n\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    if person.token:
        headers["Authorization"] = f"Bearer {person.token}"
    status, _, answered = person.raw("POST", path, head.encode() + content + f"\r\n--{mark}--\r\n".encode(), headers)
    envelope = json.loads(answered)
    if status >= 400:
        raise Refusal(status, envelope, {})
    attribute: dict[str, Any] = envelope["attribute"]
    return attribute


def fetch(person: Person, address: str) -> bytes:
    """What a media address of the platform gives."""
    status, _, content = person.raw("GET", address.removeprefix(person.base_url))
    assert status == 200, (status, address)
    return content


class Firm:
    """A company with its administrator, made by the platform's administrator."""

    def __init__(self, installation: Installation, name: str) -> None:
        self.installation = installation
        self.control = installation.person()
        self._mark = secrets.token_hex(4)
        founder = installation.person()
        founder.sign_in("admin", "first-Password-9")
        login = f"boss-{self._mark}"
        administrator = {"login": login, "name": "Administrator", "password": PASSWORD}
        body = {"name": f"{name} {self._mark}", "administrator": administrator}
        self.company_id: str = founder.call("POST", "/auth/companies", body)["company"]["id"]
        self.admin = Desk(installation.base_url, login, PASSWORD)
        (self.default_group,) = wait_for("the default group", lambda: self.admin.call("GET", "/chat/groups")["items"])

    def hire(self, name: str, role: str = "agent", organisation_id: str = "") -> Desk:
        """Somebody new, signed in."""
        place = organisation_id or self.company_id
        login = f"{name.lower()}-{self._mark}"
        body = {
            "login": login,
            "name": name,
            "password": PASSWORD,
            "organisation_id": place,
            "grants": [{"role": role, "organisation_id": place}],
        }
        self.admin.call("POST", "/auth/staff", body)
        return Desk(self.installation.base_url, login, PASSWORD)

    def connect(
        self, kind: str = "service_verified", mode: str = "plain", *, greeting: str = "", default_reply: str = ""
    ) -> Account:
        """An official account that the emulator knows too."""
        appid = "wx" + secrets.token_hex(8)
        agreed = {
            "secret": secrets.token_hex(16),
            "original_id": f"gh_{secrets.token_hex(6)}",
            "name": f"Account {kind}",
            "kind": kind,
            "token": secrets.token_hex(8),
            "aes_key": AES_KEYS[0],
            "mode": mode,
        }
        body = {
            **agreed,
            "appid": appid,
            "api_base_url": f"{self.installation.base_url}/emulator",
            "greeting": {"text": greeting, "is_on": bool(greeting)},
            "default_reply": {"text": default_reply, "is_on": bool(default_reply)},
        }
        made = self.admin.call("POST", "/wechat/accounts", body)
        callback = f"{self.installation.base_url}/wechat/callbacks/{made['id']}"
        self.control.call("PUT", f"/emulator/accounts/{appid}", {**agreed, "callback_url": callback})
        return Account(made["id"], appid, callback, agreed["token"])

    def change_default_group(self, **values: Any) -> dict[str, Any]:
        """Change the company's default group."""
        path = f"/chat/groups/{self.default_group['id']}"
        changed: dict[str, Any] = self.admin.call("PUT", path, {**self.default_group, **values})
        self.default_group = changed
        return changed

    def group(self, name: str, members: list[Desk], **values: Any) -> dict[str, Any]:
        """Another group, always open unless ``values`` say otherwise."""
        body = {
            "name": name,
            "organisation_id": self.company_id,
            "members": [{"agent_id": one.id, "capacity": None, "skills": []} for one in members],
            **values,
        }
        made: dict[str, Any] = settled(lambda: self.admin.call("POST", "/chat/groups", body))
        return made

    def customer(self, name: str, account: Account) -> Phone:
        """A new customer who follows the account."""
        phone = self.installation.phone(name)
        phone.follow(account.appid)
        return phone

    def advance(self, seconds: float) -> None:
        """Move business time forward."""
        self.control.call("PUT", "/emulator/clock", {"advance_seconds": seconds})


def talk(firm: Firm, agent: Desk, account: Account, text: str = "hello") -> tuple[Phone, str]:
    """A new customer whose first message the agent got: the phone and the conversation's id."""
    phone = firm.customer("Customer", account)
    phone.write(account.appid, text)
    return phone, agent.conversation_of(phone, account)["id"]


def refused(call: Callable[..., Any], *arguments: Any, **more: Any) -> Refusal:
    """The refusal that ``call`` must meet."""
    try:
        call(*arguments, **more)
    except Refusal as refusal:
        return refusal
    raise AssertionError("it was not refused")


class Stream:
    """A browser's open stream of events."""

    def __init__(self, person: Person, after: str = "", services: str = "chat") -> None:
        address = f"{person.base_url}/gateway/events?services={services}" + (f"&after={after}" if after else "")
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {person.token}"}
        request = urllib.request.Request(address, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._answer = opener.open(request, timeout=20)
        self.cursors = after

    def frame(self) -> tuple[str, Any]:
        """The next frame's event and data; ("", None) at the stream's end. Heartbeats are passed over."""
        event, data = "", ""
        for raw in self._answer:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("id: "):
                self.cursors = line[4:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line and event:
                return event, json.loads(data)
        return "", None

    def events_until(self, is_last: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Events (no hints) up to the first for which ``is_last`` holds."""
        found: list[dict[str, Any]] = []
        while True:
            event, data = self.frame()
            assert event, f"the stream ended after {found}"
            if event == "message":
                found.append(data)
                if is_last(data):
                    return found

    def close(self) -> None:
        """Lose the network."""
        self._answer.close()
