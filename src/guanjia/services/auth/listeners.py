"""The deeds of the other services, for the audit trail."""

from __future__ import annotations

from guanjia.kit.audit import Audited
from guanjia.kit.feed import FeedRow, Hears, Plan
from guanjia.kit.service import Context
from guanjia.services.auth.actions.audit import record_heard

AUDITED_SERVICES = ("wechat", "chat", "crm")


def hears_audited(service: str) -> Hears:
    """A listener to the deeds of ``service``."""

    async def on_audited(_context: Context, event: Audited, row: FeedRow) -> Plan:
        return lambda tx: record_heard(tx, service, event, row)

    return Hears(service, Audited, on_audited)
