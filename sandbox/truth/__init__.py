"""What the marts must say, reckoned in plain Python from the company's events.

Never from what the look-alike APIs serve, and never by SQL: the warehouse is compared with this, so the two may share
definitions (METRICS in words) but no code.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sandbox.model import Company
from sandbox.truth import business, customers, sources, support, value, voice
from sandbox.truth.folding import fold


def truth(company: Company, as_of: datetime) -> dict[str, Any]:
    """The metrics as of a clock, JSON-able: times as ISO text in UTC, money as decimal text, minutes as floats.

    - tickets: by id, each ticket that is not deleted, with its response times
    - first_response: by channel and for `all`, the summary with waiting tickets censored
    - answers: every scored answer with its class, or why it was rejected
    - scores: each metric by survey and over all, for all time and by month, with n and 95 % interval
    - orders: by deal id; revenue: their sums
    - customers: by key, the live records of each; business: by the same key, what is known of each
    - sessions: by day, channel, device and landing page
    - sources: how many live (and, where the source tells, deleted) records each stream has
    """
    records = fold(company, as_of)
    known = customers.reckon(records)
    tickets = support.tickets(records)
    orders = value.orders(records)
    answers = voice.answers(records)
    return {
        "as_of": as_of.isoformat(),
        "tickets": tickets,
        "first_response": support.summary(tickets, as_of),
        "answers": [{**asdict(answer), "answered_at": answer.answered_at.isoformat()} for answer in answers],
        "scores": voice.scores(answers, as_of),
        "orders": orders,
        "revenue": value.revenue(orders),
        "customers": known,
        "business": business.facts(known, tickets, orders, answers),
        "sessions": [
            {"day": day.isoformat(), "channel": channel, "device": device, "landing_page": page, **row}
            for (day, channel, device, page), row in sorted(records.sessions.items())
        ],
        "sources": sources.counts(records),
    }
