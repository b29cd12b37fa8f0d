"""Sets the support marts beside the truth: every reply, every promised clock, every duration, share and backlog day.

The truth knows teams and promises by their names, the marts by the helpdesk's ids; the staged lists of both lead from
the one to the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.e2e.rows import Rows, Truth, by_key, compare

Ask = Callable[[str], Rows]
SUMMARY = ("metric", "dimension", "member", "period", "period_start")
BACKLOG = ("day", "channel", "team")
CONTACTS = ("period", "period_start", "channel", "topic")
COUNTS = ("open_tickets", "opened", "solved", "reopened")


def support(rows: Ask, truth: Truth) -> list[str]:
    """All differences, one line each."""
    teams = _names(rows, "select team_id as id, name from marts_staging.stg_zendesk__groups")
    policies = _names(rows, "select policy_id as id, title as name from marts_staging.stg_zendesk__sla_policies")
    return [
        *replies(rows, truth, teams),
        *promises(rows, truth, policies),
        *durations(rows, truth, teams),
        *shares(rows, truth, teams),
        *backlog(rows, truth, teams),
        *contact_rate(rows, truth),
        *parity(rows, truth),
    ]


def replies(rows: Ask, truth: Truth, teams: dict[str, str]) -> list[str]:
    """Customer turns and their answers."""
    ours = {
        f"{ticket}:{row['turn_number']}": {**row, "ticket_id": ticket, "team": teams.get(row["team_id"])}
        for row in rows("select * from marts.fct_ticket_replies")
        for ticket in [_ticket(row)]
    }
    return compare("reply", ours, truth["replies"])


def promises(rows: Ask, truth: Truth, policies: dict[str, str]) -> list[str]:
    """Promised clocks with their targets."""
    ours = {
        f"{ticket}:{row['metric']}:{row['instance_number']}": {
            **row,
            "ticket_id": ticket,
            "instance": row["instance_number"],
            "policy": policies.get(row["policy_id"]),
        }
        for row in rows("select * from marts.fct_sla_targets")
        for ticket in [_ticket(row)]
    }
    return compare("promise", ours, truth["sla"])


def durations(rows: Ask, truth: Truth, teams: dict[str, str]) -> list[str]:
    """Medians, 90th percentiles and means with what is still open."""
    return _summary("duration", rows("select * from marts.mart_support__durations"), truth["durations"], teams)


def shares(rows: Ask, truth: Truth, teams: dict[str, str]) -> list[str]:
    """Shares with their intervals."""
    return _summary("share", rows("select * from marts.mart_support__shares"), truth["shares"], teams)


def backlog(rows: Ask, truth: Truth, teams: dict[str, str]) -> list[str]:
    """What lies open at each day's end. A mart may also tell of days and teams with nothing."""
    told = rows("select * from marts.mart_support__backlog_daily")
    ours = [{**row, "team": teams.get(row["team_id"])} for row in told if any(row[name] for name in COUNTS)]
    return compare("backlog", by_key(ours, BACKLOG), by_key(truth["backlog"], BACKLOG), leave=BACKLOG)


def contact_rate(rows: Ask, truth: Truth) -> list[str]:
    """Contacts per customer and per order."""
    told = [row for row in rows("select * from marts.mart_support__contact_rate") if row["contacts"]]
    return compare("contact rate", by_key(told, CONTACTS), by_key(truth["contact_rate"], CONTACTS), leave=CONTACTS)


def parity(rows: Ask, truth: Truth) -> list[str]:
    """Nothing about the vendor's own figures stays without a reason, and every ticket is looked at."""
    told = rows("select ticket_key, metric, explanation from marts.mart_support__parity")
    found = [
        f"parity: {_ticket(row)} {row['metric']} is unexplained" for row in told if row["explanation"] == "unexplained"
    ]
    looked_at = {_ticket(row) for row in told}
    found += [f"parity: {ticket} is not looked at" for ticket in truth["tickets"].keys() - looked_at]
    if not any(row["explanation"] == "equal" for row in told):
        found.append("parity: no figure agrees with the vendor's")
    return found


def _summary(what: str, told: Rows, truth: Any, teams: dict[str, str]) -> list[str]:
    """Only the dimensions that the truth has are compared; of them, every row."""
    dimensions = {row["dimension"] for row in truth}
    ours = [
        {**row, "member": teams.get(row["member"], row["member"]) if row["dimension"] == "team" else row["member"]}
        for row in told
        if row["dimension"] in dimensions
    ]
    return compare(what, by_key(ours, SUMMARY), by_key(truth, SUMMARY), leave=SUMMARY)


def _ticket(row: dict[str, Any]) -> str:
    """The helpdesk's number in a ticket's key."""
    return str(row["ticket_key"]).rpartition(":")[2]


def _names(rows: Ask, statement: str) -> dict[str, str]:
    return {row["id"]: row["name"] for row in rows(statement)}
