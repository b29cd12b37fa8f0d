"""`make backup` and `make restore`: every database in one file, each as it stood at the same moment.

A backup is taken between nights: while a build or an ingest run is under way it waits, then freezes one snapshot of
each database before any is read. Secrets are not in it; it says by fingerprint which ones it belongs to. People who
were erased after it was made are erased again by the restore, from the list that is kept beside the backups."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from cx_warehouse.database import bootstrap
from cx_warehouse.landing.erased import ErasureKey
from cx_warehouse.privacy import erase_due
from cx_warehouse.privacy.ledger import DUE, FOLDER, request_due, write_certificates
from stack.cluster import Cluster
from stack.errors import StackError
from stack.paths import private_directory
from stack.postgres import PostgresServer

MANIFEST = "manifest.json"
BUSY_WAIT_SECONDS = 600.0
_BUSY = """
    select 'build ' || build_number from ops.builds
    where status = 'running' and started_at > now() - interval '12 hours'
    union all
    select source || '.' || stream from ops.ingest_runs
    where status = 'running' and started_at > now() - interval '12 hours'
    union all
    select 'erasure ' || erasure_id from ops.erasures where status = 'running'"""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `databases` by the name they had; `keys` are fingerprints of the secrets they need; `roles`
    belong to the server, not to a database, and have no passwords here."""

    taken_at: str
    postgres: int
    databases: tuple[str, ...]
    night: str | None  # the clock of the last published night
    keys: Mapping[str, str]
    roles: Mapping[str, tuple[bool, list[str]]]  # may log in, is a member of: people's own roles own their views

    @classmethod
    def read(cls, file: Path) -> "Manifest":
        """Of a backup's file. Raises StackError for a file that is none."""
        try:
            with tarfile.open(file) as archive:
                held = archive.extractfile(MANIFEST)
                assert held is not None
                fields = json.load(held)
            return cls(**{**fields, "databases": tuple(fields["databases"])})
        except (OSError, tarfile.TarError, KeyError, ValueError, TypeError, AssertionError):
            raise StackError(f"{file} is no backup of this warehouse, or is not whole") from None


def fingerprint(secret: str) -> str:
    """Tells one secret from another; secrets are random, so nobody finds one by it."""
    return hashlib.sha256(f"fingerprint\n{secret}".encode()).hexdigest()[:12]


def backup(
    server: PostgresServer,
    warehouse: str,
    others: Iterable[str],
    file: Path,
    *,
    keys: Mapping[str, str],
    wait_seconds: float = BUSY_WAIT_SECONDS,
) -> Manifest:
    """Write the warehouse and the `others` that there are into `file`. Raises StackError while a night does not end."""
    if file.exists():
        raise StackError(f"{file} is there already and was left as it is")
    private_directory(file.parent)
    existing = _databases(server)
    names = [warehouse, *(name for name in others if name in existing)]
    with ExitStack() as open_, tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as folder:
        snapshots = _freeze(server, warehouse, names, open_, wait_seconds)
        manifest = _describe(server, warehouse, names, keys)
        for name in names:
            dump = ["--format=custom", "--no-password", f"--snapshot={snapshots[name]}", f"--file={folder}/{name}.dump"]
            _run(server, "pg_dump", name, dump)
        _pack(Path(folder), manifest, file)
    return manifest


def _freeze(
    server: PostgresServer, warehouse: str, names: Iterable[str], open_: ExitStack, wait_seconds: float
) -> dict[str, str]:
    """One snapshot of each database, all taken while nothing is under way, and held until `open_` closes."""
    deadline = time.monotonic() + wait_seconds
    while True:
        attempt, snapshots = ExitStack(), dict[str, str]()
        for name in names:
            connection = attempt.enter_context(psycopg.connect(server.dsn(name)))
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            row = connection.execute("select pg_export_snapshot()").fetchone()
            assert row is not None
            snapshots[name] = row[0]
            if name == warehouse:
                busy = [row[0] for row in connection.execute(_BUSY)]
        # asked within the snapshot itself: what it holds is whole
        if not busy:
            open_.push(attempt)
            return snapshots
        attempt.close()
        if time.monotonic() > deadline:
            raise StackError(f"a backup is taken between nights, and {', '.join(busy[:5])} is under way")
        time.sleep(2)


def _describe(server: PostgresServer, warehouse: str, names: list[str], keys: Mapping[str, str]) -> Manifest:
    with psycopg.connect(server.dsn(warehouse)) as connection:
        row = connection.execute(
            "select max(as_of)::text from ops.builds where status in ('published', 'rolled_back')"
        ).fetchone()
        version = connection.info.server_version // 10000
        roles = connection.execute(
            """select rolname, rolcanlogin, array(
                   select pg_get_userbyid(roleid)::text from pg_auth_members where member = pg_roles.oid)
               from pg_roles where not rolsuper and rolname !~ '^pg_' order by 1"""
        ).fetchall()
    told = {name: fingerprint(secret) for name, secret in keys.items()}
    return Manifest(
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        postgres=version,
        databases=tuple(names),
        night=row[0] if row else None,
        keys=told,
        roles={name: (may_log_in, groups) for name, may_log_in, groups in roles},
    )


def _pack(folder: Path, manifest: Manifest, file: Path) -> None:
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            with tarfile.open(fileobj=target, mode="w") as archive:
                text = json.dumps(vars(manifest), indent=1).encode()
                entry = tarfile.TarInfo(MANIFEST)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text))
                for name in manifest.databases:
                    archive.add(folder / f"{name}.dump", arcname=f"{name}.dump")
            target.flush()
            os.fsync(target.fileno())
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)


