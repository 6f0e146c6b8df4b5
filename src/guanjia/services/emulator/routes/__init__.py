"""The control API: what moves the phones, and what tests and demos set up. Public, and there in a demo only."""

from guanjia.services.emulator.routes.accounts import ROUTES as ACCOUNT_ROUTES
from guanjia.services.emulator.routes.phones import ROUTES as PHONE_ROUTES
from guanjia.services.emulator.routes.stories import ROUTES as STORY_ROUTES

ROUTES = (*ACCOUNT_ROUTES, *PHONE_ROUTES, *STORY_ROUTES)
