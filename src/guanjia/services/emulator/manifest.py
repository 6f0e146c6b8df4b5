"""The manifest of ``emulator``."""

from pathlib import Path

from guanjia.kit.jobs import Job
from guanjia.kit.service import Context, Mount, Service
from guanjia.services.emulator.api.app import wechat_api
from guanjia.services.emulator.business_clock import restore_clock
from guanjia.services.emulator.delivery import Delivery
from guanjia.services.emulator.demo import Switches
from guanjia.services.emulator.jobs import forget
from guanjia.services.emulator.models import metadata
from guanjia.services.emulator.routes import ROUTES
from guanjia.services.emulator.settings import EmulatorSettings
from guanjia.services.emulator.waiters import Waiters, phone_events


async def start(context: Context) -> None:
    """Let business time go on, hear the phones, take up what was not delivered."""
    if not context.is_demo:
        return
    await restore_clock(context)
    await context.part(Switches).load()
    context.part(Waiters).start()
    await context.part(Delivery).start()


def _api(path: str) -> Mount:
    return Mount(path=path, app=wechat_api, methods=("GET", "POST"), callers=("public",))


SERVICE = Service(
    id="emulator",
    titles={"zh-CN": "微信模拟器", "en": "WeChat emulator"},
    metadata=metadata,
    routes=ROUTES,
    mounts=(
        *(_api(path) for path in ("/cgi-bin/", "/sns/", "/connect/", "/customservice/", "/semantic/", "/v3/")),
        Mount(path="/phones/events", app=phone_events, methods=("GET",), callers=("public",)),
    ),
    jobs=(Job("forget", 3600.0, forget),),
    settings=EmulatorSettings,
    words=Path(__file__).with_name("words.toml"),
    migrations=Path(__file__).with_name("migrations"),
    on_start=start,
)
