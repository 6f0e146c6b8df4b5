"""Whoever sends what he likes to a platform, over HTTP or below it, and looks at what comes back."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from urllib.parse import quote, urlsplit

UUID = "01a2004f-0255-720f-ad25-16d4248c9ebd"
IDS = (
    "x",
    "-1",
    "9" * 100,
    UUID,
    UUID.upper(),
    "x" * 3000,
    quote("' OR 1=1 --"),
    quote("刹车😀"),
    "%20",
    "{id}",
)
QUERIES = (
    "",
    "x",
    "-1",
    "1e9",
    "9" * 40,
    "%00",
    "%ff",
    "%ED%A0%80",
    "x" * 5000,
    quote("' OR 1=1 --"),
    "[]",
    "%F0%9F%98%80",
)
# Would end the attacker's own session.
SIGN_OUT = "/tokens/current"
NO_FAULTS = b'{"is_api_down":false,"answer_delay_seconds":0,"send_errcode":0,"errcodes":{},"quotas":{}}'
# Malformed on the way in, whatever the route is.
MALFORMED: dict[str, tuple[bytes, int]] = {
    "cut off": (b'{"a":', 400),
    "no JSON": (b"<xml/>", 400),
    "two values": (b"{} {}", 400),
    "no UTF-8": (b'{"a":"\xff\xfe"}', 400),
    "UTF-16": ('{"a":1}'.encode("utf-16"), 400),
    "surrogate": (b'{"a":"\xed\xa0\x80"}', 400),
    "deep": (b"[" * 50_000, 400),
    "deep objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
    "NUL": (b'{"a":"\x00"}', 400),
    "escaped NUL": (b'{"a":"\\u0000"}', 400),
    "number": (b"1", 422),
    "list": (b"[]", 422),
    "text": (b'"x"', 422),
    "null": (b"null", 422),
    "unknown field": (b'{"nobody_knows_me":1}', 422),
}


class Attacker:
    """Somebody who sends whatever he likes over one connection, and counts what comes back."""

    def __init__(self, base_url: str, token: str = "") -> None:
        self._address = urlsplit(base_url).netloc
        self._connection: http.client.HTTPConnection | None = None
        self.token = token
        self.findings: list[str] = []
        self.requests = 0
        self.answer = b""

    def send(
        self, method: str, target: str, body: bytes | None = None, kind: str = "application/json", **headers: str
    ) -> int:
        """The status; 500 and above are noted."""
        sent = {"Content-Type": kind} if body is not None else {}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._address, timeout=30)
        connection = self._connection
        # Refused before the whole body was sent: the answer is there to be read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, target, body, sent)
        answer = connection.getresponse()
        self.answer = answer.read()
        self.requests += 1
        if answer.will_close or (body is not None and len(body) > 1024 * 1024):
            self.close()
        if answer.status >= 500:
            self.findings.append(f"{answer.status} {method} {target[:200]} {(body or b'')[:300]!r}")
        return answer.status

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def expect(self, wanted: int | tuple[int, ...], method: str, target: str, *more: object, **headers: str) -> None:
        """Send, and note another status than what is right."""
        allowed = (wanted,) if isinstance(wanted, int) else wanted
        status = self.send(method, target, *more, **headers)  # type: ignore[arg-type]  # handed through as given
        if status not in allowed and status < 500:
            what = more[0][:200] if more and isinstance(more[0], bytes) else b""
            self.findings.append(f"{status} instead of {wanted}: {method} {target[:200]} {what!r} {headers}")

    def check(self) -> None:
        """Fail with everything that was noted."""
        self.close()
        findings, self.findings = self.findings, []
        assert not findings, "\n".join([f"{len(findings)} findings", *findings[:60]])


def exchange(port: int, request: bytes, *, and_close: bool = False) -> int:
    """Send bytes as they are; the status of the answer, 0 for none."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(request)
            answer = b"" if and_close else connection.recv(65_536)
        except (BrokenPipeError, ConnectionResetError):
            return 0
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


class Slow:
    """Connections that send their body a byte at a time, or stop in the middle, beside all other tests."""

    def __init__(self, port: int, token: str) -> None:
        self.answers: list[str] = []
        self.seconds: list[float] = []
        head = f"POST /crm/customers/x/phones HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        head += "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
        self.threads = [threading.Thread(target=self._trickle, args=(port, head.encode())) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def _trickle(self, port: int, head: bytes) -> None:
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(head + b"{")
            answer = b""
            while not answer and time.monotonic() - begun < 60:
                try:
                    answer = connection.recv(65_536)
                    break
                except TimeoutError:
                    connection.sendall(b" ")
        self.answers.append(answer.split(b"\r\n", 1)[0].decode())
        self.seconds.append(time.monotonic() - begun)
