"""Sets the published marts beside the sandbox's truth: every ticket, answer, order, customer, session and score.

Two questions are kept apart. Who is one customer: the marts' partition of the records is judged against the persons.
And what is true of each customer: the truth is reckoned under that very partition, so that the marts' arithmetic is
compared to the last figure even where nobody could have known who is who.

Each function returns the differences as readable lines; an empty list means that the two agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.e2e.compare_support import support
from tests.e2e.rows import Rows, Truth
from tests.e2e.rows import compare as _compare
from tests.e2e.rows import plain as _plain
from tests.e2e.rows import same as _same

# Of the pairs of records that belong together, the share that must have been found. Not all of them can be: some
# answers carry nothing, or an address that two people share. Plain rules (one address, one number under one name, the
# ids that links carry, merges, logins) find 0.71 to 0.80 in companies of this size, so less than this means that a
# whole kind of link is broken.
RECALL_FLOOR = 0.65

# A comment with fewer letters may be in no language that can be told; then it has none, but never another one.
LEAST_LETTERS = 20
# Of the comments that praise or blame, the share whose sentiment has that sign, and the share that has the other one.
# Lexicons are right about 18 of the company's 20 sentences and silent about two, so with the luck of who writes what
# less than the first, or more than the second, means that scoring broke.
SIGN_FLOOR, WRONG_SIGN_CEILING = 0.7, 0.05


def differences(
    dsn: str, tell: Callable[[Mapping[str, str], Mapping[str, Any], Mapping[str, str]], Truth]
) -> list[str]:
    """All differences between the marts that `dsn` reads and what `tell` says of their customers (record → customer)
    with their accounts and countries, and of the accounts of organizations: the truth of the same moment under that
    partition."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:

        def rows(statement: str) -> Rows:
            return connection.execute(statement).fetchall()

        bridge = rows("select identity_key, customer_key from marts.bridge_customer_identities")
        known = rows("select customer_key, account_key, country from marts.mart_customer__360")
        organizations = rows(
            """select substr(account_identity_key, length('zendesk:') + 1) as id, account_key
               from marts_intermediate.int_account__accounts where source = 'zendesk'"""
        )
        truth = tell(
            {row["identity_key"]: row["customer_key"] for row in bridge},
            {row.pop("customer_key"): row for row in known},
            {row["id"]: row["account_key"] for row in organizations},
        )
        return [
            *who(truth["who"]),
            *_tickets(rows, truth),
            *_answers(rows, truth),
            *_scores(rows, truth),
            *_first_response(rows, truth),
            *comments(rows, truth),
            *_orders(rows, truth),
            *_business(rows, truth),
            *_sessions(rows, truth),
            *_visits(rows, truth),
            *support(rows, truth),
            *_voice(rows, truth),
        ]


def who(judged: Mapping[str, Any]) -> list[str]:
    """Strangers who were taken for one, records that nobody has or that were not found, and too few links."""
    found = [f"customers: {one} and {other} are strangers to each other" for one, other in judged["wrong"]]
    found += [f"customers: {key} is live, and in no customer" for key in judged["absent"]]
    found += [f"customers: {key} is no record of anybody" for key in judged["unknown"]]
    for kind, figures in (("all", judged), ("live", judged["live"])):
        recall = figures["recall"]
        if recall is not None and recall < RECALL_FLOOR:
            missed = ", ".join(f"{one} with {other}" for one, other in judged["missed"][:5])
            found.append(f"customers: recall of {kind} records is {recall:.3f}, below {RECALL_FLOOR}: missed {missed}")
    return found


def _tickets(rows: Any, truth: Truth) -> list[str]:
    ours = {
        row["ticket_id"]: {**row, "customer": row["customer_key"]}
        for row in rows("select * from marts.mart_support__tickets")
    }
    return _compare("ticket", ours, truth["tickets"])


