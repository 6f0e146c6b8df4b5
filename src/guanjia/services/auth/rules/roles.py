"""Roles as data (``roles.toml``): what their patterns stand for, and who may grant them."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ADMINISTRATOR = "administrator"
PLATFORM_ADMINISTRATOR = "platform_administrator"
SELF = "self"
_FILE = Path(__file__).parent.with_name("roles.toml")


@dataclass(frozen=True)
class Role:
    """A role: its key, permission patterns, and what people call it, by language."""

    key: str
    patterns: tuple[str, ...]
    titles: dict[str, str]
    descriptions: dict[str, str]


@dataclass(frozen=True)
class Roles:
    """All roles, and the patterns of what belongs to the platform and not to a company."""

    by_key: dict[str, Role]
    platform: tuple[str, ...]
    digest: str

    def expand(self, key: str, names: Collection[str]) -> set[str]:
        """The permission names of a role among the announced ``names``; an unknown role has none."""
        role = self.by_key.get(key)
        if role is None:
            return set()
        found = {SELF} if any(_holds(pattern, SELF) for pattern in role.patterns) else set()
        return found | {name for name in names if self._reaches(role.patterns, name)}

    def covers(self, held: Iterable[str], key: str) -> bool:
        """Whether the roles ``held`` give everything that the role ``key`` gives, announced yet or not."""
        role = self.by_key.get(key)
        if role is None:
            return False
        patterns = [pattern for one in held if one in self.by_key for pattern in self.by_key[one].patterns]
        return all(wanted == SELF or self._reaches(patterns, wanted) for wanted in role.patterns)

    def is_of_platform(self, key: str) -> bool:
        """Whether the role gives something that belongs to the platform."""
        role = self.by_key.get(key)
        return role is not None and any(self._is_platform(pattern) for pattern in role.patterns)

    def _is_platform(self, name: str) -> bool:
        return any(_holds(pattern, name) for pattern in self.platform)

    def _reaches(self, patterns: Iterable[str], name: str) -> bool:
        """Whether a pattern gives ``name``; a wildcard wider than the platform's own leaves the platform out."""
        is_platform = self._is_platform(name)
        return any(_holds(pattern, name) and (not is_platform or self._is_platform(pattern)) for pattern in patterns)


def _holds(pattern: str, name: str) -> bool:
    """Whether ``pattern`` gives ``name``, which may itself be a pattern."""
    if pattern == "*":
        return True
    return name.startswith(pattern[:-1]) if pattern.endswith(".*") else name == pattern


def read_roles(text: str) -> Roles:
    """Roles from the text of a ``roles.toml``."""
    data = tomllib.loads(text)
    by_key = {
        key: Role(key, tuple(one["permissions"]), dict(one["title"]), dict(one["description"]))
        for key, one in data["roles"].items()
    }
    return Roles(by_key, tuple(data["platform"]), hashlib.sha256(text.encode()).hexdigest())


@cache
def all_roles() -> Roles:
    """The roles of this release."""
    return read_roles(_FILE.read_text(encoding="utf-8"))
