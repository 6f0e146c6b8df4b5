"""What ``crm`` learns from ``wechat``."""

from __future__ import annotations

from guanjia.contracts.wechat import FanChanged
from guanjia.kit import clock
from guanjia.kit.feed import FeedRow, Plan
from guanjia.kit.service import Context
from guanjia.services.crm.actions.resolutions import take_fan


async def on_fan_changed(context: Context, event: FanChanged, row: FeedRow) -> Plan:
    """Every fan is a customer; following and leaving show on his identity."""
    at = clock.now()
    return lambda tx: take_fan(tx, row.company_id, context.secrets, event, at)
