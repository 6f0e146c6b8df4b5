"""The first start: one company, one administrator, a password told once."""

from __future__ import annotations

from pathlib import Path

import pytest

from guanjia.kit import clock
from guanjia.services.auth.actions.companies import found_platform
from guanjia.services.auth.manifest import SERVICE, FirstSignIn
from tests.host import Host
from tests.services.auth.conftest import sign_in

pytestmark = pytest.mark.anyio


def contents(folder: Path) -> bytes:
    """Every byte of every file of a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_without_a_preset_a_password_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GUANJIA_ADMIN_PASSWORD", raising=False)
    monkeypatch.delenv("GUANJIA_COMPANY", raising=False)
    async with Host([SERVICE], "sqlite", tmp_path) as host:
        first = host.contexts["auth"].part(FirstSignIn)
        assert (first.login, len(first.password)) == ("admin", 16)
        me = (await sign_in(host, "admin", first.password)).attribute["staff"]
        assert [one["role"] for one in me["roles"]] == ["administrator", "platform_administrator"]
        assert {"auth.staff.write", "auth.companies.write", "self"} <= set(me["permissions"])
        assert (me["company"]["name"], me["must_change_password"]) == ("我的公司", True)
        assert first.password.encode() not in contents(tmp_path)


async def test_the_environment_presets_password_and_company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_ADMIN_PASSWORD", "preset for the demo")
    monkeypatch.setenv("GUANJIA_COMPANY", "安行汽车")
    async with Host([SERVICE], "sqlite", tmp_path, is_demo=True) as host:
        me = (await sign_in(host, "admin", "preset for the demo")).attribute["staff"]
        assert (me["company"]["name"], me["must_change_password"]) == ("安行汽车", False)


@pytest.mark.parametrize("password", ["short", "x" * 129])
async def test_a_preset_that_is_no_password_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("GUANJIA_ADMIN_PASSWORD", password)
    with pytest.raises(ValueError, match="GUANJIA_ADMIN_PASSWORD"):
        async with Host([SERVICE], "sqlite", tmp_path):
            pass


async def test_the_platform_is_founded_once(host: Host) -> None:
    assert host.contexts["auth"].part(FirstSignIn).password, "this host founded its platform"
    assert not await host.database("auth").write(found_platform, "另一家", "other", "x", clock.real_now())
    assert (await sign_in(host, "other", "x")).status == 401
