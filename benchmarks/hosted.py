"""Some of the services in one process, without demo data: ``python -m benchmarks.hosted FOLDER PORT SERVICE …``."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import signal
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.process import Server, free_port
from benchmarks.pushes import Account

PASSWORD = "bench-Password-1"


async def _serve(folder: Path, port: int, names: Sequence[str]) -> None:
    import uvicorn

    from guanjia.app.platform import Platform

    services = [importlib.import_module(f"guanjia.services.{name}.manifest").SERVICE for name in names]
    platform = Platform(services, folder=folder, base_url=f"http://127.0.0.1:{port}")
    await platform.start()
    platform.is_open = True
    config = uvicorn.Config(
        platform.door,
        port=port,
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="error",
        loop="none",
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: setattr(server, "should_exit", True))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)
    await server._serve()
    await platform.stop()


def request(port: int, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """The ``attribute`` of an answer of the platform."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, method=method, headers=headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.loads(answer.read())["attribute"]


@contextmanager
def hosted_account(
    folder: Path, services: Sequence[str], *, has_secret: bool = True
) -> Iterator[tuple[Server, Account, str]]:
    """A running process with one WeChat account in safe mode, and the path of its callback."""
    port, account = free_port(), Account()
    command = [sys.executable, "-m", "benchmarks.hosted", str(folder), str(port), *services]
    with Server(command, port, {"GUANJIA_ADMIN_PASSWORD": PASSWORD}) as server:
        signed_in = request(port, "POST", "/auth/tokens", {"login": "admin", "password": PASSWORD})
        body = {
            "name": "bench",
            "wechat_id": "bench",
            "original_id": account.original_id,
            "appid": account.appid,
            "kind": "service_verified",
            "mode": "safe",
            "token": account.token,
            "aes_key": account.aes_key,
            "api_base_url": f"http://127.0.0.1:{port}/nowhere",
        }
        if has_secret:
            body["secret"] = "0" * 32
        made = request(port, "POST", "/wechat/accounts", body, signed_in["access_token"])
        yield server, account, f"/wechat/callbacks/{made['id']}"


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
