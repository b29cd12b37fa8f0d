"""Where figures part: what the company counts as done and what its customers say, one channel and another; and the
reasons that came with bad ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from statistics import NormalDist
from typing import Any

from sandbox.company.working_time import local_day
from sandbox.truth.cuts import DIMENSIONS
from sandbox.truth.folding import Records
from sandbox.truth.intervals import Estimate, Z, difference, mean, share
from sandbox.truth.survival import median
from sandbox.truth.voice import Answer

Period = tuple[str, str | None]


def reasons(found: list[Answer]) -> list[dict[str, Any]]:
    """Of the bad ratings of a ticket's helpdesk, first ones and those that stand, the share with each reason."""
    groups: dict[tuple[Any, ...], list[Answer]] = {}
    for answer in found:
        if answer.metric != "csat_helpdesk":
            continue
        counts = {
            "csat_helpdesk_first": answer.is_first_of_ticket,
            "csat_helpdesk_latest": answer.is_latest_of_ticket,
        }
        cuts = {"all": "all"} | {name: getattr(answer, name) for name in ("channel", "topic", "team", "segment")}
        for metric in (name for name, does in counts.items() if does):
            for dimension, member in cuts.items():
                for period, start in _periods(local_day(answer.answered_at)):
                    if member is not None:
                        groups.setdefault((metric, dimension, member, period, start), []).append(answer)
    rows = []
    for (metric, dimension, member, period, start), group in groups.items():
        bad = [answer for answer in group if not answer.is_good]
        for reason in sorted({answer.rating_reason or "none given" for answer in bad}):
            points: dict[str, list[int]] = {}
            for answer in bad:
                points.setdefault(answer.customer, []).append(int((answer.rating_reason or "none given") == reason))
            estimate = share(points)
            rows.append(
                {
                    "metric": metric,
                    "dimension": dimension,
                    "member": member,
                    "period": period,
                    "period_start": start,
                    "reason": reason,
                    "n": sum(sum(own) for own in points.values()),
                    "n_bad": len(bad),
                    "n_rated": len(group),
                    "share_of_bad": estimate.value,
                    "ci_low": estimate.ci_low,
                    "ci_high": estimate.ci_high,
                }
            )
    return rows


