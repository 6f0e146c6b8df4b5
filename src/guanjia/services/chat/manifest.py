"""The manifest of ``chat``."""

from __future__ import annotations

from pathlib import Path

from guanjia.contracts.auth import AuthAnnouncement, MenuItem
from guanjia.kit.service import Announcement, Service
from guanjia.services.chat.jobs import JOBS
from guanjia.services.chat.listeners import HEARS, SENDING
from guanjia.services.chat.models import metadata
from guanjia.services.chat.routes import ROUTES

_HERE = Path(__file__).parent

PERMISSIONS = {
    "chat.conversations.read": {"zh-CN": "查看会话", "en": "Read conversations"},
    "chat.conversations.write": {"zh-CN": "接待客户", "en": "Answer customers"},
    "chat.supervision.read": {"zh-CN": "查看监控", "en": "See the monitor"},
    "chat.supervision.write": {"zh-CN": "分配会话", "en": "Assign conversations"},
    "chat.groups.read": {"zh-CN": "查看客服组", "en": "Read groups"},
    "chat.groups.write": {"zh-CN": "管理客服组", "en": "Manage groups"},
    "chat.canned.read": {"zh-CN": "使用快捷语", "en": "Use canned replies"},
    "chat.canned.own": {"zh-CN": "维护个人快捷语", "en": "Keep canned replies of one's own"},
    "chat.canned.write": {"zh-CN": "管理公共快捷语", "en": "Manage shared canned replies"},
    "chat.greetings.read": {"zh-CN": "查看开场白", "en": "Read greetings"},
    "chat.greetings.write": {"zh-CN": "管理开场白", "en": "Manage greetings"},
}

MENUS = [
    MenuItem(
        code="workbench", titles={"zh-CN": "会话", "en": "Chats"}, url="/workbench", icon="chat", sort=10,
        permission="chat.conversations.read",
    ),
    MenuItem(
        code="supervision", titles={"zh-CN": "监控", "en": "Monitor"}, url="/supervision", icon="monitor",
        sort=20, permission="chat.supervision.read",
    ),
    MenuItem(
        code="groups", titles={"zh-CN": "客服组", "en": "Groups"}, url="/settings/groups", parent="settings",
        sort=60, permission="chat.groups.read",
    ),
    MenuItem(
        code="canned-replies", titles={"zh-CN": "快捷语", "en": "Canned replies"},
        url="/settings/canned-replies", parent="settings", sort=70, permission="chat.canned.read",
    ),
    MenuItem(
        code="greetings", titles={"zh-CN": "开场白", "en": "Greetings"}, url="/settings/greetings",
        parent="settings", sort=80, permission="chat.greetings.read",
    ),
]  # fmt: skip

SERVICE = Service(
    id="chat",
    titles={"zh-CN": "会话", "en": "Chat"},
    metadata=metadata,
    routes=ROUTES,
    calls=frozenset({"wechat", "crm"}),
    hears=HEARS,
    jobs=JOBS,
    outgoing=(SENDING,),
    announces=(Announcement(reader="auth", content=AuthAnnouncement(menus=MENUS)),),
    words=_HERE / "words.toml",
    migrations=_HERE / "migrations",
    permissions=PERMISSIONS,
    feed_permission="chat.conversations.read",
)
