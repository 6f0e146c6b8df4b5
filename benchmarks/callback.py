"""P1: WeChat's callback, encrypted, stored and deduplicated before the answer; one process, 32 connections.

Peers: WeRoBot and Flask + wechatpy under granian (WSGI, 8 threads), each once storing nothing and once committing
one row a message. Ours: the services ``auth``, ``wechat`` and ``gateway`` of one process, through the gateway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from benchmarks.hosted import hosted_account
from benchmarks.load import drive, median
from benchmarks.process import Server, free_port, granian, scratch
from benchmarks.pushes import Account, encrypted

CONNECTIONS = 32
SECONDS = 4.0
ROUNDS = 3
POOL = 60_000


def _peer(module: str, is_durable: bool) -> tuple[float, float, float]:
    account, port = Account(), free_port()
    with scratch() as folder:
        environment = {
            "PEER_TOKEN": account.token,
            "PEER_APPID": account.appid,
            "PEER_AES_KEY": account.aes_key,
            "PEER_DATABASE": str(Path(folder) / "peer.sqlite") if is_durable else "",
            "PYTHONPATH": str(Path(__file__).parent.parent),
        }
        with granian(f"benchmarks.peers.{module}:app", port, environment) as server:
            return _measure(server, port, "/", account)


def _ours() -> tuple[float, float, float]:
    with scratch() as folder, hosted_account(Path(folder), ("auth", "wechat", "gateway")) as (server, account, path):
        return _measure(server, server.port, path, account)


def _measure(server: Server, port: int, path: str, account: Account) -> tuple[float, float, float]:
    asyncio.run(drive("127.0.0.1", port, iter(encrypted(account, path, 2_000)), CONNECTIONS, 1.0))
    requests = encrypted(account, path, POOL)
    before = server.cpu_seconds()
    result = asyncio.run(drive("127.0.0.1", port, iter(requests), CONNECTIONS, SECONDS))
    if result.refused:
        raise RuntimeError(f"{result.refused} of {result.answered + result.refused} pushes were refused")
    cpu = (server.cpu_seconds() - before) / result.answered * 1e6
    return result.rate, result.percentile(0.99), cpu


def run() -> list[str]:
    """The table of P1, medians of three interleaved rounds."""
    subjects: dict[str, Callable[[], tuple[float, float, float]]] = {
        "WeRoBot, stores nothing": lambda: _peer("werobot_app", False),
        "WeRoBot, durable": lambda: _peer("werobot_app", True),
        "Flask + wechatpy, stores nothing": lambda: _peer("wechatpy_app", False),
        "Flask + wechatpy, durable": lambda: _peer("wechatpy_app", True),
        "Guanjia, durable": _ours,
    }
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        for name, subject in subjects.items():
            seen[name].append(subject())
    rates = {name: median([one[0] for one in rows]) for name, rows in seen.items()}
    lines = ["P1  encrypted callback, 32 connections", f"{'':36}{'req/s':>9}{'p99 ms':>9}{'cpu µs':>9}"]
    for name, rows in seen.items():
        p99, cpu = median([one[1] for one in rows]), median([one[2] for one in rows])
        lines.append(f"{name:36}{rates[name]:9.0f}{p99:9.1f}{cpu:9.0f}")
    durable = max(rates["WeRoBot, durable"], rates["Flask + wechatpy, durable"])
    nothing = max(rates["WeRoBot, stores nothing"], rates["Flask + wechatpy, stores nothing"])
    ours = rates["Guanjia, durable"]
    lines.append(f"ours / best durable peer: {ours / durable:.2f} (target ≥ 2)")
    lines.append(f"ours / best peer that stores nothing: {ours / nothing:.2f} (target ≥ 1)")
    return lines
