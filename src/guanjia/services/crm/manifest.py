"""The manifest of ``crm``."""

from __future__ import annotations

from pathlib import Path

from guanjia.contracts.wechat import FanChanged
from guanjia.kit.feed import Hears
from guanjia.kit.service import Service
from guanjia.services.crm.listeners import on_fan_changed
from guanjia.services.crm.models import metadata
from guanjia.services.crm.routes import ROUTES

SERVICE = Service(
    id="crm",
    titles={"zh-CN": "客户", "en": "Customers"},
    metadata=metadata,
    routes=ROUTES,
    hears=[Hears("wechat", FanChanged, on_fan_changed)],
    words=Path(__file__).with_name("words.toml"),
    migrations=Path(__file__).with_name("migrations"),
    permissions={
        "crm.customers.read": {"zh-CN": "查看客户", "en": "See customers"},
        "crm.customers.write": {"zh-CN": "修改客户资料", "en": "Change customers"},
        "crm.customers.reveal": {"zh-CN": "查看完整电话号码", "en": "See whole phone numbers"},
    },
    feed_permission="crm.customers.read",
)
