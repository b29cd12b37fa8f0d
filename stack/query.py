"""The warehouse from the command line: a psql prompt, or the rows of one query as a table."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stack.errors import StackError

SEARCH_PATH = "marts, ops, public"


def open_prompt(home: Path, dsn: str) -> None:
    """Replace this process with psql: the one beside the embedded server, or any on PATH."""
    program = _psql(home)
    if program is None:
        raise StackError("there is no psql here; make psql SQL='select ...' needs none")
    environment = {"PSQLRC": os.devnull, **os.environ, "PGOPTIONS": f"-c search_path={_escape(SEARCH_PATH)}"}
    part = conninfo_to_dict(dsn)
    if password := part.pop("password", None):
        environment["PGPASSWORD"] = str(password)  # an argument would show it to every user of the machine
    os.execve(program, [program, "--set=ON_ERROR_STOP=0", make_conninfo("", **part)], environment)


def print_rows(dsn: str, statement: str) -> None:
    """Print what each statement gives, aligned, and commit. Raises StackError with the database's words."""
    try:
        with psycopg.connect(dsn, options=f"-c search_path={_escape(SEARCH_PATH)}") as connection:
            cursor = connection.execute(statement.encode())
            while True:
                if cursor.description:
                    print(table([column.name for column in cursor.description], cursor.fetchall()))
                else:
                    print(cursor.statusmessage)
                if not cursor.nextset():
                    return
    except psycopg.Error as error:
        detail = error.diag.message_primary or str(error)
        hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
        raise StackError(f"{detail}{hint}") from error


def table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as aligned text, numbers to the right."""
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(len(name), *(len(row[i]) for row in texts), 0) for i, name in enumerate(names)]
    is_number = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(names))]
    lines = [
        _line(names, widths, is_number),
        "-+-".join("-" * width for width in widths),
    ]
    lines += [_line(row, widths, is_number) for row in texts]
    return "\n".join(line.rstrip() for line in lines) + f"\n({len(rows)} row{'' if len(rows) == 1 else 's'})"


def _line(cells: Sequence[str], widths: Sequence[int], to_the_right: Sequence[bool]) -> str:
    placed = zip(cells, widths, to_the_right, strict=True)
    return " | ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in placed)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    return str(value).replace("\n", "\\n")


def _is_number(value: Any) -> bool:
    from decimal import Decimal

    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))


def _psql(home: Path) -> str | None:
    try:
        folder = json.loads((home / "postgres.json").read_text())["binaries"]["folder"]
    except (OSError, ValueError, KeyError):
        folder = ""
    return shutil.which("psql", path=folder) or shutil.which("psql")


def _escape(setting: str) -> str:
    return setting.replace(" ", "\\ ")
