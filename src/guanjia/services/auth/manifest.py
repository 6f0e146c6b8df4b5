"""The manifest of ``auth``."""

from __future__ import annotations

from pathlib import Path

from guanjia.contracts.auth import AuthAnnouncement, MenuItem
from guanjia.kit.jobs import Job
from guanjia.kit.service import Announcement, Service
from guanjia.services.auth.jobs import FirstSignIn, begin, forget, republish
from guanjia.services.auth.listeners import AUDITED_SERVICES, hears_audited
from guanjia.services.auth.models import metadata
from guanjia.services.auth.routes import ROUTES

__all__ = ["SERVICE", "FirstSignIn"]

MENUS = [
    MenuItem(code="settings", titles={"zh-CN": "配置", "en": "Settings"}, icon="setting", sort=90),
    MenuItem(
        code="organisations",
        titles={"zh-CN": "组织", "en": "Organisations"},
        url="/settings/organisations",
        parent="settings",
        sort=10,
        permission="auth.organisations.read",
    ),
    MenuItem(
        code="staff",
        titles={"zh-CN": "人员", "en": "Staff"},
        url="/settings/staff",
        parent="settings",
        sort=20,
        permission="auth.staff.read",
    ),
    MenuItem(
        code="audit",
        titles={"zh-CN": "审计", "en": "Audit"},
        url="/settings/audit",
        parent="settings",
        sort=90,
        permission="auth.audit.read",
    ),
]

SERVICE = Service(
    id="auth",
    titles={"zh-CN": "组织与权限", "en": "Organisation and permissions"},
    metadata=metadata,
    routes=ROUTES,
    hears=[hears_audited(service) for service in AUDITED_SERVICES],
    jobs=[Job("forget", 3600, forget), Job("republish", 60, republish, wake="auth-policies")],
    announces=[Announcement(reader="auth", content=AuthAnnouncement(menus=MENUS))],
    words=Path(__file__).with_name("words.toml"),
    migrations=Path(__file__).with_name("migrations"),
    permissions={
        "auth.organisations.read": {"zh-CN": "查看组织", "en": "See organisations"},
        "auth.organisations.write": {"zh-CN": "管理组织", "en": "Manage organisations"},
        "auth.staff.read": {"zh-CN": "查看人员", "en": "See staff"},
        "auth.staff.write": {"zh-CN": "管理人员", "en": "Manage staff"},
        "auth.roles.read": {"zh-CN": "查看角色", "en": "See roles"},
        "auth.companies.read": {"zh-CN": "查看公司", "en": "See companies"},
        "auth.companies.write": {"zh-CN": "管理公司", "en": "Manage companies"},
        "auth.audit.read": {"zh-CN": "查看操作记录", "en": "See the audit trail"},
    },
    feed_permission="auth.organisations.read",
    on_start=begin,
)
