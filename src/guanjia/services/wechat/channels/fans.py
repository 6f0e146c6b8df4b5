"""Fan data read from WeChat, and remarks written to it (R-WX-01)."""

from __future__ import annotations

from typing import Any

from guanjia.kit import clock
from guanjia.kit.database import Transaction, lock
from guanjia.kit.outgoing import Channel, Intent, OutgoingFailure
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.fans import apply_fan_data, lose_fan
from guanjia.services.wechat.actions.feed import fan_key
from guanjia.services.wechat.api import Api, ApiFailure
from guanjia.services.wechat.channels.accounts import active_account, as_end, note
from guanjia.services.wechat.schemas import FanIntent


async def call_fan(context: Context, intent: Intent) -> dict[str, Any]:
    """Write the remark when there is one, else read the fan's data."""
    wanted = intent.read(FanIntent)
    account = active_account(context, wanted.account_id)
    api = context.part(Api)
    try:
        if wanted.remark is not None:
            body = {"openid": wanted.openid, "remark": wanted.remark}
            await api.call(account, "remark", "/cgi-bin/user/info/updateremark", body=body)
            return {}
        query = {"openid": wanted.openid, "lang": "zh_CN"}
        return await api.call(account, "user_info", "/cgi-bin/user/info", query=query)
    except ApiFailure as failure:
        await note(context, account, failure)
        raise as_end(failure) from failure


def on_answered(tx: Transaction, intent: Intent, result: Any) -> None:
    """Keep what was read."""
    wanted = intent.read(FanIntent)
    if wanted.remark is None:
        at = clock.now()
        apply_fan_data(tx, wanted.company_id, wanted.account_id, wanted.openid, result, at)


def on_refused(tx: Transaction, intent: Intent, failure: OutgoingFailure) -> None:
    """A fan who left is marked; all else stands in the dead letters."""
    wanted = intent.read(FanIntent)
    if failure.code == "fan_gone":
        lock(tx, "fan", fan_key(wanted.account_id, wanted.openid))
        lose_fan(tx, wanted.company_id, wanted.account_id, wanted.openid, clock.now())


FANS = Channel("fans", call_fan, on_answered, on_refused, concurrency=4, max_attempts=6, timeout_seconds=30)
