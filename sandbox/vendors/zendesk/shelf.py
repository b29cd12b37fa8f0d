"""What the API serves at the clock: per stream the rows in the export's order, with hand-added records
spliced in."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.company.schedules import SCHEDULES
from sandbox.vendors.zendesk import records, settings, sla
from sandbox.vendors.zendesk.helpdesk import Helpdesk
from sandbox.world import STREAMS, World

EXCLUDED = timedelta(minutes=1)  # the exports leave out the minute before the request
ARCHIVED_AFTER = timedelta(days=120)  # closed tickets leave the ordinary lists then, and stay in the exports
_ID = re.compile(rb'"id"\s*:\s*("?)([^",}\s]+)\1')
_TICKET_ID = re.compile(rb'("ticket_id")\s*:\s*(\d+)')  # by which a metric set is found
_TIMES = {"tickets": "generated_timestamp", "metric_events": "time", "ticket_events": "created_at"}


@dataclass(frozen=True)
class Row:
    """One record: when the vendor last changed it (`at`, seconds since 1970), its id, its bytes."""

    at: int
    key: str
    body: bytes
    created_at: int = 0
    is_listed: bool = True  # in the ordinary lists: neither deleted nor archived

    @property
    def order(self) -> tuple[int, int, str]:
        """The export's order: by time, then by id."""
        return place(self.at, self.key)


def place(at: int, key: str) -> tuple[int, int, str]:
    """Where a row stands. Records put in by hand may have an id that is no number, and stand first, each in a place of
    its own: a cursor between two of them must not skip the second."""
    return (at, int(key), "") if key.isdigit() else (at, 0, key)


def purged_keys(world: World, stream: str) -> frozenset[str]:
    """What was removed for good; with a ticket its metric set, which has the ticket's id for a key."""
    purged = world.purged("zendesk", stream)
    return purged | world.purged("zendesk", "tickets") if stream == "ticket_metrics" else purged


class Shelf:
    """The rows of every stream, folded once per clock and once per added record."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._filled: datetime | None = None
        self._made: dict[str, list[Row]] = {}
        self._arrived: dict[tuple[str, int], int] = {}  # (stream, place among the added) → when first seen
        self._joined: dict[str, tuple[tuple[Any, ...], list[Row]]] = {}
        self.helpdesk = Helpdesk(world.company, world.credentials, world.now())

    def rows(self, stream: str) -> list[Row]:
        """All rows of a stream in export order, the youngest minute included."""
        with self._lock:
            self._fill()
            extra = self._world.extra_records("zendesk", stream)
            mark = (self._filled, len(extra), sum(map(len, extra)))
            known = self._joined.get(stream)
            if known is None or known[0] != mark:
                added = [self._row(stream, place, body) for place, body in enumerate(extra)]
                newest = {row.key: row for row in added}  # a record given again replaces the former
                made = [row for row in self._made.get(stream, []) if row.key not in newest]
                known = (mark, sorted([*made, *newest.values()], key=lambda row: row.order))
                self._joined[stream] = known
        purged = purged_keys(self._world, stream)
        return [row for row in known[1] if row.key not in purged] if purged else known[1]

    def exported(self, stream: str) -> list[Row]:
        """What an incremental export may show: without the minute before the request."""
        rows = self.rows(stream)
        limit = records.epoch(self._world.now() - EXCLUDED)
        end = len(rows)
        while end and rows[end - 1].at > limit:
            end -= 1
        return rows[:end]

    def _row(self, stream: str, place: int, body: bytes) -> Row:
        """A hand-added record. It counts as changed when it was added; if it says that this was in the last minute,
        then: no export shows it yet. In a folder of people's own records, when it says so, if that is in the past."""
        now = records.epoch(self._world.now() - EXCLUDED) - 1
        at, own = self._arrived.setdefault((stream, place), now), _own_time(stream, body)
        if own is not None and (
            own <= at if self._world.data_dir_mode else at < own <= records.epoch(self._world.now())
        ):
            at = own
        found = (_TICKET_ID.search(body) if stream == "ticket_metrics" else None) or _ID.search(body)
        key = found.group(2).decode("utf-8", "replace") if found else f"added-{place}"
        if stream == "holidays":
            key = f"{settings.unwrap(body)[0]}:{key}"
        return Row(at, key, body, at)

    def _fill(self) -> None:
        now = self._world.now()
        if self._filled == now:
            return
        self._made, self._joined = {}, {}
        if not self._world.data_dir_mode:
            self.helpdesk = Helpdesk(self._world.company, self._world.credentials, now)
            self.helpdesk.take(self._world.events())
            self._made = _made(self.helpdesk, self._world, now)
        assert set(self._made) <= set(STREAMS["zendesk"])
        self._filled = now


