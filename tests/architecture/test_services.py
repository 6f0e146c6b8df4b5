"""What the manifests promise: permissions, words, calls, OpenAPI and migrations, all equal to the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from guanjia.app.developer import openapi_document
from guanjia.app.migrate import migrate
from guanjia.app.services import SERVICES
from guanjia.kit.database import Database, Target
from guanjia.kit.http import SIGNED_IN, route_rows
from guanjia.kit.service import Service
from guanjia.kit.words import LOCALES, Words

ROOT = Path(__file__).parents[2]
WITH_DATA = [service for service in SERVICES if service.metadata is not None]
# Refusals are raised with their code as the first argument; fields name theirs by ``fields={"name": "code"}``.
_RAISED = re.compile(
    r"\b(?:BadRequest|NotSignedIn|Forbidden|NotFound|Conflict|TooLarge|UnsupportedMedia|Invalid|TooMany|Unavailable)"
    r"\(\s*\"(\w+)\""
)


def ids(service: Service) -> str:
    return service.id


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_every_route_names_who_may_call_it(service: Service) -> None:
    for row in route_rows(service):
        assert row.callers, f"{row} serves nobody"
        assert ("staff" in row.callers) == bool(row.permission), row


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_every_permission_has_a_title_in_every_language_and_is_used(service: Service) -> None:
    used = {row.permission for row in route_rows(service)} - {"", SIGNED_IN}
    # A right within a route (a shared text among one's own) is looked up by the service itself.
    folder = ROOT / "src/guanjia/services" / service.id
    deeds = "".join(path.read_text(encoding="utf-8") for path in folder.glob("actions/*.py"))
    assert used <= set(service.permissions)
    assert all(f'"{name}"' in deeds for name in set(service.permissions) - used)
    for titles in service.permissions.values():
        assert all(titles.get(locale) for locale in LOCALES)


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_every_refusal_has_words(service: Service) -> None:
    known = Words([service.words] if service.words else []).codes()
    folder = ROOT / "src/guanjia/services" / service.id
    raised = {code for path in folder.rglob("*.py") for code in _RAISED.findall(path.read_text(encoding="utf-8"))}
    assert raised - known == set()


def test_words_are_complete_in_every_language() -> None:
    import tomllib

    for path in (ROOT / "src/guanjia").rglob("words.toml"):
        for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            assert set(entry) >= set(LOCALES), f"{path}: {code}"
            assert all(entry[locale][0] for locale in LOCALES), f"{path}: {code}"


def test_the_graph_of_declared_calls_has_no_circle() -> None:
    calls = {service.id: set(service.calls) for service in SERVICES}
    assert set().union(*calls.values()) <= set(calls)
    done: set[str] = set()

    def walk(service: str, path: tuple[str, ...]) -> None:
        assert service not in path, " -> ".join((*path, service))
        if service not in done:
            for other in calls[service]:
                walk(other, (*path, service))
            done.add(service)

    for service in calls:
        walk(service, ())


@pytest.mark.parametrize("service", [one for one in SERVICES if one.routes], ids=ids)
def test_the_committed_openapi_document_is_the_code_s(service: Service) -> None:
    committed = ROOT / "docs/openapi" / f"{service.id}.json"
    assert committed.read_bytes() == openapi_document(service), f"run: guanjia openapi {committed.parent}"


@pytest.mark.parametrize("service", WITH_DATA, ids=ids)
def test_migrations_make_exactly_the_tables_of_the_models(service: Service, tmp_path: Path) -> None:
    assert service.metadata is not None
    migrated = Database(service.id, service.metadata, Target(tmp_path), lambda: None)
    assert migrate(service, migrated)
    assert not migrate(service, migrated)
    (tmp_path / "models").mkdir()
    modelled = Database(service.id, service.metadata, Target(tmp_path / "models"), lambda: None)
    service.metadata.create_all(modelled.engine)
    try:
        assert _shape(migrated) - {f"{service.id}_schema_version"} == _shape(modelled)
    finally:
        migrated.close()
        modelled.close()


def _shape(database: Database) -> set[str]:
    """Tables, columns, keys and indexes as SQLite tells them."""
    shape: set[str] = set()
    inspector = sa.inspect(database.engine)
    for table in inspector.get_table_names():
        if table.endswith("_schema_version"):
            continue
        for column in inspector.get_columns(table):
            shape.add(f"{table}.{column['name']} {column['type']} null={column['nullable']}")
        shape.add(f"{table} key {inspector.get_pk_constraint(table)['constrained_columns']}")
        for index in inspector.get_indexes(table):
            shape.add(f"{table} index {index['column_names']} unique={bool(index['unique'])}")
        for unique in inspector.get_unique_constraints(table):
            shape.add(f"{table} unique {unique['column_names']}")
    return shape
