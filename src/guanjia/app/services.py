"""The services of this release, in the order in which they start."""

from __future__ import annotations

from guanjia.kit.service import Service
from guanjia.services.auth.manifest import SERVICE as AUTH
from guanjia.services.chat.manifest import SERVICE as CHAT
from guanjia.services.crm.manifest import SERVICE as CRM
from guanjia.services.emulator.manifest import SERVICE as EMULATOR
from guanjia.services.gateway.manifest import SERVICE as GATEWAY
from guanjia.services.wechat.manifest import SERVICE as WECHAT

# The emulator is hosted in a demo only.
SERVICES: tuple[Service, ...] = (AUTH, CRM, WECHAT, CHAT, EMULATOR, GATEWAY)
DEMO_ONLY = frozenset({EMULATOR.id})
