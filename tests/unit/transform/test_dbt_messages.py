"""What dbt says of a failed node reaches tables and alerts without the data that Postgres quotes."""

from __future__ import annotations

import pytest

from cx_warehouse.transform.dbt import without_values


@pytest.mark.parametrize(
    "message, kept",
    [
        (None, None),
        ("Got 3 results, configured to fail if != 0", "Got 3 results, configured to fail if != 0"),
        (
            'Database Error in model x\n  invalid input syntax for type numeric: "ann@mail.example"\n  LINE 4: "ann"',
            'Database Error in model x\n  invalid input syntax for type numeric: "…"',
        ),
        (
            'duplicate key value violates unique constraint "one"\n  DETAIL:  Key (email)=(ann@mail.example) exists.',
            'duplicate key value violates unique constraint "one"',
        ),
        ('column "revenue" does not exist', 'column "revenue" does not exist'),
    ],
)
def test_the_kind_of_the_fault_stays_and_the_data_goes(message, kept):
    assert without_values(message) == kept
