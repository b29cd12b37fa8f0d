"""Scores cut by whatever an answer belongs to, and how they moved from one period to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.company.working_time import local_day
from sandbox.model import COMPANY_TIME_ZONE
from sandbox.truth.intervals import (
    Estimate,
    correlation,
    difference,
    held_p_values,
    mean,
    net_score,
    share,
)
from sandbox.truth.voice import TRAILING, Answer

DIMENSIONS = ("survey", "channel", "topic", "team", "agent_key", "account_key", "segment", "country", "value_tier")
DAILY = ("all", "survey")  # what has answers every day
SMALL_SAMPLE, FALSE_DISCOVERIES = 30, 0.05

Cut = tuple[str, str, str, str, str]  # metric, scale, purpose, dimension, member
Cell = tuple[Cut, str, date | None]  # and kind of period, its start


@dataclass
class Points:
    """What the customers of one cell add to a score."""

    kind: str
    low: int
    high: int
    by_customer: dict[str, list[int]] = field(default_factory=dict)

    def estimate(self) -> Estimate:
        if self.kind == "mean":
            return mean(self.by_customer, self.low, self.high)
        return share(self.by_customer) if self.kind == "share" else net_score(self.by_customer)

    @property
    def unit_points(self) -> Mapping[str, list[int]]:
        """In the unit of the figure, which is 100 for a promoter."""
        if self.kind != "net":
            return self.by_customer
        return {customer: [100 * point for point in own] for customer, own in self.by_customer.items()}


def cells(answers: Iterable[Answer], as_of: datetime) -> dict[Cell, Points]:
    """Every cell that somebody answered in. A rating that was changed counts once in the first and once in the latest;
    a day's like weekdays are the four before it."""
    found: dict[Cell, Points] = {}
    trailing: dict[Cut, list[Answer]] = {}
    for answer in answers:
        if answer.rejected is not None or answer.metric is None or answer.scale is None or answer.answered_at > as_of:
            continue
        for dimension, member in _members(answer):
            if answer.metric == "nps":
                cut = ("nps_customers_90d", answer.scale, answer.purpose, dimension, member)
                trailing.setdefault(cut, []).append(answer)
            for metric, kind, point in _measures(answer):
                cut = (metric, answer.scale, answer.purpose, dimension, member)
                for period, start in _periods(answer, dimension, as_of):
                    low, high = (1, 7) if answer.scale == "1-7" else (1, 5)
                    points = found.setdefault((cut, period, start), Points(kind, low, high))
                    points.by_customer.setdefault(answer.customer, []).append(point)
    for cut, given in trailing.items():
        for period, start, until in _ends(given, as_of):
            latest: dict[str, Answer] = {}
            for answer in sorted(given, key=lambda answer: (answer.answered_at, answer.response_id)):
                if until - TRAILING < answer.answered_at <= until:
                    latest[answer.customer] = answer
            if latest:
                own = {customer: [_net(answer)] for customer, answer in latest.items()}
                found[cut, period, start] = Points("net", 0, 10, own)
    return found


def scores(found: Mapping[Cell, Points]) -> list[dict[str, Any]]:
    """One row per cell, with n and interval."""
    rows = []
    for ((metric, scale, purpose, dimension, member), period, start), points in found.items():
        if period != "like_weekdays":
            estimate = points.estimate()
            rows.append(
                {
                    "metric": metric,
                    "scale": scale,
                    "purpose": purpose,
                    "dimension": dimension,
                    "member": member,
                    "period": period,
                    "period_start": None if start is None else start.isoformat(),
                    "value": estimate.value,
                    "n": estimate.n,
                    "n_customers": estimate.n_customers,
                    "ci_low": estimate.ci_low,
                    "ci_high": estimate.ci_high,
                    "is_small_sample": estimate.n < SMALL_SAMPLE,
                }
            )
    return rows


