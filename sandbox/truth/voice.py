"""What customers said: every scored answer with its class, and the scores with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.company.surveys import FORMS, FORMS_BY_ID, Question
from sandbox.company.working_time import local_day
from sandbox.model import COMPANY_TIME_ZONE
from sandbox.truth.folding import Records
from sandbox.truth.intervals import Estimate, mean, net_score, share
from sandbox.truth.persons import CustomerOf, response_key, user_key

TRAILING = timedelta(days=90)
RATINGS, SURVEYS = "satisfaction_ratings", "survey_responses"


@dataclass(frozen=True)
class Answer:
    """One answered, scored question. `score` is the value turned so that high is good; `rejected` says why an answer
    feeds no metric (then it has no class)."""

    response_id: str
    survey: str
    question: str
    purpose: str
    metric: str | None
    scale: str | None
    value: int
    score: int
    is_good: bool | None
    nps_group: str | None
    rejected: str | None
    state: str
    customer: str
    ticket_id: str | None
    answered_at: datetime
    is_first_of_ticket: bool = False
    is_latest_of_ticket: bool = False
    channel: str | None = None
    topic: str | None = None
    team: str | None = None
    agent_key: str | None = None
    rating_reason: str | None = None
    account_key: str | None = None
    segment: str | None = None
    country: str | None = None
    value_tier: str | None = None


def answers(records: Records, customer_of: CustomerOf) -> list[Answer]:
    """All scored answers: the survey tool's by question, the helpdesk's ratings and its newer survey. A partial
    response counts for what was answered. Ratings of deleted tickets are gone with them."""
    return [
        *_survey_answers(records, customer_of),
        *_ratings(records, customer_of),
        *_helpdesk_answers(records, customer_of),
    ]


def _survey_answers(records: Records, customer_of: CustomerOf) -> Iterable[Answer]:
    for response in records.responses.values():
        form = FORMS_BY_ID[response.form_id]
        if form.audience != "customer":
            continue
        for ref, value in response.answers.items():
            question = form.question(ref)
            if question.low is None or not isinstance(value, int):
                continue
            metric, scale, score, is_good, group, rejected = _judge(question, value)
            yield Answer(
                response_id=response.response_id,
                survey=form.form_id,
                question=ref,
                purpose=form.purpose,
                metric=metric,
                scale=scale,
                value=value,
                score=score,
                is_good=is_good,
                nps_group=group,
                rejected=rejected,
                state=response.state,
                customer=customer_of(response_key(response)),
                ticket_id=response.hidden.get("ticket_id"),
                answered_at=response.submitted_at,
                **about(records, response.hidden.get("ticket_id")),
            )


def about(records: Records, ticket_id: str | int | None) -> dict[str, str | None]:
    """What is known of an answer by the ticket that it is about; a deleted one says nothing any more."""
    ticket = None if ticket_id is None else records.tickets.get(int(ticket_id))
    if ticket is None or ticket.is_deleted:
        return {}
    return {
        "channel": ticket.opened.channel,
        "topic": ticket.opened.topic,
        "team": ticket.group,
        "agent_key": agent_key(ticket.assignee_id),
    }


def agent_key(agent_id: int | None) -> str | None:
    """An agent as the warehouse names them."""
    return None if agent_id is None else f"zendesk:{agent_id}"


def _judge(question: Question, value: int) -> tuple[str | None, str | None, int, bool | None, str | None, str | None]:
    """Metric, scale, score, good, promoter group and reason of rejection of one answer."""
    low, high = question.low or 0, question.high or 0
    if question.metric is None:
        return None, None, value, None, None, "question is not in survey_scales"
    scale = f"{low}-{high}" + (" reversed" if question.low_is_good else "")
    metric = "ces" if question.metric == "ces_v1" else question.metric
    if not low <= value <= high:
        return metric, scale, value, None, None, "answer is out of scale"
    score = low + high - value if question.low_is_good else value
    if metric == "nps":
        group = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
        return metric, scale, score, score >= 9, group, None
    # the two best of five and of ten, the three best of seven
    good_from = {"1-5": 4, "1-10": 9, "1-7": 5, "1-5 reversed": 4}[scale]
    return metric, scale, score, score >= good_from, None, None


def _ratings(records: Records, customer_of: CustomerOf) -> Iterable[Answer]:
    for ticket in records.tickets.values():
        if ticket.is_deleted:
            continue
        for position, (rating, (agent, team)) in enumerate(zip(ticket.ratings, ticket.rated, strict=True)):
            good = rating.rating == "good"
            yield Answer(
                response_id=str(rating.rating_id),
                survey=RATINGS,
                question="rating",
                purpose="transactional",
                metric="csat_helpdesk",
                scale="good-bad",
                value=int(good),
                score=int(good),
                is_good=good,
                nps_group=None,
                rejected=None,
                state="completed",
                customer=customer_of(user_key(records, ticket.opened.requester_user_id)),
                ticket_id=str(rating.ticket_id),
                answered_at=rating.at,
                is_first_of_ticket=position == 0,
                is_latest_of_ticket=position == len(ticket.ratings) - 1,
                channel=ticket.opened.channel,
                topic=ticket.opened.topic,
                team=team or ticket.group,
                agent_key=agent_key(agent or ticket.assignee_id),
                rating_reason=rating.reason,
            )


def _helpdesk_answers(records: Records, customer_of: CustomerOf) -> Iterable[Answer]:
    for answer in records.helpdesk_answers.values():
        if not records.tickets[answer.ticket_id].is_deleted:
            yield Answer(
                response_id=answer.response_id,
                survey=SURVEYS,
                question="customer_satisfaction",
                purpose="transactional",
                metric="csat_helpdesk_survey",
                scale="1-5",
                value=answer.rating,
                score=answer.rating,
                is_good=answer.rating >= 4,
                nps_group=None,
                rejected=None,
                state="completed",
                customer=customer_of(user_key(records, answer.user_id)),
                ticket_id=str(answer.ticket_id),
                answered_at=answer.at,
                **about(records, answer.ticket_id),
            )


# --- scores ---
def scores(found: list[Answer], as_of: datetime) -> list[dict[str, Any]]:
    """Each metric by survey and over all surveys of one scale and purpose, for all time and by month (company zone);
    the trailing score of customers as it stood at each month's end.
    Scales and purposes are never pooled; n_rejected counts the answers that were refused."""
    rows = []
    for (metric, survey, scale, purpose), group in sorted(_cuts(found).items()):
        months = sorted({local_day(answer.answered_at).replace(day=1) for answer in group})
        for month in (None, *months):
            inside = [a for a in group if month is None or _month(a) == month]
            valid = [a for a in inside if a.rejected is None]
            rejected = len(inside) - len(valid)
            for name, estimate in _measures(metric, scale, valid):
                rows.append(_row(name, survey, scale, purpose, month, estimate, rejected))
        if metric == "nps":
            valid = [a for a in group if a.rejected is None]
            rejected = len(group) - len(valid)
            estimate = customers_trailing(valid, as_of)
            rows.append(_row("nps_customers_90d", survey, scale, purpose, None, estimate, rejected))
            for month in _months(valid, as_of):
                at = min(as_of, datetime.combine(_next_month(month), time(), ZoneInfo(COMPANY_TIME_ZONE)))
                refused = sum(_month(answer) == month and answer.rejected is not None for answer in group)
                rows.append(
                    _row("nps_customers_90d", survey, scale, purpose, month, customers_trailing(valid, at), refused)
                )
    return rows


def _cuts(found: list[Answer]) -> dict[tuple[str, str, str, str], list[Answer]]:
    """Answers by metric, survey or `all`, scale and purpose; what was asked and never answered has an empty cut."""
    cuts: dict[tuple[str, str, str, str], list[Answer]] = {}
    asked = [
        (question, form.form_id, form.purpose)
        for form in FORMS.values()
        if form.audience == "customer"
        for question in form.questions
    ]
    for question, form_id, purpose in asked:
        if question.metric is not None and question.low is not None:
            metric, scale, *_ = _judge(question, question.low)
            for survey in (form_id, "all"):
                cuts[metric or "", survey, scale or "", purpose] = []
    for survey in (RATINGS, "all"):
        cuts["csat_helpdesk", survey, "good-bad", "transactional"] = []
    for survey in (SURVEYS, "all"):
        cuts["csat_helpdesk_survey", survey, "1-5", "transactional"] = []
    for answer in found:
        if answer.metric is not None and answer.scale is not None:
            for survey in (answer.survey, "all"):
                cuts.setdefault((answer.metric, survey, answer.scale, answer.purpose), []).append(answer)
    return cuts


def _measures(metric: str, scale: str, valid: list[Answer]) -> Iterable[tuple[str, Estimate]]:
    good = _by_customer(valid, lambda answer: int(bool(answer.is_good)))
    if metric == "nps":
        yield "nps_responses", net_score(_by_customer(valid, _net))
    elif metric == "csat_helpdesk":
        firsts = [answer for answer in valid if answer.is_first_of_ticket]
        latest = [answer for answer in valid if answer.is_latest_of_ticket]
        yield "csat_helpdesk_first", share(_by_customer(firsts, lambda answer: int(bool(answer.is_good))))
        yield "csat_helpdesk_latest", share(_by_customer(latest, lambda answer: int(bool(answer.is_good))))
    elif metric == "ces":
        low, high = (1, 7) if scale == "1-7" else (1, 5)
        yield "ces_mean", mean(_by_customer(valid, lambda answer: answer.score), low, high)
        yield "ces_easy_share", share(good)
    else:
        yield metric, share(good)


def customers_trailing(valid: list[Answer], as_of: datetime) -> Estimate:
    """Net score of each customer's latest answer of the trailing 90 days: after as_of − 90 days, up to as_of."""
    latest: dict[str, Answer] = {}
    for answer in sorted(valid, key=lambda answer: (answer.answered_at, answer.response_id)):
        if as_of - TRAILING < answer.answered_at <= as_of:
            latest[answer.customer] = answer
    return net_score({customer: [_net(answer)] for customer, answer in latest.items()})


def _net(answer: Answer) -> int:
    return {"promoter": 1, "detractor": -1}.get(answer.nps_group or "", 0)


def _by_customer(found: list[Answer], point: Callable[[Answer], int]) -> dict[str, list[int]]:
    points: dict[str, list[int]] = {}
    for answer in found:
        points.setdefault(answer.customer, []).append(point(answer))
    return points


def _months(valid: list[Answer], as_of: datetime) -> Iterable[date]:
    """The months, answered in or not, from the first answer's to the one that as_of is in."""
    if valid:
        month = min(_month(answer) for answer in valid)
        while month <= local_day(as_of):
            yield month
            month = _next_month(month)


def _next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _month(answer: Answer) -> date:
    return local_day(answer.answered_at).replace(day=1)


def _row(
    metric: str, survey: str, scale: str, purpose: str, month: date | None, estimate: Estimate, rejected: int
) -> dict[str, Any]:
    return {
        "metric": metric,
        "survey": survey,
        "scale": scale,
        "purpose": purpose,
        "period": "all" if month is None else "month",
        "period_start": None if month is None else month.isoformat(),
        **asdict(estimate),
        "n_rejected": rejected,
    }
