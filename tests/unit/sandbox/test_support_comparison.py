"""The comparison of the support marts with the truth can fail: at a figure, a row too many, a row too few."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.company import generate
from sandbox.truth import truth
from tests.e2e.compare_support import support
from tests.e2e.rows import compare

Marts = dict[str, list[dict[str, Any]]]
TEAMS = {"Tier 1": "11", "Tier 2": "12", "Billing": "13", "Logistics": "14", "Bots": "15"}
POLICIES = {"Urgent": "1", "Deliveries": "2", "Money": "3", "First reply": "4"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    company = generate(5, 30, 30)
    organizations = {str(one.organization_id): f"account {one.account_id}" for one in company.accounts.values()}
    return truth(company, company.opens_at, organizations=organizations)


@pytest.fixture
def marts(told: dict[str, Any]) -> Marts:
    """Marts that say what the truth says, in their own types and with the helpdesk's ids."""
    told = copy.deepcopy(told)
    made: Marts = {
        "stg_zendesk__groups": [{"id": number, "name": name} for name, number in TEAMS.items()],
        "stg_zendesk__sla_policies": [{"id": number, "name": name} for name, number in POLICIES.items()],
        "fct_ticket_replies": [row | {"team_id": TEAMS.get(row["team"])} for row in told["replies"].values()],
        "fct_sla_targets": [
            row | {"policy_id": POLICIES[row["policy"]], "instance_number": row["instance"]}
            for row in told["sla"].values()
        ],
        "mart_support__durations": told["durations"],
        "mart_support__shares": told["shares"],
        "mart_support__backlog_daily": [row | {"team_id": TEAMS.get(row["team"])} for row in told["backlog"]],
        "mart_support__contact_rate": told["contact_rate"],
        "mart_support__parity": [
            {"ticket_id": number, "metric": "reply_time", "explanation": "equal"} for number in told["tickets"]
        ],
    }
    for rows in made.values():
        for row in rows:
            if "ticket_id" in row:
                row["ticket_key"] = f"zendesk:{row.pop('ticket_id')}"
            for name in ("team", "policy", "instance"):
                row.pop(name, None)
            if row.get("dimension") == "team":
                row["member"] = TEAMS[row["member"]]
            for name, value in row.items():
                if isinstance(value, float):
                    row[name] = Decimal(repr(value))
                elif value and name in ("day", "period_start"):
                    row[name] = date.fromisoformat(value)
                elif value and name.endswith("_at"):
                    row[name] = datetime.fromisoformat(value)
    return made


def asking(marts: Marts) -> Callable[[str], list[dict[str, Any]]]:
    def rows(statement: str) -> list[dict[str, Any]]:
        name = statement.rpartition(".")[2]
        return marts[name]

    return rows


def test_marts_that_agree_have_no_difference(marts: Marts, told: dict[str, Any]):
    assert all(marts.values())
    assert support(asking(marts), told) == []


@pytest.mark.parametrize(
    ("mart", "column"),
    [
        ("fct_ticket_replies", "reply_business_minutes"),
        ("fct_ticket_replies", "team_id"),
        ("fct_sla_targets", "is_breached"),
        ("fct_sla_targets", "policy_id"),
        ("mart_support__durations", "median_ci_high"),
        ("mart_support__durations", "p90_minutes"),
        ("mart_support__shares", "ci_low"),
        ("mart_support__shares", "n_open"),
        ("mart_support__shares", "is_final"),
        ("mart_support__backlog_daily", "open_tickets"),
        ("mart_support__contact_rate", "contacts_per_order"),
    ],
)
def test_one_wrong_figure_is_a_difference(marts: Marts, told: dict[str, Any], mart: str, column: str):
    row = next(row for row in marts[mart] if row[column] not in (None, 0))
    value = row[column]
    if isinstance(value, str):
        row[column] = next(other for other in (*TEAMS.values(), *POLICIES.values()) if other != value)
    else:
        row[column] = not value if isinstance(value, bool) else value + value / 10**7
    found = support(asking(marts), told)
    assert len(found) == 1 and (" is " in found[0] or "only in" in found[0]), found


@pytest.mark.parametrize(
    "mart",
    ["fct_ticket_replies", "fct_sla_targets", "mart_support__durations", "mart_support__shares",
     "mart_support__backlog_daily", "mart_support__contact_rate", "mart_support__parity"],
)  # fmt: skip
def test_one_missing_row_is_a_difference(marts: Marts, told: dict[str, Any], mart: str):
    marts[mart].pop()
    assert len(support(asking(marts), told)) == 1


def test_one_row_too_many_is_a_difference(marts: Marts, told: dict[str, Any]):
    marts["fct_ticket_replies"].append({**marts["fct_ticket_replies"][0], "turn_number": 99})
    assert [line for line in support(asking(marts), told) if "only in the marts" in line]


def test_days_with_nothing_and_other_dimensions_are_the_marts_own_affair(marts: Marts, told: dict[str, Any]):
    nothing = dict.fromkeys(("open_tickets", "opened", "solved", "reopened"), 0)
    marts["mart_support__backlog_daily"].append(
        {"day": date(2020, 1, 1), "channel": "email", "team_id": None, **nothing}
    )
    marts["mart_support__durations"].append(
        {**marts["mart_support__durations"][0], "dimension": "priority", "member": "high"}
    )
    assert support(asking(marts), told) == []


def test_figure_of_the_vendor_without_a_reason_is_a_difference(marts: Marts, told: dict[str, Any]):
    marts["mart_support__parity"][0]["explanation"] = "unexplained"
    assert len(support(asking(marts), told)) == 1
    for row in marts["mart_support__parity"]:
        row["explanation"] = "merged"  # reasons for everything are no comparison
    assert support(asking(marts), told) == ["parity: no figure agrees with the vendor's"]


def test_figure_that_no_mart_publishes_is_an_error():
    with pytest.raises(KeyError, match="do not publish"):
        compare("ticket", {"1": {}}, {"1": {"waits": 1}})
