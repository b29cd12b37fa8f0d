"""What the marts must say, reckoned in plain Python from the company's events.

Never from what the look-alike APIs serve, and never by SQL: the warehouse is compared with this, so the two may share
definitions (METRICS in words) but no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sandbox.model import Company
from sandbox.truth import (
    backlog,
    business,
    cohorts,
    comments,
    contacts,
    cuts,
    durations,
    gaps,
    persons,
    responses,
    shares,
    sources,
    staff,
    support,
    value,
    voice,
    who,
)
from sandbox.truth.folding import fold
from sandbox.truth.members import Attributes, members, placed


def truth(
    company: Company,
    as_of: datetime,
    customers: Mapping[str, str] | None = None,
    attributes: Attributes | None = None,
    organizations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The metrics as of a clock, JSON-able: times as ISO text in UTC, money as decimal text, minutes as floats.

    `customers` says which customer each record is taken for (record → any name): the metrics are then reckoned under
    that partition, and the partition is judged. A record that it does not have stands alone, under its own key.
    Without it, each person is one customer. `attributes` says which account and country each of these customers is
    taken to have (customer → account_key, country), `organizations` which account each of the helpdesk's organizations
    is taken to be (id → account_key).

    - persons: each with all records that exist or existed
    - who: how well given customers agree with the persons
    - tickets: by id, each ticket that is not deleted, with its response times, resolutions, waits and repeats
    - replies: by "ticket:turn", each customer turn with its answer
    - sla: by "ticket:metric:instance", each promised clock with its target
    - durations, shares: by metric, cut and period, of all tickets
    - backlog: by day, channel and team; contact_rate: by month and week, channel and topic
    - first_response: by channel and for `all`, the summary with waiting tickets censored
    - answers: every scored answer with its class, or why it was rejected
    - scores: each metric by survey and over all, for all time and by month, with n and 95 % interval
    - comments: every comment with its language, and whether it was praise or blame
    - scores_by: the same cut by survey, channel, topic, team, agent, account, segment, country and value tier
    - changes: each cut against earlier periods, with the interval of the difference
    - responses: by key, everybody who was asked or came to a survey; response_rates: how many of them answered
    - rating_reasons, operational_gap, channel_consistency: see `gaps`
    - staff: eNPS by team and quarter; belief_gap: what managers expected of the scores
    - orders: by deal id; revenue: their sums
    - business: what is known of each customer who has a live record; a browser alone makes no customer
    - sessions: by day, channel, device and landing page
    - sources: how many live (and, where the source tells, deleted) records each stream has
    """
    records = fold(company, as_of)
    owned = persons.owners(records)
    live = persons.live(records, owned)
    partition = owned if customers is None else customers

    def customer_of(key: str) -> str:
        return partition.get(key, key)

    tickets = support.tickets(records, customer_of)
    targets = support.all_targets(records)
    orders = value.orders(records, customer_of)
    whose = members(attributes or {}, orders)
    answers = placed(voice.answers(records, customer_of), whose)
    scores = voice.scores(answers, as_of)
    cells = cuts.cells(answers, as_of)
    account_of = cohorts.account_of(records, customer_of, attributes or {}, organizations or {})
    asked = responses.responses(records, customer_of)
    of_staff = staff.answers(records)
    known = sorted({customer_of(key) for key in live if not key.startswith("matomo:")})
    told = {
        "as_of": as_of.isoformat(),
        "persons": persons.people(owned),
        "tickets": tickets,
        "replies": support.all_replies(records),
        "sla": targets,
        "durations": durations.durations(records, account_of),
        "shares": shares.shares(records, tickets, targets, account_of),
        "backlog": backlog.backlog(records),
        "contact_rate": contacts.contact_rate(tickets, orders, answers),
        "first_response": support.summary(tickets, as_of),
        "answers": [{**asdict(answer), "answered_at": answer.answered_at.isoformat()} for answer in answers],
        "comments": comments.comments(records, answers, customer_of),
        "scores": scores,
        "scores_by": cuts.scores(cells),
        "changes": cuts.changes(cells, as_of),
        "responses": responses.listed(asked),
        "response_rates": responses.rates(asked, whose),
        "rating_reasons": gaps.reasons(answers),
        "operational_gap": gaps.operational(tickets, records, answers, whose, targets),
        "channel_consistency": gaps.consistency(tickets, answers, as_of),
        "staff": staff.teams(of_staff, answers),
        "belief_gap": staff.belief_gaps(of_staff, scores),
        "orders": orders,
        "revenue": value.revenue(orders),
        "business": business.facts(known, tickets, orders, answers),
        "sessions": [
            {"day": day.isoformat(), "channel": channel, "device": device, "landing_page": page, **row}
            for (day, channel, device, page), row in sorted(records.sessions.items())
        ],
        "sources": sources.counts(records),
    }
    return told if customers is None else {**told, "who": who.judge(owned, live, customers)}
