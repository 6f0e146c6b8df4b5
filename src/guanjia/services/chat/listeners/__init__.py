"""What ``chat`` hears of the other services, and how it hands messages to the channel."""

from guanjia.services.chat.listeners.channel import CHANNEL_HEARS
from guanjia.services.chat.listeners.people import PEOPLE_HEARS
from guanjia.services.chat.listeners.sending import SENDING

HEARS = (*CHANNEL_HEARS, *PEOPLE_HEARS)

__all__ = ["HEARS", "SENDING"]
