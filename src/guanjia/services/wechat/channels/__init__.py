"""What kit.outgoing calls for ``wechat``: messages to fans, providers about pushes, media of pushes, data of fans."""

from guanjia.services.wechat.channels.dispatches import DISPATCH
from guanjia.services.wechat.channels.fans import FANS
from guanjia.services.wechat.channels.media import MEDIA
from guanjia.services.wechat.channels.messages import MESSAGES

CHANNELS = (MESSAGES, DISPATCH, MEDIA, FANS)

__all__ = ["CHANNELS"]
