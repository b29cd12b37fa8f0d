"""The conditions by which an erasure finds a person say what the regular expression alone says."""

from __future__ import annotations

import re

import psycopg
import pytest
from psycopg import sql

from cx_warehouse.privacy.traces import Traces
from tests.conftest import Warehouse

EMAILS = {"anna@x.example", "100%_sure\\@x.example"}
PHONES = {"48600100200", "1555"}
NAMES = {"anna król", "мария петрова", "zażółć gęślą"}
KEYS = {"hubspot:12"}
AROUND = ("{}", "Write to {}, please", "x{}", "{}x", '"{}"', "({})", "{}1", "{}.org", " {}\n", "jo{}")


def written(value: str) -> list[str]:
    """As people and programs write it."""
    spread = " ".join(value)
    return [value, value.upper(), value.title(), f"+{value}", f"00{value}", f"{value[:3]} {value[3:]}",
            f"({value[:4]}) {value[4:7]}-{value[7:]}", value.replace(" ", "."), value[-9:], spread]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        # letters whose small and great forms do not answer to each other: no hint can be given
        NAMES | {"κώστας άννας", "istanbul ışık"},
    ],
)
def test_hints_miss_nothing(warehouse: Warehouse, names: set[str]) -> None:
    traces = Traces.of(EMAILS, PHONES, names, KEYS)
    assert (traces.values.hints is None) is (names is not NAMES)
    values = EMAILS | PHONES | names | KEYS
    texts = [place.format(text) for value in values for text in written(value) for place in AROUND]
    statement = sql.SQL("select {} ~* {}, {} from unnest({}::text[]) as text").format(
        sql.Identifier("text"),
        sql.Literal(traces.everything.regex),
        traces.everything.found_in(sql.Identifier("text")),
        sql.Literal(texts),
    )
    with psycopg.connect(warehouse.dsn()) as connection:
        rows = connection.execute(statement).fetchall()
    assert [found for _, found in rows] == [matched for matched, _ in rows]
    assert {found for _, found in rows} == {True, False}
    # and in files
    wanted = re.compile(traces.everything.regex, re.IGNORECASE)
    assert [text for text in texts if wanted.search(text) and not traces.everything.may_be_in(text)] == []


def test_nobody_is_found_by_nothing(warehouse: Warehouse) -> None:
    condition = Traces.of((), (), (), ()).everything.found_in(sql.Literal("a^b and more"))
    with psycopg.connect(warehouse.dsn()) as connection:
        assert connection.execute(sql.SQL("select {}").format(condition)).fetchone() == (False,)
