"""What the simulation remembers of one ticket while it lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.company.simulation import PersonState
from sandbox.model import Channel, Priority

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class Ticket:
    """A ticket on its way from new to closed."""

    ticket_id: int
    state: PersonState
    user_id: int
    channel: Channel
    topic: str
    opened_at: datetime
    status: str = "new"
    priority: Priority = "normal"
    assignee_id: int | None = None
    group: str | None = None
    waiting_since: datetime | None = None  # the customer's first turn that nobody has answered
    last_comment_at: datetime = LONG_AGO
    replies: int = 0
    reopens: int = 0
    solved_times: int = 0
    is_merged: bool = False
    is_deleted: bool = False

    @property
    def is_over(self) -> bool:
        """Nothing more can happen to it."""
        return self.is_merged or self.is_deleted or self.status == "closed"
