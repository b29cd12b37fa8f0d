"""One Postgres data folder: made, started detached, recognised, stopped.

What makes it safe to call again at any time: a process counts as the server only if it works in this data
folder, so a number left by a crash or a reboot is never taken for it, and a new server never starts beside
a dead one's children.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from stack.binaries import Binaries, Identity, choose_identity, copy_for_account, find_binaries
from stack.errors import StackError
from stack.paths import write_private

ADMIN = "postgres"
PORT = 5432  # names the socket's file; nothing listens on a network
START_SECONDS = 60.0
# The kernel allows 104 to 108 bytes for a socket's whole path.
LONGEST_SOCKET_FOLDER = 80

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "200",
    "work_mem": "32MB",
    "max_wal_size": "2GB",
    # nothing replicates this server: tables that a build makes need no log beside them
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    # a publish renames, and locks, every table of three sets at once
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # statements and error details carry customers' words: neither belongs in a log file
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
}


@dataclass
class Cluster:
    """One data folder with the binaries, socket and account it runs with; `postgres.json` remembers them."""

    home: Path
    binaries: Binaries
    identity: Identity
    data: Path
    socket_folder: Path

    @classmethod
    def create(cls, home: Path, kind: str | None) -> "Cluster":
        identity = choose_identity()
        kept = home / "pgdata"
        major = int((kept / "PG_VERSION").read_text()) if (kept / "PG_VERSION").exists() else None
        binaries = find_binaries(major, kind)
        data = kept
        if identity.mode == "account":
            assert identity.user is not None and identity.group is not None
            outside = Path(tempfile.mkdtemp(prefix="cx-postgres-", dir="/var/tmp"))
            binaries = copy_for_account(binaries, outside)
            for folder, _, files in os.walk(outside):
                for path in (folder, *(os.path.join(folder, name) for name in files)):
                    os.chown(path, identity.user, identity.group, follow_symlinks=False)
            data = outside / "pgdata"
        state = cls(home, binaries, identity, data, _new_socket_folder(identity))
        state.save()
        return state

    @classmethod
    def load(cls, home: Path) -> "Cluster | None":
        try:
            fields = json.loads((home / "postgres.json").read_text())
            if fields["home"] != str(home):
                return None  # a copied or moved checkout: the socket may serve the original
            return cls(
                home,
                Binaries(**{**fields["binaries"], "folder": Path(fields["binaries"]["folder"])}),
                Identity(**fields["identity"]),
                Path(fields["data"]),
                Path(fields["socket_folder"]),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def save(self) -> None:
        fields: dict[str, Any] = {
            "binaries": {**asdict(self.binaries), "folder": str(self.binaries.folder)},
            "identity": asdict(self.identity),
            "home": str(self.home),
            "data": str(self.data),
            "socket_folder": str(self.socket_folder),
        }
        write_private(self.home / "postgres.json", json.dumps(fields, indent=1))

    def description(self) -> str:
        how = {
            "direct": "",
            "namespace": ", in a user namespace because this is root",
            "account": f", as {self.identity.name} because this is root; its data is in {self.data.parent}",
        }[self.identity.mode]
        origin = "of the system" if self.binaries.kind == "system" else "from the lock file"
        return f"Postgres {self.binaries.major} {origin}{how}"

    def running_pid(self) -> int | None:
        """The server's process, if it lives. A number that now belongs to something else is not it."""
        pid = self._recorded_pid()
        return pid if pid is not None and pid in self._processes() else None

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def _processes(self) -> set[int]:
        """All live processes of this data folder: the server works in it, and so do its children."""
        found = set()
        for process in psutil.process_iter():
            try:
                if (
                    process.name().startswith("postgres")
                    and process.status() != psutil.STATUS_ZOMBIE
                    and Path(process.cwd()) == self.data
                ):
                    found.add(process.pid)
            except (psutil.Error, OSError):
                continue
        return found

    def start(self) -> None:
        if not os.access(self.binaries.folder / "postgres", os.X_OK):
            # upgraded or moved since: the same major version, elsewhere
            self.binaries = find_binaries(self.binaries.major)
            if self.identity.mode == "account":
                self.binaries = copy_for_account(self.binaries, self.data.parent)
        self._restore_socket_folder()
        if not (self.data / "PG_VERSION").exists():
            self._init()
        self._clear_leftovers()
        log = self.home / "logs" / "postgres.log"
        log.parent.mkdir(mode=0o700, exist_ok=True)
        options = {
            **SETTINGS,
            **sized_for(_memory_bytes()),
            "wal_compression": self._wal_compression(),
            "unix_socket_directories": str(self.socket_folder),
            **_shared_memory(),
        }
        command = [self.binaries.program("postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with private_append(log) as output:
            process = subprocess.Popen(
                self.identity.command(*command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd=self.data,
                env=_clean_environment(),
                **self.identity.popen_arguments(),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StackError(f"Postgres did not start: {_last_line(log)} (all of it: {log})")
            time.sleep(0.05)

    def _wal_compression(self) -> str:
        """The cheap way where this Postgres has it (the wheel has not), else none: its own takes a third of the time of
        a night that changes rows here and there."""
        asked = (self.binaries.program("postgres"), "-D", str(self.data), "-C", "wal_compression")
        command = self.identity.command(*asked, "-c", "wal_compression=lz4")
        answer = subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            cwd=self.data,
            env=_clean_environment(),
            **self.identity.popen_arguments(),
        )
        return "lz4" if answer.returncode == 0 else "off"

    def answers(self) -> bool:
        """Whether the server runs and takes connections; waits for one that is recovering, or dying."""
        deadline = time.monotonic() + START_SECONDS
        while self.running_pid() is not None:
            if self._accepts():
                return True
            if time.monotonic() > deadline:
                raise StackError(f"Postgres runs and takes no connection; see {self.home / 'logs'}")
            time.sleep(0.05)
        return False

    def _accepts(self) -> bool:
        try:
            psycopg.connect(
                host=str(self.socket_folder), port=PORT, user=ADMIN, dbname="postgres", connect_timeout=5
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        pid = self.running_pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)  # "fast": sessions are ended, data is written out
        deadline = time.monotonic() + 60
        while self._processes():
            if time.monotonic() > deadline:
                raise StackError(f"Postgres (process {pid}) does not stop; see {self.home / 'logs'}")
            _reap(pid)
            time.sleep(0.05)
        _reap(pid)
        with contextlib.suppress(OSError):
            self.socket_folder.rmdir()  # made again, under the same name, by the next start

    def _init(self) -> None:
        half_made = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(half_made, ignore_errors=True)
        said = ""
        for locale in self._locales():
            answer = subprocess.run(
                self.identity.command(
                    *(self.binaries.program("initdb"), "-D", str(half_made), "-U", ADMIN),
                    *("--encoding=UTF8", "--auth-local=trust", "--auth-host=reject", "--no-instructions"),
                    *locale,
                ),
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                env=_clean_environment(),
                **self.identity.popen_arguments(),
            )
            if answer.returncode == 0:
                # renamed when whole: an interrupted initdb must not look like a database
                half_made.rename(self.data)
                return
            said = (answer.stderr.strip() or answer.stdout.strip()).splitlines()[-1]
            shutil.rmtree(half_made, ignore_errors=True)
        raise StackError(f"initdb failed: {said}")

    def _locales(self) -> list[list[str]]:
        """Text sorts by code point everywhere; letter case knows all of Unicode where that can be had."""
        if self.binaries.major >= 17:
            return [["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]]
        return [["--lc-collate=C", f"--lc-ctype={ctype}"] for ctype in ("C.UTF-8", "en_US.UTF-8", "C")]

    def _clear_leftovers(self) -> None:
        """Wait for a crashed server's children, then remove its mark if another process has its number."""
        deadline = time.monotonic() + 20
        while self._processes():
            if time.monotonic() > deadline:
                raise StackError(f"processes of a crashed Postgres still use {self.data}")
            time.sleep(0.05)
        pid = self._recorded_pid()
        if pid is not None:
            _reap(pid)
            if psutil.pid_exists(pid):
                # Postgres itself removes the mark of a process that is gone, never that of a number in use
                (self.data / "postmaster.pid").unlink(missing_ok=True)
        for left in self.socket_folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)

    def _restore_socket_folder(self) -> None:
        """Make the socket's folder again, under its old name if it can be: a reboot may have removed it."""
        folder, owner = self.socket_folder, self.identity.user
        owner = os.geteuid() if owner is None else owner
        try:
            folder.mkdir(mode=0o700)
            if self.identity.mode == "account":
                os.chown(folder, owner, self.identity.group or 0)
        except FileExistsError:
            pass
        except OSError:
            self.socket_folder = _new_socket_folder(self.identity)
        status = self.socket_folder.lstat()
        if folder.is_symlink() or status.st_uid != owner or status.st_mode & 0o077:
            self.socket_folder = _new_socket_folder(self.identity)
        self.save()

    def remove_outside(self) -> None:
        shutil.rmtree(self.socket_folder, ignore_errors=True)
        if self.home not in self.data.parents:
            shutil.rmtree(self.data.parent, ignore_errors=True)
        (self.home / "postgres.json").unlink(missing_ok=True)


def _new_socket_folder(identity: Identity) -> Path:
    place = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="cx-", dir=place if len(place) < LONGEST_SOCKET_FOLDER - 12 else "/tmp"))
    if identity.mode == "account":
        os.chown(folder, identity.user or 0, identity.group or 0)
    return folder


def _shared_memory() -> dict[str, str]:
    """Containers often have 64 MB of /dev/shm, too little for parallel queries: use files there."""
    try:
        status = os.statvfs("/dev/shm")
        small = status.f_frsize * status.f_blocks < 256 * 2**20
    except OSError:
        return {}
    return {"dynamic_shared_memory_type": "mmap"} if small else {}


def _memory_bytes() -> int:
    """What this machine has, or what its container may have of it."""
    total: int = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # "max": no limit
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


def sized_for(memory: int) -> dict[str, str]:
    """Settings for a server that shares `memory` (bytes) with everything else of the stack: half of the quarter that
    Postgres' manual has for a machine of its own."""
    megabytes = memory // 2**20
    return {
        "shared_buffers": f"{min(max(megabytes // 8, 128), 2048)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 256)}MB",
        "maintenance_work_mem": f"{min(max(megabytes // 48, 64), 512)}MB",
    }


def _clean_environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {"LC_ALL": "C", **{name: os.environ[name] for name in kept if name in os.environ}}


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines[-20:] if "FATAL" in line or "PANIC" in line]
    return (telling or lines or ["it said nothing"])[-1]


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


@contextlib.contextmanager
def private_append(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