def restore(
    server: PostgresServer,
    file: Path,
    *,
    keys: Mapping[str, str],
    names: Mapping[str, str] | None = None,
    owners: Mapping[str, str] | None = None,
) -> Manifest:
    """Make the databases of a backup again; those that are there must be empty of nights. `names` gives a database
    another name than it had, `owners` an owner. Raises StackError, before anything is touched, when the secrets are
    not those that the backup was made with."""
    manifest, names, owners = Manifest.read(file), names or {}, owners or {}
    wrong = [name for name, told in manifest.keys.items() if name in keys and fingerprint(keys[name]) != told]
    if wrong:
        raise StackError(
            f"the backup was made with another {' and another '.join(wrong)}: put those of its stack into place first "
            "(docs/deploy.md#backup-and-restore)"
        )
    targets = {name: names.get(name, name) for name in manifest.databases}
    for target in targets.values():
        _require_empty(server, target)
    _create_roles(server, manifest)
    with tempfile.TemporaryDirectory(prefix="cx-restore-") as folder, tarfile.open(file) as archive:
        for name, target in targets.items():
            _copy_out(archive, f"{name}.dump", Path(folder))
            _recreate(server, target, owners.get(name))
            options = ["--exit-on-error", "--no-password", f"--dbname={target}", f"{folder}/{name}.dump"]
            _run(server, "pg_restore", target, options)
            (Path(folder) / f"{name}.dump").unlink()
            with psycopg.connect(server.dsn(target), autocommit=True) as connection:
                connection.execute("analyze")
    return manifest


def restore_stack(
    server: PostgresServer, warehouse: str, programs: Iterable[str], file: Path, *, keys: Mapping[str, str]
) -> Manifest:
    """`restore` into a server that may be empty: roles belong to the server, and a backup holds databases. Each of the
    `programs` owns the database of its name."""
    server.create_databases(warehouse)
    bootstrap(server.dsn(warehouse))
    owners = {program: program for program in programs}
    for owner in owners.values():
        server.create_owner(owner)
    return restore(server, file, keys=keys, owners=owners)


def _copy_out(archive: tarfile.TarFile, name: str, folder: Path) -> None:
    """Write a member's bytes and nothing else of it; `extract` can be told so only from Python 3.11.4 on."""
    held = archive.extractfile(name)
    if held is None:
        raise StackError(f"the backup's {name} is no file")
    with (folder / name).open("wb") as target:
        shutil.copyfileobj(held, target)


def _require_empty(server: PostgresServer, name: str) -> None:
    if name not in _databases(server):
        return
    with psycopg.connect(server.dsn(name)) as connection:
        row = connection.execute("select to_regclass('ops.nights') is not null").fetchone()
        if row == (True,) and connection.execute("select 1 from ops.nights limit 1").fetchone():
            raise StackError(
                f"the database {name} has nights in it, and a restore would throw them away: restore into an empty "
                "home (CX_HOME=folder), or `make clean` first"
            )


def _create_roles(server: PostgresServer, manifest: Manifest) -> None:
    """The roles that the server has not got: what they own could not be restored otherwise."""
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        standing = {row[0] for row in connection.execute("select rolname from pg_roles")}
        missing = [name for name in manifest.roles if name not in standing]
        for name in missing:
            login = sql.SQL("login" if manifest.roles[name][0] else "nologin")
            connection.execute(sql.SQL("create role {} {}").format(sql.Identifier(name), login))
        for name in missing:
            for group in manifest.roles[name][1]:
                connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), sql.Identifier(name)))


def _recreate(server: PostgresServer, name: str, owner: str | None) -> None:
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        if owner:
            connection.execute(
                sql.SQL("alter database {} owner to {}").format(sql.Identifier(name), sql.Identifier(owner))
            )


def erase_again(dsn_of: Callable[[str | None], str], key: str, home: Path, say: Say) -> int:
    """After a restore: complete the roles' rights, and erase again whom the list names; how many these were."""
    bootstrap(dsn_of(None))
    secret = ErasureKey.of(key)
    planned = request_due(dsn_of("cx_eraser"), secret, home / FOLDER / DUE)
    done = erase_due(dsn_of("cx_eraser"), secret, home)
    write_certificates(dsn_of("cx_eraser"), home, [one.erasure_id for one in done])
    if planned:
        say(f"{planned} erasures that came after the backup were done again")
    return planned


def _databases(server: PostgresServer) -> set[str]:
    with psycopg.connect(server.admin_dsn) as connection:
        return {row[0] for row in connection.execute("select datname from pg_database")}


def _run(server: PostgresServer, program: str, database: str, arguments: list[str]) -> None:
    """Run one of Postgres' programs. The server is named in the environment: arguments are seen by everybody."""
    part: dict[str, Any] = conninfo.conninfo_to_dict(server.dsn(database))
    given = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    given |= {"PGSSLMODE": "sslmode", "PGSSLROOTCERT": "sslrootcert", "PGOPTIONS": "options"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment = kept | {name: str(part[field]) for name, field in given.items() if part.get(field)}
    answer = subprocess.run([_program(server, program), *arguments], capture_output=True, text=True, env=environment)
    if answer.returncode != 0:
        told = [line for line in answer.stderr.splitlines() if "error" in line] or ["it said nothing"]
        raise StackError(f"{program} of {database} failed: {told[0]}")


def _program(server: PostgresServer, name: str) -> str:
    cluster = None if server.given_url else Cluster.load(server.home)
    found = cluster.binaries.program(name) if cluster else shutil.which(name)
    if not found or not os.access(found, os.X_OK):
        found = shutil.which(name)
    if not found:
        raise StackError(f"{name} is not installed here: it comes with Postgres' client programs")
    return found
