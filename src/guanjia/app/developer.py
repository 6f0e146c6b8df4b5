"""Tools for developers: OpenAPI documents and migrations from the code."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from guanjia.app.migrate import make_migration, migrate
from guanjia.app.services import SERVICES
from guanjia.kit.database import Database, Target
from guanjia.kit.http import build_litestar
from guanjia.kit.service import Service


def openapi_document(service: Service) -> bytes:
    """The OpenAPI document of a service, formatted and stable."""
    schema = build_litestar(service, None, with_openapi=True).openapi_schema.to_schema()
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=1) + b"\n"


def write_openapi(folder: Path) -> None:
    """Write ``<service>.json`` for every service with routes."""
    folder.mkdir(parents=True, exist_ok=True)
    for service in SERVICES:
        if service.routes:
            (folder / f"{service.id}.json").write_bytes(openapi_document(service))


def write_migration(service_id: str, name: str) -> None:
    """Write the next migration of a service: what its models have beyond its migrations."""
    service = next(one for one in SERVICES if one.id == service_id)
    assert service.metadata is not None
    assert service.migrations is not None
    with tempfile.TemporaryDirectory() as folder:
        database = Database(service.id, service.metadata, Target(Path(folder)), lambda: None)
        if any(service.migrations.glob("[0-9]*.py")):
            migrate(service, database)
        print(make_migration(service, database, name))
        database.close()
