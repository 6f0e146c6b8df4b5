"""Where a service's database is: a SQLite file in the data folder, or a database of a PostgreSQL or MariaDB server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import URL, Engine, make_url

from guanjia.kit.errors import StartRefused

_DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql", "mysql": "mariadb+pymysql"}


@dataclass(frozen=True)
class Target:
    """``sqlite``, or ``postgresql://user@host/prefix`` / ``mariadb://…``, whose databases are ``prefix_service``."""

    folder: Path
    url: str = "sqlite"

    @property
    def is_sqlite(self) -> bool:
        return self.url == "sqlite" or self.url.startswith("sqlite:")

    def file(self, service: str) -> Path:
        """The SQLite file of ``service``."""
        return self.folder / f"{service}.sqlite"

    def service_url(self, service: str) -> URL:
        """The SQLAlchemy URL of the database of ``service``."""
        if self.is_sqlite:
            return URL.create("sqlite+pysqlite", database=str(self.file(service)))
        try:
            url = make_url(self.url)
        except sa.exc.ArgumentError:
            raise StartRefused("GUANJIA_DATABASE is no address of a database.") from None
        if url.drivername not in _DRIVERS:
            kinds = "sqlite, postgresql://… or mariadb://…"
            raise StartRefused(f"The database {url.drivername} is unknown; use {kinds}.")
        prefix = url.database or "guanjia"
        url = url.set(drivername=_DRIVERS[url.drivername], database=f"{prefix}_{service}")
        return url.update_query_dict({"charset": "utf8mb4"}) if url.drivername.startswith("mariadb") else url

    def _server_engine(self) -> Engine:
        url = self.service_url("x")
        url = url._replace(database="postgres" if url.drivername.startswith("postgresql") else None)
        return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def create(self, service: str) -> None:
        """Create the server database when it is missing; a SQLite file appears by itself."""
        if self.is_sqlite:
            return
        name = self.service_url(service).database
        with self._server_engine().connect() as connection:
            if connection.dialect.name == "postgresql":
                known = connection.execute(
                    sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
                ).first()
                if known is None:
                    connection.exec_driver_sql(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
            else:
                connection.exec_driver_sql(
                    f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
                )

    def drop(self, service: str) -> None:
        """Drop the server database of ``service``; for tests."""
        if self.is_sqlite:
            return
        name = self.service_url(service).database
        with self._server_engine().connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            else:
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS `{name}`")
