"""Official accounts: settings, checks, quotas, permissions (R-WX-13, R-WX-14, R-WX-22, R-WX-23)."""

from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.kit.http import Envelope, Items, get, patch, post, reply
from guanjia.kit.service import Context
from guanjia.kit.words import locale
from guanjia.services.wechat import actions, queries
from guanjia.services.wechat.account_settings import (
    changed_values,
    in_words,
    new_values,
    run_check,
    writes_company,
)
from guanjia.services.wechat.registry import Registry
from guanjia.services.wechat.rules import interfaces
from guanjia.services.wechat.schemas import (
    AccountChange,
    AccountDraft,
    AccountView,
    CheckView,
    PermissionView,
    QuotaView,
)
from guanjia.services.wechat.settings import Settings
