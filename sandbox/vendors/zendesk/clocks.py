"""Zendesk's own clocks on a ticket, as ticket metric events, and the targets that its policies set them.

When a clock begins, pauses and ends: developer.zendesk.com, "Ticket metric event types reference", and
support.zendesk.com, "Defining SLA policies". An agent is whoever has an agent's seat, programs too. Business minutes
are those of the schedule of the ticket's group when the clock ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.company.schedules import CUSTOMER_CARE, Schedule, schedule_of
from sandbox.vendors.zendesk.hours import Part, open_parts, reached, total
from sandbox.vendors.zendesk.records import TicketState, iso
from sandbox.vendors.zendesk.sla import Applied, Policies

FIRST_ID = 900_000_000_000
IDS_PER_EVENT = 16
RUNNING = {
    "requester_wait_time": ("new", "open", "hold"),
    "agent_work_time": ("new", "open"),
    "pausable_update_time": ("new", "open", "hold"),
}
FROM_CREATION = ("requester_wait_time", "agent_work_time")
OVER = ("solved", "closed")


@dataclass
class _Clock:
    """One metric. `is_on`: begun and not fulfilled; `runs_since` is None while it pauses. `ran` is what has passed of
    this instance."""

    metric: str
    instance: int = 0
    is_on: bool = False
    runs_since: datetime | None = None
    ran: list[Part] = field(default_factory=list)
    applied: Applied | None = None
    breach_id: int = 0
    is_breached: bool = False  # the breach is told: nothing that changes later moves it
    terms_since: datetime | None = None  # since when target and schedule are what they are
    begins: int = 0  # where the events of this instance begin in `happened`

    def parts(self, until: datetime) -> list[Part]:
        return [*self.ran, (self.runs_since, until)] if self.runs_since is not None else self.ran

    def pause(self, at: datetime) -> None:
        self.ran, self.runs_since = self.parts(at), None

    @property
    def sla_metric(self) -> str:
        """What a policy calls it."""
        if self.metric != "reply_time":
            return self.metric
        return "first_reply_time" if self.instance == 1 else "next_reply_time"


@dataclass
class Clocks:
    """The clocks of one ticket. `happened` is what the export serves, in order of time."""

    ticket: TicketState
    policies: Policies
    happened: list[dict[str, Any]] = field(default_factory=list)
    _clocks: dict[str, _Clock] = field(default_factory=dict)
    _schedule: Schedule = CUSTOMER_CARE
    _last_id: int = 0

    def opened(self, event_id: int, at: datetime, *, customer_waits: bool) -> None:
        """The ticket exists. Its reply clock runs once a customer waits for a reply."""
        for metric in FROM_CREATION:
            self._begin(event_id, metric, at)
        if customer_waits:
            self._begin(event_id, "reply_time", at)

    def commented(self, event_id: int, at: datetime, *, by_agent: bool) -> None:
        """A public comment: an agent's fulfils the reply clock and the update clock, and begins the next update; a
        customer's begins the next reply."""
        reply = self._clock("reply_time")
        if not by_agent:
            if not reply.is_on:
                self._begin(event_id, "reply_time", at)
            return
        for clock in (reply, self._clock("pausable_update_time")):
            if clock.is_on:
                self._fulfill(event_id, clock, at)
        if self.ticket.status not in OVER:
            self._begin(event_id, "pausable_update_time", at)

    def changed(self, event_id: int, at: datetime) -> None:
        """The ticket was changed: its status may begin, pause or end a clock, another policy or target may hold."""
        status = self.ticket.status
        for clock in self._clocks.values():
            self._settle(clock, at)
            clock.terms_since = at
        self._schedule = schedule_of(self.ticket.group)
        for metric, statuses in RUNNING.items():
            clock = self._clock(metric)
            if status in OVER:
                if clock.is_on and clock.metric == "pausable_update_time" and clock.parts(at) == [(at, at)]:
                    self._take_back(clock)  # solved by the very update that would have begun it
                elif clock.is_on:
                    self._fulfill(event_id, clock, at)
            elif not clock.is_on:
                if metric in FROM_CREATION:
                    self._begin(event_id, metric, at)
            elif status in statuses and clock.runs_since is None:
                clock.runs_since = at
                self._add(event_id, clock, "activate", at)
            elif status not in statuses and clock.runs_since is not None:
                clock.pause(at)
                self._add(event_id, clock, "pause", at)
        if status not in OVER:
            for clock in self._clocks.values():
                if clock.is_on:
                    self._apply(event_id, clock, at)

    def at(self, now: datetime) -> list[dict[str, Any]]:
        """Everything up to `now`, with the targets that were missed and not met since."""
        missed = (self._breach(clock, now) for clock in self._clocks.values())
        return self.happened + [breach for breach in missed if breach is not None]

    # --- inside ---
    def _clock(self, metric: str) -> _Clock:
        return self._clocks.setdefault(metric, _Clock(metric))

    def _begin(self, event_id: int, metric: str, at: datetime) -> None:
        clock = self._clock(metric)
        clock.instance += 1
        clock.is_on, clock.ran, clock.runs_since, clock.begins = True, [], at, len(self.happened)
        clock.applied, clock.is_breached, clock.terms_since = None, False, at
        self._add(event_id, clock, "activate", at)
        if self.ticket.status not in RUNNING.get(metric, (self.ticket.status,)):
            clock.pause(at)
            self._add(event_id, clock, "pause", at)
        self._apply(event_id, clock, at)

    def _take_back(self, clock: _Clock) -> None:
        self.happened[clock.begins :] = [
            event for event in self.happened[clock.begins :] if event["metric"] != clock.metric
        ]
        clock.instance -= 1
        clock.is_on, clock.ran, clock.runs_since = False, [], None

    def _apply(self, event_id: int, clock: _Clock, at: datetime) -> None:
        """Set the target that holds now, if it is another one."""
        target = self.policies.target(self.ticket, clock.sla_metric)
        if target == clock.applied:
            return
        clock.applied, clock.is_breached = target, False
        self._add(event_id, clock, "apply_sla", at, sla=target.record() if target else None)
        clock.breach_id = self._new_id(event_id)

    def _fulfill(self, event_id: int, clock: _Clock, at: datetime) -> None:
        self._settle(clock, at)
        parts = clock.parts(at)
        clock.is_on, clock.runs_since = False, None
        status = {
            "calendar": int(total(parts).total_seconds() // 60),
            "business": int(total(self._in_hours(parts)).total_seconds() // 60),
        }
        self._add(event_id, clock, "fulfill", at)
        self._add(event_id, clock, "update_status", at, status=status)

    def _in_hours(self, parts: list[Part]) -> list[Part]:
        return [inside for since, until in parts for inside in open_parts(self._schedule, since, until)]

    def _settle(self, clock: _Clock, at: datetime) -> None:
        """Tell of a target that was missed by then: by the status and the schedule that held up to now."""
        if (breach := self._breach(clock, at)) is not None:
            self.happened.append(breach)
            clock.is_breached = True

    def _breach(self, clock: _Clock, until: datetime) -> dict[str, Any] | None:
        """The breach of a running clock's target that nobody was told of, if it happened by then. A target that was
        over when it was set is missed at that moment: the export goes on by time, and must not tell of the past."""
        if not clock.is_on or clock.applied is None or clock.is_breached:
            return None
        parts = clock.parts(until)
        counted = self._in_hours(parts) if clock.applied.in_hours else parts
        at = reached(counted, timedelta(minutes=clock.applied.minutes))
        if at is None:
            return None
        at = max(at, clock.terms_since or at)
        return self._event(clock.breach_id, clock, "breach", at, {"deleted": False})

    def _add(self, event_id: int, clock: _Clock, kind: str, at: datetime, **more: Any) -> None:
        self.happened.append(self._event(self._new_id(event_id), clock, kind, at, more))

    def _new_id(self, event_id: int) -> int:
        self._last_id = max(self._last_id + 1, FIRST_ID + event_id * IDS_PER_EVENT)
        return self._last_id

    def _event(self, number: int, clock: _Clock, kind: str, at: datetime, more: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": number,
            "ticket_id": self.ticket.ticket_id,
            "metric": clock.metric,
            "instance_id": clock.instance,
            "type": kind,
            "time": iso(at),
            **more,
        }
