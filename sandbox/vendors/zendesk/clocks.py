"""Zendesk's own clocks on a ticket: reply time, requester wait time, agent work time, as ticket metric
events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.model import COMPANY_TIME_ZONE
from sandbox.vendors.zendesk.records import POLICY_ID, REPLY_TARGET_MINUTES, iso

FIRST_ID = 900_000_000_000
ZONE = ZoneInfo(COMPANY_TIME_ZONE)
RUNNING = {
    "requester_wait_time": ("new", "open", "hold"),
    "agent_work_time": ("new", "open"),
}


@dataclass
class _Clock:
    metric: str
    instance: int = 0
    runs_since: datetime | None = None
    spent: timedelta = timedelta(0)
    business: timedelta = timedelta(0)
    due_at: datetime | None = None
    breach_id: int = 0

    @property
    def is_active(self) -> bool:
        return self.runs_since is not None

    def stop(self, at: datetime) -> None:
        if self.runs_since is not None:
            self.spent += at - self.runs_since
            self.business += business_time(self.runs_since, at)
            self.runs_since = None


@dataclass
class Clocks:
    """The clocks of one ticket. `happened` is what the export serves, in order of time."""

    ticket_id: int
    happened: list[dict[str, Any]] = field(default_factory=list)
    _clocks: dict[str, _Clock] = field(default_factory=dict)
    _last_id: int = 0

    def opened(self, event_id: int, at: datetime, priority: str, *, customer_waits: bool) -> None:
        """The ticket exists. Its reply clock runs once a customer waits for a reply."""
        for metric in RUNNING:
            self._activate(event_id, metric, at)
        if customer_waits:
            self._activate(event_id, "reply_time", at)
            clock = self._clocks["reply_time"]
            target = REPLY_TARGET_MINUTES.get(priority, 480)
            clock.due_at = at + timedelta(minutes=target)
            self._add(
                event_id,
                clock,
                "apply_sla",
                at,
                sla={
                    "target": target,
                    "target_in_seconds": target * 60,
                    "business_hours": False,
                    "policy": {"id": POLICY_ID, "title": "First reply", "description": ""},
                },
            )
            clock.breach_id = self._new_id(event_id)

    def commented(self, event_id: int, at: datetime, *, by_agent: bool) -> None:
        """A public comment: an agent's fulfils the reply clock, a customer's starts the next one."""
        clock = self._clocks.get("reply_time")
        if by_agent and clock is not None and clock.is_active:
            self._fulfill(event_id, clock, at)
        elif not by_agent and (clock is None or not clock.is_active):
            self._activate(event_id, "reply_time", at)

    def became(self, event_id: int, at: datetime, status: str) -> None:
        """The ticket's status changed."""
        for metric, statuses in RUNNING.items():
            clock = self._clocks[metric]
            if status in statuses and not clock.is_active:
                self._activate(event_id, metric, at)
            elif status in ("solved", "closed"):
                if clock.is_active or clock.spent:
                    self._fulfill(event_id, clock, at)
            elif status not in statuses and clock.is_active:
                clock.stop(at)
                self._add(event_id, clock, "pause", at)

    def at(self, now: datetime) -> list[dict[str, Any]]:
        """Everything up to `now`, with the target that was missed and not met since."""
        clock = self._clocks.get("reply_time")
        missed = []
        if clock is not None and clock.is_active and clock.due_at is not None and clock.due_at <= now:
            missed.append(self._breach(clock))
        return self.happened + missed

    def _activate(self, event_id: int, metric: str, at: datetime) -> None:
        clock = self._clocks.setdefault(metric, _Clock(metric))
        if clock.spent == timedelta(0):
            clock.instance += 1
        clock.runs_since = at
        self._add(event_id, clock, "activate", at)

    def _fulfill(self, event_id: int, clock: _Clock, at: datetime) -> None:
        clock.stop(at)
        status = {
            "calendar": int(clock.spent.total_seconds() // 60),
            "business": int(clock.business.total_seconds() // 60),
        }
        if clock.due_at is not None and at > clock.due_at:
            self.happened.append(self._breach(clock))
        clock.spent, clock.business, clock.due_at = timedelta(0), timedelta(0), None
        self._add(event_id, clock, "fulfill", at)
        self._add(event_id, clock, "update_status", at, status=status)

    def _breach(self, clock: _Clock) -> dict[str, Any]:
        assert clock.due_at is not None
        return self._event(clock.breach_id, clock, "breach", clock.due_at, {"deleted": False})

    def _add(self, event_id: int, clock: _Clock, kind: str, at: datetime, **more: Any) -> None:
        self.happened.append(self._event(self._new_id(event_id), clock, kind, at, more))

    def _new_id(self, event_id: int) -> int:
        self._last_id = max(self._last_id + 1, FIRST_ID + event_id * 16)
        return self._last_id

    def _event(self, number: int, clock: _Clock, kind: str, at: datetime, more: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": number,
            "ticket_id": self.ticket_id,
            "metric": clock.metric,
            "instance_id": max(1, clock.instance),
            "type": kind,
            "time": iso(at),
            **more,
        }


def business_time(start: datetime, end: datetime) -> timedelta:
    """The part of start…end that lies in the schedule's hours: Monday to Friday, 9 to 17 in the company's
    zone."""
    total, day = timedelta(0), start.astimezone(ZONE).date()
    while day <= end.astimezone(ZONE).date():
        if day.weekday() < 5:
            opens = max(start, datetime.combine(day, time(9), ZONE))
            closes = min(end, datetime.combine(day, time(17), ZONE))
            total += max(timedelta(0), closes.astimezone(ZoneInfo("UTC")) - opens.astimezone(ZoneInfo("UTC")))
        day += timedelta(days=1)
    return total
