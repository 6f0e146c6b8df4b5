"""Declaring routes: each names its permission and the kinds of caller that it serves; deny is the default."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import litestar
import msgspec
from litestar.handlers import HTTPRouteHandler

from guanjia.kit.auth import CallerKind
from guanjia.kit.service import Service

SIGNED_IN = "self"


class RouteRow(msgspec.Struct, frozen=True, kw_only=True):
    """One (method, Ant pattern) of a service, who may call it, and the permission that staff need."""

    method: str
    pattern: str
    callers: tuple[CallerKind, ...]
    permission: str = ""


def _declare(decorator: Callable[..., Any]) -> Callable[..., Callable[[Callable[..., Any]], HTTPRouteHandler]]:
    def route(
        path: str,
        *,
        permission: str = "",
        callers: Sequence[CallerKind] = ("staff",),
        **options: Any,
    ) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
        """A route below its service; staff need ``permission`` (``self``: every signed-in member of staff)."""
        if ("staff" in callers) != bool(permission):
            raise ValueError(f"{path}: a route for staff names its permission, another does not")
        result: Callable[[Callable[..., Any]], HTTPRouteHandler] = decorator(
            path, opt={"permission": permission, "callers": tuple(callers)}, **options
        )
        return result

    return route


get = _declare(litestar.get)
post = _declare(litestar.post)
put = _declare(litestar.put)
patch = _declare(litestar.patch)


def delete(path: str, **options: Any) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """A DELETE route; it answers 200 with the envelope."""
    return _declare(litestar.delete)(path, status_code=200, **options)


def route_rows(service: Service) -> list[RouteRow]:
    """Every route of a service, as announced to ``auth`` and checked by the gateway."""
    rows: list[RouteRow] = []
    for handler in service.routes:
        for path in sorted(handler.paths):
            pattern = re.sub(r"\{(\w+)(:\w+)?\}", r"{\1}", "/" + path.strip("/"))
            for method in sorted(handler.http_methods):
                if method not in ("OPTIONS", "HEAD"):
                    rows.append(
                        RouteRow(
                            method=method,
                            pattern=pattern,
                            callers=handler.opt["callers"],
                            permission=handler.opt["permission"],
                        )
                    )
    for mount in service.mounts:
        for method in mount.methods:
            rows.append(
                RouteRow(
                    method=method,
                    pattern=mount.path.rstrip("/") + "/**",
                    callers=mount.callers,
                    permission=mount.permission,
                )
            )
    if service.feed_permission:
        rows.append(RouteRow(method="GET", pattern="/events", callers=("staff",), permission=service.feed_permission))
    return rows
