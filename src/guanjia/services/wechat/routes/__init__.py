"""HTTP of ``wechat``; the callback is raw ASGI and stands in ``callback``."""

from guanjia.services.wechat.routes.accounts import (
    change_account_settings,
    check_account,
    create_account,
    list_accounts,
    list_permissions,
    list_quotas,
    show_account,
)
from guanjia.services.wechat.routes.fans import change_fan, list_fans, show_fan
from guanjia.services.wechat.routes.messages import put_message, show_typing
from guanjia.services.wechat.routes.pushes import (
    list_dead_letters,
    list_pushes,
    replay_dead_letter,
    show_message_path,
)
from guanjia.services.wechat.routes.replies import (
    announce,
    create_keyword_reply,
    delete_keyword_reply,
    list_keyword_replies,
    list_providers,
    replace_keyword_reply,
)

ROUTES = (
    list_accounts,
    create_account,
    show_account,
    change_account_settings,
    check_account,
    list_quotas,
    list_permissions,
    list_keyword_replies,
    create_keyword_reply,
    replace_keyword_reply,
    delete_keyword_reply,
    list_providers,
    announce,
    list_fans,
    show_fan,
    change_fan,
    list_pushes,
    list_dead_letters,
    replay_dead_letter,
    show_message_path,
    put_message,
    show_typing,
)

__all__ = ["ROUTES"]
