"""What lies open at the end of each day, and what came and went: from the tickets' status and team histories."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from sandbox.company.working_time import ZONE, local_day
from sandbox.truth.folding import Records, Ticket
from sandbox.truth.resolution import reopenings, resolutions
from sandbox.truth.spells import UNSOLVED, spells, value_at

Place = tuple[date, str, str | None]  # day, channel, team


def backlog(records: Records) -> list[dict[str, Any]]:
    """A row for each day, channel and team with anything to tell. Merged tickets count: they lay open until they were
    merged, which solves them."""
    counts: dict[str, Counter[Place]] = {name: Counter() for name in ("open_tickets", "opened", "solved", "reopened")}
    for ticket in records.tickets.values():
        if ticket.is_deleted:
            continue
        channel = ticket.opened.channel
        happened = {"opened": [ticket.opened.at], "solved": resolutions(ticket), "reopened": reopenings(ticket)}
        for name, moments in happened.items():
            for at in moments:
                counts[name][local_day(at), channel, value_at(ticket, "group", at)] += 1
        for day, team in _open_days(ticket, records.as_of):
            counts["open_tickets"][day, channel, team] += 1
    places = set().union(*counts.values())
    return [
        {
            "day": place[0].isoformat(),
            "channel": place[1],
            "team": place[2],
            **{name: counter[place] for name, counter in counts.items()},
        }
        for place in sorted(places, key=lambda place: (place[0], place[1], place[2] or ""))
    ]


def _open_days(ticket: Ticket, as_of: datetime) -> list[tuple[date, str | None]]:
    """The days at whose end the ticket is unsolved, with its team then. A day ends with its last instant, the running
    one at the clock."""
    today = local_day(as_of)
    found = []
    for spell in spells(ticket, "status"):
        if spell.value not in UNSOLVED:
            continue
        day = local_day(spell.since)
        while day <= today:
            midnight = datetime.combine(day + timedelta(days=1), time(), ZONE)
            last = as_of if day == today else midnight - timedelta(microseconds=1)
            if spell.until is not None and spell.until <= last:
                break
            found.append((day, value_at(ticket, "group", last)))
            day += timedelta(days=1)
    return found
