"""Priorities that are corrected: a low one becomes a normal one, or the other way round, which makes nobody quicker.

Drawn from a generator of its own, so that everything else in a company's life stays as it was."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sandbox.company.simulation import Simulation
from sandbox.company.tickets import Ticket
from sandbox.model import Priority, TicketChanged

AUTOMATION = -1
OTHER: dict[str, Priority] = {"low": "normal", "normal": "low"}
LOOKED_AT = 40  # of the newest tickets


class Priorities:
    """Corrects some of the `tickets` every day."""

    def __init__(self, simulation: Simulation, tickets: list[Ticket]) -> None:
        self.sim = simulation
        self.tickets = tickets
        self.rng = random.Random(f"{simulation.seed} priorities")

    def plan_day(self, start: datetime, per_day: float) -> None:
        """Plan the corrections of the day that begins at `start`."""
        for _ in range(int(per_day + self.rng.random())):
            self.sim.at(start + timedelta(hours=self.rng.uniform(8, 22)), self.correct)

    def correct(self) -> None:
        """Somebody sees that a ticket matters less, or more, than it looked."""
        found = [ticket for ticket in self.tickets[-LOOKED_AT:] if not ticket.is_over and ticket.priority in OTHER]
        if not found:
            return
        ticket = self.rng.choice(found)
        was, ticket.priority = ticket.priority, OTHER[ticket.priority]
        self.sim.emit(
            TicketChanged,
            ticket_id=ticket.ticket_id,
            by_user_id=ticket.assignee_id or AUTOMATION,
            changes={"priority": (was, ticket.priority)},
        )
