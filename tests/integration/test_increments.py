"""Some nights that each built only what had changed leave the support tables as one build from nothing does: the
marts, and what stands between them and the conformed tickets."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from cx_warehouse.database import bootstrap
from cx_warehouse.transform.dbt import dbt_build
from tests.company_nights import CompanyNights, begin_build, company_nights
from tests.conftest import copied_warehouse
from tests.e2e.compare import differences

pytestmark = pytest.mark.timeout(1_800)
# The first two nights fill the two sets. By the later ones windows of seven days have closed over tickets of the first.
NIGHTS = (0, 1, 3, 2, 3)
# Where a first attempt at the last night's layers ends: what decides is built, not all that it is decided for.
KILLED_BEFORE = ("int_ticket__moves_daily", "mart_support__cohorts", "mart_support__outcomes", "mart_support__tickets")
# What a build touches is of that build: a full one touches everything. Numbers of members are given as they are met.
TOUCHED, NUMBERED = "_(touched|restated)(_|$)", "cut_members"

Rows = dict[str, list[str]]


@pytest.fixture(scope="module")
def caught_up(postgres, warehouse_template, tmp_path_factory) -> Iterator[CompanyNights]:
    """A warehouse after its nights, the last three of which were increments."""
    with copied_warehouse(postgres, warehouse_template) as warehouse:
        bootstrap(warehouse.dsn())
        with company_nights(warehouse, tmp_path_factory.mktemp("home"), customers=30, days=20) as made:
            kinds = [made.kind_of(made.night(days=days)) for days in NIGHTS[:-1]]
            warehouse.rows("comment on column previous.fct_tickets.status is 'what was said of it before'")
            kinds.append(made.kind_of(made.night(days=NIGHTS[-1], killed_before=KILLED_BEFORE)))
            assert kinds == ["full", "full", "incremental", "incremental", "incremental"]
            yield made


@pytest.fixture(scope="module")
def caught_up_rows(caught_up: CompanyNights) -> Rows:
    """The support tables before anything else is done to them."""
    return support_rows(caught_up)


@pytest.fixture(scope="module")
def touched(caught_up: CompanyNights, caught_up_rows: Rows) -> dict[str, int]:
    """How many tickets, days and periods the last increment touched."""
    return {
        table: int(str(caught_up.warehouse.value(f"select count(*) from {table}")))
        for table in touched_tables(caught_up)
    }


def test_increments_tell_the_truth(caught_up: CompanyNights) -> None:
    assert differences(caught_up.warehouse.dsn(), caught_up.sandbox.control.truth) == []
    for mart in ("durations", "shares"):
        found = caught_up.warehouse.rows(f"select distinct dimension from marts.mart_support__{mart}")
        assert {cut for (cut,) in found} == {"all", "channel", "topic", "team", "agent", "segment", "account"}, mart


def test_dbt_parses_the_project_once_for_all_nights(caught_up: CompanyNights) -> None:
    """Another night's number and clock are no reason to: it would take a quarter of a small night."""
    logs = [path.read_text() for path in (caught_up.home / "dbt" / "logs").glob("dbt.log*")]
    assert sum(text.count("Running with dbt=") for text in logs) >= 3 * len(NIGHTS)
    assert sum(text.count("Unable to do partial parsing") for text in logs) == 1


def test_what_a_night_tells_dbt_is_told_to_nothing_after_it(caught_up: CompanyNights) -> None:
    assert caught_up.home.exists(), "nights were built in this process"
    assert not {"CX_BUILD_NUMBER", "CX_AS_OF", "CX_PG_PASSWORD"} & set(os.environ)


