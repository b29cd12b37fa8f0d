"""What customers wrote in surveys and with ratings: in which language, and whether it was praise or blame.

The company knows both, since its people pick what they write; nothing is read out of the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sandbox.company import words
from sandbox.company.surveys import FORMS_BY_ID
from sandbox.truth.folding import Records
from sandbox.truth.persons import CustomerOf, response_key, user_key
from sandbox.truth.voice import RATINGS, SURVEYS, Answer

# Of several answers of a response the one that stands beside its comment.
BESIDE = ("nps", "csat", "csat_helpdesk", "csat_helpdesk_survey", "ces")


@dataclass(frozen=True)
class Comment:
    """One comment that is not blank.

    `tone` is praise, blame, emoji, mixed (two languages) or unknown (no words of the company's); only praise and blame
    have a `language`. `metric` and `score` are of the same response, null where nothing of it counts."""

    response_id: str
    survey: str
    customer: str
    answered_at: datetime
    letters: int
    language: str | None
    tone: str
    metric: str | None
    score: int | None
    nps_group: str | None


def comments(records: Records, answers: Iterable[Answer], customer_of: CustomerOf) -> list[dict[str, Any]]:
    """All comments, JSON-able. Those with ratings of deleted tickets are gone with them."""
    beside = _beside(answers)
    found: list[Comment] = []
    for response in records.responses.values():
        form = FORMS_BY_ID[response.form_id]
        for ref, value in response.answers.items():
            if form.question(ref).type == "long_text" and isinstance(value, str):
                key = (form.form_id, response.response_id)
                customer = customer_of(response_key(response))
                found += _comment(value, key, customer, response.submitted_at, beside)
    for ticket in records.tickets.values():
        if not ticket.is_deleted:
            customer = customer_of(user_key(records, ticket.opened.requester_user_id))
            for rating in ticket.ratings:
                found += _comment(rating.comment, (RATINGS, str(rating.rating_id)), customer, rating.at, beside)
    for answer in records.helpdesk_answers.values():
        if not records.tickets[answer.ticket_id].is_deleted:
            customer = customer_of(user_key(records, answer.user_id))
            found += _comment(answer.comment, (SURVEYS, answer.response_id), customer, answer.at, beside)
    return [{**asdict(one), "answered_at": one.answered_at.isoformat()} for one in found]


def _comment(
    text: str | None, key: tuple[str, str], customer: str, at: datetime, beside: Mapping[tuple[str, str], Answer]
) -> list[Comment]:
    if not text or not text.strip():
        return []
    survey, response_id = key
    language, tone = _KNOWN.get(text, (None, "unknown"))
    answer = beside.get(key)
    said = (answer.metric, answer.score, answer.nps_group) if answer else (None, None, None)
    return [Comment(response_id, survey, customer, at, sum(map(str.isalpha, text)), language, tone, *said)]


def _beside(answers: Iterable[Answer]) -> dict[tuple[str, str], Answer]:
    chosen: dict[tuple[str, str], Answer] = {}
    for answer in sorted(answers, key=lambda one: one.question):
        key = (answer.survey, answer.response_id)
        if answer.rejected is None and (key not in chosen or _rank(answer) < _rank(chosen[key])):
            chosen[key] = answer
    return chosen


def _rank(answer: Answer) -> int:
    return BESIDE.index(str(answer.metric))


_KNOWN: dict[str, tuple[str | None, str]] = {
    **{text: (language, "praise") for language, texts in words.PRAISE.items() for text in texts},
    **{text: (language, "blame") for language, texts in words.BLAME.items() for text in texts},
    **dict.fromkeys(words.EMOJI, (None, "emoji")),
    **dict.fromkeys(words.MIXED, (None, "mixed")),
}
