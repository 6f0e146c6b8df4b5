"""Hints within a process."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from guanjia.kit.live import Live
from tests.kit.waiting import until


def fail(_payload: Any) -> None:
    raise ZeroDivisionError


def test_hints_reach_those_who_listen() -> None:
    heard: list[Any] = []

    async def story() -> None:
        live = Live()
        live.publish("viewing", 0)  # nobody is attached yet
        live.attach(asyncio.get_running_loop())
        end = live.subscribe("viewing", heard.append)
        live.subscribe("viewing", fail)
        live.subscribe("other", lambda payload: heard.append("other"))
        live.subscribe("viewing", lambda payload: heard.append(("second", payload)))
        live.publish("viewing", 1)
        threading.Thread(target=live.publish, args=("viewing", 2)).start()
        await until(lambda: len(heard) == 4)
        end()
        end()
        live.publish("viewing", 3)
        await until(lambda: len(heard) == 5)

    asyncio.run(story())
    assert sorted(map(str, heard)) == ["('second', 1)", "('second', 2)", "('second', 3)", "1", "2"]


def test_a_hint_after_the_loops_end_is_dropped() -> None:
    live = Live()

    async def story() -> None:
        live.attach(asyncio.get_running_loop())

    asyncio.run(story())
    live.publish("viewing", 1)
