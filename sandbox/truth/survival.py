"""The Kaplan–Meier median of waits, some of which still go on, with its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt

from sandbox.truth.intervals import Z


def median(ended: Sequence[float], waiting: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """The first moment at which at most half still wait, and the moments at which the bands about the curve get there
    (Greenwood's variance, drawn on the log-log scale); None for what is never reached. A wait that goes on still counts
    at its own length."""
    left, variance = 1.0, 0.0
    found: list[float | None] = [None, None, None]
    for moment in sorted(set(ended)):
        at_risk = sum(wait >= moment for wait in (*ended, *waiting))
        over = ended.count(moment)
        left *= 1 - over / at_risk
        if left > 0:
            variance += over / (at_risk * (at_risk - over))
            half = Z * sqrt(variance) / abs(log(left))
            middle = log(-log(left))
            curves = (left, exp(-exp(middle + half)), exp(-exp(middle - half)))
        else:
            curves = (0.0, 0.0, 0.0)
        for place, curve in enumerate(curves):
            if found[place] is None and curve <= 0.5 + 1e-9:
                found[place] = moment
    return found[0], found[1], found[2]
