"""Bring a service's tables to this release.

Alembic is imported only when the versions differ: its import costs half a second.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from guanjia.app.folder import FolderError
from guanjia.kit import clock
from guanjia.kit.database import Database
from guanjia.kit.service import Service


def head_revision(folder: Path) -> str:
    """The newest revision of a service: the file name says it (``0007_add_ticket_grade.py``)."""
    return max(path.stem for path in folder.glob("[0-9]*.py"))


def migrate(service: Service, database: Database) -> bool:
    """Migrate when needed; says whether anything was done. FolderError when the data are newer than this release."""
    folder = service.migrations
    if folder is None:
        raise FolderError(f"The service {service.id} has tables but no migrations.")
    head = head_revision(folder)
    with database.engine.connect() as connection:
        current = _current(connection, service.id)
        if current == head:
            return False
        known = {path.stem for path in folder.glob("[0-9]*.py")}
        if current is not None and current not in known:
            raise FolderError(f"The data of {service.id} are of a newer release ({current}); this one knows {head}.")
    if current is not None:
        _keep_copy(service.id, database)
    _upgrade(service, database, folder)
    return True


def _current(connection: Connection, service: str) -> str | None:
    table = f"{service}_schema_version"
    if not sa.inspect(connection).has_table(table):
        return None
    row = connection.execute(sa.text(f"SELECT version_num FROM {table}")).first()  # noqa: S608 -- a name of ours
    return None if row is None else str(row[0])


def _keep_copy(service: str, database: Database) -> None:
    """A copy of the SQLite file as it was before the migration."""
    if database.is_sqlite:
        source = database.target.file(service)
        backups = database.target.folder / "backups"
        backups.mkdir(exist_ok=True)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy2(source, backups / f"{service}-{clock.real_now():%Y%m%d%H%M%S}.sqlite")


def _upgrade(service: Service, database: Database, folder: Path) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(folder.parent), version_locations=[str(folder)])

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)

    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"fn": steps, "version_table": f"{service.id}_schema_version", "transactional_ddl": False},
        )
        with Operations.context(context):
            context.run_migrations()
        connection.commit()


def make_migration(service: Service, database: Database, name: str) -> Path:
    """Write the next migration of ``service``: the difference between its tables and its models. A developer's tool."""
    from alembic.autogenerate import produce_migrations, render_python_code
    from alembic.migration import MigrationContext

    folder = service.migrations
    assert folder is not None
    folder.mkdir(exist_ok=True)
    earlier = sorted(path.stem for path in folder.glob("[0-9]*.py"))
    revision = f"{len(earlier) + 1:04d}_{name}"
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": f"{service.id}_schema_version", "compare_type": False},
        )
        script = produce_migrations(context, database.metadata)
        assert script.upgrade_ops is not None
        code = render_python_code(
            script.upgrade_ops,
            sqlalchemy_module_prefix="sa.",
            user_module_prefix="types.",
            render_item=_render_type,
            migration_context=context,
        )
    code = "\n".join(line for line in code.splitlines() if "###" not in line)
    path = folder / f"{revision}.py"
    down = repr(earlier[-1]) if earlier else "None"
    path.write_text(
        f'"""{name.replace("_", " ").capitalize()}."""\n\n'
        "import sqlalchemy as sa\nfrom alembic import op\n\nfrom guanjia.kit.database import types\n\n"
        f'revision = "{revision}"\ndown_revision = {down}\n\n\ndef upgrade() -> None:\n{code}\n',
        encoding="utf-8",
    )
    return path


def _render_type(kind: str, value: Any, _context: Any) -> Any:
    from guanjia.kit.database import types

    if kind != "type":
        return False
    if isinstance(value, types.ExactText):
        return f"types.ExactText({value.length})"
    if type(value).__module__ == types.__name__:
        return f"types.{type(value).__name__}()"
    if value is types.Position or (isinstance(value, sa.BigInteger) and value._variant_mapping):
        return "types.Position"
    return False
