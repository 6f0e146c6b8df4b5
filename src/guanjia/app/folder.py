"""The data folder: one process at a time, what kind it is, and the release that wrote it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from guanjia import __version__
from guanjia.kit.errors import StartRefused


class FolderError(StartRefused):
    """The data folder can't be used."""


class Marker(msgspec.Struct):
    """``guanjia.json``: what a data folder is."""

    is_demo: bool
    version: str
    database: str = "sqlite"


class DataFolder:
    """An exclusively held data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    def open(self, is_demo: bool | None, database: str) -> Marker:
        """Take the folder and say what it is: a new one is a demo unless ``is_demo`` is False, an old one stays."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise FolderError(f"The data folder {self.path} can't be written: {error.strerror}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise FolderError(f"The data folder {self.path} is in use by another process.") from error
        file = self.path / "guanjia.json"
        if file.exists():
            try:
                marker = msgspec.json.decode(file.read_bytes(), type=Marker)
            except msgspec.DecodeError as error:
                raise FolderError(f"{file} can't be read: {error}.") from error
            if _number(marker.version) > _number(__version__):
                raise FolderError(
                    f"The data folder {self.path} was written by the newer release {marker.version};"
                    f" this is {__version__}."
                )
            if is_demo is not None and is_demo != marker.is_demo:
                kind = "a demo" if marker.is_demo else "no demo"
                raise FolderError(f"The data folder {self.path} is {kind} and stays so; use another folder.")
            if marker.database.split(":")[0] != database.split(":")[0]:
                raise FolderError(
                    f"The data folder {self.path} belongs to a database of kind {marker.database.split(':')[0]}."
                )
            marker.version = __version__
        else:
            kind = database.split(":")[0]
            marker = Marker(is_demo=is_demo is not False, version=__version__, database=kind)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(marker)))
        return marker

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
