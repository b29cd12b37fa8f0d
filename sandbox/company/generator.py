"""Puts the company's life together: who joins when, and what every single day brings."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sandbox.company.feedback import Feedback
from sandbox.company.people import People, season
from sandbox.company.population import Cast
from sandbox.company.priorities import Priorities
from sandbox.company.sales import Sales
from sandbox.company.simulation import PersonState, Simulation
from sandbox.company.staff import make_staff
from sandbox.company.staff_surveys import StaffSurveys
from sandbox.company.support import Support
from sandbox.company.surveys import PRODUCT_FEEDBACK, RELATIONSHIP
from sandbox.company.tangles import Tangles
from sandbox.company.web import Web
from sandbox.company.working_time import ZONE, is_working_day, local_day
from sandbox.model import Agent, Company, OwnerArchived

# The first night: a Tuesday, nine days after the clocks went back (25 and 26 October 2025).
OPENS_AT = datetime(2025, 11, 4, 2, tzinfo=UTC)

TICKETS_PER_PERSON_AND_DAY = 0.0135
SHARE_AT_START = 0.6
EDGE_DAYS = 90


def generate(seed: int, customers: int, days: int, horizon_days: int = 40) -> Company:
    """Make the company of this seed: about `customers` people known at the first night (leads on top), `days` of
    history before it and `horizon_days` after it. The same arguments give the same company, and a longer horizon
    adds to the future without changing what comes before it."""
    starts_at = OPENS_AT - timedelta(days=days)
    ends_at = OPENS_AT + timedelta(days=horizon_days)
    life = _Life(Simulation(seed, customers, starts_at, OPENS_AT, ends_at), days)
    life.begin()
    sim = life.sim
    sim.run()
    events = sorted((e for e in sim.events if e.at < ends_at), key=lambda e: (e.at, e.event_id))
    return Company(
        seed=seed,
        starts_at=starts_at,
        opens_at=OPENS_AT,
        ends_at=ends_at,
        people=sim.people,
        accounts=sim.accounts,
        agents=sim.agents,
        events=events,
        tangles=tuple(sim.tangles),
    )


def is_special(day: date) -> bool:
    """A weekday on which nobody works, or the day before the night in which the clocks change: more people than usual
    write, so that many waits cross it."""
    if day.weekday() < 5 and not is_working_day(day):
        return True
    noons = [datetime.combine(day + timedelta(days=ahead), time(12), ZONE).utcoffset() for ahead in (0, 1)]
    return noons[0] != noons[1]


class _Life:
    def __init__(self, sim: Simulation, days: int) -> None:
        self.sim = sim
        self.people = People(sim)
        self.feedback = Feedback(sim, self.people)
        self.support = Support(sim, self.people, self.feedback.after_ticket)
        self.priorities = Priorities(sim, self.support.tickets)
        self.sales = Sales(sim, [self.feedback.after_order, self._trouble_with_order])
        self.web = Web(sim)
        self.staff_surveys = StaffSurveys(sim)
        self.tangles = Tangles(sim, self.people, self.feedback, self.support, self.web, self.join)
        self.days = days
        self._on_edge: set[int] = set()  # nobody answers twice at one instant
        self.joins_per_day = sim.customers * (1 - SHARE_AT_START) / days
        # rare things, scaled so that a company of 400 sees one about every other day
        self.rare_per_day = min(3.0, 0.55 * sim.customers / 400)

    def begin(self) -> None:
        sim = self.sim
        sim.agents.update(make_staff(sim.customers, sim.starts_at, sim.opens_at))
        for became in (0.45 * self.days, 0.7 * self.days, self.days + 1.1):
            sim.at(sim.starts_at + timedelta(minutes=20), self._future_agent, became)
        early = timedelta(days=max(0.5, 0.12 * self.days))
        for _ in range(max(1, round(sim.customers * SHARE_AT_START) - self.tangles.cast)):
            sim.at(sim.starts_at + early * sim.rng.random() ** 2, self.join)
        for _ in range(max(2, sim.customers // 25)):
            sim.at(sim.starts_at + early * sim.rng.random(), self.people.join_lead)
        self.tangles.begin(early)
        self.staff_surveys.begin()
        self._begin_edges()
        sim.at(sim.opens_at - timedelta(days=0.3 * self.days), self._archive_owner, 6)
        sim.at(sim.opens_at + timedelta(days=1.4), self._archive_owner, 8)
        sim.at(sim.starts_at, self._day, local_day(sim.starts_at))

    def join(self, cast: Cast | None = None) -> PersonState:
        """Somebody new: they will buy, be asked, and ask for help."""
        state = self.people.join(cast=cast)
        self.sales.start_buying(state)
        self.feedback.start_asking(state)
        return state

    # --- each day ---
    def _day(self, day: date) -> None:
        """Draw one local day and plan the next."""
        sim = self.sim
        start = datetime.combine(day, time(0), ZONE).astimezone(UTC)
        following = day + timedelta(days=1)
        sim.at(datetime.combine(following, time(0), ZONE), self._day, following)
        self.web.count_day(day)
        weekend = 0.45 if day.weekday() > 4 else 1.2
        for _ in range(sim.times_today(self.joins_per_day)):
            self._during(start, self.join)
        busy = season(sim.now, sim.opens_at) * weekend
        known = sum(1 for _ in sim.states) if sim.customers < 50 else len(sim.states)
        for _ in range(sim.times_today(known * TICKETS_PER_PERSON_AND_DAY * busy)):
            self._during(start, self._ask)
        if is_special(day):
            for _ in range(min(10, max(2, sim.customers // 40))):
                sim.at(start + timedelta(hours=sim.rng.uniform(8, 21)), self._ask)
        self._rare_things(start)
        self.priorities.plan_day(start, max(1.0, self.rare_per_day) if sim.is_open else self.rare_per_day)
        since_opening = (day - local_day(sim.opens_at)).days
        if since_opening >= 0:
            self._during(start, self.tangles.tie_another, since_opening)

    def _rare_things(self, start: datetime) -> None:
        """What happens seldom in history, but from just before the first night on every single day."""
        support, people, sales, feedback = self.support, self.people, self.sales, self.feedback
        for action, weight in (
            (self.join, 0.0),
            (people.join_lead, 1.2),
            (people.change_contact_somehow, 2.0),
            (people.change_contact_email, 0.6),
            (people.opt_out, 0.8),
            (self._duplicate_contact, 1.2),
            (people.merge_contacts, 0.1),
            (people.archive_contact, 0.7),
            (people.relink, 0.7),
            (people.found_account, 0.1),
            (self._deal_of_account, 0.5),
            (self._deal_badly_filled, 0.8),
            (self._deal, 0.2),
            (sales.refund, 0.3),
            (sales.correct, 0.6),
            (sales.archive, 0.4),
            (people.change_helpdesk_user, 0.8),
            (people.merge_helpdesk_users, 0.6),
            (people.delete_helpdesk_user, 0.5),
            (self._ask, 0.3),
            (self._ask_for_the_first_time, 0.3),
            (self._outbound, 1.2),
            (support.open_duplicate, 0.5),
            (support.open_spam, 0.8),
            (support.delete, 0.2),
            (support.reopen_one, 0.5),
            (support.raise_priority, 0.5),
            (support.transfer, 1.2),
            (feedback.change_rating, 0.2),
            (feedback.change_helpdesk_survey, 0.1),
            (feedback.complete_one, 0.2),
            (feedback.delete_response, 0.3),
            (self._late_answer, 0.4),
            (self._half_answer, 0.3),
            (self._whole_answer, 0.3),
            (self._started_answer, 0.2),
        ):
            times = self.sim.times_today(self.rare_per_day * weight)
            if self.sim.is_open:
                times = max(1, times)
            for _ in range(times):
                self._during(start, action)

    def _during(self, start: datetime, action, *arguments: object) -> None:  # type: ignore[no-untyped-def]
        """Some time this day, most likely in the early afternoon, never in the two hours around the night."""
        hours = self.sim.rng.triangular(4.5, 23.8, 14)
        self.sim.at(start + timedelta(hours=hours), action, *arguments)

    # --- single things ---
    def _ask(self) -> None:
        state = self.people.someone(lambda state: not state.is_lead and not state.is_staff)
        if state is not None:
            self.support.open_ticket(state)

    def _ask_for_the_first_time(self) -> None:
        state = self.people.someone(lambda state: not state.user_ids and not state.is_lead)
        self.support.open_ticket(state or self.people.join())

    def _trouble_with_order(self, state: PersonState) -> None:
        if self.sim.chance(0.12):
            topic = self.sim.pick(("delivery", "delivery", "product", "returns"))
            self.sim.after(self.sim.rng.uniform(0.5, 7) * 86_400, self._ask_about, state, topic)

    def _ask_about(self, state: PersonState, topic: str) -> None:
        if not state.is_staff:
            self.support.open_ticket(state, topic=topic)

    def _outbound(self) -> None:
        state = self.people.someone(lambda state: not state.is_lead and not state.is_staff)
        if state is not None:
            self.support.open_by_agent(state, is_public=self.sim.chance(0.6))

    def _duplicate_contact(self) -> None:
        """A second contact of the same person, which often comes with a deal of its own."""
        state = self.people.duplicate_contact()
        if state is not None and not state.is_lead and self.sim.chance(0.6):
            self.sales.open_deal(state, contact_id=state.contact_ids[-1])

    def _deal(self) -> None:
        self.sales.open_deal(self._buyer())

    def _deal_badly_filled(self) -> None:
        state = self._buyer()
        if state is not None:
            self.sales.open_deal(state, badly_filled=True)

    def _deal_of_account(self) -> None:
        if self.sim.accounts:
            self.sales.open_deal(None)

    def _buyer(self) -> PersonState | None:
        return self.people.someone(lambda state: not state.is_lead and bool(state.contact_ids))

    def _late_answer(self) -> None:
        state = self.people.someone(lambda state: not state.is_lead)
        if state is not None:
            self.feedback.answer(RELATIONSHIP, state, how="late")

    def _half_answer(self) -> None:
        state = self.people.someone(lambda state: not state.is_lead)
        if state is not None:
            self.feedback.answer(PRODUCT_FEEDBACK, state, how="partial")

    def _whole_answer(self) -> None:
        state = self.people.someone(lambda state: not state.is_lead)
        if state is not None:
            self.feedback.answer(RELATIONSHIP, state, how="whole")

    def _started_answer(self) -> None:
        state = self.people.someone(lambda state: not state.is_lead)
        if state is not None:
            self.feedback.answer(RELATIONSHIP, state, how="started")

    def _archive_owner(self, number: int) -> None:
        """An employee stops owning CRM records (and stays in the helpdesk)."""
        owners = [agent.owner_id for agent in self.sim.agents.values() if agent.owner_id]
        owner_id = next((owner for owner in owners if owner % 100 == number), None)
        if owner_id is not None:
            self.sim.emit(OwnerArchived, owner_id=owner_id)

    def _future_agent(self, became_after_days: float) -> None:
        """An end user who asks for help several times and is hired later: their early comments are a customer's."""
        sim = self.sim
        state = self.people.join()
        state.will_be_staff = True
        user_id = self.people.create_helpdesk_user(state)
        became = sim.starts_at + timedelta(days=became_after_days)
        person = state.person
        sim.agents[user_id] = Agent(
            agent_id=user_id,
            owner_id=None,
            name=f"{person.first_name} {person.last_name}",
            email=person.email,
            team="Tier 1",
            created_at=sim.now,
            became_agent_at=became,
        )
        for n in range(5):
            share = (n + 0.5) / 6
            when = sim.now + (min(became, sim.opens_at) - sim.now) * share
            sim.at(when, self._future_agent_asks, state)
        sim.at(became, self._hire, state)

    def _future_agent_asks(self, state: PersonState) -> None:
        ticket = self.support.open_ticket(state, channel="email")
        self.sim.after(90, self.support.customer_asks_again, ticket)

    def _hire(self, state: PersonState) -> None:
        state.is_staff = True

    def _begin_edges(self) -> None:
        """Answers on the very edge of the trailing 90 days of the first nights: just in, just out, and exactly on."""
        sim = self.sim
        for night in range(4):
            edge = sim.opens_at + timedelta(days=night - EDGE_DAYS)
            for offset in (0,) * 7 + (1, 1, 60, 60, 600, 3_600, 3_600, -1, -1, -60, -60, -600, -3_600, -3_600):
                if edge - timedelta(hours=2) > sim.starts_at + timedelta(days=2) and (night == 0 or offset in (0, 1)):
                    sim.at_exactly(edge + timedelta(seconds=offset), self._edge_answer)

    def _edge_answer(self) -> None:
        state = self.people.someone(lambda state: not state.is_lead and state.person.person_id not in self._on_edge)
        if state is not None:
            self._on_edge.add(state.person.person_id)
            self.feedback.answer_at(state, self.sim.now)
