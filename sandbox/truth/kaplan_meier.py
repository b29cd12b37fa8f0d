"""How long things take when some have not ended yet: Kaplan–Meier quantiles, and the interval of the median.

The interval follows Brookmeyer and Crowley (1982): the times at which the band of the survival curve meets one half;
the band is drawn on the log-log scale from Greenwood's variance, as survival packages do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from math import exp, log, sqrt

from sandbox.truth.intervals import Z

HAIR = 1e-9  # a product of floats may miss an exact share by so little


@dataclass(frozen=True)
class Step:
    """The curve after a moment at which something ended: the share left, and the band of 95 % around it. Where nothing
    or everything is left there is no band: both ends are the share."""

    minutes: float
    left: float
    low: float
    high: float


def curve(ended: Iterable[float], censored: Iterable[float]) -> list[Step]:
    """The steps of the curve. One that is censored at a moment still counts as waiting at that moment."""
    moments: list[tuple[float, bool]] = sorted(
        [(minutes, True) for minutes in ended] + [(minutes, False) for minutes in censored]
    )
    at_risk, left, variance = len(moments), 1.0, 0.0
    steps: list[Step] = []
    for minutes, same in groupby(moments, key=lambda moment: moment[0]):
        endings = [is_end for _, is_end in same]
        deaths = sum(endings)
        if deaths:
            left *= 1 - deaths / at_risk
            if deaths < at_risk:
                variance += deaths / (at_risk * (at_risk - deaths))
            steps.append(Step(minutes, left, *_band(left, variance)))
        at_risk -= len(endings)
    return steps


def _band(left: float, variance: float) -> tuple[float, float]:
    if not 0 < left < 1:
        return left, left
    half = Z * sqrt(variance) / abs(log(left))
    middle = log(-log(left))
    return exp(-exp(middle + half)), exp(-exp(middle - half))


def quantile(steps: Iterable[Step], share: float) -> float | None:
    """The time by which `share` have ended: the first at which at most 1 − share are left; None if that is never
    reached."""
    return next((step.minutes for step in steps if step.left <= 1 - share + HAIR), None)


def median_interval(steps: Iterable[Step]) -> tuple[float | None, float | None]:
    """The 95 % interval of the median; an end that the band never reaches is None."""
    steps = list(steps)
    low = next((step.minutes for step in steps if step.low <= 0.5 + HAIR), None)
    high = next((step.minutes for step in steps if step.high <= 0.5 + HAIR), None)
    return low, high


def survival_quantile(ended: Iterable[float], censored: Iterable[float], share: float) -> float | None:
    """The quantile of a curve that nothing else is asked of."""
    return quantile(curve(ended, censored), share)
