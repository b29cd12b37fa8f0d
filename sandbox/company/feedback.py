"""How people answer surveys: what they say follows their mood, when and how completely they say it varies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.company import words
from sandbox.company.people import People
from sandbox.company.simulation import PersonState, Simulation
from sandbox.company.surveys import AFTER_TICKET, PRODUCT_FEEDBACK, RELATIONSHIP, Form
from sandbox.company.tickets import Ticket
from sandbox.company.writing import email_as_typed
from sandbox.model import (
    HelpdeskSurveyAnswered,
    SatisfactionOffered,
    SatisfactionRated,
    SurveyResponse,
    SurveyResponseDeleted,
)

DAY = 86_400
FIRST_RATING_ID = 62_000_001
WINDOW_DAYS = 90  # of the score that takes each customer's latest answer
SURVEY_OPEN = timedelta(days=27)  # the helpdesk lets an answer be changed for 28 days after it asked
OUT_OF_SCALE = 11  # what the form that was set up wrongly (1–11 instead of 0–10) let people choose


@dataclass(eq=False)
class _Rated:
    ticket: Ticket
    is_good: bool


@dataclass(eq=False)
class _Given:
    response: SurveyResponse
    state: PersonState


class Feedback:
    """Invites people to the three forms and to the helpdesk's own ratings."""

    def __init__(self, simulation: Simulation, people: People) -> None:
        self.sim = simulation
        self.people = people
        self._rated: list[_Rated] = []
        self._surveyed: list[HelpdeskSurveyAnswered] = []
        self._partial: list[_Given] = []
        self._given: list[SurveyResponse] = []
        opens = simulation.opens_at
        self._wrong_scale = (
            (opens - timedelta(days=62), opens - timedelta(days=33)),
            (opens + timedelta(days=1), opens + timedelta(days=3)),
        )

    # --- when people are asked ---
    def start_asking(self, state: PersonState) -> None:
        """The relationship survey comes each quarter, to a panel of keen people every two to three weeks."""
        if not state.is_lead:
            first = 8 if state.answers_often else 90
            self.sim.after(self.sim.rng.uniform(1, first) * DAY, self.ask_relationship, state)

    def ask_relationship(self, state: PersonState) -> None:
        """The quarterly question, and the next one after it."""
        sim = self.sim
        # the delighted and the angry answer more often than the indifferent
        if sim.chance(0.95 if state.answers_often else 0.2 + 0.5 * abs(state.mood - 0.5)):
            self.answer(RELATIONSHIP, state)
        pause = sim.rng.uniform(11, 16) if state.answers_often else sim.rng.uniform(86, 95)
        sim.after(pause * DAY, self.ask_relationship, state)

    def after_order(self, state: PersonState) -> None:
        """Some customers are asked about their order some days later."""
        if self.sim.chance(0.4):
            self.sim.after(self.sim.rng.uniform(2, 9) * DAY, self.answer, PRODUCT_FEEDBACK, state)

    def after_ticket(self, ticket: Ticket) -> None:
        """A solved ticket is followed by the helpdesk's rating, its newer survey, or the after-ticket form."""
        sim = self.sim
        roll = sim.rng.random()
        if ticket.solved_times == 1 and roll < 0.55:
            sim.after(sim.rng.uniform(0.1, 24) * 3_600, self._offer, ticket)
        elif roll < 0.75 and sim.chance(0.5):
            sim.after(sim.rng.uniform(0.2, 40) * 3_600, self._answer_helpdesk_survey, ticket)
        if ticket.solved_times == 1 and sim.chance(0.38):
            sim.after(sim.rng.uniform(1, 50) * 3_600, self.answer, AFTER_TICKET, ticket.state, ticket)

    # --- the survey tool ---
    def answer(
        self,
        form: Form,
        state: PersonState,
        ticket: Ticket | None = None,
        *,
        how: str | None = None,
        hidden: dict[str, str] | None = None,
        typed: str | None = None,
    ) -> None:
        """Fill in a form: at once, in steps over days, half, not at all, or offline and sent in days later. `hidden` is
        what the link carried and `typed` the address that was typed in, where that is settled."""
        sim = self.sim
        roll = sim.rng.random()
        arrives = sim.rng.uniform(1.1, 4.5) if how is None else sim.rng.uniform(1.01, 1.05)  # days late
        how = how or (
            "whole" if roll < 0.62 else "steps" if roll < 0.76 else "partial" if roll < 0.86
            else "started" if roll < 0.94 else "late"
        )  # fmt: skip
        response_id = f"{sim.rng.getrandbits(128):032x}"
        if hidden is None:
            hidden = self._hidden(form, state, ticket)
        landed = sim.now
        answers = self._answers(form, state, hidden)
        if typed is not None and form.email_question is not None:
            answers[form.email_question] = typed
        minutes = sim.rng.uniform(1.5, 6) * 60
        if how == "late":
            submitted = landed + timedelta(seconds=int(minutes))
            sim.after(arrives * DAY, self._submit, form, state, response_id, landed, submitted, answers, hidden, True)
            return
        if how == "whole" and not sim.chance(0.3):
            submit_in = minutes
        else:
            self._state(form, state, response_id, "started", landed, landed, {}, hidden)
            submit_in = minutes
        if how == "whole":
            sim.after(submit_in, self._submit, form, state, response_id, landed, None, answers, hidden, False)
        elif how in ("steps", "partial"):
            sim.after(submit_in, self._leave_half, form, state, response_id, landed, answers, hidden, how == "steps")

    def complete_one(self) -> None:
        """Somebody comes back to a survey that they left half-filled some days ago."""
        yesterday, long_ago = self.sim.now - timedelta(hours=20), self.sim.now - timedelta(days=10)
        found = [given for given in self._partial if long_ago < given.response.at < yesterday]
        if not found:
            return
        given = self.sim.pick(found[-20:])
        form = next(
            form for form in (RELATIONSHIP, AFTER_TICKET, PRODUCT_FEEDBACK) if form.form_id == given.response.form_id
        )
        answers = {**self._answers(form, given.state, given.response.hidden), **given.response.answers}
        self._complete(given, answers)

    def delete_response(self) -> None:
        """An answer is removed from the survey tool (a test, a request of the person)."""
        yesterday, tangled = self.sim.now - timedelta(hours=20), self.sim.tangled
        recent = [given for given in self._given[-60:] if given.at < yesterday and given.person_id not in tangled]
        if recent:
            response = self.sim.pick(recent)
            self._given.remove(response)
            self._partial = [given for given in self._partial if given.response.response_id != response.response_id]
            self.sim.emit(SurveyResponseDeleted, response_id=response.response_id, form_id=response.form_id)

    def answer_at(self, state: PersonState, submitted: datetime) -> None:
        """A relationship answer submitted at exactly this instant, for the edges of trailing windows."""
        response_id = f"{self.sim.rng.getrandbits(128):032x}"
        landed = submitted - timedelta(minutes=3)
        hidden = self._hidden(RELATIONSHIP, state, None)
        answers = self._answers(RELATIONSHIP, state, hidden)
        self._submit(RELATIONSHIP, state, response_id, landed, submitted, answers, hidden, False)

    def _submit(
        self,
        form: Form,
        state: PersonState,
        response_id: str,
        landed: datetime,
        submitted: datetime | None,
        answers: dict[str, int | str],
        hidden: dict[str, str],
        is_late: bool,
    ) -> None:
        when = submitted or self.sim.now
        event = self._state(form, state, response_id, "completed", landed, when, answers, hidden, is_late)
        self._given.append(event)

    def _leave_half(
        self,
        form: Form,
        state: PersonState,
        response_id: str,
        landed: datetime,
        answers: dict[str, int | str],
        hidden: dict[str, str],
        comes_back: bool,
    ) -> None:
        first = form.questions[0].ref
        half = {first: answers[first]}
        event = self._state(form, state, response_id, "partial", landed, self.sim.now, half, hidden)
        self._given.append(event)
        given = _Given(event, state)
        self._partial.append(given)
        if comes_back:
            self.sim.after(self.sim.rng.uniform(0.7, 3.5) * DAY, self._complete, given, answers)

    def _complete(self, given: _Given, answers: dict[str, int | str]) -> None:
        if given not in self._partial:
            return  # completed or deleted meanwhile
        self._partial.remove(given)
        before = given.response
        event = self.sim.emit(
            SurveyResponse,
            response_id=before.response_id,
            form_id=before.form_id,
            person_id=before.person_id,
            state="completed",
            landed_at=before.landed_at,
            submitted_at=before.submitted_at,
            answers={**answers, **before.answers},
            hidden=before.hidden,
        )
        self._given = [event if kept is before else kept for kept in self._given[-400:]]

    def _state(
        self,
        form: Form,
        state: PersonState,
        response_id: str,
        stage: str,
        landed: datetime,
        submitted: datetime,
        answers: dict[str, int | str],
        hidden: dict[str, str],
        is_late: bool = False,
    ) -> SurveyResponse:
        return self.sim.emit(
            SurveyResponse,
            response_id=response_id,
            form_id=form.form_id,
            person_id=state.person.person_id,
            state=stage,
            landed_at=landed,
            submitted_at=submitted,
            answers=answers,
            hidden=hidden,
            is_late=is_late,
        )

    def _hidden(self, form: Form, state: PersonState, ticket: Ticket | None) -> dict[str, str]:
        """What the survey link carried: mostly an address, else an id, sometimes nothing."""
        sim = self.sim
        hidden: dict[str, str] = {}
        if form.email_question and sim.chance(0.12):
            return hidden  # the public link
        roll = sim.rng.random()
        if roll < 0.8:
            hidden["email"] = email_as_typed(sim, state.person.email).strip()
        elif roll < 0.85:
            hidden["email"] = state.person.other_emails[-1]
        if "contact_id" in form.hidden and state.contact_ids and (roll > 0.85 or sim.chance(0.3)) and roll < 0.97:
            hidden["contact_id"] = str(state.contact_ids[0])
        if "ticket_id" in form.hidden and ticket is not None and roll < 0.97:
            hidden["ticket_id"] = str(ticket.ticket_id)
        return hidden

    def _answers(self, form: Form, state: PersonState, hidden: dict[str, str]) -> dict[str, int | str]:
        """Scores around the mood, each on its scale; a comment from about half of the people; an address from some, and
        from most of those whose link carried nothing."""
        sim = self.sim
        answers: dict[str, int | str] = {}
        for question in form.questions:
            if question.ref == form.email_question:
                if sim.chance(0.2 if hidden else 0.8):
                    own = [state.person.email, state.person.email, *state.person.other_emails]
                    answers[question.ref] = email_as_typed(sim, sim.pick(own)).strip()
                continue
            if question.low is None or question.high is None:
                if sim.chance(0.55):
                    answers[question.ref] = self._comment(state)
                continue
            if answers and sim.chance(0.06):
                continue  # left out
            felt = min(1.0, max(0.0, state.mood + sim.rng.gauss(0.02, 0.14)))
            if question.low_is_good:
                felt = 1 - felt
            answers[question.ref] = question.low + round(felt * (question.high - question.low))
        is_wrong = form is RELATIONSHIP and any(begin <= sim.now < end for begin, end in self._wrong_scale)
        if is_wrong and int(answers["nps"]) >= 9 and sim.chance(0.8):
            answers["nps"] = OUT_OF_SCALE
        return answers

    def _comment(self, state: PersonState) -> str:
        sim = self.sim
        roll = sim.rng.random()
        if roll < 0.06:
            return ""
        if roll < 0.14:
            return sim.pick(words.EMOJI)
        if roll < 0.19:
            return sim.pick(words.MIXED)
        return sim.pick((words.PRAISE if state.mood > 0.55 else words.BLAME)[state.language])

    # --- the helpdesk's own ratings ---
    def _offer(self, ticket: Ticket) -> None:
        sim = self.sim
        if ticket.is_deleted or ticket.is_merged:
            return
        sim.emit(SatisfactionOffered, ticket_id=ticket.ticket_id, rating_id=self._rating_id())
        if sim.chance(0.5):
            sim.after(sim.rng.uniform(0.05, 30) * 3_600, self._rate, ticket)

    def _rate(self, ticket: Ticket, is_good: bool | None = None) -> None:
        sim = self.sim
        if ticket.is_deleted or ticket.is_merged:
            return
        good = sim.chance(0.15 + 0.85 * ticket.state.mood) if is_good is None else is_good
        sim.emit(
            SatisfactionRated,
            ticket_id=ticket.ticket_id,
            rating_id=self._rating_id(),
            rating="good" if good else "bad",
            reason=None if good else sim.pick(words.REASONS_BAD),
            comment=self._comment(ticket.state) if sim.chance(0.3) else None,
        )
        if is_good is None:
            self._rated.append(_Rated(ticket, good))
            if sim.chance(0.08 if good else 0.22):
                sim.after(sim.rng.uniform(0.3, 60) * 3_600, self.change_rating, self._rated[-1])

    def change_rating(self, rated: _Rated | None = None) -> None:
        """Somebody thinks better, or worse, of a rating they gave."""
        if rated is None:
            candidates = [rated for rated in self._rated[-40:] if not rated.ticket.is_deleted]
            bad = [rated for rated in candidates if not rated.is_good]
            if not candidates:
                return
            rated = self.sim.pick(bad if bad and self.sim.chance(0.5) else candidates)
        if not rated.ticket.is_deleted:
            rated.is_good = not rated.is_good
            self._rate(rated.ticket, rated.is_good)

    def _answer_helpdesk_survey(self, ticket: Ticket) -> None:
        sim = self.sim
        if ticket.is_deleted or ticket.is_merged:
            return
        answered = sim.emit(
            HelpdeskSurveyAnswered,
            response_id=f"01J{sim.rng.getrandbits(110):023X}",
            ticket_id=ticket.ticket_id,
            user_id=ticket.user_id,
            rating=1 + round(min(1.0, max(0.0, ticket.state.mood + sim.rng.gauss(0, 0.12))) * 4),
            comment=self._comment(ticket.state) if sim.chance(0.4) else None,
        )
        self._surveyed.append(answered)
        if sim.chance(0.1):
            sim.after(sim.rng.uniform(0.3, 40) * 3_600, self.change_helpdesk_survey, answered)

    def change_helpdesk_survey(self, answered: HelpdeskSurveyAnswered | None = None) -> None:
        """An answer to the newer survey is given again, one step lower or higher, while the survey is open to it."""
        if answered is None:
            still_open = [one for one in self._surveyed[-30:] if self.sim.now - one.at < SURVEY_OPEN]
            if not still_open:
                return
            answered = self.sim.pick(still_open)
        self.sim.emit(
            HelpdeskSurveyAnswered,
            response_id=answered.response_id,
            ticket_id=answered.ticket_id,
            user_id=answered.user_id,
            rating=answered.rating - 1 if answered.rating > 1 else 2,
            comment=answered.comment,
        )

    def _rating_id(self) -> int:
        return self.sim.new_id("rating", FIRST_RATING_ID)
