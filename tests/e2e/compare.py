"""Sets the published marts beside the sandbox's truth: every ticket, answer, order, customer, session and score.

Each function returns the differences as readable lines; an empty list means that the two agree. Values are compared to
nine digits: the truth is reckoned with floats, the marts with numerics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

Rows = list[dict[str, Any]]


def differences(dsn: str, truth: Mapping[str, Any]) -> list[str]:
    """All differences between the marts that `dsn` reads and the truth of the same moment."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:

        def rows(statement: str) -> Rows:
            return connection.execute(statement).fetchall()

        customers, found = _customers(rows, truth)
        found += _tickets(rows, truth, customers)
        found += _answers(rows, truth, customers)
        found += _scores(rows, truth)
        found += _first_response(rows, truth)
        found += _orders(rows, truth, customers)
        found += _business(rows, truth, customers)
        found += _sessions(rows, truth)
        found += _visits(rows, truth)
    return found


def _customers(rows: Any, truth: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The marts' customer key → the truth's name for the same person, by the live source identities they hold.

    The names are ours to choose; what has to agree is who belongs together. An identity that its source deleted still
    leads to its customer (old tickets and orders name it), but the truth lists live ones only."""
    kinds = {"hubspot": "contacts", "zendesk": "helpdesk_users", "typeform": "survey_responses", "ga4": "visitors"}
    members: dict[str, set[str]] = {}
    for row in rows(
        """select customer.customer_key, customer.identity_key
           from marts_intermediate.int_person__customers as customer
           join marts_intermediate.int_person__identities as identity using (identity_key)
           where not identity.is_deleted"""
    ):
        source, _, number = row["identity_key"].partition(":")
        members.setdefault(row["customer_key"], set()).add(f"{kinds[source]}:{number.rpartition(':')[2]}")
    ours = {frozenset(group): key for key, group in members.items()}
    theirs = {
        frozenset(f"{kind}:{one}" for kind, ids in groups.items() for one in ids): name
        for name, groups in truth["customers"].items()
    }
    found = [f"customers: the marts alone hold together {sorted(group)[:6]}" for group in ours.keys() - theirs.keys()]
    found += [
        f"customers: the truth alone holds together {sorted(group)[:6]} ({theirs[group]})"
        for group in theirs.keys() - ours.keys()
    ]
    active = {row["customer_key"] for row in rows("select customer_key from marts.dim_customers where is_active")}
    if active != set(members):
        found.append(f"customers: active in dim_customers or by their identities only: {active ^ set(members)}")
    # a customer without any live identity has no counterpart to be named after: the truth names one after the evidence
    names = {
        row["customer_key"]: f"email:{row['email']}" if row["email"] else row["identity_key"]
        for row in rows(
            """select customer_key, personal.email, min(identity_key) as identity_key
               from marts_intermediate.int_person__customers join marts.dim_customers_personal as personal
               using (customer_key) group by 1, 2"""
        )
    }
    return names | {ours[group]: theirs[group] for group in ours.keys() & theirs.keys()}, found


def _tickets(rows: Any, truth: Mapping[str, Any], customers: Mapping[str, str]) -> list[str]:
    ours = {
        row["ticket_id"]: {**row, "customer": customers.get(row["customer_key"])}
        for row in rows("select * from marts.mart_support__tickets")
    }
    return _compare("ticket", ours, truth["tickets"])


def _answers(rows: Any, truth: Mapping[str, Any], customers: Mapping[str, str]) -> list[str]:
    ours = {
        (row["response_key"].rpartition(":")[2], row["question_ref"]): {
            **row,
            "customer": customers.get(row["customer_key"]),
            "value": row["answer_value"],
            "ticket_id": (row["ticket_key"] or "").rpartition(":")[2] or None,
        }
        for row in rows("select * from marts.fct_survey_answers")
    }
    accepted = {
        (one["response_id"], one["question"]): {
            name: value for name, value in one.items() if name not in ("response_id", "question", "rejected", "state")
        }
        for one in truth["answers"]
        if one["rejected"] is None
    }
    found = _compare("answer", ours, accepted)
    refused = Counter(one["rejected"] for one in truth["answers"] if one["rejected"] is not None)
    counted = {
        row["rejected_because"]: row["records"]
        for row in rows(
            """select rejected_because, sum(records)::int as records from marts.mart_quality__rejected
           where subject = 'survey answer' group by 1"""
        )
    }
    if dict(refused) != counted:
        found.append(f"rejected answers: {counted} here, {dict(refused)} in truth")
    return found


def _scores(rows: Any, truth: Mapping[str, Any]) -> list[str]:
    key = ("metric", "survey", "scale", "purpose", "period", "period_start")

    def by_key(given: Iterable[Mapping[str, Any]]) -> dict[Any, Any]:
        return {tuple(_plain(row[name]) for name in key): row for row in given}

    periods = {row["period"] for row in truth["scores"]}
    ours = [row for row in rows("select * from marts.mart_voice__scores") if row["period"] in periods]
    return _compare("score", by_key(ours), by_key(truth["scores"]), leave=key)


def _first_response(rows: Any, truth: Mapping[str, Any]) -> list[str]:
    ours = {
        row["channel"]: row for row in rows("select * from marts.mart_support__first_response where period = 'all'")
    }
    return _compare("first response", ours, truth["first_response"])


def _orders(rows: Any, truth: Mapping[str, Any], customers: Mapping[str, str]) -> list[str]:
    keys = {row["account_key"]: row["account_key"] for row in rows("select account_key from marts.dim_accounts")}
    ours = {
        row["order_id"]: {
            **row,
            "customer": customers.get(row["customer_key"]),
            "currency": row["currency_code"],
            "account_id": keys.get(row["account_key"]),
        }
        for row in rows("select * from marts.fct_orders")
    }
    accepted = {
        number: {name: value for name, value in order.items() if name not in ("rejected", "account_id")}
        for number, order in truth["orders"].items()
        if order["rejected"] is None
    }
    return _compare("order", ours, accepted)


def _business(rows: Any, truth: Mapping[str, Any], customers: Mapping[str, str]) -> list[str]:
    ours = {
        customers[row["customer_key"]]: {**row, "revenue": row["revenue_amount"]}
        for row in rows("select * from marts.mart_customer__360 where is_active")
        if row["customer_key"] in customers
    }
    found = _compare("customer 360", ours, truth["business"], leave=("last_answers",))
    for name, customer in truth["business"].items():
        nps = customer["last_answers"].get("nps", {})
        if name in ours and not _same(ours[name]["last_nps_score"], nps.get("score")):
            found.append(
                f"customer 360 {name}: last NPS {ours[name]['last_nps_score']} here, {nps.get('score')} in truth"
            )
    return found


def _sessions(rows: Any, truth: Mapping[str, Any]) -> list[str]:
    def by_key(given: Iterable[Mapping[str, Any]], day: str) -> dict[Any, Any]:
        return {(str(row[day]), row["channel"], row["device"], row["landing_page"]): row for row in given}

    ours = by_key(rows("select * from marts.mart_web__sessions_daily"), "visit_date")
    return _compare("sessions", ours, by_key(truth["sessions"], "day"), leave=("day",))


def _visits(rows: Any, truth: Mapping[str, Any]) -> list[str]:
    """Matomo has the same sessions one by one; no mart shows them."""
    days: Counter[str] = Counter()
    for session in truth["sessions"]:
        days[session["day"]] += session["sessions"]
    ours = rows(
        """select visit_date::text as day, count(*)::int as visits from marts_staging.stg_matomo__visits
           where not is_deleted group by 1"""
    )
    found = {row["day"]: row["visits"] for row in ours}
    return [] if found == days else [f"visits by day: {found} here, {dict(days)} in truth"]


def _compare(
    what: str, ours: Mapping[Any, Mapping[str, Any]], theirs: Mapping[Any, Mapping[str, Any]], leave: Iterable[str] = ()
) -> list[str]:
    found = [f"{what} {key}: only in the marts" for key in ours.keys() - theirs.keys()]
    found += [f"{what} {key}: only in truth" for key in theirs.keys() - ours.keys()]
    for key in ours.keys() & theirs.keys():
        for name, value in theirs[key].items():
            if name in leave:
                continue
            if name not in ours[key]:
                raise KeyError(f"the truth of a {what} has {name!r}, which the marts do not publish")
            if not _same(ours[key][name], value):
                found.append(f"{what} {key}: {name} is {ours[key][name]!r} here, {value!r} in truth")
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _same(ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None or isinstance(ours, bool):
        return ours is theirs or ours == theirs
    if isinstance(ours, int | float | Decimal):
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(ours, datetime):
        return ours == datetime.fromisoformat(str(theirs))
    return str(_plain(ours)) == str(theirs)