def test_an_increment_writes_only_comments_that_differ(caught_up: CompanyNights) -> None:
    said = caught_up.warehouse.value(
        "select col_description(attrelid, attnum) from pg_attribute "
        "where attrelid = 'marts.fct_tickets'::regclass and attname = 'status'"
    )
    assert said and said != "what was said of it before"
    ages = dict(
        caught_up.warehouse.rows(
            """select objoid::regclass::text, min(age(xmin)) from pg_description
               where classoid = 'pg_class'::regclass
                   and objoid in ('marts.fct_tickets'::regclass, 'marts.fct_ticket_replies'::regclass) group by 1"""
        )
    )
    [(night,)] = caught_up.warehouse.rows(
        "select max(age(xmin)) from ops.dbt_nodes where build_number = (select max(build_number) from ops.dbt_nodes)"
    )
    assert ages["marts.fct_tickets"] < night < ages["marts.fct_ticket_replies"]


def test_increments_leave_what_a_full_build_gives(
    caught_up: CompanyNights, caught_up_rows: Rows, touched: dict[str, int]
) -> None:
    caught_up.build(full=True)
    whole = support_rows(caught_up)
    assert whole.keys() == caught_up_rows.keys()
    assert {"marts_intermediate.int_ticket__moves", "marts.mart_support__outcomes_daily"} <= whole.keys()
    for table, rows in whole.items():
        assert rows, table
        assert caught_up_rows[table] == rows, table
    # else the increments would be full builds by another name, and the comparison would say nothing
    for table, number in touched.items():
        if table.endswith(("touched_contacts", "touched_moves_before")):
            continue  # a full build reads everything, and asks for no list
        if table.endswith(("touched_activity", "touched_periods", "touched_outcomes")):
            continue  # three days of orders and answers may reach into each of the few weeks and months there are
        assert number < int(str(caught_up.warehouse.value(f"select count(*) from {table}"))), table


def test_a_second_attempt_lists_what_the_first_has_listed(caught_up: CompanyNights) -> None:
    """A customer is of another account now. The first attempt wrote that into their ticket, and was killed before it
    counted the accounts' months again: nothing else tells the second one that they have to be."""
    number, whole = begin_build(caught_up.warehouse.dsn, caught_up.as_of)
    assert not whole
    [(ticket, customer, account)] = caught_up.warehouse.rows(
        """select ticket_key, customer_key, account_key
           from candidate.fct_tickets join candidate.dim_customers using (customer_key, account_key)
           order by ticket_key limit 1"""
    )
    caught_up.warehouse.rows(
        "update candidate.dim_customers set build_number = %s where customer_key = %s", number, customer
    )
    listed = "select ticket_key from candidate_intermediate.fct_tickets_touched where has_moved"
    for held in ("an account that they were of before", account):
        caught_up.warehouse.rows(
            "update candidate.fct_tickets set account_key = %s where ticket_key = %s", held, ticket
        )
        dbt_build(
            caught_up.warehouse.dsn("cx_builder"),
            "build_marts",
            ["fct_tickets_touched"],
            build_number=number,
            as_of=caught_up.as_of,
            full=False,
            target_path=caught_up.home / "dbt" / "target",
            log_path=caught_up.home / "dbt" / "logs",
        )
        assert caught_up.warehouse.rows(listed) == [(ticket,)], held


def support_rows(nights: CompanyNights) -> Rows:
    """Every row of the support tables, without the build that wrote it, sorted."""
    return {
        table: [
            row
            for (row,) in nights.warehouse.rows(
                f"select (to_jsonb(t) - 'build_number')::text from {table} as t order by 1"
            )
        ]
        for table in tables(nights, f"table_name !~ '{TOUCHED}|{NUMBERED}'")
    }


def touched_tables(nights: CompanyNights) -> list[str]:
    return tables(nights, f"table_name ~ '{TOUCHED}'")


def tables(nights: CompanyNights, condition: str) -> list[str]:
    """The published set's tables about tickets."""
    found = nights.warehouse.rows(
        f"""select table_schema || '.' || table_name from information_schema.tables
            where table_schema in ('marts', 'marts_intermediate') and table_name ~ '_(support|ticket|tickets|sla)(_|$)'
                and {condition} order by 1"""
    )
    return [table for (table,) in found]
