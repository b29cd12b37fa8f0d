"""What the made company asks its own people: how it is to work here, and what its managers expect of the scores.

Answers carry no name. Chance and event ids are of this part's own, so that the rest of the company's life does not
depend on it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

from sandbox.company.simulation import Simulation
from sandbox.company.surveys import EXPECTATIONS, STAFF_PULSE, Form
from sandbox.company.working_time import ZONE, local_day
from sandbox.model import SurveyResponse

# Not only those who answer tickets: a team has people without a seat in the helpdesk too.
STAFF_BY_TEAM = {"Tier 1": 14, "Tier 2": 9, "Billing": 12, "Logistics": 18}
MOOD_OF_TEAM = {"Tier 1": 0.72, "Tier 2": 0.85, "Billing": 0.6, "Logistics": 0.78}
MANAGERS = 6
PULSE_MONTHS = (1, 4, 7, 10)  # each quarter's first
FIRST_EVENT_ID = 10_000_000_000
NOBODY = 0  # an answer without a person


class StaffSurveys:
    """Sends the pulse to every employee once a quarter, and the question on the scores to managers each month."""

    def __init__(self, simulation: Simulation) -> None:
        self.sim = simulation
        self.rng = random.Random(f"staff of {simulation.seed}")

    def begin(self) -> None:
        """Plan the first month; each month plans the next."""
        self._plan(local_day(self.sim.starts_at).replace(day=1))

    def _plan(self, month: date) -> None:
        for day, action in ((3, self._ask_managers), (7, self._ask_everybody)):
            at = datetime.combine(month.replace(day=day), time(9), ZONE)
            if at >= self.sim.starts_at:
                self.sim.at(at.astimezone(UTC), action)
        following = (month + timedelta(days=32)).replace(day=1)
        self.sim.at(datetime.combine(following, time(1), ZONE).astimezone(UTC), self._plan, following)

    def _ask_everybody(self) -> None:
        if local_day(self.sim.now).month not in PULSE_MONTHS:
            return
        for team, people in STAFF_BY_TEAM.items():
            for _ in range(people):
                answers = self.rng.random() < 0.8
                felt = min(1.0, max(0.0, self.rng.gauss(MOOD_OF_TEAM[team], 0.2)))
                seconds = self.rng.uniform(600, 6 * 86_400)
                token = f"{self.rng.getrandbits(128):032x}"
                if answers:
                    self.sim.after(
                        seconds, self._submit, STAFF_PULSE, token, {"enps": round(10 * felt)}, {"team": team}
                    )

    def _ask_managers(self) -> None:
        """Managers think better of the company than its customers do."""
        for _ in range(MANAGERS):
            expected = {
                "expected_nps": round(self.rng.gauss(45, 12)),
                "expected_csat": round(self.rng.gauss(88, 5)),
                "expected_ces": min(7, max(1, round(self.rng.gauss(5.8, 0.7)))),
            }
            expected["expected_csat"] = min(100, max(0, expected["expected_csat"]))
            expected["expected_nps"] = min(100, max(-100, expected["expected_nps"]))
            seconds = self.rng.uniform(600, 3 * 86_400)
            token = f"{self.rng.getrandbits(128):032x}"
            self.sim.after(seconds, self._submit, EXPECTATIONS, token, expected, {})

    def _submit(self, form: Form, token: str, answers: dict[str, int], hidden: dict[str, str]) -> None:
        now = self.sim.now
        self.sim.events.append(
            SurveyResponse(
                event_id=self.sim.new_id("staff event", FIRST_EVENT_ID),
                at=now,
                response_id=token,
                form_id=form.form_id,
                person_id=NOBODY,
                state="completed",
                landed_at=now - timedelta(minutes=2),
                submitted_at=now,
                answers=dict(answers),
                hidden=hidden,
            )
        )
