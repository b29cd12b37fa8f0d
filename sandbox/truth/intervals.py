"""95 % intervals: adjusted Wald for net scores, Wilson for shares, Student's t for means; answers of one customer
count as a cluster.

Sources: Rocks (2016) for the adjusted Wald of a net promoter score (¾ of a promoter and ¾ of a detractor added, three
answers in all); Wilson (1927); Kish's design effect, here by linearisation: the variance with customers as clusters
over the variance as if every answer were a customer of its own, never below 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import erfc, exp, lgamma, log, sqrt

Z = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; every part but `n` and `n_customers` is None where n is 0. The interval of a
    mean is None too where a single customer answered."""

    value: float | None
    n: int
    n_customers: int
    ci_low: float | None
    ci_high: float | None


NOTHING = Estimate(None, 0, 0, None, None)


def net_score(points: Mapping[str, Sequence[int]]) -> Estimate:
    """Net promoter score in points (−100…100) of each customer's answers: 1 promotes, −1 detracts, 0 is passive."""
    answers = [point for own in points.values() for point in own]
    if not answers:
        return NOTHING
    n = len(answers)
    weight = n / _design_effect(points)
    promoters = (answers.count(1) / n * weight + 0.75) / (weight + 3)
    detractors = (answers.count(-1) / n * weight + 0.75) / (weight + 3)
    net = promoters - detractors
    half = Z * sqrt((promoters + detractors - net * net) / (weight + 3))
    return _around(100 * sum(answers) / n, n, len(points), 100 * max(net - half, -1), 100 * min(net + half, 1))


def share(points: Mapping[str, Sequence[int]]) -> Estimate:
    """Share (0…1) of ones among each customer's answers of 0 or 1."""
    answers = [point for own in points.values() for point in own]
    if not answers:
        return NOTHING
    n = len(answers)
    weight = n / _design_effect(points)
    p = sum(answers) / n
    middle = p + Z * Z / (2 * weight)
    half = Z * sqrt((p * (1 - p) + Z * Z / (4 * weight)) / weight)
    scale = 1 + Z * Z / weight
    return _around(p, n, len(points), max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0))


def mean(points: Mapping[str, Sequence[float]], low: float, high: float | None) -> Estimate:
    """Mean of each customer's answers, its interval clipped to the scale `low`…`high`."""
    answers = [point for own in points.values() for point in own]
    if not answers:
        return NOTHING
    n = len(answers)
    value = sum(answers) / n
    if len(points) < 2:
        return Estimate(value, n, len(points), None, None)
    weight = n / _design_effect(points)
    deviation = sqrt(sum((answer - value) ** 2 for answer in answers) / (n - 1))
    half = t_quantile(len(points) - 1) * deviation / sqrt(weight)
    top = value + half if high is None else min(value + half, high)
    return _around(value, n, len(points), max(value - half, low), top)


@cache
def t_quantile(degrees: int, probability: float = 0.975) -> float:
    """The quantile of Student's t, by bisection on its exact distribution."""
    low, high = 0.0, 1_000.0
    for _ in range(80):  # 1,000 halved so often is less than a float can tell
        middle = (low + high) / 2
        # P(T > t) is half the regularised incomplete beta function at ν/(ν + t²)
        upper = 0.5 * _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + middle * middle))
        low, high = (middle, high) if 1 - upper < probability else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Difference:
    """How far one figure is from another, with the 95 % interval of the difference and the p-value that it implies."""

    value: float
    ci_low: float | None
    ci_high: float | None
    p_value: float | None


def difference(one: Estimate, other: Estimate, correlation: float = 0.0) -> Difference:
    """`one` − `other`, by squaring and adding the sides of their intervals (Newcombe 1998, method 10; with correlated
    figures Zou and Donner 2008). The p-value is the interval's own: the standard error on the side of 0 is that side's
    length over 1.96 (Altman and Bland 2011). Both figures must have a value."""
    assert one.value is not None and other.value is not None
    gap = one.value - other.value
    if one.ci_low is None or one.ci_high is None or other.ci_low is None or other.ci_high is None:
        return Difference(gap, None, None, None)
    down, up = one.value - one.ci_low, one.ci_high - one.value
    other_down, other_up = other.value - other.ci_low, other.ci_high - other.value
    below = sqrt(max(down**2 + other_up**2 - 2 * correlation * down * other_up, 0.0))
    above = sqrt(max(up**2 + other_down**2 - 2 * correlation * up * other_down, 0.0))
    side = below if gap > 0 else above
    p = 1.0 if gap == 0 else erfc(Z * abs(gap) / side / sqrt(2)) if side else 0.0
    return Difference(gap, gap - below, gap + above, p)


def correlation(points: Mapping[str, Sequence[float]], others: Mapping[str, Sequence[float]]) -> float:
    """How two figures go together through customers who are in both: of what each customer moves them by."""
    moves, other_moves = _moves(points), _moves(others)
    spread = sum(move**2 for move in moves.values()) * sum(move**2 for move in other_moves.values())
    if min(sum(move**2 for move in given.values()) for given in (moves, other_moves)) <= 1e-9:
        return 0.0
    product = sum(move * other_moves[customer] for customer, move in moves.items() if customer in other_moves)
    return max(-1.0, min(1.0, product / sqrt(spread)))


def _moves(points: Mapping[str, Sequence[float]]) -> dict[str, float]:
    answers = [point for own in points.values() for point in own]
    average = sum(answers) / len(answers)
    return {customer: sum(own) - average * len(own) for customer, own in points.items()}


def held_p_values(p_values: Sequence[float]) -> list[float]:
    """Each p-value as the false-discovery rate at which it would be one of the discoveries (Benjamini and Hochberg
    1995), in the order given."""
    held = [1.0] * len(p_values)
    least = 1.0
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for rank in range(len(order), 0, -1):
        least = min(least, p_values[order[rank - 1]] * len(order) / rank)
        held[order[rank - 1]] = least
    return held


def _around(value: float, n: int, customers: int, low: float, high: float) -> Estimate:
    """An interval that left its own value out would help nobody (adjusted ones may, at n = 1)."""
    return Estimate(value, n, customers, min(low, value), max(high, value))


def _design_effect(points: Mapping[str, Sequence[float]]) -> float:
    answers = [point for own in points.values() for point in own]
    n = len(answers)
    if min(answers) == max(answers):  # no variance to compare: Kish's effect of unequal clusters that agree wholly
        return sum(len(own) ** 2 for own in points.values()) / n
    average = sum(answers) / n
    alone = sum((answer - average) ** 2 for answer in answers)
    clustered = sum(sum(answer - average for answer in own) ** 2 for own in points.values())
    return max(clustered / alone, 1.0)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function by its continued fraction (Lentz; Numerical Recipes 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / d
    result = d
    for m in range(1, 500):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + step * d)
            c = 1 + step / c
            result *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * result
