"""Keys of the installation."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from guanjia.kit.secrets import Secrets


def test_keys_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    first, again = Secrets(tmp_path / "keys"), Secrets(tmp_path / "keys")
    assert first.platform_key == again.platform_key
    assert len(first.platform_key) == 32
    assert again.decrypt(first.encrypt("13800138000")) == "13800138000"
    for path in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Secrets(tmp_path / "others").platform_key != first.platform_key


def test_a_damaged_key_is_not_used(tmp_path: Path) -> None:
    Secrets(tmp_path)
    (tmp_path / "platform.key").write_bytes(b"")
    with pytest.raises(ValueError, match=r"platform\.key is damaged"):
        Secrets(tmp_path)


def test_sealed_values(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path / "a")
    sealed = secrets.encrypt("身份证")
    assert sealed.startswith("k1:")
    assert sealed != secrets.encrypt("身份证")
    with pytest.raises(ValueError, match="k2"):
        secrets.decrypt("k2:" + sealed[3:])
    with pytest.raises(InvalidTag):
        secrets.decrypt(sealed[:-8] + ("A" * 8 if sealed[-8:] != "A" * 8 else "B" * 8))
    with pytest.raises(InvalidTag):
        Secrets(tmp_path / "b").decrypt(sealed)


def test_keyed_hashes_and_signatures(tmp_path: Path) -> None:
    secrets, others = Secrets(tmp_path / "a"), Secrets(tmp_path / "b")
    assert secrets.keyed_hash("phone", "1") == secrets.keyed_hash("phone", "1")
    assert len({secrets.keyed_hash("phone", "1"), secrets.keyed_hash("id", "1"), others.keyed_hash("phone", "1")}) == 3
    signature = secrets.sign("file", "a:1")
    assert secrets.is_signed("file", "a:1", signature)
    assert not secrets.is_signed("file", "a:2", signature)
    assert not secrets.is_signed("session", "a:1", signature)
    assert not others.is_signed("file", "a:1", signature)
    assert not secrets.is_signed("file", "a:1", "签")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_text_comes_back(text: str) -> None:
    assert SHARED.decrypt(SHARED.encrypt(text)) == text


@pytest.fixture(autouse=True, scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    global SHARED
    SHARED = Secrets(tmp_path_factory.mktemp("keys"))


SHARED: Secrets
