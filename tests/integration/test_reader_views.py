"""Readers' own views over the marts are carried across each switch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nights import Nights


@pytest.fixture
def analyst(nights: Nights) -> Iterator[str]:
    """A person's own role, with a schema of her own, as an administrator would make it."""
    role = f"anna_{nights.warehouse.database}"
    nights.admin(
        f"create role {role} login in role cx_reader",
        f"create schema analysis authorization {role}",
    )
    yield role
    nights.admin("drop schema analysis cascade", f"drop owned by {role}", f"drop role {role}")


def as_analyst(nights: Nights, role: str, *statements: str) -> list[tuple]:
    rows: list[tuple] = []
    with nights.session(role) as session:
        for statement in statements:
            cursor = session.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
    return rows


def test_readers_own_views_show_the_new_night_after_each_switch(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(
        nights,
        analyst,
        """create view analysis."My tickets" with (security_barrier) as
           select build_number as "Build" from marts.fct_tickets""",
        """create view analysis.both as select t."Build", c.build_number from analysis."My tickets" as t
           join marts.dim_customers as c on c.build_number = t."Build" """,
        """comment on view analysis.both is 'for the board'""",
        "grant select on analysis.both to cx_reader_pii",
    )
    nights.admin("grant usage on schema analysis to cx_reader_pii")
    for _ in range(4):
        number = nights.night()
        assert as_analyst(nights, analyst, "select * from analysis.both") == [(number, number)]
        assert as_analyst(nights, "cx_reader_pii", "select * from analysis.both") == [(number, number)]
    nights.rollback()
    assert as_analyst(nights, analyst, "select * from analysis.both") == [(number - 1, number - 1)]
    assert nights.warehouse.rows(
        """select relname, pg_get_userbyid(relowner) = %s, reloptions, obj_description(oid) from pg_class
           where relnamespace = 'analysis'::regnamespace order by 1""",
        analyst,
    ) == [("My tickets", True, ["security_barrier=true"], None), ("both", True, None, "for the board")]


def test_view_over_a_column_that_changed_its_type_is_made_anew(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(
        nights,
        analyst,
        "create view analysis.regions as select region from marts.dim_customers",
        "create view analysis.further as select region from analysis.regions",
        "comment on column analysis.regions.region is 'where'",
        "grant select on analysis.further to cx_reader_pii",
    )
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    nights.admin(
        "alter table candidate.dim_customers alter column region type varchar(3)",
        "update candidate.dim_customers set region = 'pl'",
    )
    assert nights.publish(number).broken_views == []
    assert as_analyst(nights, analyst, "select region from analysis.further") == [("pl",)]
    assert nights.warehouse.rows(
        """select pg_get_userbyid(relowner) = %s, col_description(oid, 1),
               has_table_privilege('cx_reader_pii', oid, 'select')
           from pg_class where relnamespace = 'analysis'::regnamespace order by relname""",
        analyst,
    ) == [(True, None, True), (True, "where", False)]


def test_view_over_a_column_that_is_gone_waits_until_it_fits_again(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(
        nights,
        analyst,
        "create view analysis.regions as select region from marts.dim_customers",
        "create view analysis.further as select r.region from analysis.regions as r, marts.fct_tickets",
        "create view analysis.fine as select build_number from marts.dim_customers",
    )
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    nights.admin("alter table candidate.dim_customers drop column region")
    broken = nights.publish(number).broken_views
    assert [view.split(":")[0] for view in broken] == ["analysis.further", "analysis.regions"]
    assert "region" in broken[1]
    assert nights.seen() == number
    assert as_analyst(nights, analyst, "select * from analysis.fine") == [(number,)]
    assert nights.warehouse.rows("select to_regclass('analysis.regions')") == [(None,)]

    nights.night()
    assert as_analyst(nights, analyst, "select region from analysis.further") == [("x",)]


def test_dropped_view_stays_dropped(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(nights, analyst, "create view analysis.gone as select region from marts.dim_customers")
    nights.night()
    as_analyst(nights, analyst, "drop view analysis.gone")
    nights.night()
    assert nights.warehouse.rows("select to_regclass('analysis.gone')") == [(None,)]


def test_materialized_view_is_named_as_one_that_cannot_be_carried(nights: Nights, analyst: str) -> None:
    nights.night()
    as_analyst(nights, analyst, "create materialized view analysis.frozen as select region from marts.dim_customers")
    number = nights.claim()
    nights.prepare(number)
    nights.build(number)
    (broken,) = nights.publish(number).broken_views
    assert broken.startswith("analysis.frozen: a materialized view cannot be carried")
