"""Where things stand: the checkout, and the private home below it that holds all data of the local stack."""

import json
import os
from pathlib import Path
from typing import Any

from stack.errors import StackError

ROOT = Path(__file__).resolve().parents[1]


def default_home() -> Path:
    """The home of this checkout's stack: `.cx`, or what CX_HOME says."""
    return Path(os.environ.get("CX_HOME") or ROOT / ".cx").resolve()


def private_directory(path: Path) -> Path:
    """Make `path` readable by its owner only; a folder that is there keeps its mode, and must be ours."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"cannot make the folder {path}: {error.strerror}") from error
    if path.stat().st_uid != os.geteuid():
        raise StackError(f"{path} belongs to another user; remove it, or set CX_HOME to a folder of yours")
    return path


def private_home(home: Path) -> Path:
    """The folder of all data, closed to others. Only the project's own folder is closed by force."""
    private_directory(home)
    if home.stat().st_mode & 0o077:
        if home != ROOT / ".cx":
            raise StackError(f"others can read {home}, where customers' records would lie: chmod 700 {home}")
        home.chmod(0o700)
    return home


def write_private(path: Path, text: str) -> None:
    """Replace a file at once with one that only its owner can read, from its first byte on."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


def read_fields(path: Path) -> dict[str, Any]:
    """What a JSON file of the home remembers; nothing where there is none, or none that is whole."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    except (FileNotFoundError, ValueError):
        return {}
