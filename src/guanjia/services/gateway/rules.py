"""Pure decisions of the gateway: which paths are plain, and which route row matches."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from guanjia.kit.errors import BadRequest
from guanjia.kit.http import RouteRow

# Encoded slash, dot, backslash, NUL or percent: decoding once would change what the path means.
_ENCODED = re.compile(rb"%(?:2[fFeE5]|5[cC]|00)")

REMEMBERED_LENGTH = 200


def plain_path(raw: bytes) -> str:
    """The one reading of a raw path; BadRequest when another parser could read it otherwise (§3.3)."""
    if not raw.startswith(b"/") or b"//" in raw or b"\\" in raw or b";" in raw or _ENCODED.search(raw):
        raise BadRequest("path_ambiguous")
    try:
        path = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError as error:
        raise BadRequest("path_ambiguous") from error
    if any(character < " " or character == "\x7f" for character in path):
        raise BadRequest("path_ambiguous")
    if any(part in (".", "..") for part in path.split("/")):
        raise BadRequest("path_ambiguous")
    return path


def split_service(path: str) -> tuple[str, str]:
    """First segment in lower case, and the rest beginning with a slash: ``/Chat/x`` → ``chat``, ``/x``."""
    service, slash, rest = path[1:].partition("/")
    return service.lower(), "/" + rest if slash else "/"


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    globs: list[tuple[re.Pattern[str], _Node]] = field(default_factory=list)
    single: _Node | None = None
    rest: dict[str, RouteRow] = field(default_factory=dict)
    rows: dict[str, RouteRow] = field(default_factory=dict)


class RouteTrie:
    """Route rows of one service by Ant pattern: ``?``, ``*`` and ``{var}`` within a segment, ``**`` for the rest.

    The most specific pattern wins: literal segments, then globs, then ``{var}``, then ``**``.
    """

    def __init__(self, rows: list[RouteRow]) -> None:
        self._root = _Node()
        for row in rows:
            self._add(row)
        self._remembered = lru_cache(maxsize=20_000)(self._match)

    def _add(self, row: RouteRow) -> None:
        node = self._root
        for part in row.pattern.strip("/").split("/") if row.pattern.strip("/") else []:
            if part == "**":
                node.rest[row.method] = row
                return
            if part == "*" or (part.startswith("{") and part.endswith("}")):
                node.single = node.single or _Node()
                node = node.single
            elif "*" in part or "?" in part:
                pattern = re.compile(re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]") + r"\Z")
                known = next((child for glob, child in node.globs if glob.pattern == pattern.pattern), None)
                if known is None:
                    known = _Node()
                    node.globs.append((pattern, known))
                node = known
            else:
                node = node.literals.setdefault(part, _Node())
        node.rows[row.method] = row

    def match(self, method: str, path: str) -> RouteRow | bool:
        """The row for ``method`` and ``path``; True when the path is known under other methods only, else False."""
        # Strangers choose the paths: long ones must not fill the memory.
        return self._remembered(method, path) if len(path) <= REMEMBERED_LENGTH else self._match(method, path)

    def _match(self, method: str, path: str) -> RouteRow | bool:
        parts = [part for part in path.strip("/").split("/") if part] if path.strip("/") else []
        found = _walk(self._root, parts, 0)
        if found is None:
            return False
        return found.get(method) or found.get("*") or True


def _walk(node: _Node, parts: list[str], index: int) -> dict[str, RouteRow] | None:
    if index == len(parts):
        return node.rows or node.rest or None
    part = parts[index]
    child = node.literals.get(part)
    if child is not None and (found := _walk(child, parts, index + 1)):
        return found
    for glob, child in node.globs:
        if glob.match(part) and (found := _walk(child, parts, index + 1)):
            return found
    if node.single is not None and (found := _walk(node.single, parts, index + 1)):
        return found
    return node.rest or None
