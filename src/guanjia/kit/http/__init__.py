"""HTTP of our services: envelope, route declarations, limits, idempotency keys."""

from guanjia.kit.http.app import build_app, build_litestar, send_failure
from guanjia.kit.http.envelope import Body, Done, Envelope, Items, failure, reply
from guanjia.kit.http.guard import check_json, header, read_body
from guanjia.kit.http.once import forget_old_keys, write_once
from guanjia.kit.http.routes import SIGNED_IN, RouteRow, delete, get, patch, post, put, route_rows

__all__ = [
    "SIGNED_IN",
    "Body",
    "Done",
    "Envelope",
    "Items",
    "RouteRow",
    "build_app",
    "build_litestar",
    "check_json",
    "delete",
    "failure",
    "forget_old_keys",
    "get",
    "header",
    "patch",
    "post",
    "put",
    "read_body",
    "reply",
    "route_rows",
    "send_failure",
    "write_once",
]
