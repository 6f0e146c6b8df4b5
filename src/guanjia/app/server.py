"""``guanjia up``: bind, start the platform, serve until told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from guanjia.app.demo import DemoData
from guanjia.app.folder import DataFolder, FolderError
from guanjia.app.platform import Platform
from guanjia.app.protocol import BoundedProtocol
from guanjia.app.services import DEMO_ONLY, SERVICES
from guanjia.kit import log as logs
from guanjia.kit.calls import App
from guanjia.kit.database import Target
from guanjia.kit.errors import StartRefused
from guanjia.kit.live import CLOSING
from guanjia.services.auth.manifest import FirstSignIn

log = logging.getLogger(__name__)

GRACE_SECONDS = 1
PROXIES = "127.0.0.1,::1"


class _Server(uvicorn.Server):
    """Uvicorn that ends our streams before it waits for its connections, and leaves signals to us."""

    def __init__(self, config: uvicorn.Config, platform: Platform) -> None:
        super().__init__(config)
        self._platform = platform

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._platform.live.publish(CLOSING)
        await self._platform.door.close()
        await super().shutdown(sockets)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; FolderError with one sentence when the port can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise FolderError(f"The port {port} on {host} can't be used: {error.strerror}.") from error
    listening.listen(2048)
    listening.setblocking(False)
    return listening


def listening_config(app: App) -> uvicorn.Config:
    """How the socket is served. A proxy on this machine says whose request it passes on, and whether that came by
    HTTPS: else all its clients would share one address, and so the throttle of sign-ins."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        loop="none",
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        proxy_headers=True,
        forwarded_allow_ips=PROXIES,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=65,
    )


def _say(text: str) -> None:
    print(text, flush=True)


async def serve(*, host: str, port: int, folder: Path, is_demo: bool | None, database: str) -> int:
    """Run all services in this process until SIGINT or SIGTERM; the exit code."""
    data = DataFolder(folder)
    Target(data.path, database).service_url("auth")  # a kind that is unknown must not become the folder's
    marker = data.open(is_demo, database)
    listening = bind(host, port)
    port = listening.getsockname()[1]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 -- compared, not bound
    base_url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    services = [one for one in SERVICES if marker.is_demo or one.id not in DEMO_ONLY]
    platform = Platform(
        services,
        folder=data.path,
        database=database,
        is_demo=marker.is_demo,
        base_url=base_url,
        progress=lambda text: _say(f"  {text}"),
    )
    _say(f"Guanjia starts with the data in {data.path}")
    await platform.start()
    server = _Server(listening_config(platform.door), platform)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop)
    serving = asyncio.create_task(server._serve(sockets=[listening]))
    demo: asyncio.Task[None] | None = None
    try:
        first = platform.contexts["auth"].part(FirstSignIn)
        if marker.is_demo:
            data_set = DemoData(platform, first)
            await data_set.people()
            demo = asyncio.create_task(data_set.rest(_say), name="demo-data")
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1_000)
        platform.is_open = True
        _greet(base_url, marker.is_demo, first, data.path)
        await serving
    finally:
        if demo is not None:
            demo.cancel()
            await asyncio.gather(demo, return_exceptions=True)
        if not serving.done():
            server.should_exit = True
            await serving
        await platform.stop()
        data.close()
    _say("Guanjia has stopped.")
    return 0


def _greet(base_url: str, is_demo: bool, first: FirstSignIn, folder: Path) -> None:
    _say("")
    _say(f"Guanjia is open: {base_url}/console/")
    if first.password:
        shown = "(the one in GUANJIA_ADMIN_PASSWORD)" if os.environ.get("GUANJIA_ADMIN_PASSWORD") else first.password
        _say(f"  administrator   login: admin   password: {shown}   (shown once)")
    if is_demo:
        _say(f"  phone           {base_url}/phone/")
        _say(f"  story           {base_url}/phone/story.html")
        _say(f"  demo sign-ins   {folder / 'demo.json'}   (guanjia demo show --data {folder})")
        _say("Try: follow the account on the phone, write 我的车刹车有异响, and answer as an agent in the console.")
    _say("Ctrl-C stops it.")


def run(**options: object) -> int:
    """``serve`` with its own loop; one clear sentence for what keeps it from starting."""
    logs.configure(os.environ.get("GUANJIA_LOG", "WARNING"))
    try:
        import uvloop

        return uvloop.run(serve(**options))  # type: ignore[arg-type]  # the command line's own names
    except StartRefused as error:
        print(f"guanjia: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
