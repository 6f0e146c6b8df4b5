"""Argon2id off the event loop, before the action that needs the answer: slow by design, so few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from guanjia.kit.errors import TooMany
from guanjia.kit.service import Context

R = TypeVar("R")

WORKERS = 2
MOST_WAITING = 200
# OWASP's smallest Argon2id setting for interactive sign-in: 19 MiB, 2 passes; 20 ms on a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Passwords:
    """Hashes and checks passwords on threads of its own."""

    def __init__(self, _context: Context) -> None:
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody = _HASHER.hash("the password of nobody")

    async def hash(self, password: str) -> str:
        """The Argon2id hash of a password, salt and parameters in it."""
        return await self._run(_hash, password)

    async def check(self, known: str | None, password: str) -> bool:
        """Whether the password is the one of the hash; without a hash as much work, and False."""
        matches = await self._run(_matches, known or self._nobody, password)
        return matches and known is not None

    async def _run(self, work: Callable[..., R], *arguments: str) -> R:
        if self._waiting >= MOST_WAITING:
            raise TooMany(retry_after=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*arguments))
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Finish what is being hashed and end the threads."""
        await asyncio.to_thread(self._threads.shutdown, True)


def _hash(password: str) -> str:
    return _HASHER.hash(password)


def _matches(known: str, password: str) -> bool:
    try:
        return _HASHER.verify(known, password)
    except (VerificationError, InvalidHashError):
        return False
