"""Settings and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from guanjia.kit import clock
from guanjia.kit.settings import load_settings


class Settings(msgspec.Struct):
    timeout_seconds: float = 5
    is_strict: bool = False
    name: str = "default"


def test_the_environment_beats_the_file_beats_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(Settings, "chat", tmp_path) == Settings()
    (tmp_path / "settings.toml").write_text('[chat]\ntimeout_seconds = 7\nname = "刹车"\n[crm]\nname = "x"\n', "utf-8")
    assert load_settings(Settings, "chat", tmp_path) == Settings(7, False, "刹车")
    monkeypatch.setenv("GUANJIA_CHAT_TIMEOUT_SECONDS", "9")
    monkeypatch.setenv("GUANJIA_CHAT_IS_STRICT", "true")
    assert load_settings(Settings, "chat", tmp_path) == Settings(9, True, "刹车")


def test_a_wrong_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_CHAT_TIMEOUT_SECONDS", "soon")
    with pytest.raises(ValueError, match=r"settings of chat.*timeout_seconds"):
        load_settings(Settings, "chat", tmp_path)


def test_business_time_moves_and_real_time_does_not() -> None:
    assert clock.offset() == timedelta()
    try:
        clock.set_offset(timedelta(days=2))
        ahead = clock.now() - clock.real_now()
        assert abs(ahead - timedelta(days=2)) < timedelta(seconds=5)
    finally:
        clock.set_offset(timedelta())


def test_times_as_text_sort_as_times() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert clock.text(at) == "2026-03-02T09:00:00.000000Z"
    moments = [at + timedelta(microseconds=step) for step in (0, 1, 999_999, 1_000_000, 86_400_000_000)]
    assert [clock.text(one) for one in moments] == sorted(clock.text(one) for one in moments)
