"""QR codes with parameters."""

from __future__ import annotations

import io
import secrets
from datetime import timedelta
from typing import Any

import segno
from PIL import Image

from guanjia.kit.database import Transaction
from guanjia.services.emulator.api.call import Answer, Call, Download, Interface, number_of, text_of
from guanjia.services.emulator.models import codes
from guanjia.services.emulator.queries.accounts import find_code
from guanjia.services.emulator.rules.errors import WechatError
from guanjia.services.emulator.rules.identity import new_ticket

LONGEST = 2_592_000
DEFAULT = 60
PERMANENT_NUMBERS = 100_000
SCENE_TEXT = 64
PIXELS = 430
ACTIONS = ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE")


def create(tx: Transaction, call: Call) -> Answer:
    """A code for a scene, of limited or unlimited life."""
    body = call.json()
    action = body.get("action_name")
    info = body.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if action not in ACTIONS or not isinstance(scene, dict):
        raise WechatError(40053)
    scene_id, scene_str = _scene(action, scene)
    ticket, url = new_ticket(), f"http://weixin.qq.com/q/02{secrets.token_urlsafe(22)}"
    answer: dict[str, Any] = {"ticket": ticket}
    expires_at = None
    if "LIMIT" not in action:
        seconds = number_of(body.get("expire_seconds", DEFAULT), 40035)
        if not 1 <= seconds <= LONGEST:
            raise WechatError(40035)
        expires_at = call.at + timedelta(seconds=seconds)
        answer["expire_seconds"] = seconds
    tx.execute(
        codes.insert().values(
            ticket=ticket, appid=call.appid, url=url, scene_id=scene_id, scene_str=scene_str, expires_at=expires_at,
            created_at=call.at,
        )
    )  # fmt: skip
    return {**answer, "url": url}


def _scene(action: str, scene: dict[str, Any]) -> tuple[int, str]:
    if "STR" in action:
        text = text_of(scene.get("scene_str"), 40053)
        if not 1 <= len(text) <= SCENE_TEXT:
            raise WechatError(40053)
        return 0, text
    number = number_of(scene.get("scene_id"), 40053)
    highest = PERMANENT_NUMBERS if "LIMIT" in action else 2**32 - 1
    if not 1 <= number <= highest:
        raise WechatError(40053)
    return number, ""


def show(tx: Transaction, call: Call) -> Answer:
    """The picture of a code; HTTP 404 for an unknown or expired ticket, the only one of this API."""
    row = find_code(tx, call.text("ticket"), call.at)
    if row is None:
        return Download(media_type="", content=b"<html><body>404 Not Found</body></html>")
    return Download(media_type="image/jpg", content=draw(row.url))


def draw(text: str) -> bytes:
    """A QR code as a JPEG of 430 pixels."""
    code = segno.make(text, error="m", micro=False)
    matrix = [bytes(0 if cell else 255 for cell in row) for row in code.matrix_iter()]
    picture = Image.frombytes("L", (len(matrix[0]), len(matrix)), b"".join(matrix))
    content = io.BytesIO()
    picture.resize((PIXELS, PIXELS), Image.Resampling.NEAREST).save(content, "JPEG", quality=90)
    return content.getvalue()


INTERFACES = (
    Interface("/cgi-bin/qrcode/create", create),
    Interface("/cgi-bin/showqrcode", show, "GET", needs_token=False),
)
