"""The suites, as data: complete, distinct, and made of expectations that Great Expectations accepts."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import get_args

import pytest

from cx_warehouse.connectors import registry
from cx_warehouse.publishing import PUBLISHED
from cx_warehouse.quality import Check, Night, Outcome, QualityError, Verdict
from cx_warehouse.quality.run import sqlalchemy_url
from cx_warehouse.quality.suite import Border, Dataset, Suite, none_of
from expectations.catalog import SUITES, suites_of

BORDERS: tuple[Border, ...] = get_args(Border)
NIGHT = Night(7, datetime(2026, 3, 1, 2, tzinfo=UTC))


def datasets(border: Border) -> list[tuple[Suite, Dataset]]:
    return [(suite, dataset) for suite in suites_of(border) for dataset in suite.datasets]


def test_every_registered_stream_has_its_raw_expectations() -> None:
    looked_at = {dataset.name for _, dataset in datasets("raw")}
    streams = {f"raw_{source}.{stream}" for source, streams in registry.streams().items() for stream in streams}
    assert looked_at == streams | {f"raw_{source}" for source in registry.SOURCES}


def test_every_published_table_is_looked_at() -> None:
    texts = " ".join(f"{dataset.name} {dataset.query or ''}" for _, dataset in datasets("marts"))
    # what was refused in conforming is counted from where it was refused
    texts += " mart_quality__rejected" if "int_survey__rejected" in texts and "int_order__rejected" in texts else ""
    assert [published.name for published in PUBLISHED if published.name not in texts] == []


@pytest.mark.parametrize("border", BORDERS)
def test_suites_are_distinct_and_each_check_says_what_it_promises(border: Border) -> None:
    assert set(SUITES) == set(BORDERS)
    names = Counter(f"{suite.name}: {dataset.name}" for suite, dataset in datasets(border))
    assert [name for name, times in names.items() if times > 1] == []
    for suite, dataset in datasets(border):
        assert suite.name.startswith(f"{border}.")
        assert dataset.checks
        repeated = Counter((check.expectation, str(sorted(check.arguments.items()))) for check in dataset.checks)
        assert max(repeated.values()) == 1, dataset.name
        for check in dataset.checks:
            assert len(check.says.split()) >= 4, check
            assert check.severity in ("critical", "warning")


@pytest.mark.parametrize("border", BORDERS)
def test_queries_are_whole_for_a_night(border: Border) -> None:
    for _, dataset in datasets(border):
        if dataset.query is not None:
            query = NIGHT.fill(dataset.query)
            assert query.lower().lstrip().startswith("select"), dataset.name
            assert "%" not in query, dataset.name  # SQLAlchemy doubles it
            assert "now()" not in query
            assert "current_" not in query
            for name in ("{marts}", "{staging}", "{intermediate}", "{build_number}", "{as_of}", "{{"):
                assert name not in query


def test_scores_and_freshness_never_stop_a_publish() -> None:
    """What is critical is whether a figure can be, not whether it is good."""
    freshness = [check for suite in suites_of("marts") if suite.name == "marts.freshness" for check in suite.checks]
    assert {check.severity for check in freshness if check.column in ("is_fresh", "last_status")} == {"warning"}
    for suite in suites_of("marts"):
        if suite.name == "marts.voice":
            bounds = [check for check in suite.checks if check.severity == "critical" and check.column == "value"]
            assert {check.arguments.get("column_B") for check in bounds} == {"lowest_possible", "ci_low"}


@pytest.mark.parametrize("border", BORDERS)
def test_great_expectations_accepts_every_check(border: Border) -> None:
    import great_expectations.expectations  # noqa: F401  # registers them
    from great_expectations.expectations.registry import get_expectation_impl

    for suite in suites_of(border):
        for check in suite.checks:
            made = get_expectation_impl(check.expectation)(
                **check.arguments, description=check.says, severity=check.severity
            )
            assert made.expectation_type == check.expectation
            assert made.severity == check.severity


def outcome(severity: str, success: bool) -> Outcome:
    check = none_of("lost", "nothing is lost", severity)  # type: ignore[arg-type]
    return Outcome("marts.any", "things counted", check, success, {"observed_value": 3})


def test_verdict_stops_on_critical_failures_only() -> None:
    good = Verdict("marts", [outcome("critical", True), outcome("warning", False)])
    good.raise_if_critical()
    assert good.passed
    assert [str(found) for found in good.warnings] == ["things counted.lost: nothing is lost (it is 3)"]

    bad = Verdict("marts", [outcome("critical", False), outcome("warning", False)])
    assert not bad.passed
    with pytest.raises(QualityError, match=r"1 critical expectations on marts failed: things counted\.lost: nothing"):
        bad.raise_if_critical()
    assert "CRITICAL things counted.lost" in str(bad)


def test_outcome_tells_broken_rows_from_what_could_not_be_checked() -> None:
    check = Check("expect_column_values_to_not_be_null", {"column": "key"}, "every row has a key")
    rows = Outcome("s", "t", check, False, {"element_count": 10, "unexpected_count": 2})
    assert str(rows) == "t.key: every row has a key (not so in 2 of 10 rows)"
    broken = Outcome("s", "t", check, False, error="no such column")
    assert str(broken) == "t.key: every row has a key (could not be checked: no such column)"


@pytest.mark.parametrize(
    ("dsn", "url"),
    [
        (
            "postgresql://cx_builder@/warehouse?host=%2Ftmp%2Fs&port=5499",
            "postgresql+psycopg2://cx_builder@/warehouse?host=%2Ftmp%2Fs&port=5499",
        ),
        (
            "postgresql://anna:p%40ss%24%7BHOME%7D@db.example:5433/w?sslmode=require&options=-c%20role%3Dcx_builder",
            "postgresql+psycopg2://anna:p%40ss%24%7BHOME%7D@/w"
            "?host=db.example&options=-c+role%3Dcx_builder&port=5433&sslmode=require",
        ),
        ("host=localhost dbname=w user=b", "postgresql+psycopg2://b@/w?host=localhost"),
    ],
)
def test_connection_strings_keep_their_meaning_for_sqlalchemy(dsn: str, url: str) -> None:
    from sqlalchemy import make_url

    assert make_url(sqlalchemy_url(dsn)) == make_url(url)
    assert "$" not in sqlalchemy_url(dsn)  # nothing that the configuration would take for another variable
