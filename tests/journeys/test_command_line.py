"""``guanjia`` at the terminal: what keeps it from starting in one sentence each, starting again, stopping at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.journeys.firm import Stream
from tests.journeys.installation import Installation, Person, free_port, wait_for

STREAMS = 50
PASSWORD = "first-Password-9"


class Opened(Installation):
    """A demo that remembers what ``demo.json`` was when the doors opened."""

    first_demo: bytes
    first_mode: int

    def start(self) -> Opened:
        super().start()
        file = self.folder / "demo.json"
        self.first_demo, self.first_mode = file.read_bytes(), stat.S_IMODE(file.stat().st_mode)
        return self


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A demo."""
    installation = Opened(tmp_path_factory.mktemp("shop") / "data").start()
    try:
        yield installation
    finally:
        installation.stop()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that is no demo, and whose first password nobody has preset."""
    folder = tmp_path_factory.mktemp("plain") / "data"
    installation = Installation(folder, "--no-demo", GUANJIA_ADMIN_PASSWORD="").start()
    try:
        yield installation
    finally:
        installation.stop()


def guanjia(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A call that must end by itself."""
    command = [sys.executable, "-m", "guanjia", *(str(one) for one in arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30, env={**os.environ, **environment}, check=False
    )


def sentence(*arguments: str | Path, **environment: str) -> str:
    """What ``guanjia up`` says instead of starting: one sentence, exit code 2."""
    ended = guanjia("up", *arguments, **environment)
    assert ended.returncode == 2, ended
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert re.fullmatch(r"guanjia: [A-Z/].*[^.]\.", lines[0]), lines[0]
    assert "Traceback" not in ended.stdout
    return lines[0]


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = sentence("--port", str(port), "--data", tmp_path / "data")
    assert f"port {port} on 127.0.0.1 can't be used" in said


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_port_that_is_none(tmp_path: Path, port: str) -> None:
    ended = guanjia("up", f"--port={port}", "--data", tmp_path / "data")
    assert ended.returncode == 2
    assert "a port is a number from 0 to 65535" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    assert f"{tmp_path}/data can't be written" in sentence("--port", str(free_port()), "--data", tmp_path / "data")
    assert (tmp_path / "data").read_text() == "mine"


def test_folder_that_may_not_be_written(tmp_path: Path) -> None:
    """Below a folder in which nobody, not even root, can make one."""
    said = sentence("--port", str(free_port()), "--data", Path("/proc/guanjia"))
    assert "The data folder /proc/guanjia can't be written" in said
    (tmp_path / "data").write_text("")
    said = sentence("--port", str(free_port()), "--data", tmp_path / "data" / "below")
    assert "can't be written" in said


def test_folder_in_use(shop: Opened) -> None:
    said = sentence("--port", str(free_port()), "--data", shop.folder)
    assert "in use by another process" in said
    assert shop.health()["status"] == "up"


def copy_of(installation: Installation, tmp_path: Path) -> Path:
    """The folder as a crash at this moment would leave it."""
    return Path(shutil.copytree(installation.folder, tmp_path / "copy"))


def test_data_of_a_newer_release(plain: Installation, tmp_path: Path) -> None:
    """By the folder's mark, and by the tables of one service."""
    folder = copy_of(plain, tmp_path)
    mark = folder / "guanjia.json"
    old = mark.read_text()
    mark.write_text(json.dumps({**json.loads(old), "version": "99.1.0"}))
    assert "newer release 99.1.0" in sentence("--port", str(free_port()), "--data", folder)
    mark.write_text(old)
    with closing(sqlite3.connect(folder / "chat.sqlite")) as connection, connection:
        connection.execute("UPDATE chat_schema_version SET version_num = '9999_from_tomorrow'")
    said = sentence("--port", str(free_port()), "--data", folder)
    assert "data of chat are of a newer release (9999_from_tomorrow)" in said


def test_what_a_folder_is_it_stays(plain: Installation, tmp_path: Path) -> None:
    folder = copy_of(plain, tmp_path)
    assert "is no demo and stays so" in sentence("--port", str(free_port()), "--demo", "--data", folder)
    other = {"GUANJIA_DATABASE": "postgresql://postgres@127.0.0.1:1/x"}
    assert "belongs to a database of kind sqlite" in sentence("--port", str(free_port()), "--data", folder, **other)


@pytest.mark.parametrize(
    ("environment", "part"),
    [
        ({"GUANJIA_DATABASE": "oracle://x"}, "The database oracle is unknown"),
        ({"GUANJIA_DATABASE": "nonsense"}, "GUANJIA_DATABASE is no address of a database"),
        ({"GUANJIA_DATABASE": "postgresql://postgres@127.0.0.1:1/x"}, "The database of auth can't be used"),
        ({"GUANJIA_DATABASE": "mariadb://root@127.0.0.1:1/x"}, "The database of auth can't be used"),
        ({"GUANJIA_WECHAT_API_SECONDS": "soon"}, "settings of wechat can't be used"),
        ({"GUANJIA_ADMIN_PASSWORD": "short"}, "GUANJIA_ADMIN_PASSWORD can't be used: A password has at least 8"),
    ],
)
def test_environment_that_is_no_good(tmp_path: Path, environment: dict[str, str], part: str) -> None:
    said = sentence("--no-demo", "--port", str(free_port()), "--data", tmp_path / "data", **environment)
    assert part in said
    assert "postgres@" not in said


def test_files_that_are_no_good(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "settings.toml").write_text("[wechat\n")
    assert "settings.toml can't be read" in sentence("--port", str(free_port()), "--data", folder)
    (folder / "guanjia.json").write_text("{")
    assert "guanjia.json can't be read" in sentence("--port", str(free_port()), "--data", folder)


def test_no_demo_has_neither_emulator_nor_phones(plain: Installation) -> None:
    person = plain.person()
    for path in (
        "/emulator/accounts",
        "/emulator/phones",
        "/emulator/clock",
        "/emulator/phones/events",
        "/emulator/cgi-bin/token?grant_type=client_credential&appid=a&secret=b",
        "/cgi-bin/token?grant_type=client_credential&appid=a&secret=b",
        "/sns/userinfo",
        "/phone/",
        "/phone/story.html",
    ):
        assert person.raw("GET", path)[0] == 404, path
    assert person.raw("PUT", "/emulator/clock", b'{"advance_seconds":5}')[0] == 404
    assert not (plain.folder / "demo.json").exists()
    assert not (plain.folder / "emulator.sqlite").exists()
    assert plain.health()["demo"] is False
    ended = guanjia("demo", "show", "--json", "--data", plain.folder)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)


