"""The feed: one log for events, live screens and other services (publish, sequence, cursors, listeners)."""

from guanjia.kit.feed.event import Audience, Event, FeedRow, event_name, publish
from guanjia.kit.feed.listener import Hears, ListenerRunner, Plan
from guanjia.kit.feed.log import FeedLog

__all__ = ["Audience", "Event", "FeedLog", "FeedRow", "Hears", "ListenerRunner", "Plan", "event_name", "publish"]
