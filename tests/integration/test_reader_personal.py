"""No personal value is within reach of `cx_reader`: every column of every relation that it may select from is searched
for everything personal that the made company's people have and wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import psycopg
import pytest
from dbt.cli.main import dbtRunner
from psycopg import sql

from cx_warehouse.database import bootstrap
from cx_warehouse.transform.dbt import PROJECT
from sandbox.model import CommentAdded, SurveyResponse
from tests.company_nights import CompanyNights, company_nights
from tests.conftest import copied_warehouse

pytestmark = pytest.mark.timeout(600)
READER, PII_READER = "cx_reader", "cx_reader_pii"
# Names of columns that speak of what is personal, and hold none of it.
SPEAKS_ONLY = re.compile(r"^(is|has)_|_(source|sources)$|_known$")
PERSONAL_NAME = re.compile(r"e_?mail|phone|full_name|first_name|last_name|address|street|birth|comment_text|postal")


@pytest.fixture(scope="module")
def nights(postgres, warehouse_template, tmp_path_factory) -> Iterator[CompanyNights]:
    """One published night."""
    with copied_warehouse(postgres, warehouse_template) as warehouse:
        bootstrap(warehouse.dsn())
        with company_nights(warehouse, tmp_path_factory.mktemp("home"), days=25) as made:
            made.night()
            yield made


@pytest.fixture(scope="module")
def personal(nights: CompanyNights) -> dict[str, set[str]]:
    """Everything personal, by kind: of the people whom the sandbox knows, what they wrote, and what landed in raw."""
    company = nights.sandbox.world.company
    people = company.people.values()
    events = nights.sandbox.world.events()
    raw = nights.warehouse.rows(
        """select 'email', record #>> '{properties,email}' from raw_hubspot.contacts
           union select 'email', record ->> 'email' from raw_zendesk.users
           union select 'phone', record #>> '{properties,phone}' from raw_hubspot.contacts
           union select 'phone', record ->> 'phone' from raw_zendesk.users
           union select 'name', record ->> 'name' from raw_zendesk.users
           union select 'name', concat_ws(' ', record #>> '{properties,firstname}', record #>> '{properties,lastname}')
           from raw_hubspot.contacts
           union select 'text', record ->> 'comment' from raw_zendesk.satisfaction_ratings
           union select 'text', record ->> 'description' from raw_zendesk.tickets
           union select 'text', record ->> 'subject' from raw_zendesk.tickets"""
    )
    found = {
        "email": {address for one in people for address in (one.email, *one.other_emails)},
        "phone": {one.phone for one in people if one.phone},
        "name": {f"{one.first_name} {one.last_name}" for one in people},
        "address": {one.address.street for one in people if one.address},
        "birth date": {one.date_of_birth.isoformat() for one in people if one.date_of_birth},
        "text": {event.body for event in events if isinstance(event, CommentAdded)}
        | {
            answer
            for event in events
            if isinstance(event, SurveyResponse)
            for answer in event.answers.values()
            if isinstance(answer, str) and "@" not in answer
        },
    }
    for kind, value in raw:
        if value:
            found[kind].add(value)
    return {kind: {value for value in values if len(value) > 6} for kind, values in found.items()}


def reach(dsn: str, personal: dict[str, set[str]]) -> dict[str, str]:
    """`schema.table.column` → the kind of what was found there, of all that the role of `dsn` may select."""
    found = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        columns = connection.execute(
            """select space.nspname, relation.relname, attribute.attname
               from pg_class as relation
               join pg_namespace as space on space.oid = relation.relnamespace
               join pg_attribute as attribute on attribute.attrelid = relation.oid and attribute.attnum > 0
                   and not attribute.attisdropped
               where relation.relkind in ('r', 'v', 'm', 'p', 'f')
                   and (space.nspname !~ '^(pg_|information_schema)'
                       or relation.relname in ('pg_stats', 'pg_description'))
                   and has_schema_privilege(space.oid, 'usage')
                   and has_column_privilege(relation.oid, attribute.attnum, 'select')"""
        ).fetchall()
        assert len(columns) > 100
        for schema, table, column in columns:
            values = connection.execute(
                sql.SQL("select distinct lower({}::text) from {}").format(
                    sql.Identifier(column), sql.Identifier(schema, table)
                )
            ).fetchall()
            text = "\n".join(value for (value,) in values if value)
            for kind, wanted in personal.items():
                if any(value.lower() in text for value in wanted):
                    found.setdefault(f"{schema}.{table}.{column}", kind)
    return found


def test_reader_reaches_nothing_personal(nights: CompanyNights, personal: dict[str, set[str]]) -> None:
    assert all(personal.values()), "each kind was searched for"
    assert reach(nights.warehouse.dsn(READER), personal) == {}


def test_the_search_finds_what_the_other_role_sees(nights: CompanyNights, personal: dict[str, set[str]]) -> None:
    found = reach(nights.warehouse.dsn(PII_READER), personal)
    assert found["marts.dim_customers_personal.email"] == "email"
    assert found["marts.dim_customers_personal.full_name"] == "name"
    assert found["marts.dim_customers_personal.birth_date"] == "birth date"
    assert found["marts.fct_comments_personal.comment_text"] == "text"
    assert {name.split(".")[1] for name in found} <= {"dim_customers_personal", "fct_comments_personal", "pg_stats"}


def test_the_search_notices_one_grant_too_many(nights: CompanyNights, personal: dict[str, set[str]]) -> None:
    nights.warehouse.rows("grant select (comment_text) on marts.fct_comments_personal to cx_reader")
    try:
        found = reach(nights.warehouse.dsn(READER), personal)
        assert found["marts.fct_comments_personal.comment_text"] == "text"
        assert all(name.startswith(("marts.fct_comments_personal.", "pg_catalog.pg_stats.")) for name in found)
    finally:
        nights.warehouse.rows("revoke all on marts.fct_comments_personal from cx_reader")
        nights.warehouse.rows("revoke all (comment_text) on marts.fct_comments_personal from cx_reader")


def readable(nights: CompanyNights, role: str) -> set[tuple[str, str]]:
    return set(
        nights.warehouse.rows(
            """select table_name, column_name from information_schema.columns
               where table_schema = 'marts'
                   and has_column_privilege(%s, format('marts.%%I', table_name), column_name, 'select')""",
            role,
        )
    )


def test_columns_tagged_personal_are_not_among_the_readers(nights: CompanyNights) -> None:
    target = nights.home / "dbt" / "target"
    paths = ("--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", target, "--log-path", target)
    assert dbtRunner().invoke(["parse", "--quiet", *map(str, paths)]).success
    manifest = json.loads((target / "manifest.json").read_text())
    tagged = {
        (model["name"], column["name"])
        for model in manifest["nodes"].values()
        if model["resource_type"] == "model" and "/marts/" in model["original_file_path"]
        for column in model["columns"].values()
        if {**column.get("meta", {}), **column.get("config", {}).get("meta", {})}.get("pii")
    }
    assert ("dim_customers_personal", "email") in tagged and ("fct_comments_personal", "comment_text") in tagged
    assert not tagged & readable(nights, READER)
    assert tagged <= readable(nights, PII_READER)


def test_no_column_of_a_personal_name_is_among_the_readers(nights: CompanyNights) -> None:
    """A personal column that somebody forgot to tag, and that the made company happens to leave empty."""
    suspicious = {
        f"{table}.{column}"
        for table, column in readable(nights, READER)
        if PERSONAL_NAME.search(column) and not SPEAKS_ONLY.search(column)
    }
    assert suspicious <= {
        "mart_customer__360.marketing_email_consent",
        "mart_customer__360.marketing_email_consent_at",
    }
