"""Typed settings: from the environment (``GUANJIA_<SERVICE>_<NAME>``), else ``settings.toml`` of the data folder,
else the default.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from guanjia.kit.errors import StartRefused

S = TypeVar("S", bound=msgspec.Struct)


def load_settings(kind: type[S], service: str, folder: Path) -> S:
    """The settings of ``service``; StartRefused names the key that can't be read."""
    file = folder / "settings.toml"
    values: dict[str, Any] = {}
    if file.is_file():
        try:
            values = dict(tomllib.loads(file.read_text(encoding="utf-8")).get(service, {}))
        except (ValueError, TypeError) as error:
            raise StartRefused(f"{file} can't be read: {error}.") from error
    for field in msgspec.structs.fields(kind):
        text = os.environ.get(f"GUANJIA_{service}_{field.name}".upper())
        if text is not None:
            values[field.name] = text
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise StartRefused(f"The settings of {service} can't be used: {error}.") from error
