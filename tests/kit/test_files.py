"""Media files: stored whole, found by signed addresses only, typed by their content."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from guanjia.kit.database import new_id
from guanjia.kit.errors import NotFound
from guanjia.kit.files import Files, sniff_media_type
from guanjia.kit.secrets import Secrets


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "media", Secrets(tmp_path / "keys"))


def parts(address: str) -> tuple[str, str, str]:
    split = urlsplit(address)
    query = parse_qs(split.query)
    return split.path.removeprefix("/files/"), query["exp"][0], query["sig"][0]


def test_a_file_comes_back(files: Files, tmp_path: Path) -> None:
    name = files.store(b"\xff\xd8\xffpicture", "image/jpeg")
    found = files.open_address(*parts(files.address(name)))
    assert (found.path.read_bytes(), found.media_type) == (b"\xff\xd8\xffpicture", "image/jpeg")
    assert files.find(name) == found
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == [found.path]


def test_an_address_is_the_same_for_a_while(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that browsers keep the picture."""
    name = files.store(b"a", "image/png")
    addresses = []
    for at in (1_800_000_000, 1_800_000_299, 1_800_000_300):
        monkeypatch.setattr(time, "time", lambda at=at: at)
        addresses.append(files.address(name))
    assert addresses[0] == addresses[1] != addresses[2]


def test_a_type_that_is_not_known_is_a_download(files: Files) -> None:
    assert files.find(files.store(b"x", "text/html")).media_type == "application/octet-stream"


def test_an_address_is_good_for_one_file_and_some_time(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    name, other = files.store(b"a", "image/png"), files.store(b"b", "image/png")
    _, expires, signature = parts(files.address(name, seconds=60))
    assert 60 <= int(expires) - time.time() <= 361
    wrong = [
        (other, expires, signature),
        (name, str(int(expires) + 1), signature),
        (name, expires, signature[:-1]),
        (name, expires, signature.upper()),
        (name, expires, ""),
        (name, "", signature),
        (name, "-1", signature),
        (name, "٩" * 10, signature),
        (name, "9" * 400, signature),
        (name, f" {expires}", signature),
        (name, expires, "é"),
        (new_id() + ".png", expires, signature),
    ]
    for arguments in wrong:
        with pytest.raises(NotFound):
            files.open_address(*arguments)
    assert files.open_address(name, expires, signature).path.read_bytes() == b"a"
    later = int(expires) + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(NotFound):
        files.open_address(name, expires, signature)


UNKNOWN = "01a2002c-1e26-764b-9fb8-35b7002aeca2"


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../keys/platform.key", "x.png", "a" * 36 + ".png", "/etc/passwd", "a\x00.png"),
        *(UNKNOWN, f"{UNKNOWN}.exe", f"{UNKNOWN}.png"),
    ],
)
def test_names_that_are_none(files: Files, name: str) -> None:
    with pytest.raises(NotFound):
        files.find(name)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"GIF87a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"RIFF\0\0\0\0WAVE", "audio/wav"),
        (b"RIFF\0\0\0\0AVI ", None),
        (b"#!AMR\n", "audio/amr"),
        (b"OggS" + b"\0" * 24 + b"Speex   ", "audio/speex"),
        (b"OggS" + b"\0" * 24 + b"OpusHead", "audio/ogg"),
        (b"\x1aE\xdf\xa3", "audio/webm"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"\0\0\0\x18ftypM4A ", "audio/mp4"),
        (b"<svg xmlns=", None),
        (b"<html>", None),
        (b"MZ", None),
        (b"", None),
    ],
)
def test_types_are_read_from_the_content(content: bytes, media_type: str | None) -> None:
    assert sniff_media_type(content) == media_type
