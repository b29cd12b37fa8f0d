"""The embedded Postgres: started when needed, found again by later commands, restarted after a crash.

It listens on a Unix socket in a private folder only, so whoever can reach it is its owner, and no password
exists that could leak. With CX_DATABASE_URL (an administrator's libpq URL) nothing is started and that
server is used.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo, sql

from stack.binaries import OLDEST_VERSION
from stack.cluster import ADMIN, PORT, Cluster, private_append
from stack.errors import StackError
from stack.paths import private_directory


@dataclass(frozen=True)
class PostgresServer:
    """A running server: the embedded one of a home, or a given one (`given_url`)."""

    home: Path
    socket_folder: Path | None = None
    given_url: str | None = None
    description: str = ""

    @classmethod
    def ensure(cls, home: Path, *, kind: str | None = None) -> "PostgresServer":
        """The server of `home`, started if it is not running.

        `kind` (system or wheel) only for a new home.
        """
        given = os.environ.get("CX_DATABASE_URL")
        if given:
            return _given(home, given)
        with _exclusive(private_directory(home)):
            cluster = Cluster.load(home) or Cluster.create(home, kind)
            if not cluster.answers():
                cluster.start()
            return cls._of(cluster)

    @classmethod
    def find(cls, home: Path) -> "PostgresServer | None":
        """The server of `home` when it is running."""
        given = os.environ.get("CX_DATABASE_URL")
        if given:
            return _given(home, given)
        cluster = Cluster.load(home)
        return cls._of(cluster) if cluster and cluster.running_pid() is not None else None

    @classmethod
    def _of(cls, cluster: Cluster) -> "PostgresServer":
        return cls(cluster.home, socket_folder=cluster.socket_folder, description=cluster.description())

    @property
    def host(self) -> str:
        """What libpq takes as `host`: the socket's folder, or the given server's name."""
        if self.given_url:
            return str(conninfo.conninfo_to_dict(self.given_url).get("host", ""))
        return str(self.socket_folder)

    @property
    def port(self) -> int:
        if self.given_url:
            return int(conninfo.conninfo_to_dict(self.given_url).get("port") or PORT)
        return PORT

    @property
    def admin_dsn(self) -> str:
        return self.dsn()

    def dsn(self, database: str = "postgres", user: str = ADMIN) -> str:
        """A libpq URL. On a given server the administrator logs in and takes the role `user`."""
        if not self.given_url:
            query = urlencode({"host": self.host, "port": self.port}, quote_via=quote)
            return f"postgresql://{quote(user)}@/{quote(database)}?{query}"
        given = conninfo.conninfo_to_dict(self.given_url)
        login, password = quote(str(given.pop("user", "")), safe=""), given.pop("password", None)
        secret = f":{quote(str(password), safe='')}" if password else ""
        given.pop("dbname", None)
        parameters = {name: str(value) for name, value in given.items() if value is not None}
        if user != ADMIN:
            parameters["options"] = f"{parameters.get('options', '')} -c role={user}".strip()
        return f"postgresql://{login}{secret}@/{quote(database)}?{urlencode(parameters, quote_via=quote)}"

    def sqlalchemy_url(self, database: str, user: str, driver: str = "psycopg2") -> str:
        return self.dsn(database, user).replace("postgresql://", f"postgresql+{driver}://", 1)

    def connection_fields(self, database: str, role: str) -> dict[str, object]:
        """The fields of an Airflow connection that works as `role`."""
        fields: dict[str, object] = {"conn_type": "postgres", "schema": database}
        if not self.given_url:
            return {**fields, "host": self.host, "port": self.port, "login": role}
        given = conninfo.conninfo_to_dict(self.given_url)
        extra = {name: str(value) for name, value in given.items() if name.startswith("ssl") and value}
        extra["options"] = f"-c role={role}"
        return {
            **fields,
            "host": self.host,
            "port": self.port,
            "login": given.get("user"),
            "password": given.get("password"),
            "extra": json.dumps(extra),
        }

    def create_databases(self, *names: str) -> None:
        """Make the databases that are not there yet, in UTF-8."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            for name in names:
                if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))

    def create_owner(self, name: str) -> None:
        """Make a role that databases can be given to, if it is not there yet."""
        role = sql.Identifier(name)
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            if not connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone():
                connection.execute(sql.SQL("create role {} login").format(role))
                if self.given_url:
                    connection.execute(sql.SQL("grant {} to current_user").format(role))

    def create_owned_database(self, name: str) -> None:
        """Make a database and the role of the same name that owns it, for the metadata of a program."""
        self.create_owner(name)
        self.create_databases(name)
        role = sql.Identifier(name)
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("alter database {} owner to {}").format(role, role))

    def stop(self) -> None:
        """End the server's sessions and the server; a given server is left alone."""
        if self.given_url:
            return
        with _exclusive(self.home):
            cluster = Cluster.load(self.home)
            if cluster is not None:
                cluster.stop()


def remove_outside(home: Path) -> None:
    """Delete what the stopped server of `home` keeps elsewhere.

    Its socket's folder, and data under /var/tmp.
    """
    cluster = Cluster.load(home)
    if cluster is None:
        return
    if cluster.running_pid() is not None:
        raise StackError("Postgres is still running")
    cluster.remove_outside()


def _given(home: Path, url: str) -> PostgresServer:
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise StackError(f"the server of CX_DATABASE_URL cannot be used: {reason}") from error
    if version < OLDEST_VERSION:
        raise StackError(f"the server of CX_DATABASE_URL is Postgres {version}; {OLDEST_VERSION} or later is needed")
    return PostgresServer(home, given_url=url, description=f"Postgres {version} of CX_DATABASE_URL")


@contextlib.contextmanager
def _exclusive(home: Path) -> Iterator[None]:
    """Two commands on one home take turns."""
    with private_append(home / "postgres.lock") as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
