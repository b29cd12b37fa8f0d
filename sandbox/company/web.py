"""How people visit the site: sessions a day and browser, some counted only days later."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sandbox.company.people import season
from sandbox.company.simulation import PersonState, Simulation, clear_of_night
from sandbox.company.working_time import ZONE, local_day
from sandbox.model import Device, VisitsCounted, WebChannel

CHANNELS: tuple[WebChannel, ...] = (
    "Organic Search", "Organic Search", "Organic Search", "Direct", "Direct", "Paid Search", "Email",
    "Referral", "Organic Social",
)  # fmt: skip
DEVICES: tuple[Device, ...] = ("mobile", "mobile", "mobile", "desktop", "desktop", "desktop", "tablet")
PAGES = ("/", "/", "/products/standing-desk", "/products/ergo-chair", "/sale", "/help", "/blog/back-pain")
VISITS_PER_PERSON_AND_DAY = 0.16
STRANGERS_PER_PERSON_AND_DAY = 0.12


class Web:
    """Draws each day's visits when the day begins; nothing else depends on them."""

    def __init__(self, simulation: Simulation) -> None:
        self.sim = simulation
        self._seen: set[tuple[object, ...]] = set()  # of the day that is being drawn

    def count_day(self, day: date) -> None:
        """All visits of one property day: known people, half of them logged in, and strangers."""
        sim = self.sim
        self._seen.clear()
        if not sim.states:
            return
        busy = season(sim.now, sim.opens_at) * (0.75 if day.weekday() > 4 else 1.0)
        for _ in range(sim.times_today(len(sim.states) * VISITS_PER_PERSON_AND_DAY * busy) or 1):
            state = sim.pick(sim.states)
            if state.mood > 0.25 or sim.chance(0.5):
                self._visit(day, state)
        for _ in range(sim.times_today(sim.customers * STRANGERS_PER_PERSON_AND_DAY * busy) or 1):
            self._visit(day, None)
        if sim.is_open:  # each day is restated at least once on each of the three days after it
            for days_late in (1, 2, 3):
                while not self._visit(day, sim.pick(sim.states), days_late):
                    pass

    def _visit(self, day: date, state: PersonState | None, days_late: int | None = None) -> bool:
        """Somebody's sessions; False if it cannot be told (the same facts twice, or counted in the past)."""
        sim = self.sim
        user_id = None
        if state is None:
            client = f"{sim.rng.randrange(10**9, 2 * 10**9)}.{sim.rng.randrange(10**9, 2 * 10**9)}"
        else:
            browser = sim.pick(state.browsers)
            client, since = browser.client_id, browser.logs_in_from
            if since is not None and since <= sim.now and sim.chance(0.8):
                user_id = state.person.web_user_id
        if days_late is None:
            roll = sim.rng.random()
            days_late = 0 if roll < 0.7 else 1 if roll < 0.92 else 2 if roll < 0.97 else 3
        return self._count(day, self._counted_at(day, days_late), client, user_id)

    def visit_now(self, client: str, user_id: str | None) -> None:
        """A visit that is counted at once, of a browser on which somebody is logged in or nobody."""
        while not self._count(local_day(self.sim.now), self.sim.now, client, user_id):
            pass

    def _count(self, day: date, counted: datetime, client: str, user_id: str | None) -> bool:
        sim = self.sim
        sessions = 1 if sim.chance(0.85) else 2
        views = sum(1 + int(sim.rng.expovariate(0.4)) for _ in range(sessions))
        engaged = sum(sim.chance(0.62) for _ in range(sessions))
        landing = sim.pick(PAGES)
        channel = sim.pick(CHANNELS)
        # a browser comes by one channel and page a day: its sessions are one fact
        key = (day, client, user_id, channel, landing)
        if key in self._seen:
            return False
        self._seen.add(key)
        sim.emit(
            VisitsCounted,
            at=counted,
            day=day,
            client_id=client,
            user_id=user_id,
            channel=channel,
            device=DEVICES[hash_of(client) % len(DEVICES)],
            landing_page=landing,
            sessions=sessions,
            engaged_sessions=engaged,
            page_views=views,
            key_events=sum(sim.chance(0.04) for _ in range(sessions)),
            engagement_seconds=int(engaged * sim.rng.uniform(15, 240)),
        )
        return True

    def _counted_at(self, day: date, days_late: int) -> datetime:
        """Same-day visits are counted between morning and midnight, late ones on a later day after the night."""
        sim = self.sim
        midnight = datetime.combine(day + timedelta(days=days_late), time(0), ZONE).astimezone(UTC)
        if days_late == 0:
            return clear_of_night(midnight + timedelta(hours=sim.rng.triangular(7, 23.9, 18)))
        return clear_of_night(midnight + timedelta(hours=sim.rng.triangular(4.5, 22, 6)))


def hash_of(client: str) -> int:
    """A browser keeps its device."""
    return int(client.partition(".")[0])
