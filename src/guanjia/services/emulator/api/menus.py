"""The custom menu."""

from __future__ import annotations

from typing import Any

from guanjia.kit.database import Transaction
from guanjia.services.emulator.actions.accounts import save_menu
from guanjia.services.emulator.api.call import OK, Answer, Call, Interface
from guanjia.services.emulator.rules import menus
from guanjia.services.emulator.rules.errors import WechatError


def _menu(call: Call) -> list[dict[str, Any]] | None:
    assert call.account is not None
    menu: list[dict[str, Any]] | None = call.account.menu
    return menu


def create(tx: Transaction, call: Call) -> Answer:
    """Replace the default menu."""
    save_menu(tx, call.appid, menus.check_menu(call.json()), call.at)
    return OK


def show(_tx: Transaction, call: Call) -> Answer:
    """The default menu; 46003 when there is none."""
    menu = _menu(call)
    if menu is None:
        raise WechatError(46003)
    return {"menu": {"button": menu}}


def delete(tx: Transaction, call: Call) -> Answer:
    """Remove the menu; that there was none is no error."""
    if _menu(call) is not None:
        save_menu(tx, call.appid, None, call.at)
    return OK


def show_current(_tx: Transaction, call: Call) -> Answer:
    """The menu in the shape of the console's own."""
    menu = _menu(call)
    return {
        "is_menu_open": 0 if menu is None else 1,
        "selfmenu_info": {"button": menus.self_menu(menu)},
    }


INTERFACES = (
    Interface("/cgi-bin/menu/create", create),
    Interface("/cgi-bin/menu/get", show, "GET"),
    Interface("/cgi-bin/menu/delete", delete, "GET"),
    Interface("/cgi-bin/get_current_selfmenu_info", show_current, "GET"),
)
