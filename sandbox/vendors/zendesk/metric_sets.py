"""A ticket's metric set: Zendesk's own figures of it (developer.zendesk.com, "Ticket Metrics").

- The reply time ends with the first public comment of an agent, the second one where an agent opened the ticket with a
  public comment. An agent is whoever has an agent's seat, programs too.
- The full resolution stays what it was at the last solving while a ticket is open again.
- Waits grow when a status ends; the one that lasts is not in them yet. Their business minutes are those of the
  schedule of the ticket's group at that time.
- Minutes are whole ones; what is over is dropped. What has not happened is null."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.company.schedules import schedule_of
from sandbox.vendors.zendesk.hours import open_parts, total
from sandbox.vendors.zendesk.records import ACCOUNT, TicketState, iso

FIRST_ID = 360_820_000_000
UNSOLVED = ("new", "open", "pending", "hold")
WAITS = {
    "agent_wait_time_in_minutes": ("pending",),
    "requester_wait_time_in_minutes": ("new", "open", "hold"),
    "on_hold_time_in_minutes": ("hold",),
}
Minutes = dict[str, int | None]  # calendar, business
Changes = Mapping[str, tuple[str | None, str | None]]


@dataclass
class MetricSet:
    """The figures of one ticket, which is told of its comments and changes in their order, after they were made."""

    ticket: TicketState
    is_by_agent: bool
    reopens: int = 0
    replies: int = 0
    stations: dict[str, list[str]] = field(default_factory=lambda: {"group": [], "assignee_id": []})
    reply_time: Minutes | None = None
    first_resolution: Minutes | None = None
    full_resolution: Minutes | None = None
    times: dict[str, datetime | None] = field(default_factory=dict)
    _since: datetime | None = None  # when the present status began
    _status: str = "new"
    _comments: int = 0
    _skips: int = 0  # public agent comments that are no reply
    _calendar: Counter[str] = field(default_factory=Counter)  # seconds by status
    _business: Counter[str] = field(default_factory=Counter)

    def commented(self, at: datetime, *, by_agent: bool, public: bool) -> None:
        """Somebody with a seat, or a customer, wrote."""
        self._comments += 1
        if self._comments == 1 and by_agent and public and self.is_by_agent:
            self._skips = 1
        self.times["latest_comment_added_at"] = at
        self.times["assignee_updated_at" if by_agent else "requester_updated_at"] = at
        if not by_agent or not public:
            return
        self.replies += 1
        if self.reply_time is None and self.replies > self._skips:
            self.reply_time = self._minutes(self.ticket.created_at, at)

    def changed(self, at: datetime, changes: Changes) -> None:
        """Fields of the ticket changed, each from … to …."""
        for name, value in self._changed_to(changes, "group", "assignee_id"):
            if value not in self.stations[name]:
                self.stations[name].append(value)
        for _, _value in self._changed_to(changes, "assignee_id"):
            self.times["initially_assigned_at"] = self.times.get("initially_assigned_at") or at
            self.times["assigned_at"] = at
        if "status" not in changes:
            return
        since = self._since or self.ticket.created_at
        parts = list(open_parts(schedule_of(self.ticket.group), since, at))
        self._calendar[self._status] += int((at - since).total_seconds())
        self._business[self._status] += int(total(parts).total_seconds())
        was, self._status, self._since = self._status, self.ticket.status, at
        self.times["status_updated_at"] = at
        if was in UNSOLVED and self._status not in UNSOLVED:
            self.times["solved_at"] = at
            self.full_resolution = self._minutes(self.ticket.created_at, at)
            self.first_resolution = self.first_resolution or self.full_resolution
        self.reopens += was == "solved" and self._status in UNSOLVED

    def record(self) -> dict[str, Any]:
        """As the API serves it."""
        ticket = self.ticket
        nothing: Minutes = {"calendar": None, "business": None}
        waits = {
            name: {
                "calendar": sum(self._calendar[status] for status in statuses) // 60,
                "business": sum(self._business[status] for status in statuses) // 60,
            }
            for name, statuses in WAITS.items()
        }
        times = ("assignee_updated_at", "requester_updated_at", "status_updated_at", "initially_assigned_at",
                 "assigned_at", "solved_at", "latest_comment_added_at")  # fmt: skip
        told = {name: self.times.get(name) for name in times}
        return {
            "url": f"{ACCOUNT}/api/v2/ticket_metrics/{FIRST_ID + ticket.ticket_id}.json",
            "id": FIRST_ID + ticket.ticket_id,
            "ticket_id": ticket.ticket_id,
            "created_at": iso(ticket.created_at),
            "updated_at": iso(ticket.updated_at),
            "group_stations": len(self.stations["group"]),
            "assignee_stations": len(self.stations["assignee_id"]),
            "reopens": self.reopens,
            "replies": self.replies,
            **{name: iso(at) if at else None for name, at in told.items()},
            "reply_time_in_minutes": self.reply_time or nothing,
            "first_resolution_time_in_minutes": self.first_resolution or nothing,
            "full_resolution_time_in_minutes": self.full_resolution or nothing,
            **(waits if self._since else dict.fromkeys(WAITS, nothing)),
            "custom_status_updated_at": iso(self._since or ticket.created_at),
        }

    def _minutes(self, start: datetime, end: datetime) -> Minutes:
        inside = open_parts(schedule_of(self.ticket.group), start, end)
        return {
            "calendar": int((end - start) / timedelta(minutes=1)),
            "business": int(total(inside) / timedelta(minutes=1)),
        }

    @staticmethod
    def _changed_to(changes: Changes, *names: str) -> list[tuple[str, str]]:
        return [(name, new) for name in names for _, new in [changes.get(name, (None, None))] if new is not None]
