"""The borders in a real database: what breaks a night, what only warns, and what is kept of it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from cx_warehouse.database import bootstrap
from cx_warehouse.publishing import prepare_candidate
from cx_warehouse.quality import QualityError, Suite, Verdict, run_border
from cx_warehouse.quality.suite import figure, never_null, none_of, rows, table, values
from expectations.catalog import suites_of
from expectations.marts import freshness, support
from tests.conftest import Warehouse

AS_OF = datetime(2026, 3, 1, 2, tzinfo=UTC)


class Checked:
    """A warehouse with a running build, whose marts a test makes as it likes."""

    def __init__(self, warehouse: Warehouse, docs: Path) -> None:
        self.warehouse, self.docs, self.build, self.as_of = warehouse, docs, 0, AS_OF

    def begin(self) -> int:
        """The next night's build; the one before was published."""
        self.sql("update ops.builds set status = 'published' where status = 'running'")
        self.as_of += timedelta(days=1)
        self.build = int(
            str(
                self.warehouse.value(
                    "insert into ops.builds (as_of, kind) values (%s, 'incremental') returning build_number", self.as_of
                )
            )
        )
        return self.build

    def sql(self, *statements: str) -> None:
        with psycopg.connect(self.warehouse.dsn(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def marts(self, *statements: str) -> None:
        with psycopg.connect(self.warehouse.dsn("cx_builder"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def run(self, border: str, suites: Sequence[Suite] | None = None) -> Verdict:
        return run_border(
            border,
            self.warehouse.dsn("cx_builder"),
            self.build,
            as_of=self.as_of,  # type: ignore[arg-type]
            docs_dir=self.docs,
            suites=suites,
        )

    def stored(self, where: str = "true") -> list[tuple]:
        return self.warehouse.rows(
            f"select suite, table_name, column_name, severity, success, message from ops.validations where {where} "
            "order by suite, table_name, column_name"
        )


@pytest.fixture
def checked(warehouse: Warehouse, tmp_path: Path) -> Checked:
    bootstrap(warehouse.dsn())  # a copied database has not the template's own grants
    with psycopg.connect(warehouse.dsn("cx_publisher"), autocommit=True) as publisher:
        prepare_candidate(publisher, False)
    found = Checked(warehouse, tmp_path / "docs")
    found.begin()
    return found


TICKETS = """create table candidate.mart_support__tickets as
    select 'zendesk:' || n as ticket_key, 'someone@example.com' as requester, n::numeric as first_response_minutes,
        null::numeric as first_response_zendesk_minutes, timestamptz '2026-02-01' as created_at,
        timestamptz '2026-02-01' as first_customer_turn_at,
        timestamptz '2026-02-01' + n * interval '1 minute' as first_response_at,
        null::timestamptz as first_solved_at, null::timestamptz as last_solved_at, 'open' as status
    from generate_series(1, 100) as n"""
TICKETS_ONLY = [Suite("marts.support", (support.TICKETS,))]


# --- a night passes, or does not -------------------------------------------------------------------------------------


def test_good_mart_passes_and_every_result_is_stored(checked: Checked) -> None:
    checked.marts(TICKETS)
    verdict = checked.run("marts", TICKETS_ONLY)
    assert verdict.passed
    assert verdict.warnings == []
    verdict.raise_if_critical()
    assert len(checked.stored()) == len(support.TICKETS.checks)
    assert checked.stored("not success") == []


def test_negative_response_time_stops_the_night_and_is_named(checked: Checked) -> None:
    checked.marts(
        TICKETS,
        "update candidate.mart_support__tickets set first_response_minutes = -1 where first_response_minutes <= 3",
    )
    verdict = checked.run("marts", TICKETS_ONLY)
    assert [(found.dataset, found.check.column) for found in verdict.critical] == [
        ("mart_support__tickets", "first_response_minutes")
    ]
    with pytest.raises(
        QualityError,
        match=r"mart_support__tickets\.first_response_minutes: no answer came before the "
        r"question \(not so in 3 of 100 rows\)",
    ):
        verdict.raise_if_critical()
    (row,) = checked.stored("not success")
    assert row[:5] == ("marts.support", "mart_support__tickets", "first_response_minutes", "critical", False)
    assert (
        checked.warehouse.value("select observed ->> 'unexpected_count' from ops.validations where not success") == "3"
    )


def test_warning_is_shown_and_stops_nothing(checked: Checked) -> None:
    checked.marts(
        TICKETS, "update candidate.mart_support__tickets set status = 'snoozed' where first_response_minutes = 7"
    )
    verdict = checked.run("marts", TICKETS_ONLY)
    verdict.raise_if_critical()
    assert [found.check.column for found in verdict.warnings] == ["status"]
    assert "warning  mart_support__tickets.status" in str(verdict)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("drop table candidate.mart_support__tickets", "there is no such table"),
        ("alter table candidate.mart_support__tickets drop column first_response_minutes", "first_response_minutes"),
    ],
)
def test_mart_that_cannot_be_checked_stops_the_night(checked: Checked, spoil: str, message: str) -> None:
    checked.marts(TICKETS, spoil)
    verdict = checked.run("marts", TICKETS_ONLY)
    assert any(message in str(found) and "could not be checked" in str(found) for found in verdict.critical)


def test_query_that_fails_is_a_finding_and_the_others_are_still_made(checked: Checked) -> None:
    checked.marts(TICKETS)
    broken = rows("broken", "select count(*) as n from {marts}.nowhere", none_of("n", "nothing is nowhere to be found"))
    verdict = checked.run("marts", [Suite("marts.x", (broken, support.TICKETS))])
    assert [found.dataset for found in verdict.critical] == ["broken"]
    assert "nowhere" in (verdict.critical[0].error or "")
    assert len(verdict.outcomes) == 1 + len(support.TICKETS.checks)


def test_figures_are_taken_of_this_build_and_its_clock(checked: Checked) -> None:
    mine = rows(
        "clock",
        "select {build_number} as build, extract(epoch from {as_of}) as moment, count(*) as n from {marts}.t",
        figure("build", "the query is about this build", least=checked.build, most=checked.build),
        figure("moment", "the query is of this clock", least=checked.as_of.timestamp(), most=checked.as_of.timestamp()),
        none_of("n", "there is nothing in the table"),
    )
    checked.marts("create table candidate.t (x int)")
    assert checked.run("marts", [Suite("marts.clock", (mine,))]).passed
    checked.marts("insert into candidate.t values (1)")
    verdict = checked.run("marts", [Suite("marts.clock", (mine,))])
    assert [str(found) for found in verdict.critical] == ["clock.n: there is nothing in the table (it is 1)"]
    assert len(checked.stored()) == 3  # in place of the first attempt's


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_nothing_kept_holds_a_credential_or_a_person(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is a decoy (the test server asks for none), and one column holds an address."""
    checked.marts(TICKETS)
    dsn = checked.warehouse.dsn("cx_builder").replace("cx_builder@", "cx_builder:decoy-Pa55word@")
    suite = Suite("marts.private", (
        table("mart_support__tickets",
              values("first_response_minutes", "every answer took three minutes at least", least=3),
              never_null("first_solved_at", "every ticket is solved by now"),
              values("requester", "a text compared with a number cannot be checked", least=0)),
        table("nowhere", never_null("requester", "every row has a requester")),
        rows("people", "select requester, 1 / (first_response_minutes - 5) as x from {marts}.mart_support__tickets",
             never_null("x", "a division by nothing cannot be checked")),
    ))  # fmt: skip
    environment = dict(os.environ)
    verdict = run_border("marts", dsn, checked.build, as_of=checked.as_of, docs_dir=checked.docs, suites=[suite])
    assert not verdict.passed
    assert len([found for found in verdict.critical if found.error]) == 3
    kept = str(checked.warehouse.rows("select * from ops.validations"))
    kept += "".join(path.read_text() for path in checked.docs.rglob("*") if path.is_file()) + str(verdict)
    for secret in ("decoy-Pa55word", "someone@example.com", checked.warehouse.server.host):
        assert secret not in kept
    left = {name: value for name, value in os.environ.items() if environment.get(name) != value}
    assert not any("decoy" in value for value in left.values())


def test_data_docs_are_readable_without_a_network(checked: Checked) -> None:
    checked.marts(TICKETS, "update candidate.mart_support__tickets set first_response_minutes = -1")
    checked.run("marts", TICKETS_ONLY)
    first = checked.build
    checked.begin()
    checked.run("marts", TICKETS_ONLY)
    assert sorted(path.name for path in checked.docs.iterdir()) == [
        f"build-{first}-marts.html",
        f"build-{checked.build}-marts.html",
        "index.html",
    ]
    for page in checked.docs.iterdir():
        text = page.read_text()
        assert not re.search(r"https?://|<script|<link|@import|url\(", text), page.name
        for link in re.findall(r'href="([^"]+)"', text):
            assert (checked.docs / link).exists(), link
    page = (checked.docs / f"build-{first}-marts.html").read_text()
    assert "no answer came before the question" in page
    assert "1 critical failures" in page


# --- the catalog's raw suites ----------------------------------------------------------------------------------------


def land(
    checked: Checked,
    count: int,
    *,
    key: str = "n::text",
    record: str | None = None,
    changed: str = "now()",
    stream: str = "tickets",
) -> None:
    """New versions in a raw table, and the account of the run that brought them."""
    record = (
        record
        or """'{"status": "open", "requester_id": 1, "submitter_id": 1, "via": {"channel": "web"},
        "priority": null, "tags": [], "created_at": "2026-01-01T00:00:00Z"}'"""
    )
    checked.sql(
        f"""insert into raw_zendesk.{stream} (key, record, changed_at, run_id, content_hash, is_deleted)
            select {key}, {record}, {changed}, gen_random_uuid(), '', false from generate_series(1, {count}) as n""",
        f"""insert into ops.ingest_runs (run_id, source, stream, as_of, status, records)
            values (gen_random_uuid(), 'zendesk', '{stream}', '{checked.as_of.isoformat()}', 'succeeded', {count})""",
    )
    freeze(checked, stream)


def freeze(checked: Checked, stream: str = "tickets") -> None:
    checked.sql(
        f"delete from ops.build_high_water where build_number = {checked.build} and stream = '{stream}'",
        f"""insert into ops.build_high_water (build_number, source, stream, sequence)
            select {checked.build}, 'zendesk', '{stream}', coalesce(max(sequence), 0) from raw_zendesk.{stream}""",
    )


def raw_zendesk(checked: Checked) -> dict[str, str]:
    """The broken expectations of the raw border of Zendesk: column → severity."""
    verdict = checked.run("raw", [suite for suite in suites_of("raw") if suite.name == "raw.zendesk"])
    assert [found.error for found in verdict.outcomes if found.error] == []
    return {str(found.check.column): found.check.severity for found in [*verdict.critical, *verdict.warnings]}


def test_whole_raw_border_passes_on_an_empty_warehouse_and_is_quick(checked: Checked) -> None:
    began = time.monotonic()
    verdict = checked.run("raw")
    assert [str(found) for found in verdict.outcomes if not found.success] == []
    assert len(verdict.outcomes) > 100
    assert time.monotonic() - began < 30  # 4 s on an idle machine


def test_ordinary_nights_raise_nothing(checked: Checked) -> None:
    for _ in range(3):
        land(checked, 60, changed=f"timestamptz '{checked.as_of.isoformat()}'")
        assert raw_zendesk(checked) == {}
        checked.begin()


def test_lost_versions_are_critical_unless_everything_is_rebuilt(checked: Checked) -> None:
    land(checked, 60, changed="null")
    checked.begin()
    checked.sql("delete from raw_zendesk.tickets where sequence > 50")
    freeze(checked)
    assert raw_zendesk(checked) == {"versions_lost": "critical"}
    checked.sql(f"update ops.builds set kind = 'full' where build_number = {checked.build}")
    assert raw_zendesk(checked) == {}


def test_changed_table_of_raw_is_critical(checked: Checked) -> None:
    checked.sql("alter table raw_zendesk.tickets add column extra int")
    assert raw_zendesk(checked) == {"misshapen_tables": "critical"}


@pytest.mark.parametrize(
    ("landing", "broken"),
    [
        ({"key": "' '"}, {"keys_missing": "critical"}),
        ({"changed": "timestamptz '2026-03-02 02:10Z'"}, {"changed_ahead": "warning"}),
        ({"record": """'{"status": "open"}'"""}, {"fields_gone": "warning"}),
    ],
)
def test_odd_records_are_noticed(checked: Checked, landing: dict[str, str], broken: dict[str, str]) -> None:
    land(checked, 60, **{"changed": "null", **landing})
    assert raw_zendesk(checked) == broken
    checked.begin()
    freeze(checked)
    assert raw_zendesk(checked) == {}  # what was seen with one build is not looked at again


def test_unusual_volume_and_many_refusals_warn(checked: Checked) -> None:
    for _ in range(6):
        land(checked, 80, changed="null")
        assert raw_zendesk(checked) == {}
        checked.begin()
    land(checked, 2, changed="null")
    checked.sql(f"update ops.ingest_runs set quarantined = 1 where as_of = '{checked.as_of.isoformat()}'")
    assert raw_zendesk(checked) == {"volume": "warning", "quarantined_share": "warning"}


# --- freshness -------------------------------------------------------------------------------------------------------


def test_old_source_of_the_night_warns_and_a_disabled_one_does_not(checked: Checked) -> None:
    checked.sql(
        f"""insert into ops.nights (as_of, sources, deadline_at)
            values ('{checked.as_of.isoformat()}', '{{zendesk, hubspot}}', now())""",
        f"""insert into ops.build_high_water (build_number, source, stream, sequence)
            select {checked.build}, source, 'x', 0 from unnest('{{zendesk, hubspot, ga4}}'::text[]) as source""",
    )
    checked.marts("""create table candidate.source_freshness as
        select * from (values ('zendesk', 60.0, true, 'failed'), ('hubspot', 1.0, false, 'succeeded'),
            ('ga4', null, true, 'succeeded')) as row (source, age_hours, is_stale, last_status)""")
    verdict = checked.run("marts", [freshness.suite()])
    verdict.raise_if_critical()
    assert [(found.check.column, found.observed["unexpected_count"]) for found in verdict.warnings] == [
        ("is_fresh", 1),
        ("last_status", 1),
    ]

    checked.marts("delete from candidate.source_freshness where source = 'ga4'")
    assert [found.check.column for found in checked.run("marts", [freshness.suite()]).critical] == ["sources_unknown"]
