"""Flask with wechatpy, encrypted, as wechatpy's documents show it."""

import os

from flask import Flask, request
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

from benchmarks.peers.store import store

app = Flask(__name__)
crypto = WeChatCrypto(os.environ["PEER_TOKEN"], os.environ["PEER_AES_KEY"], os.environ["PEER_APPID"])


@app.post("/")
def callback() -> str:
    plain = crypto.decrypt_message(
        request.data, request.args["msg_signature"], request.args["timestamp"], request.args["nonce"]
    )
    message = parse_message(plain)
    store(int(message.id), message.source, message.content)
    return "success"