# --- what the company counts, and what customers say ---
def operational(
    tickets: Mapping[str, Mapping[str, Any]],
    records: Records,
    found: list[Answer],
    known: Mapping[str, Mapping[str, str | None]],
    targets: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The share of tickets that are solved, and of those with promises the share of which all were kept, beside the
    share that their own customers rate good, on each scale of its own: the answer that stands, of each ticket that has
    one. Merged tickets are no interactions of their own."""
    stands: dict[tuple[str, str, str], Answer] = {}
    for answer in sorted(found, key=lambda answer: (answer.answered_at, answer.response_id)):
        rated_by = _rated_by(answer)
        if rated_by is not None and answer.ticket_id is not None and answer.rejected is None:
            stands[answer.ticket_id, rated_by, answer.scale or ""] = answer
    ways = {("csat_helpdesk_latest", "good-bad"), ("csat_helpdesk_survey", "1-5")}
    ways |= {(rated_by, scale) for _, rated_by, scale in stands}
    groups: dict[tuple[str, str, Period], list[str]] = {}
    for ticket_id, ticket in tickets.items():
        if ticket["is_merged"]:
            continue
        group = records.tickets[int(ticket_id)].group
        own = {"channel": ticket["channel"], "topic": ticket["topic"], "team": group} | dict(
            known.get(ticket["customer"], {})
        )
        cuts = [("all", "all")] + [
            (name.removesuffix("_key"), own[name]) for name in DIMENSIONS if own.get(name) is not None
        ]
        for dimension, member in cuts:
            for period in _periods(local_day(datetime.fromisoformat(ticket["created_at"]))):
                groups.setdefault((dimension, str(member), period), []).append(ticket_id)
    successes = {
        "solved": {ticket_id: ticket["status"] in ("solved", "closed") for ticket_id, ticket in tickets.items()},
        "sla_met": _kept(targets),
    }
    return [
        _operational_row(key, way, name, success, [one for one in group if one in success], tickets, stands)
        for name, success in successes.items()
        for key, group in groups.items()
        if any(one in success for one in group)
        for way in sorted(ways)
    ]


def _kept(targets: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """Whether all promises of a ticket were kept: a broken one breaks it, one that still runs leaves it undecided."""
    by_ticket: dict[str, list[Mapping[str, Any]]] = {}
    for target in targets.values():
        by_ticket.setdefault(str(target["ticket_id"]), []).append(target)
    return {
        ticket_id: not any(one["is_breached"] for one in own)
        for ticket_id, own in by_ticket.items()
        if any(one["is_breached"] for one in own) or all(one["stopped_at"] is not None for one in own)
    }


def _rated_by(answer: Answer) -> str | None:
    if answer.metric == "csat_helpdesk":
        return "csat_helpdesk_latest"
    return answer.metric if answer.metric in ("csat", "csat_helpdesk_survey") else None


def _operational_row(
    key: tuple[str, str, Period],
    way: tuple[str, str],
    name: str,
    success: Mapping[str, bool],
    group: list[str],
    tickets: Mapping[str, Mapping[str, Any]],
    stands: Mapping[tuple[str, str, str], Answer],
) -> dict[str, Any]:
    dimension, member, (period, start) = key
    done: dict[str, list[int]] = {}
    said: dict[str, list[int]] = {}
    success_rated, success_bad = 0, 0
    for ticket_id in group:
        customer, is_success = tickets[ticket_id]["customer"], success[ticket_id]
        done.setdefault(customer, []).append(int(is_success))
        answer = stands.get((ticket_id, *way))
        if answer is not None:
            said.setdefault(customer, []).append(int(bool(answer.is_good)))
            success_rated += is_success
            success_bad += is_success and not answer.is_good
    company, customers = share(done), share(said)
    told = None if customers.value is None else difference(company, customers)
    return {
        "success": name,
        "rated_by": way[0],
        "scale": way[1],
        "dimension": dimension,
        "member": member,
        "period": period,
        "period_start": start,
        "n": company.n,
        "n_success": sum(sum(own) for own in done.values()),
        "company_share": company.value,
        "company_ci_low": company.ci_low,
        "company_ci_high": company.ci_high,
        "n_rated": customers.n,
        "n_good": sum(sum(own) for own in said.values()),
        "customer_share": customers.value,
        "customer_ci_low": customers.ci_low,
        "customer_ci_high": customers.ci_high,
        "gap": told.value if told else None,
        "gap_ci_low": told.ci_low if told else None,
        "gap_ci_high": told.ci_high if told else None,
        "n_success_rated": success_rated,
        "n_success_rated_bad": success_bad,
    }


# --- one channel and another ---
def consistency(tickets: Mapping[str, Mapping[str, Any]], found: list[Answer], as_of: datetime) -> list[dict[str, Any]]:
    """The highest and the lowest channel within one topic, and how far they are apart. The interval is wider by what
    Bonferroni asks for as many pairs as there are; a single channel has no spread."""
    figures: dict[tuple[str, str, str, Period], dict[str, Estimate]] = {}
    for key, channel, estimate in (*_rated(found), *_waits(tickets, as_of)):
        if estimate.value is not None and estimate.ci_low is not None and estimate.ci_high is not None:
            figures.setdefault(key, {})[channel] = estimate
    rows = []
    for (metric, scale, topic, (period, start)), channels in figures.items():
        order = sorted(channels, key=lambda channel: (-_value(channels[channel]), channel))
        highest, lowest = channels[order[0]], channels[order[-1]]
        row: dict[str, Any] = {
            "metric": metric,
            "scale": scale,
            "topic": topic,
            "period": period,
            "period_start": start,
            "channels": len(channels),
            "highest_channel": order[0],
            "highest_value": highest.value,
            "highest_n": highest.n,
        }
        names = ("lowest_channel", "lowest_value", "lowest_n", "spread", "ci_low", "ci_high")
        if len(channels) == 1:
            rows.append({**row, **dict.fromkeys(names)})
            continue
        pairs = len(channels) * (len(channels) - 1) // 2
        wider = NormalDist().inv_cdf(1 - 0.025 / pairs) / Z
        told = difference(highest, lowest)
        assert told.ci_low is not None and told.ci_high is not None
        low = max(0.0, told.value - wider * (told.value - told.ci_low))
        high = told.value + wider * (told.ci_high - told.value)
        rows.append(
            {**row, **dict(zip(names, (order[-1], lowest.value, lowest.n, told.value, low, high), strict=True))}
        )
    return rows


def _rated(found: list[Answer]) -> Iterator[tuple[tuple[str, str, str, Period], str, Estimate]]:
    points: dict[tuple[str, str, str, Period, str], dict[str, list[int]]] = {}
    for answer in found:
        metric = "ces_mean" if answer.metric == "ces" else _rated_by(answer)
        if metric is None or answer.rejected is not None or answer.topic is None or answer.channel is None:
            continue
        if metric == "csat_helpdesk_latest" and not answer.is_latest_of_ticket:
            continue
        point = answer.score if metric == "ces_mean" else int(bool(answer.is_good))
        for period in _periods(local_day(answer.answered_at)):
            own = points.setdefault((metric, answer.scale or "", answer.topic, period, answer.channel), {})
            own.setdefault(answer.customer, []).append(point)
    for (metric, scale, topic, period, channel), own in points.items():
        estimate = mean(own, 1, 7 if scale == "1-7" else 5) if metric == "ces_mean" else share(own)
        yield (metric, scale, topic, period), channel, estimate


def _waits(
    tickets: Mapping[str, Mapping[str, Any]], as_of: datetime
) -> Iterator[tuple[tuple[str, str, str, Period], str, Estimate]]:
    waits: dict[tuple[str, Period, str], tuple[list[float], list[float]]] = {}
    for ticket in tickets.values():
        minutes, is_waiting = ticket["first_response_minutes"], ticket["is_unanswered"]
        if minutes is None and not is_waiting:
            continue
        for period in _periods(local_day(datetime.fromisoformat(ticket["created_at"]))):
            ended, waiting = waits.setdefault((ticket["topic"], period, ticket["channel"]), ([], []))
            if is_waiting:
                since = datetime.fromisoformat(ticket["first_customer_turn_at"])
                waiting.append((as_of - since).total_seconds() / 60)
            else:
                ended.append(minutes)
    for (topic, period, channel), (ended, waiting) in waits.items():
        value, low, high = median(ended, waiting)
        n = len(ended) + len(waiting)
        yield ("first_response_median", "minutes", topic, period), channel, Estimate(value, n, n, low, high)


def _value(estimate: Estimate) -> float:
    return estimate.value if estimate.value is not None else 0.0


def _periods(day: date) -> Iterator[Period]:
    yield "all", None
    yield "month", day.replace(day=1).isoformat()