def _made(helpdesk: Helpdesk, world: World, now: datetime) -> dict[str, list[Row]]:
    encode = msgspec.json.Encoder().encode
    accounts = [
        account
        for account in world.company.accounts.values()
        if account.organization_id is not None and account.created_at <= now
    ]
    opened = world.company.starts_at

    def rows(found: Iterable[tuple[datetime, datetime, int | str, dict[str, Any]]]) -> list[Row]:
        made = [
            Row(records.epoch(at), str(key), encode(record), created_at=records.epoch(created))
            for at, created, key, record in found
        ]
        return sorted(made, key=lambda row: row.order)

    tickets = []
    for state in helpdesk.tickets.values():
        archived = state.status == "closed" and state.updated_at < now - ARCHIVED_AFTER
        record = records.ticket(state)
        tickets.append(
            Row(
                records.epoch(state.generated_at),
                str(state.ticket_id),
                encode(record),
                created_at=records.epoch(state.created_at),
                is_listed=not archived and state.status != "deleted",
            )
        )
    return {
        "users": [
            Row(
                records.epoch(state.updated_at),
                str(state.user_id),
                encode(records.user(state)),
                created_at=records.epoch(state.created_at),
                is_listed=state.active,
            )
            for state in sorted(helpdesk.users.values(), key=lambda state: (state.updated_at, state.user_id))
        ],
        "tickets": sorted(tickets, key=lambda row: row.order),
        "organizations": rows(
            (account.created_at, account.created_at, account.organization_id or 0, records.organization(account))
            for account in accounts
        ),
        "ticket_events": rows((audit.at, audit.at, audit.audit_id, audit.record()) for audit in helpdesk.audits),
        "metric_events": rows(
            (moment := datetime.fromisoformat(event["time"]), moment, event["id"], event)
            for clocks in helpdesk.clocks.values()
            for event in clocks.at(now)
        ),
        "ticket_metrics": rows(
            (helpdesk.tickets[number].generated_at, helpdesk.tickets[number].created_at, number, metrics.record())
            for number, metrics in helpdesk.metrics.items()
        ),
        "satisfaction_ratings": rows(
            (
                datetime.fromisoformat(rating["updated_at"]),
                datetime.fromisoformat(rating["created_at"]),
                number,
                {"url": f"{records.ACCOUNT}/api/v2/satisfaction_ratings/{number}.json", **rating},
            )
            for number, rating in helpdesk.ratings.items()
        ),
        "survey_responses": rows(
            (survey.changed_at, survey.sent_at, survey.response_id, records.survey_response(survey))
            for survey in helpdesk.surveys.values()
        ),
        "groups": rows((opened, opened, group["id"], group) for group in settings.groups(world.company, now)),
        "schedules": rows(
            (opened, opened, settings.schedule_id(one), settings.schedule(one, opened)) for one in SCHEDULES
        ),
        "holidays": rows(
            (opened, opened, key, wrapped) for key, wrapped in settings.all_holidays(world.company, now.date())
        ),
        "sla_policies": rows((opened, opened, policy["id"], policy) for policy in sla.policies(opened)),
    }


def _own_time(stream: str, body: bytes) -> int | None:
    """The change time that a record claims, if it can be read."""
    try:
        value = msgspec.json.decode(body).get(_TIMES.get(stream, "updated_at"))
        return value if isinstance(value, int) else records.epoch(datetime.fromisoformat(value))
    except (msgspec.MsgspecError, RecursionError, AttributeError, TypeError, ValueError, OverflowError):
        return None
