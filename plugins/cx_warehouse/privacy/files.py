"""Removes a person from the files that nights leave: logs of tasks, validation results, dbt's target and logs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from cx_warehouse.landing.erased import BLANK
from cx_warehouse.privacy.traces import NEVER, Pattern

# Below the home; what is not named here holds no text of records (the database's own files, programs, secrets).
PLACES = ("airflow/logs", "data_docs", "dbt", "logs", "superset")
LARGEST_BYTES = 256 * 1024**2


def files_below(home: Path, places: Sequence[str] = PLACES) -> Iterator[Path]:
    """The files that may tell of a person."""
    for place in places:
        for path in sorted((home / place).rglob("*")) if (home / place).is_dir() else ():
            if path.is_file() and not path.is_symlink():
                yield path


def clean_files(home: Path, pattern: Pattern, counts: Counter[str]) -> None:
    """Blank what matches, in place: a task may be writing to the same file."""
    if pattern.regex == NEVER:
        return
    wanted = re.compile(pattern.regex, re.IGNORECASE)
    for path in files_below(home):
        try:
            if path.stat().st_size > LARGEST_BYTES:
                counts[f"files in {_place(home, path)} too large to be searched"] += 1
                continue
            text = path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            continue  # rotated away meanwhile
        cleaned, times = wanted.subn(BLANK, text) if pattern.may_be_in(text) else (text, 0)
        if times:
            with path.open("r+b") as file:
                file.write(cleaned.encode("utf-8", "surrogateescape"))
                file.truncate()
            counts[f"files in {_place(home, path)} blanked"] += 1


def _place(home: Path, path: Path) -> str:
    below = path.relative_to(home).as_posix()
    return next(place for place in PLACES if below.startswith(place))
