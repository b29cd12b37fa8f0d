"""What employees say: how likely they recommend the company, by team, and what managers expect of customers' scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sandbox.company.surveys import FORMS_BY_ID
from sandbox.company.working_time import local_day
from sandbox.truth.folding import Records
from sandbox.truth.intervals import Estimate, difference, mean, net_score, share
from sandbox.truth.voice import Answer

ANSWERS_FLOOR = 10  # fewer answers of a team are nobody's business
# what is expected → the customers' scores that it is of, what one of their units is in its unit, whether of one scale
BELIEFS = {
    "expected_nps": (("nps_responses", "nps_customers_90d"), "relationship", 1),
    "expected_csat": (("csat",), "transactional", 100),
    "expected_ces": (("ces_mean",), "transactional", 1),
}


@dataclass(frozen=True)
class StaffAnswer:
    """One answer of an employee, who has no name."""

    key: str
    metric: str
    low: int
    high: int
    value: int
    team: str | None
    answered_at: datetime


def answers(records: Records) -> list[StaffAnswer]:
    """All answers to surveys of employees."""
    found = []
    for response in records.responses.values():
        form = FORMS_BY_ID[response.form_id]
        for ref, value in response.answers.items():
            question = form.question(ref)
            if form.audience == "internal" and question.metric and isinstance(value, int):
                found.append(
                    StaffAnswer(
                        key=f"{response.response_id}:{ref}",
                        metric=question.metric,
                        low=question.low or 0,
                        high=question.high or 0,
                        value=value,
                        team=response.hidden.get("team"),
                        answered_at=response.submitted_at,
                    )
                )
    return found


def teams(found: list[StaffAnswer], customers: Iterable[Answer]) -> list[dict[str, Any]]:
    """By team and quarter, beside what the team's customers gave. A team with fewer than ten answers is hidden, and so
    is the next larger one while those below it have one to nine together: they could be worked out from the sum."""
    groups: dict[tuple[str, date], list[StaffAnswer]] = {}
    for answer in found:
        if answer.metric == "enps":
            for team in ("all", answer.team or "no team"):
                groups.setdefault((team, _quarter(answer.answered_at)), []).append(answer)
    of_customers = _of_customers(customers)
    rows = []
    for (team, quarter), group in groups.items():
        estimate = net_score({answer.key: [_net(answer.value)] for answer in group})
        hidden = _is_hidden(team, quarter, groups)
        beside = [(key, value) for key, value in of_customers.items() if key[2:] == (team, quarter)]
        for (metric, scale, *_), given in beside or [((None, None), None)]:
            rows.append(
                {
                    "team": team,
                    "quarter_start": quarter.isoformat(),
                    "n_staff_answers": len(group),
                    "is_hidden": hidden,
                    "enps": None if hidden else estimate.value,
                    "enps_ci_low": None if hidden else estimate.ci_low,
                    "enps_ci_high": None if hidden else estimate.ci_high,
                    "customer_metric": metric,
                    "customer_scale": scale,
                    "customer_value": given.value if given else None,
                    "n_customer_answers": given.n if given else None,
                    "customer_ci_low": given.ci_low if given else None,
                    "customer_ci_high": given.ci_high if given else None,
                }
            )
    return rows


def _is_hidden(team: str, quarter: date, groups: dict[tuple[str, date], list[StaffAnswer]]) -> bool:
    n = len(groups[team, quarter])
    if team == "all" or n < ANSWERS_FLOOR:
        return n < ANSWERS_FLOOR
    below = 0
    others = sorted((len(group), name) for (name, when), group in groups.items() if when == quarter and name != "all")
    for answers_of_team, name in others:
        if name == team:
            return 0 < below < ANSWERS_FLOOR
        below += answers_of_team
    raise AssertionError("every team is among the teams")


def _of_customers(customers: Iterable[Answer]) -> dict[tuple[str, str, str, date], Estimate]:
    """Scores of what was asked after a ticket, by metric, scale, team and quarter."""
    points: dict[tuple[str, str, str, date], dict[str, list[int]]] = {}
    for answer in customers:
        if answer.rejected is not None or answer.team is None or answer.purpose != "transactional":
            continue
        if answer.metric == "csat_helpdesk" and not answer.is_latest_of_ticket:
            continue
        names = {"csat": "csat", "ces": "ces_mean", "csat_helpdesk": "csat_helpdesk_latest"}
        metric = names.get(answer.metric or "", answer.metric or "")
        if metric == "nps":
            continue
        point = answer.score if metric == "ces_mean" else int(bool(answer.is_good))
        for team in ("all", answer.team):
            own = points.setdefault((metric, answer.scale or "", team, _quarter(answer.answered_at)), {})
            own.setdefault(answer.customer, []).append(point)
    return {
        key: mean(own, 1, 7 if key[1] == "1-7" else 5) if key[0] == "ces_mean" else share(own)
        for key, own in points.items()
    }


def belief_gaps(found: list[StaffAnswer], scores: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What managers expected, less what customers gave, for all time and by month. A share is expected in per cent, of
    any scale; a mean on the scale that it was asked on."""
    groups: dict[tuple[str, str | None], list[StaffAnswer]] = {}
    for answer in found:
        if answer.metric in BELIEFS:
            month = local_day(answer.answered_at).replace(day=1).isoformat()
            for start in (None, month):
                groups.setdefault((answer.metric, start), []).append(answer)
    rows = []
    for (expected, start), group in groups.items():
        low, high = group[0].low, group[0].high
        belief = mean({answer.key: [answer.value] for answer in group}, low, high)
        metrics, purpose, unit = BELIEFS[expected]
        for score in scores:
            if score["metric"] not in metrics or score["purpose"] != purpose or score["survey"] != "all":
                continue
            if score["period_start"] != start or (expected == "expected_ces" and score["scale"] != f"{low}-{high}"):
                continue
            rows.append(_gap(score, belief, unit))
    return rows


def _gap(score: dict[str, Any], belief: Estimate, unit: int) -> dict[str, Any]:
    given = Estimate(score["value"], score["n"], score["n_customers"], score["ci_low"], score["ci_high"])
    assert belief.value is not None
    believed = Estimate(
        belief.value / unit,
        belief.n,
        belief.n_customers,
        None if belief.ci_low is None else belief.ci_low / unit,
        None if belief.ci_high is None else belief.ci_high / unit,
    )
    told = None if given.value is None else difference(believed, given)
    return {
        "metric": score["metric"],
        "scale": score["scale"],
        "purpose": score["purpose"],
        "period": score["period"],
        "period_start": score["period_start"],
        "expected_value": believed.value,
        "n_expected": believed.n,
        "expected_ci_low": believed.ci_low,
        "expected_ci_high": believed.ci_high,
        "customer_value": given.value,
        "n_customer_answers": given.n,
        "gap": told.value if told else None,
        "gap_ci_low": told.ci_low if told else None,
        "gap_ci_high": told.ci_high if told else None,
    }


def _net(value: int) -> int:
    return 1 if value >= 9 else 0 if value >= 7 else -1


def _quarter(at: datetime) -> date:
    day = local_day(at)
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
