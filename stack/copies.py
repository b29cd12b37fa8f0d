"""What `make backup` and `make restore` do with the home: where files go, which secrets belong to them."""

import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cx_warehouse.privacy.ledger import DUE, FOLDER
from stack import superset
from stack.airflow import Airflow
from stack.airflow_settings import METADATA, AirflowSecrets
from stack.backup import backup, erase_again, restore_stack
from stack.errors import StackError
from stack.local import WAREHOUSE, erasure_key
from stack.paths import private_directory, private_home
from stack.postgres import PostgresServer

Say = Callable[[str], None]


def back_up(home: Path, file: Path | None, say: Say) -> None:
    """Write the backup, and beside it the list of what a restore has to erase again."""
    server = PostgresServer.ensure(home)
    file = file or home / "backups" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.tar"
    begins = time.monotonic()
    manifest = backup(server, WAREHOUSE, (METADATA, superset.METADATA), file.absolute(), keys=_secrets(home))
    size = file.stat().st_size / 1024**2
    say(f"{file}: {', '.join(manifest.databases)}, {size:.1f} MB, {time.monotonic() - begins:.1f} s")
    due = home / FOLDER / DUE
    if due.exists() and file.parent != due.parent:
        shutil.copy2(due, file.parent / DUE)
        say(f"{file.parent / DUE}: who was erased; a restore needs the newest one of it")
    say(f"not in it, and needed to restore: {home / 'secrets.json'} and {home / 'erasure.key'}; keep them apart")


def bring_back(home: Path, file: Path, say: Say) -> None:
    """Restore into a home without nights, then erase again whom the newest list names."""
    if not file.is_file():
        raise StackError(f"there is no file {file}")
    private_home(home)
    if not (home / "secrets.json").exists() or not (home / "erasure.key").exists():
        raise StackError(
            f"put secrets.json and erasure.key of the home that the backup was made in into {home} first: without "
            "them connections cannot be read, and erased people could come back (docs/deploy.md#backup-and-restore)"
        )
    Airflow.stop(home)
    server = PostgresServer.ensure(home)
    begins = time.monotonic()
    manifest = restore_stack(server, WAREHOUSE, [METADATA], file, keys=_secrets(home))
    say(f"{', '.join(manifest.databases)} as of {manifest.taken_at}: {time.monotonic() - begins:.1f} s")
    beside = file.parent / DUE
    if beside.exists():
        private_directory(home / FOLDER)
        if not (home / FOLDER / DUE).exists():
            shutil.copy2(beside, home / FOLDER / DUE)

    def dsn_of(role: str | None) -> str:
        return server.dsn(WAREHOUSE, role) if role else server.dsn(WAREHOUSE)

    erase_again(dsn_of, erasure_key(home), home, say)
    kind = "sandbox" if (home / "sandbox").exists() else "vendors"
    if not (home / "kind").exists():
        (home / "kind").write_text(f"{kind}\n")
    say("`make up` starts Airflow on it" if kind == "vendors" else "`make night` runs the next night on it")


def _secrets(home: Path) -> dict[str, str]:
    secrets = AirflowSecrets.load_or_create(home)
    return {"Fernet key (secrets.json)": secrets.fernet_key, "erasure key (erasure.key)": erasure_key(home)}