def _answers(rows: Any, truth: Truth) -> list[str]:
    ours = {
        (row["response_key"].rpartition(":")[2], row["question_ref"]): {
            **row,
            "customer": row["customer_key"],
            "value": row["answer_value"],
            "ticket_id": (row["ticket_key"] or "").rpartition(":")[2] or None,
        }
        for row in rows("select * from marts.mart_voice__answers")
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


def _scores(rows: Any, truth: Truth) -> list[str]:
    key = ("metric", "survey", "scale", "purpose", "period", "period_start")

    def by_key(given: Iterable[Mapping[str, Any]]) -> dict[Any, Any]:
        return {tuple(_plain(row[name]) for name in key): row for row in given}

    periods = {row["period"] for row in truth["scores"]}
    ours = [row for row in rows("select * from marts.mart_voice__scores") if row["period"] in periods]
    return _compare("score", by_key(ours), by_key(truth["scores"]), leave=key)


def comments(rows: Any, truth: Truth) -> list[str]:
    """Who said what and when to the last row; the language where there are letters enough; the sentiment's sign in sum,
    since no model is always right."""
    told = {(one["survey"], one["response_id"]): one for one in truth["comments"]}
    ours = {
        (row["survey"], row["response_key"].rpartition(":")[2]): {**row, "customer": row["customer_key"]}
        for row in rows("select * from marts.fct_comment_scores")
    }
    found = _compare("comment", ours, told, leave=("response_id", "letters", "language", "tone"))
    right = wrong = sided = 0
    for key in ours.keys() & told.keys():
        language, theirs = ours[key]["language"], told[key]
        is_free = theirs["tone"] in ("mixed", "unknown") or (language is None and theirs["letters"] < LEAST_LETTERS)
        if language != theirs["language"] and not is_free:
            found.append(f"comment {key}: language is {language!r} here, {theirs['language']!r} in truth")
        if theirs["tone"] in ("praise", "blame"):
            sentiment = (ours[key]["sentiment"] or 0) * (1 if theirs["tone"] == "praise" else -1)
            right, wrong, sided = right + (sentiment > 0), wrong + (sentiment < 0), sided + 1
    if sided and (right / sided < SIGN_FLOOR or wrong / sided > WRONG_SIGN_CEILING):
        found.append(f"comments: of {sided} that praise or blame, {right} have that sign and {wrong} the other one")
    counted = Counter(one["survey"] for one in told.values())
    spoken = {
        row["survey"]: row["n_comments"]
        for row in rows("select * from marts.mart_voice__themes where theme = 'all' and period = 'all'")
    }
    if told and spoken != {**counted, "all": len(told)}:
        found.append(f"comments by survey: {spoken} here, {dict(counted)} in truth")
    return found


# The marts of the voice that are compared row by row: the part of the truth, and what makes a row of it.
VOICE = {
    "scores_by": ("metric", "scale", "purpose", "dimension", "member", "period", "period_start"),
    "changes": ("metric", "scale", "purpose", "dimension", "member", "comparison", "period", "period_start"),
    "response_rates": ("survey", "dimension", "member", "period", "period_start"),
    "rating_reasons": ("metric", "dimension", "member", "period", "period_start", "reason"),
    "operational_gap": ("success", "rated_by", "scale", "dimension", "member", "period", "period_start"),
    "channel_consistency": ("metric", "scale", "topic", "period", "period_start"),
    "staff": ("team", "quarter_start", "customer_metric", "customer_scale"),
    "belief_gap": ("metric", "scale", "purpose", "period", "period_start"),
}


def _voice(rows: Any, truth: Truth) -> list[str]:
    ours = {row["response_key"]: row for row in rows("select * from marts.fct_survey_responses")}
    found = _compare("response", ours, truth["responses"])
    for part, key in VOICE.items():
        mart = {
            tuple(_plain(row[name]) for name in key): row for row in rows(f"select * from marts.mart_voice__{part}")
        }
        told = {tuple(row[name] for name in key): row for row in truth[part]}
        if len(told) < len(truth[part]):
            found.append(f"{part}: the truth has two rows of one key")
        found += _compare(part, mart, told, leave=key)
    return found


def _first_response(rows: Any, truth: Truth) -> list[str]:
    told = rows("select * from marts.mart_support__first_response where period = 'month'")
    ours = {f"{row['channel']} {row['period_start']}": row for row in told}
    return _compare("first response", ours, truth["first_response"])


def _orders(rows: Any, truth: Truth) -> list[str]:
    keys = {row["account_key"]: row["account_key"] for row in rows("select account_key from marts.dim_accounts")}
    ours = {
        row["order_id"]: {
            **row,
            "customer": row["customer_key"],
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


def _business(rows: Any, truth: Truth) -> list[str]:
    ours = {
        row["customer_key"]: {**row, "revenue": row["revenue_amount"]}
        for row in rows("select * from marts.mart_customer__360 where is_active")
    }
    found = _compare("customer 360", ours, truth["business"], leave=("last_answers",))
    for key, customer in truth["business"].items():
        nps = customer["last_answers"].get("nps", {})
        if key in ours and not _same(ours[key]["last_nps_score"], nps.get("score")):
            found.append(
                f"customer 360 {key}: last NPS {ours[key]['last_nps_score']} here, {nps.get('score')} in truth"
            )
    active = {row["customer_key"] for row in rows("select customer_key from marts.dim_customers where is_active")}
    if active != truth["business"].keys():
        found.append(f"customers: active in dim_customers or in truth only: {active ^ truth['business'].keys()}")
    return found


def _sessions(rows: Any, truth: Truth) -> list[str]:
    def by_key(given: Iterable[Mapping[str, Any]], day: str) -> dict[Any, Any]:
        return {(str(row[day]), row["channel"], row["device"], row["landing_page"]): row for row in given}

    ours = by_key(rows("select * from marts.mart_web__sessions_daily"), "visit_date")
    return _compare("sessions", ours, by_key(truth["sessions"], "day"), leave=("day",))


def _visits(rows: Any, truth: Truth) -> list[str]:
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