def changes(found: Mapping[Cell, Points], as_of: datetime) -> list[dict[str, Any]]:
    """Each cell against an earlier one that has answers too. Where either has fewer than 30 answers nothing is claimed;
    among all cuts of one metric and period the false-discovery rate is held at one in twenty."""
    families: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    estimates = {cell: points.estimate() for cell, points in found.items()}
    for (cut, period, start), points in found.items():
        if start is None or period == "like_weekdays":
            continue
        for comparison, other_period, other_start in _compared(period, start):
            former = found.get((cut, other_period, other_start))
            if former is None:
                continue
            one, other = estimates[cut, period, start], estimates[cut, other_period, other_start]
            rho = correlation(points.unit_points, former.unit_points)
            told = difference(one, other, rho)
            metric, scale, purpose, dimension, member = cut
            is_small = min(one.n, other.n) < SMALL_SAMPLE
            families.setdefault((metric, scale, purpose, comparison, period, start), []).append(
                {
                    "metric": metric,
                    "scale": scale,
                    "purpose": purpose,
                    "dimension": dimension,
                    "member": member,
                    "comparison": comparison,
                    "period": period,
                    "period_start": start.isoformat(),
                    "compared_start": other_start.isoformat(),
                    "value": one.value,
                    "former_value": other.value,
                    "difference": told.value,
                    "ci_low": told.ci_low,
                    "ci_high": told.ci_high,
                    "n": one.n,
                    "former_n": other.n,
                    "is_small_sample": is_small,
                    "p_value": None if is_small else told.p_value,
                    "q_value": None,
                    "has_moved": None,
                    "is_period_over": _following(period, start) <= local_day(as_of),
                }
            )
    for family in families.values():
        tested = [row for row in family if row["p_value"] is not None]
        for row, held in zip(tested, held_p_values([row["p_value"] for row in tested]), strict=True):
            row["q_value"], row["has_moved"] = held, held <= FALSE_DISCOVERIES
    return [row for family in families.values() for row in family]


def _members(answer: Answer) -> Iterator[tuple[str, str]]:
    yield "all", "all"
    for name in DIMENSIONS:
        member = getattr(answer, name)
        if member is not None:
            yield name.removesuffix("_key"), member


def _measures(answer: Answer) -> Iterator[tuple[str, str, int]]:
    good = int(bool(answer.is_good))
    if answer.metric == "nps":
        yield "nps_responses", "net", _net(answer)
    elif answer.metric == "csat_helpdesk":
        if answer.is_first_of_ticket:
            yield "csat_helpdesk_first", "share", good
        if answer.is_latest_of_ticket:
            yield "csat_helpdesk_latest", "share", good
    elif answer.metric == "ces":
        yield "ces_mean", "mean", answer.score
        yield "ces_easy_share", "share", good
    else:
        yield answer.metric or "", "share", good


def _net(answer: Answer) -> int:
    return {"promoter": 1, "detractor": -1}.get(answer.nps_group or "", 0)


def _periods(answer: Answer, dimension: str, as_of: datetime) -> Iterator[tuple[str, date | None]]:
    day = local_day(answer.answered_at)
    yield "all", None
    yield "month", day.replace(day=1)
    yield "week", _monday(day)
    if dimension in DAILY:
        yield "day", day
        for weeks in (1, 2, 3, 4):
            if day + timedelta(weeks=weeks) <= local_day(as_of):
                yield "like_weekdays", day + timedelta(weeks=weeks)


def _ends(given: list[Answer], as_of: datetime) -> Iterator[tuple[str, date | None, datetime]]:
    """The ends of all weeks and months since the first answer; the night is that of those which still run."""
    yield "all", None, as_of
    first = min(local_day(answer.answered_at) for answer in given)
    for period, start in (("month", first.replace(day=1)), ("week", _monday(first))):
        while start <= local_day(as_of):
            following = _following(period, start)
            yield period, start, min(as_of, datetime.combine(following, time(), ZoneInfo(COMPANY_TIME_ZONE)))
            start = following


def _compared(period: str, start: date) -> Iterator[tuple[str, str, date]]:
    if period == "month":
        yield "previous", "month", (start - timedelta(days=1)).replace(day=1)
        yield "last_year", "month", start.replace(year=start.year - 1)
        return
    yield "previous", period, start - timedelta(days=7 if period == "week" else 1)
    yield "last_year", period, start - timedelta(days=364)
    if period == "day":
        yield "like_weekdays", "like_weekdays", start


def _following(period: str, start: date) -> date:
    """The first day after a period."""
    if period == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if period == "week" else 1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
