"""WeChat's interfaces over one aiohttp session: permission and quota before a call, the error policy after it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from guanjia.kit import clock
from guanjia.kit.errors import Conflict
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.accounts import count_call, use_up_quota
from guanjia.services.wechat.registry import Account
from guanjia.services.wechat.rules import errcodes, interfaces
from guanjia.services.wechat.settings import Settings
from guanjia.services.wechat.tokens import Tokens

ANSWER_LIMIT = 4 * 1024 * 1024
# Shorter than servers keep an idle connection: a send must not fail on one that was closed meanwhile.
KEEP_ALIVE_SECONDS = 2


class ApiFailure(Exception):
    """A call that brought nothing. ``reason`` is a code that has words; neither token nor secret is ever in it."""

    def __init__(self, reason: str, errcode: int = 0, detail: str = "") -> None:
        self.reason = reason
        self.errcode = errcode
        self.detail = detail
        super().__init__(f"{reason} {errcode or ''} {detail}".strip())


class NotAllowed(ApiFailure):
    """The call was not made: the account may not, or its quota is used up, or its secret is missing."""


class Refused(ApiFailure):
    """WeChat answered with an error; ``do`` says what that means."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        policy = errcodes.policy(errcode)
        self.do = policy.do
        super().__init__(policy.reason, errcode, errmsg)


class Unreachable(ApiFailure):
    """The call was certainly not made."""


class Unanswered(ApiFailure):
    """The call may have been made; its answer was never seen."""


@dataclass(frozen=True)
class Download:
    """Media as WeChat gave it."""

    content: bytes
    content_type: str


@dataclass(frozen=True)
class Upload:
    """A file for a multipart field ``media``."""

    name: str
    content: bytes
    media_type: str