def test_first_password_is_told_once(plain: Installation) -> None:
    """Without GUANJIA_ADMIN_PASSWORD one is made and shown at the first start only, kept nowhere in the clear, and
    must be changed. The second start needs no option to know that the folder is no demo."""
    told = re.search(r"login: admin   password: (\S+)", plain.log.read_text())
    assert told
    person = plain.person()
    person.sign_in("admin", told[1])
    assert person.me["must_change_password"] is True
    assert person.me["company"]["name"] == "我的公司"
    assert plain.stop() < 2.0
    kept = [path for path in plain.folder.rglob("*") if path.is_file() and told[1].encode() in path.read_bytes()]
    assert kept == []
    again = Installation(plain.folder, GUANJIA_ADMIN_PASSWORD="ignored-Now-1").start()
    try:
        assert again.health()["demo"] is False
        assert "login: admin" not in again.log.read_text().rpartition("Guanjia starts")[2]
        again.person().sign_in("admin", told[1])
    finally:
        again.stop()
        plain.start()


def test_demo_file_is_there_before_the_doors_open(shop: Opened) -> None:
    """0600, complete, and everybody in it can sign in as soon as /health says 200."""
    demo = json.loads(shop.first_demo)
    assert shop.first_mode == 0o600
    assert demo["base_url"] == shop.base_url
    assert demo["emulator"] == {"base_url": f"{shop.base_url}/emulator"}
    assert {one["mode"] for one in demo["accounts"]} == {"plain", "compat", "safe"}
    fields = {"id", "appid", "secret", "original_id", "kind", "token", "aes_key", "previous_aes_key", "mode"}
    assert all(fields | {"callback_url"} <= one.keys() for one in demo["accounts"])
    assert len(demo["staff"]) >= 12
    assert len({one["role"] for one in demo["staff"]}) >= 5
    assert len({one["company"] for one in demo["staff"]}) == 2
    for one in demo["staff"][::4]:
        person = shop.person()
        person.sign_in(one["login"], one["password"])
        assert person.call("GET", "/auth/staff/current")["company"]["name"] == one["company"]
    assert next(one for one in demo["staff"] if one["login"] == "admin")["password"] == PASSWORD


