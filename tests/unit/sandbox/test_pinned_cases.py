"""Every case that the metric catalogue pins occurs at least five times in the default company at its first night.

A test of the warehouse that never meets a case proves nothing about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest

from sandbox.company import generate
from sandbox.company.surveys import AFTER_TICKET, PRODUCT_FEEDBACK, RELATIONSHIP
from sandbox.company.working_time import ZONE, is_open
from sandbox.truth.folding import Records, Ticket
from sandbox.truth.persons import owners
from sandbox.truth.voice import Answer, answers
from sandbox.world import DEFAULT_CUSTOMERS, DEFAULT_DAYS, DEFAULT_SEED
from tests.unit.sandbox.records import plain, written

COMPANY = generate(DEFAULT_SEED, DEFAULT_CUSTOMERS, DEFAULT_DAYS)
NIGHT = COMPANY.opens_at
WRITTEN = written(COMPANY, NIGHT)
RECORDS: Records = WRITTEN.records
ANSWERS: list[Answer] = answers(RECORDS, owners(RECORDS).__getitem__)
LIVE = [ticket for ticket in RECORDS.tickets.values() if not ticket.is_deleted]
# a Friday
HOLIDAY = tuple(datetime.combine(date(2025, 8, day), time(0), ZONE) for day in (15, 16))
CHANGE_OF_CLOCKS = datetime(2025, 10, 26, 1, tzinfo=UTC)


def public(ticket: Ticket, *kinds: str) -> list[datetime]:
    """When the public comments of some kinds were made."""
    return [comment.at for comment in ticket.comments if comment.is_public and comment.kind in kinds]


def first_answer(ticket: Ticket) -> datetime | None:
    """The first public comment by a person of the team."""
    return next(iter(public(ticket, "agent")), None)


def by_customer(ticket: Ticket) -> bool:
    """Opened by the customer, and alive."""
    return ticket.opened.opened_by_agent_id is None and not ticket.is_merged


def precedes_answer(kind: str, *, is_public: bool) -> int:
    """Tickets in which a comment of this kind came before the first answer of a person."""
    count = 0
    for ticket in LIVE:
        answered = first_answer(ticket)
        if by_customer(ticket) and answered:
            count += any(
                comment.kind == kind and comment.is_public == is_public and comment.at < answered
                for comment in ticket.comments
            )
    return count


def later_agent_cases() -> int:
    """Tickets in which somebody who is an agent today wrote as a customer, after opening and before the answer."""
    count = 0
    for ticket in LIVE:
        user_id = ticket.opened.requester_user_id
        if RECORDS.is_staff(user_id) and by_customer(ticket):
            own = public(ticket, "customer")[1:]
            count += bool(own) and own[0] < (first_answer(ticket) or NIGHT)
    return count


def rated(*ratings: str) -> int:
    """Tickets whose first and last ratings are these."""
    wanted = (ratings[0], ratings[-1])
    return sum(
        len(ticket.ratings) > 1 and (ticket.ratings[0].rating, ticket.ratings[-1].rating) == wanted for ticket in LIVE
    )


def valid(survey: str, question: str) -> list[Answer]:
    """Answers to one question that feed a metric."""
    return [
        answer for answer in ANSWERS if (answer.survey, answer.question, answer.rejected) == (survey, question, None)
    ]


def nps(*scores: int) -> int:
    """Relationship answers with one of these scores."""
    return sum(answer.score in scores for answer in valid(RELATIONSHIP.form_id, "nps"))


def edge(offset: Callable[[timedelta], bool]) -> int:
    """Relationship answers whose distance from the window's edge suits."""
    start = NIGHT - timedelta(days=90)
    return sum(offset(answer.answered_at - start) for answer in valid(RELATIONSHIP.form_id, "nps"))


def customers_with(n: int) -> int:
    """Customers with at least n relationship answers in the trailing 90 days."""
    counts = Counter(
        answer.customer
        for answer in valid(RELATIONSHIP.form_id, "nps")
        if NIGHT - timedelta(days=90) < answer.answered_at
    )
    return sum(count >= n for count in counts.values())


def comments(suits: Callable[[str], bool]) -> int:
    """Free texts of survey answers that suit."""
    texts = [
        value
        for response in RECORDS.responses.values()
        for value in response.answers.values()
        if isinstance(value, str)
    ]
    return sum(suits(text) for text in texts)


def addresses_of_duplicates() -> int:
    """Helpdesk users whose address a contact has too, typed differently."""
    typed = {plain(contact["email"]): contact["email"] for contact in WRITTEN.contacts.values() if contact["email"]}
    return sum(
        user.email is not None and plain(user.email) in typed and typed[plain(user.email)] != user.email
        for user in WRITTEN.users.values()
    )


