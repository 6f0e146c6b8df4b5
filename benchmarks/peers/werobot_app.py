"""WeRoBot with encryption, as its documents show it."""

import os

import werobot

from benchmarks.peers.store import store

robot = werobot.WeRoBot(
    token=os.environ["PEER_TOKEN"],
    app_id=os.environ["PEER_APPID"],
    encoding_aes_key=os.environ["PEER_AES_KEY"],
    enable_session=False,
)


@robot.text  # type: ignore[untyped-decorator]  # WeRoBot is untyped
def on_text(message: werobot.messages.messages.TextMessage) -> str:
    store(int(message.message_id), message.source, message.content)
    return "success"


app = robot.wsgi
