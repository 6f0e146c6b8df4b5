"""Timed work of ``chat``. Each job looks first and writes in small actions."""

from guanjia.kit.jobs import Job
from guanjia.services.chat.jobs.routing import route_conversations
from guanjia.services.chat.jobs.upkeep import close_idle_conversations, find_customers, rescope_groups
from guanjia.services.chat.rules.hints import ROUTING, SCOPES

JOBS = (
    Job("routing", 2.0, route_conversations, wake=ROUTING),
    Job("scopes", 10.0, rescope_groups, wake=SCOPES),
    Job("customers", 30.0, find_customers),
    Job("idle", 300.0, close_idle_conversations),
)