def led_by(kind: str | None) -> int:
    """Survey answers without an address that an id leads to a record, or nothing at all."""
    count = 0
    for response in RECORDS.responses.values():
        hidden = response.hidden
        leads = None
        if "contact_id" in hidden and RECORDS.contact(int(hidden["contact_id"])):
            leads = "contact_id"
        elif "ticket_id" in hidden and int(hidden["ticket_id"]) in RECORDS.tickets:
            leads = "ticket_id"
        count += "email" not in hidden and "reply_to" not in response.answers and leads == kind
    return count


def local_night(ticket: Ticket) -> bool:
    """Answered while nobody was supposed to work."""
    answered = first_answer(ticket)
    return answered is not None and not is_open(answered)


def won(suits: Callable[..., bool]) -> int:
    """Won deals that suit."""
    return sum(deal.stage == "closedwon" and not deal.is_archived and suits(deal) for deal in RECORDS.deals.values())


CASES: dict[str, Callable[[], int]] = {
    # voice of the customer
    "NPS 6, the last detractor": lambda: nps(6),
    "NPS 7, the first passive": lambda: nps(7),
    "NPS 8, the last passive": lambda: nps(8),
    "NPS 9, the first promoter": lambda: nps(9),
    "NPS out of scale": lambda: sum(answer.rejected == "answer is out of scale" for answer in ANSWERS),
    "transactional NPS beside the relationship's": lambda: len(valid(PRODUCT_FEEDBACK.form_id, "nps")),
    "five answers by one customer": lambda: customers_with(5),
    "answer exactly on the window's edge": lambda: edge(lambda past: past == timedelta(0)),
    "answer within an hour inside the edge": lambda: edge(lambda past: timedelta(0) < past <= timedelta(hours=1)),
    "answer within an hour outside the edge": lambda: edge(lambda past: timedelta(hours=-1) <= past < timedelta(0)),
    "partial response with an answer": lambda: sum(answer.state == "partial" for answer in ANSWERS),
    "response only started": lambda: sum(response.state == "started" for response in RECORDS.responses.values()),
    "response completed on a later day": lambda: sum(
        response.state == "completed"
        and not response.is_late
        and response.at - response.submitted_at > timedelta(hours=12)
        for response in RECORDS.responses.values()
    ),
    "late answer": lambda: sum(response.is_late for response in RECORDS.responses.values()),
    "CSAT on 1–5": lambda: len(valid(AFTER_TICKET.form_id, "csat")),
    "CSAT on 1–10": lambda: len(valid(PRODUCT_FEEDBACK.form_id, "csat10")),
    "CSAT on 1–10 with 8, good on no scale but five's": lambda: sum(
        answer.score == 8 for answer in valid(PRODUCT_FEEDBACK.form_id, "csat10")
    ),
    "effort on 1–7": lambda: len(valid(AFTER_TICKET.form_id, "ces")),
    "effort on the old, reversed scale": lambda: len(valid(PRODUCT_FEEDBACK.form_id, "effort_old")),
    "scored question that nobody mapped": lambda: sum(answer.metric is None for answer in ANSWERS),
    "helpdesk rating good → bad": lambda: rated("good", "bad"),
    "helpdesk rating bad → good": lambda: rated("bad", "good"),
    "helpdesk rating offered and never given": lambda: offered_only(),
    "newer helpdesk survey": lambda: len(RECORDS.helpdesk_answers),
    "newer helpdesk survey changed": lambda: changed_helpdesk_answers(),
    "comment empty": lambda: comments(lambda text: not text),
    "comment of emoji only": lambda: comments(lambda text: bool(text) and not any(c.isalpha() for c in text)),
    "comment in Polish": lambda: comments(lambda text: "Świetna" in text or "długo" in text or "Musiałam" in text),
    "comment in Russian": lambda: comments(lambda text: any("а" <= c <= "я" for c in text)),
    "comment in Persian": lambda: comments(lambda text: any("\u0600" <= c <= "\u06ff" for c in text)),
    "comment in two languages": lambda: comments(
        lambda text: text.startswith(("Super service", "Спасибо, great", "Danke!!"))
    ),
    # support
    "merged ticket": lambda: sum(ticket.is_merged for ticket in LIVE),
    "merged ticket that was answered": lambda: sum(bool(ticket.is_merged and first_answer(ticket)) for ticket in LIVE),
    "ticket never answered": lambda: sum(by_customer(ticket) and not first_answer(ticket) for ticket in LIVE),
    "unanswered ticket solved by the automation": lambda: sum(
        by_customer(ticket) and not first_answer(ticket) and ticket.status in ("solved", "closed") for ticket in LIVE
    ),
    "ticket deleted": lambda: sum(ticket.is_deleted for ticket in RECORDS.tickets.values()),
    "bot before the first answer": lambda: precedes_answer("bot", is_public=True),
    "auto-reply before the first answer": lambda: precedes_answer("auto_reply", is_public=True),
    "private note before the first answer": lambda: precedes_answer("agent", is_public=False),
    "ticket opened by an agent, publicly": lambda: sum(
        ticket.opened.opened_by_agent_id is not None and ticket.comments[0].is_public for ticket in LIVE
    ),
    "ticket opened by an agent, privately": lambda: sum(
        ticket.opened.opened_by_agent_id is not None and not ticket.comments[0].is_public for ticket in LIVE
    ),
    "ticket opened by an agent, customer answers": lambda: sum(
        ticket.opened.opened_by_agent_id is not None and bool(public(ticket, "customer")) for ticket in LIVE
    ),
    "ticket opened by an agent, customer never writes": lambda: sum(
        ticket.opened.opened_by_agent_id is not None and not public(ticket, "customer") for ticket in LIVE
    ),
    "own comments of a later agent": later_agent_cases,
    "answered outside working hours": lambda: sum(local_night(ticket) for ticket in LIVE),
    "opened on a weekend": lambda: sum(ticket.opened.at.astimezone(ZONE).weekday() > 4 for ticket in LIVE),
    "waiting over the change of clocks": lambda: sum(
        by_customer(ticket) and ticket.opened.at < CHANGE_OF_CLOCKS < (first_answer(ticket) or CHANGE_OF_CLOCKS)
        for ticket in LIVE
    ),
    "waiting on a holiday": lambda: sum(
        by_customer(ticket) and ticket.opened.at < HOLIDAY[1] and HOLIDAY[0] < (first_answer(ticket) or HOLIDAY[0])
        for ticket in LIVE
    ),
    "reopened": lambda: sum(ticket.reopens > 0 for ticket in LIVE),
    "reopened twice": lambda: sum(ticket.reopens > 1 for ticket in LIVE),
    "reopened and still open": lambda: sum(
        ticket.reopens > 0 and ticket.status not in ("solved", "closed") for ticket in LIVE
    ),
    "ticket of a deleted helpdesk user": lambda: sum(
        getattr(RECORDS.user(ticket.opened.requester_user_id), "is_deleted", False) for ticket in LIVE
    ),
    "ticket of a merged helpdesk user": lambda: sum(
        RECORDS.users[ticket.opened.requester_user_id].merged_into is not None for ticket in LIVE
    ),
    # value
    "currency missing": lambda: won(lambda deal: not deal.created.currency),
    "amount missing": lambda: won(lambda deal: deal.amount is None),
    "refund": lambda: won(lambda deal: (deal.amount or "").startswith("-")),
    "order in zloty": lambda: won(lambda deal: deal.created.currency == "PLN"),
    "order in dollars": lambda: won(lambda deal: deal.created.currency == "USD"),
    "order without a person": lambda: won(lambda deal: deal.created.contact_id is None),
    "won deal archived": lambda: sum(deal.is_archived for deal in RECORDS.deals.values()),
    "repeat purchase": lambda: sum(
        count > 1 for count in Counter(deal.created.contact_id for deal in RECORDS.deals.values()).values()
    ),
    # the customer
    "one address typed in two ways": addresses_of_duplicates,
    "contact merged away": lambda: sum(c.merged_into is not None for c in RECORDS.contacts.values()),
    "deal of a contact merged away": lambda: won(
        lambda deal: getattr(RECORDS.contacts.get(deal.created.contact_id), "merged_into", None) is not None
    ),
    "duplicate contact not merged": lambda: duplicates(),
    "contact archived": lambda: sum(contact.is_archived for contact in RECORDS.contacts.values()),
    "contact without an address": lambda: sum(not contact["email"] for contact in WRITTEN.contacts.values()),
    "helpdesk user without an address": lambda: sum(user.email is None for user in WRITTEN.users.values()),
    "helpdesk users merged": lambda: sum(user.merged_into is not None for user in RECORDS.users.values()),
    "answer led by its contact id": lambda: led_by("contact_id"),
    "answer led by its ticket id": lambda: led_by("ticket_id"),
    "answer that stands alone": lambda: led_by(None),
}


def offered_only() -> int:
    """Tickets with an offer and no rating."""
    offered = {
        event.ticket_id
        for event in COMPANY.events
        if event.at <= NIGHT and type(event).__name__ == "SatisfactionOffered"
    }
    return sum(ticket.opened.ticket_id in offered and not ticket.ratings for ticket in LIVE)


def changed_helpdesk_answers() -> int:
    """Newer survey's answers that were given twice."""
    counts = Counter(
        event.response_id
        for event in COMPANY.events
        if event.at <= NIGHT and type(event).__name__ == "HelpdeskSurveyAnswered"
    )
    return sum(count > 1 for count in counts.values())


def duplicates() -> int:
    """People with two live contacts."""
    people = Counter(
        event.person_id
        for event in COMPANY.events
        if event.at <= NIGHT
        and type(event).__name__ == "ContactCreated"
        and RECORDS.contacts[event.contact_id].merged_into is None
        and not RECORDS.contacts[event.contact_id].is_archived
    )
    return sum(count > 1 for count in people.values())


@pytest.mark.parametrize("case", CASES)
def test_pinned_case_occurs_at_least_five_times(case: str):
    assert CASES[case]() >= 5
