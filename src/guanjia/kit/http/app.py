"""One service's ASGI app: checks the caller header, guards the body, and answers every failure in the
envelope.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig

from guanjia.kit import log as request_log
from guanjia.kit.auth import HEADER, Caller, verify_caller
from guanjia.kit.calls import App, Message, Receive, Scope, Send
from guanjia.kit.errors import BY_STATUS, BadRequest, GuanjiaError, Invalid
from guanjia.kit.http.envelope import failure
from guanjia.kit.http.guard import guarded_receive, header
from guanjia.kit.service import Context, Service
from guanjia.kit.words import Words, locale

log = logging.getLogger(__name__)


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """The verified caller of the request."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def build_litestar(service: Service, context: Context | None, *, with_openapi: bool = False) -> Litestar:
    """The Litestar app of a service; ``with_openapi`` only to generate its document."""
    words = Words([service.words] if service.words else [])

    def answer(error: GuanjiaError) -> Response[bytes]:
        status, headers, body = failure(error, words, locale.get())
        texts = {key.decode(): value.decode() for key, value in headers if key != b"content-type"}
        return Response(body, status_code=status, headers=texts, media_type="application/json")

    def on_refusal(_request: Request[Any, Any, Any], error: GuanjiaError) -> Response[bytes]:
        return answer(error)

    def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        return answer(_translate(request, error))

    def on_crash(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        if type(error) in (LookupError, UnicodeDecodeError) and request.content_type[0] == "multipart/form-data":
            return answer(BadRequest())  # a part names a character set that is none, or breaks its own
        log.exception("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(GuanjiaError())

    def provide_context() -> Context:
        assert context is not None
        return context

    return Litestar(
        route_handlers=list(service.routes),
        dependencies={
            "context": Provide(provide_context, sync_to_thread=False, use_cache=True),
            "caller": Provide(provide_caller, sync_to_thread=False),
        },
        exception_handlers={
            GuanjiaError: on_refusal,
            HTTPException: on_http_error,
            Exception: on_crash,
        },
        openapi_config=OpenAPIConfig(title=service.titles["en"], version="1") if with_openapi else None,
        request_max_body_size=None,
        logging_config=None,  # its own would replace that of the process
        signature_types=[Context, Caller],
        state=State({"context": context}),
    )


def build_app(service: Service, context: Context) -> App:
    """The service's whole ASGI app: what came around the gateway is refused."""
    inner = build_litestar(service, context)
    mounts = [(mount.path.rstrip("/") + "/", mount.app(context)) for mount in service.mounts]
    words = Words([service.words] if service.words else [])
    key = context.secrets.platform_key

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request_log.request_id.set(header(scope, b"x-request-id").decode("latin-1") or "-")
        try:
            caller = verify_caller(key, header(scope, HEADER), service.id)
            locale.set(caller.locale)
            scope["state"] = {"caller": caller}
            for prefix, mounted in mounts:
                if scope["path"].startswith(prefix) or scope["path"] == prefix[:-1]:
                    await _serve_mount(mounted, words, scope, receive, send)
                    return
            if scope["method"] in ("POST", "PUT", "PATCH", "DELETE"):
                receive = await guarded_receive(scope, receive)
        except GuanjiaError as error:
            await send_failure(error, words, send)
            return
        await inner(scope, receive, send)  # type: ignore[arg-type]  # plain dicts where Litestar has typed ones

    return app


async def _serve_mount(mounted: App, words: Words, scope: Scope, receive: Receive, send: Send) -> None:
    """Run a raw app; what it raises before its answer has begun is answered as a route's would be."""
    is_begun = False

    async def watched(message: Message) -> None:
        nonlocal is_begun
        is_begun = True
        await send(message)

    try:
        await mounted(scope, receive, watched)
    except Exception as error:
        if is_begun:
            raise
        if not isinstance(error, GuanjiaError):
            log.exception("%s %s failed", scope["method"], scope["path"])
            error = GuanjiaError()
        await send_failure(error, words, send)


def _translate(request: Request[Any, Any, Any], error: HTTPException) -> GuanjiaError:
    """Litestar's own exceptions as ours; a body that fits no struct is 422 with its fields named."""
    if isinstance(error, ValidationException):
        extra = error.extra if isinstance(error.extra, list) else []
        fields: dict[str, str] = {}
        for item in extra:
            if isinstance(item, dict):
                name, reason = _field(str(item.get("key", "")), str(item.get("message", "")))
                fields[name] = reason
        return Invalid(fields=fields)
    cause: BaseException | None = error
    for _ in range(5):  # Litestar wraps the decoder's error more than once
        cause = cause and (cause.__cause__ or cause.__context__)
        if isinstance(cause, msgspec.DecodeError) and not isinstance(cause, msgspec.ValidationError):
            return BadRequest("json_malformed")
    if error.status_code == 405:
        refusal = GuanjiaError("method_not_allowed")
        refusal.status = 405
        return refusal
    kind = BY_STATUS.get(error.status_code)
    if kind is None:
        if error.status_code >= 500:
            log.error("%s %s failed: %s", request.method, request.url.path, error.detail)
            return GuanjiaError()
        kind = BadRequest
    return kind()


def _field(key: str, message: str) -> tuple[str, str]:
    """Field name and reason of one validation message of msgspec (``… - at `$.name```, unknown field
    `name`).
    """
    if "unknown field" in message:
        return message.rsplit("unknown field", 1)[1].strip(" `"), "field_unknown"
    if "missing required field" in message:
        return message.rsplit("missing required field", 1)[1].split(" - at", 1)[0].strip(" `"), "field_missing"
    text, _, path = message.partition(" - at ")
    name = path.strip(" `").removeprefix("$").lstrip(".") or key.removeprefix("data.") or "body"
    return (name if name != "data" else "body"), _reason(text)


# What msgspec says of a value → the code of our words; a limit follows its code after a colon.
_REASONS = (
    (re.compile(r"of length >= (\d+)"), "field_too_short"),
    (re.compile(r"of length <= (\d+)"), "field_too_long"),
    (re.compile(r"(?:int|float)` >= (-?\d+)"), "field_too_small"),
    (re.compile(r"(?:int|float)` <= (-?\d+)"), "field_too_large"),
    (re.compile(r"matching regex"), "field_malformed"),
    (re.compile(r"Invalid enum value"), "field_not_a_choice"),
    (re.compile(r"Expected "), "field_of_wrong_type"),
)


def _reason(text: str) -> str:
    for pattern, code in _REASONS:
        if found := pattern.search(text):
            return f"{code}:{found[1]}" if found.groups() else code
    return "field_malformed"


async def send_failure(error: GuanjiaError, words: Words, send: Send) -> None:
    """Answer a raw ASGI request with a refusal."""
    status, headers, body = failure(error, words, locale.get())
    await send({"type": "http.response.start", "status": status, "headers": headers})
    message: Message = {"type": "http.response.body", "body": body}
    await send(message)
