"""The manifest of ``wechat``."""

from pathlib import Path

from guanjia.contracts.auth import AuthAnnouncement, MenuItem
from guanjia.kit.service import Announcement, Context, Mount, Service
from guanjia.services.wechat.callback import build_callback
from guanjia.services.wechat.channels import CHANNELS
from guanjia.services.wechat.jobs import JOBS, LOOK_BACK_AT_START, settle_left
from guanjia.services.wechat.models import metadata
from guanjia.services.wechat.registry import Registry
from guanjia.services.wechat.routes import ROUTES
from guanjia.services.wechat.settings import Settings
from guanjia.services.wechat.words import CATALOGUE

PERMISSIONS = {
    "wechat.accounts.read": {"zh-CN": "查看公众号", "en": "See official accounts"},
    "wechat.accounts.write": {"zh-CN": "管理公众号", "en": "Manage official accounts"},
    "wechat.replies.read": {"zh-CN": "查看自动回复", "en": "See automatic replies"},
    "wechat.replies.write": {"zh-CN": "管理自动回复", "en": "Manage automatic replies"},
    "wechat.fans.read": {"zh-CN": "查看粉丝", "en": "See fans"},
    "wechat.fans.write": {"zh-CN": "修改粉丝备注", "en": "Name fans"},
    "wechat.pushes.read": {"zh-CN": "查看推送记录", "en": "See pushes"},
}

MENUS = [
    MenuItem(
        code="accounts",
        titles={"zh-CN": "公众号", "en": "Accounts"},
        url="/settings/accounts",
        parent="settings",
        sort=40,
        permission="wechat.accounts.read",
    ),
    MenuItem(
        code="keyword-replies",
        titles={"zh-CN": "关键词回复", "en": "Keyword replies"},
        url="/settings/keyword-replies",
        parent="settings",
        sort=50,
        permission="wechat.replies.read",
    ),
]


async def start(context: Context) -> None:
    """Read accounts and providers, and settle what a crash left waiting, before the doors open."""
    await context.part(Registry).reload()
    await settle_left(context, LOOK_BACK_AT_START)


SERVICE = Service(
    id="wechat",
    titles={"zh-CN": "微信公众号", "en": "WeChat Official Accounts"},
    metadata=metadata,
    routes=ROUTES,
    mounts=(Mount(path="/callbacks", app=build_callback, methods=("GET", "POST"), callers=("public",)),),
    jobs=JOBS,
    outgoing=CHANNELS,
    announces=(Announcement("auth", AuthAnnouncement(menus=MENUS)),),
    settings=Settings,
    words=CATALOGUE,
    migrations=Path(__file__).with_name("migrations"),
    permissions=PERMISSIONS,
    feed_permission="wechat.fans.read",
    on_start=start,
)
