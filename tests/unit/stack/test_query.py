"""Rows on the command line are aligned, numbers to the right, and hold their line."""

from datetime import UTC, datetime
from decimal import Decimal

from stack.query import table


def test_columns_are_as_wide_as_their_longest_value() -> None:
    rows = [("Łódź", 7, Decimal("1.50"), None), ("x", 12_000, None, True)]
    assert table(["city", "n", "mean", "is_open"], rows) == (
        "city |     n | mean | is_open\n"
        "-----+-------+------+--------\n"
        "Łódź |     7 | 1.50 |\n"
        "x    | 12000 |      | t\n"
        "(2 rows)"
    )


def test_value_with_a_line_break_stays_on_one_line() -> None:
    printed = table(["body"], [("first\nsecond",)])
    assert printed.splitlines() == ["body", "-------------", "first\\nsecond", "(1 row)"]


def test_json_bytes_and_times_are_readable() -> None:
    printed = table(["j", "b", "t"], [({"a": "ż"}, b"\x00\xff", datetime(2026, 1, 2, 3, tzinfo=UTC))])
    assert '{"a": "ż"} | \\x00ff | 2026-01-02 03:00:00+00:00' in printed


def test_no_rows_still_have_their_names() -> None:
    assert table(["n"], []) == "n\n-\n(0 rows)"
