"""The routes of ``auth``."""

from guanjia.services.auth.routes import audit, menus, organisations, platform, staff, tokens

ROUTES = [
    *tokens.ROUTES,
    *staff.ROUTES,
    *organisations.ROUTES,
    *menus.ROUTES,
    *audit.ROUTES,
    *platform.ROUTES,
]
