"""What a threshold lets through: precision with a lower bound, and recall, on people whose identity is known."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import duckdb

from cx_warehouse.identity.probable import probable_pairs
from cx_warehouse.identity.scoring import Model

STEP = 0.5  # of match weight, between thresholds that are tried
SHOWN = tuple(float(weight) for weight in range(0, 31, 2))
ENOUGH = 0.999  # precision of accepted pairs, as a lower bound
LEAST = 6.0  # weight of an accepted pair, however right those below are: the model itself has to hold it likely
WORTH_A_LOOK = 0.5  # precision of proposed pairs, in each band of one unit of weight
_Z = 1.6448536  # of a one-sided 95 % bound


@dataclass(frozen=True)
class Counts:
    """Pairs at or above a threshold that are one person (`right`) and that are two (`wrong`)."""

    right: int
    wrong: int

    @property
    def precision(self) -> float:
        """Share of pairs that are one person; 1 if there are none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def lower_bound(self) -> float:
        """Of the precision: Wilson's, one-sided, 95 %; 0 if there are no pairs."""
        count = self.right + self.wrong
        if not count:
            return 0.0
        share, square = self.precision, _Z * _Z
        half = _Z * sqrt(share * (1 - share) / count + square / (4 * count * count))
        return (share + square / (2 * count) - half) / (1 + square / count)

    def minus(self, other: Counts) -> Counts:
        """The pairs below the other threshold."""
        return Counts(self.right - other.right, self.wrong - other.wrong)


@dataclass(frozen=True)
class Measured:
    """Pairs by threshold. Thin pairs share no e-mail, phone or customer number: rules do not see them. `allowed` are
    those that would be accepted at any weight."""

    accepted: dict[float, Counts]
    accepted_thin: dict[float, Counts]
    above_thin: dict[float, Counts]
    pairs: int
    thin_pairs: int
    allowed_thin: int

    def choose(self) -> dict[str, float]:
        """The lowest accept threshold above which accepted pairs, and thin ones among them, are right often enough.
        Below it, the lowest proposal threshold above which a look is worth it in each band. Raises ValueError if
        nothing is good enough."""
        accept = min(
            weight
            for weight in self.accepted
            if weight >= LEAST
            and min(self.accepted[weight].lower_bound, self.accepted_thin[weight].lower_bound) >= ENOUGH
        )
        propose = accept
        while propose - 1 in self.above_thin:
            band = self.above_thin[propose - 1].minus(self.above_thin[propose])
            if band.precision < WORTH_A_LOOK:
                break
            propose -= 1
        return {"accept": accept, "propose": propose}

    def described(self, accept: float, propose: float) -> dict[str, Any]:
        """For the model's file: the chosen thresholds in full, and the way there."""
        proposed = self.above_thin[propose].minus(self.accepted_thin[accept])
        return {
            "all_pairs": {"pairs_of_one_person": self.pairs, **self._row(self.accepted[accept], self.pairs)},
            "thin_pairs": {
                "pairs_of_one_person": self.thin_pairs,
                **self._row(self.accepted_thin[accept], self.thin_pairs),
                "recall_of_allowed": round(self.accepted_thin[accept].right / self.allowed_thin, 4),
            },
            "thin_pairs_by_weight_alone": self._row(self.above_thin[accept], self.thin_pairs),
            "proposed_thin_pairs": self._row(proposed, self.thin_pairs),
            "thin_pairs_by_accept_threshold": {
                f"{weight:g}": self._row(self.accepted_thin[weight], self.thin_pairs) for weight in SHOWN
            },
        }

    @staticmethod
    def _row(counts: Counts, pairs: int) -> dict[str, Any]:
        return {
            "pairs": counts.right + counts.wrong,
            "wrong": counts.wrong,
            "precision": round(counts.precision, 5),
            "precision_lower_95": round(counts.lower_bound, 5),
            "recall": round(counts.right / pairs, 4),
        }


def measure(connection: duckdb.DuckDBPyConnection, persons: str, model: Model) -> Measured:
    """Score the labelled table `persons` against itself with a model whose thresholds let everything through."""
    probable_pairs(connection, persons, persons, "scored_pairs", model=model)
    shared = " or ".join(f"one.{column} = other.{column}" for column in ("email", "phone", "external_id"))
    thin = f"not coalesce({shared}, false)"
    both = f"{persons} as one on one.identity_key = left_key join {persons} as other on other.identity_key = right_key"
    rows = connection.execute(
        f"select floor(match_weight / {STEP}) * {STEP}, verdict = 'accepted', {thin}, one.person = other.person, "
        f"count(*) from scored_pairs join {both} group by all order by all"
    ).fetchall()
    pairs, thin_pairs = connection.execute(
        f"select count(*), count(*) filter ({thin}) from {persons} as one join {persons} as other "
        "on one.person = other.person and one.identity_key < other.identity_key"
    ).fetchall()[0]

    def above(weight: float, *, accepted: bool, only_thin: bool) -> Counts:
        right = wrong = 0
        for least, is_accepted, is_thin, is_same, count in rows:
            if least >= weight and (is_accepted or not accepted) and (is_thin or not only_thin):
                right, wrong = right + count * is_same, wrong + count * (not is_same)
        return Counts(right, wrong)

    weights = [step * STEP for step in range(int(-10 / STEP), int(40 / STEP) + 1)]
    return Measured(
        accepted={weight: above(weight, accepted=True, only_thin=False) for weight in weights},
        accepted_thin={weight: above(weight, accepted=True, only_thin=True) for weight in weights},
        above_thin={weight: above(weight, accepted=False, only_thin=True) for weight in weights},
        pairs=pairs,
        thin_pairs=thin_pairs,
        allowed_thin=above(-1e9, accepted=True, only_thin=True).right,
    )
