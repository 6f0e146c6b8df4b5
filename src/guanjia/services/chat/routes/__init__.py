"""The HTTP interface of ``chat``."""

from guanjia.services.chat.routes import acts, conversations, groups, messages, people, texts, viewers

ROUTES = (
    *conversations.ROUTES,
    *messages.ROUTES,
    *acts.ROUTES,
    *viewers.ROUTES,
    *people.ROUTES,
    *groups.ROUTES,
    *texts.ROUTES,
)
