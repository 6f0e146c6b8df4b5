"""The tables of ``chat``, by noun."""

from guanjia.services.chat.models.conversations import access, assignments, conversations, drafts, facts
from guanjia.services.chat.models.messages import messages, outbound, uploads
from guanjia.services.chat.models.metadata import metadata
from guanjia.services.chat.models.people import agents, companies, fans, organisations, presences
from guanjia.services.chat.models.texts import canned_replies, greetings, groups, members

__all__ = [
    "access",
    "agents",
    "assignments",
    "canned_replies",
    "companies",
    "conversations",
    "drafts",
    "facts",
    "fans",
    "greetings",
    "groups",
    "members",
    "messages",
    "metadata",
    "organisations",
    "outbound",
    "presences",
    "uploads",
]
