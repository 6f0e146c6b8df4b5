"""WeChat's error codes, with the words seen on the wire."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent.parent / "data" / "errors.toml"


class WechatError(Exception):
    """A refusal of WeChat's API: ``errcode``, perhaps a more exact ``text``, perhaps further fields of the answer."""

    def __init__(self, errcode: int, text: str = "", **fields: Any) -> None:
        self.errcode = errcode
        self.text = text or error_texts().get(errcode, "system error")
        self.fields = fields
        super().__init__(f"{errcode} {self.text}")

    def answer(self, rid: str) -> dict[str, Any]:
        """The JSON answer; ``errmsg`` ends with the request's id."""
        return {"errcode": self.errcode, "errmsg": f"{self.text} rid: {rid}", **self.fields}


@cache
def error_texts() -> dict[int, str]:
    """All known codes."""
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {int(code): text for code, text in table.items()}
