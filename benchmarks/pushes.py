"""Signed, encrypted text pushes as WeChat sends them, made beforehand."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from benchmarks.load import post
from guanjia.contracts.wechat.callback import Cipher, build_xml, sign

FANS = 200


@dataclass(frozen=True)
class Account:
    """An account in safe mode."""

    appid: str = "wx2c2769f8efd9abc2"
    original_id: str = "gh_0123456789ab"
    token: str = "benchToken01"
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def openid(number: int) -> str:
    """A fan's openid, 28 characters."""
    return f"oBench{number:022d}"


def encrypted(account: Account, path: str, count: int) -> list[bytes]:
    """``count`` distinct requests from 200 fans."""
    cipher = Cipher(account.aes_key, account.appid)
    first = secrets.randbits(40) << 16
    requests: list[bytes] = []
    for number in range(count):
        stamp = str(int(time.time()))
        fields = {
            "ToUserName": account.original_id,
            "FromUserName": openid(number % FANS),
            "CreateTime": int(stamp),
            "MsgType": "text",
            "Content": f"我的车刹车有异响 {number}",
            "MsgId": first + number,
        }
        sealed = cipher.encrypt(build_xml(fields))
        nonce = str(secrets.randbelow(10**9))
        query = (
            f"?signature={sign(account.token, stamp, nonce)}&timestamp={stamp}&nonce={nonce}"
            f"&openid={fields['FromUserName']}&encrypt_type=aes"
            f"&msg_signature={sign(account.token, stamp, nonce, sealed)}"
        )
        body = build_xml({"ToUserName": account.original_id, "Encrypt": sealed})
        requests.append(post(path + query, body))
    return requests