def test_demo_is_shown_while_it_runs(shop: Opened) -> None:
    shown = guanjia("demo", "show", "--json", "--data", shop.folder)
    assert shown.returncode == 0
    assert {**json.loads(shown.stdout), "is_complete": None} == {**json.loads(shop.first_demo), "is_complete": None}
    listed = guanjia("demo", "show", "--data", shop.folder)
    assert listed.returncode == 0
    assert all(one["password"] in listed.stdout for one in shop.demo["staff"])


def test_second_start_finds_everything(shop: Opened) -> None:
    """At another port: the same people and talks, and WeChat still reaches it."""
    shop.wait_for_demo_data()
    before = shop.staff("linhui").call("GET", "/chat/conversations?box=all&limit=200")["items"]
    assert shop.stop() < 2.0
    again = Installation(shop.folder).start()
    try:
        assert again.demo["staff"] == json.loads(shop.first_demo)["staff"]
        assert again.health()["demo_data"] == {"done": 0, "total": 0}
        supervisor = again.staff("linhui")
        after = supervisor.call("GET", "/chat/conversations?box=all&limit=200")["items"]
        assert [one["id"] for one in after] == [one["id"] for one in before]
        appid = again.account()["appid"]
        phone = again.phone("Newcomer")
        phone.follow(appid)
        phone.write(appid, "你好")

        def found() -> bool:
            talks = supervisor.call("GET", "/chat/conversations?box=all&limit=200")["items"]
            return any(one["openid"] == phone.openid(appid) for one in talks)

        wait_for("the newcomer's conversation", found)
    finally:
        again.stop()
        shop.start()


def test_ctrl_c_ends_within_two_seconds_with_everybody_waiting(shop: Opened) -> None:
    """50 SSE streams, 50 long polls and the phones' streams are open; each ends in an orderly way."""
    person = shop.staff("chenxi")
    streams = [Stream(person, services="chat,crm") for _ in range(STREAMS)]
    for stream in streams:
        assert stream.frame()[0] == "ready"
    ends: list[str] = []
    started = threading.Semaphore(0)
    waiting = [
        threading.Thread(target=_poll, args=(person, ends, started, path))
        for path in (f"/gateway/events?after={streams[0].cursors}&wait=50", "/emulator/phones/events?wait=50")
        for _ in range(STREAMS // 2)
    ]
    for thread in waiting:
        thread.start()
    for _ in waiting:
        started.acquire()
    assert not ends
    begun = time.monotonic()
    assert shop.stop() < 2.0
    assert shop.process is not None
    assert shop.process.returncode == 0
    for thread in waiting:
        thread.join()
    for stream in streams:
        while stream.frame()[0]:
            pass
        stream.close()
    assert time.monotonic() - begun < 4.0
    assert set(ends) <= {"answered", "gone"}
    log = shop.log.read_text()
    assert log.rstrip().endswith("Guanjia has stopped.")
    assert "Traceback" not in log, log


def _poll(person: Person, ends: list[str], started: threading.Semaphore, path: str) -> None:
    """A long poll: it says so once it is on its way, and how it ended."""
    headers = {"Accept": "application/json", "Authorization": f"Bearer {person.token}"}
    request = urllib.request.Request(person.base_url + path, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    started.release()
    try:
        with opener.open(request, timeout=60) as answer:
            json.loads(answer.read())
        ends.append("answered")
    except urllib.error.HTTPError as error:
        ends.append(f"refused {error.code}")
    except OSError:
        ends.append("gone")
