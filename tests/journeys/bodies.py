"""Request bodies out of a service's OpenAPI document: one that fits, and many in which one field is hostile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guanjia.kit.http import build_litestar
from guanjia.kit.service import Service

# What must never break a route, wherever it stands in a body. The last two are no text in UTF-8.
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    1e300,
    "",
    "x" * 100_000,
    "2026-99-99T99:99:99Z",
    "' OR 1=1 --",
    "../../etc/passwd",
    "\u202e😀\r\n",
    [],
    [[[1]]],
    {"a": {"b": 1}},
    "a\x00b",
    "\ud800",
)


class Document:
    """The OpenAPI document of one service."""

    def __init__(self, service: Service) -> None:
        self._schema: dict[str, Any] = build_litestar(service, None, with_openapi=True).openapi_schema.to_schema()

    def operation(self, method: str, pattern: str) -> dict[str, Any]:
        """The operation of a route row; empty for what the document doesn't know (mounts)."""
        found: dict[str, Any] = self._schema.get("paths", {}).get(pattern, {}).get(method.lower(), {})
        return found

    def body(self, method: str, pattern: str) -> dict[str, Any] | None:
        """The schema of the JSON body that a route takes, or None."""
        content = self.operation(method, pattern).get("requestBody", {}).get("content", {})
        schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return None if schema is None else self._resolve(schema)

    def takes_file(self, method: str, pattern: str) -> bool:
        """Whether the route takes an upload."""
        return "multipart/form-data" in self.operation(method, pattern).get("requestBody", {}).get("content", {})

    def queries(self, method: str, pattern: str) -> list[str]:
        """The names of a route's query parameters."""
        return [one["name"] for one in self.operation(method, pattern).get("parameters", []) if one["in"] == "query"]

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._schema["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for one in schema.get("oneOf", []):
            if one.get("type") != "null":
                return self._resolve(one)
        return schema

    def fitting(self, schema: dict[str, Any], *, is_full: bool = True) -> Any:
        """A value that fits a schema as far as the document says; ``is_full``: with the fields that may be left out."""
        schema = self._resolve(schema)
        if "enum" in schema:
            return schema["enum"][0]
        if "const" in schema:
            return schema["const"]
        kind = schema.get("type")
        if kind == "object":
            needed = schema.get("required", [])
            fields = schema.get("properties", {}).items()
            return {name: self.fitting(one) for name, one in fields if is_full or name in needed}
        if kind == "array":
            return [self.fitting(schema["items"])] if schema.get("items") else []
        if kind == "string":
            return "2026-11-23T09:00:00Z" if schema.get("format") == "date-time" else "x"
        if kind in ("integer", "number"):
            return max(int(schema.get("minimum", 1)), 1)
        return True if kind == "boolean" else None

    def hostile(self, schema: dict[str, Any]) -> Iterator[Any]:
        """Bodies that fit but for one field, at any depth."""
        whole = self.fitting(schema)
        for place in _places(whole):
            for value in HOSTILE:
                yield _with(whole, place, value)


Place = tuple[str | int, ...]


def _places(value: Any, above: Place = ()) -> Iterator[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*above, key)
        yield from _places(inner, (*above, key))


def _with(value: Any, place: Place, new: Any) -> Any:
    if not place:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = _with(value[place[0]], place[1:], new)
    return copy