class Api:
    """Calls WeChat for an account."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings(Settings)
        self._session: aiohttp.ClientSession | None = None
        self._tokens = context.part(Tokens)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        account: Account,
        interface: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Any = None,
        upload: Upload | None = None,
        is_counted: bool = False,
    ) -> dict[str, Any]:
        """The JSON answer of an interface: POST with a body or upload, else GET. ApiFailure otherwise.

        A token that WeChat refuses is refreshed once, and the call made once more.
        """
        answer = await self._with_token(account, interface, path, query, body, upload, is_counted)
        if isinstance(answer, Download):
            raise Unanswered("wechat_answer_unreadable", detail=answer.content_type)
        return answer

    async def download(self, account: Account, path: str, query: dict[str, str]) -> Download | dict[str, Any]:
        """Media, or the JSON that the interface gives in its stead; told apart by the Content-Type."""
        return await self._with_token(account, "media_download", path, query, None, None, False)

    async def fetch(self, url: str) -> Download:
        """A file from an address that WeChat gave, without any token."""
        answer = await self._request("GET", url, {}, None, None)
        return answer if isinstance(answer, Download) else Download(_encode(answer), "application/json")

    async def fetch_token(self, account: Account) -> tuple[str, int]:
        """A new access token and its life in seconds; only the holder of tokens calls this."""
        if not account.secret:
            raise NotAllowed("secret_missing")
        keys = {"grant_type": "client_credential", "appid": account.row.appid, "secret": account.secret}
        is_stable = self._settings.uses_stable_token
        await self._count(account, "stable_token" if is_stable else "token")
        base = account.row.api_base_url.rstrip("/")
        if is_stable:
            answer = await self._request("POST", f"{base}/cgi-bin/stable_token", {}, keys, None)
        else:
            answer = await self._request("GET", f"{base}/cgi-bin/token", keys, None, None)
        if isinstance(answer, Download):
            raise Unanswered("wechat_answer_unreadable", detail=answer.content_type)
        _raise_errcode(answer, at_token=True)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(seconds, int):
            raise Unanswered("wechat_answer_unreadable")
        return token, max(1, min(seconds, 86_400))

    async def _with_token(
        self,
        account: Account,
        interface: str,
        path: str,
        query: dict[str, str] | None,
        body: Any,
        upload: Upload | None,
        is_counted: bool,
    ) -> Download | dict[str, Any]:
        if not account.may(interfaces.interfaces()[interface].permission):
            raise NotAllowed("interface_not_allowed")
        url = account.row.api_base_url.rstrip("/") + path
        method = "GET" if body is None and upload is None else "POST"
        for attempt in (1, 2):
            if attempt > 1 or not is_counted:
                await self._count(account, interface)
            held = await self._tokens.get(account, self.fetch_token)
            answer = await self._request(method, url, {"access_token": held.token, **(query or {})}, body, upload)
            if isinstance(answer, Download):
                return answer
            try:
                _raise_errcode(answer)
            except Refused as refusal:
                if refusal.do == "R":
                    # Only the failing token is forgotten, and only if it is still the stored one.
                    await self._tokens.expire(account, held)
                    if attempt == 1:
                        continue
                elif refusal.do == "S":
                    await self._use_up(account, interface)
                raise
            return answer
        raise AssertionError("two attempts end by return or raise")

    async def _count(self, account: Account, interface: str) -> None:
        day = interfaces.quota_day(clock.now())
        limit = interfaces.limit(interface, self._settings.quota_profile)
        try:
            await self._context.database.write(count_call, account.company_id, account.id, interface, day, limit)
        except Conflict as error:
            raise NotAllowed(error.code) from error

    async def _use_up(self, account: Account, interface: str) -> None:
        day = interfaces.quota_day(clock.now())
        limit = interfaces.limit(interface, self._settings.quota_profile)
        await self._context.database.write(use_up_quota, account.company_id, account.id, interface, day, limit)

    async def _request(
        self, method: str, url: str, query: dict[str, str], body: Any, upload: Upload | None
    ) -> Download | dict[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_SECONDS),
                # The way there has its own limit, so that "never sent" and "never answered" are told apart.
                timeout=aiohttp.ClientTimeout(total=self._settings.api_seconds, connect=self._settings.api_seconds / 2),
                auto_decompress=True,
            )
        data: Any = None
        headers = {}
        if upload is not None:
            data = aiohttp.FormData()
            data.add_field("media", upload.content, filename=upload.name, content_type=upload.media_type)
        elif body is not None:
            data = _encode(body)
            headers["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method, url, params=query, data=data, headers=headers, allow_redirects=False
            ) as response:
                return await self._read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise Unreachable("wechat_unreachable", detail=type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unanswered("wechat_unanswered", detail=type(error).__name__) from None

    async def _read(self, response: aiohttp.ClientResponse) -> Download | dict[str, Any]:
        is_json = response.content_type in ("application/json", "text/plain", "text/json")
        limit = ANSWER_LIMIT if is_json else self._settings.media_limit_bytes
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_chunked(65_536):
            size += len(chunk)
            if size > limit:
                raise Unanswered("wechat_answer_unreadable") if is_json else NotAllowed("media_too_large")
            chunks.append(chunk)
        content = b"".join(chunks)
        if response.status != 200:
            # The platform answers 200 even to errors: this came from something in between.
            kind = Unanswered if response.status >= 500 else NotAllowed
            raise kind("wechat_answer_unreadable", detail=f"HTTP {response.status}")
        if not is_json:
            return Download(content, response.content_type)
        try:
            answer = json.loads(content.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            raise Unanswered("wechat_answer_unreadable") from None
        if not isinstance(answer, dict):
            raise Unanswered("wechat_answer_unreadable")
        return answer


def _encode(body: Any) -> bytes:
    """JSON without ASCII escapes: WeChat shows or refuses them."""
    return json.dumps(msgspec.to_builtins(body), ensure_ascii=False).encode("utf-8", "replace")


def _raise_errcode(answer: dict[str, Any], *, at_token: bool = False) -> None:
    errcode = answer.get("errcode", 0)
    if not isinstance(errcode, int) or errcode == 0:
        return
    refusal = Refused(errcode, str(answer.get("errmsg", ""))[:300])
    if at_token and refusal.do == "R":
        # A wrong secret, long ago; a refresh must never lead to another.
        refusal.reason, refusal.do = "credentials_wrong", "O"
    raise refusal
