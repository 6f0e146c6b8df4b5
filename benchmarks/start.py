"""P7: ``guanjia up`` on a complete demo, warm, to the first answered message; resident memory afterwards."""

from __future__ import annotations

import json
import secrets
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.hosted import request
from benchmarks.load import median
from benchmarks.process import Server, free_port, scratch

ROUNDS = 5


def _health(port: int) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            health: dict[str, Any] = json.loads(answer.read())
            return health
    except OSError:
        return {}


def _until(check: Any) -> Any:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.005)
    raise RuntimeError("never seen")


def _first_answer(folder: Path, port: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "guanjia", "up", "--port", str(port), "--data", str(folder)]
    begun = time.perf_counter()
    with Server(command, port) as server:
        _until(lambda: _health(port).get("status") == "up")
        demo = json.loads((folder / "demo.json").read_text())
        account = next(one for one in demo["accounts"] if one["mode"] == "safe")
        agent = next(one for one in demo["staff"] if one["login"] == "chenxi")
        credentials = {"login": agent["login"], "password": agent["password"]}
        token = request(port, "POST", "/auth/tokens", credentials)["access_token"]
        request(port, "PUT", "/chat/presences/current", {"status": "online"}, token)
        phone = request(port, "POST", "/emulator/phones", {"name": "起步"})
        request(port, "POST", f"/emulator/phones/{phone['id']}/follows", {"appid": account["appid"]})
        body = {"appid": account["appid"], "kind": "text", "content": {"content": "我的车刹车有异响"}}
        request(port, "POST", f"/emulator/phones/{phone['id']}/messages", body)
        openid = phone["openids"][account["appid"]]

        def mine() -> str:
            found = request(port, "GET", "/chat/conversations?box=mine&limit=50", None, token)["items"]
            return next((one["id"] for one in found if one["openid"] == openid), "")

        conversation = _until(mine)
        answer = {
            "client_id": secrets.token_hex(8),
            "kind": "text",
            "content": {"content": "请先减速慢行。"},
            "is_note": False,
        }
        request(port, "POST", f"/chat/conversations/{conversation}/messages", answer, token)
        path = f"/emulator/phones/{phone['id']}/screen?appid={account['appid']}"
        _until(lambda: "请先减速慢行。" in str(request(port, "GET", path)["messages"]))
        seconds = time.perf_counter() - begun
        memory = server.resident_mb()
        request(port, "POST", f"/chat/conversations/{conversation}/closures", {}, token)
        return seconds, memory


def run() -> list[str]:
    """The figures of P7, medians of five starts."""
    with scratch() as folder:
        data, port = Path(folder) / "data", free_port()
        command = [sys.executable, "-m", "guanjia", "up", "--port", str(port), "--data", str(data)]
        with Server(command, port):
            _until(lambda: _health(port).get("demo_data", {}).get("total"))
            _until(lambda: json.loads((data / "demo.json").read_text())["is_complete"])
        rounds = [_first_answer(data, port) for _ in range(ROUNDS)]
    seconds, memory = median([one[0] for one in rounds]), median([one[1] for one in rounds])
    return [
        "P7  guanjia up (demo, warm) to the first answered message",
        f"{seconds:.2f} s (target < 3), {memory:.0f} MB resident (target < 250)",
    ]
