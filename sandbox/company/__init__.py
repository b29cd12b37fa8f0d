"""The made company's generator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.model import Company

OPENS_AT = datetime(2025, 11, 4, 2, tzinfo=UTC)


def generate(seed: int, customers: int, days: int, horizon_days: int = 40) -> Company:
    """Make the company of this seed and size."""
    return Company(
        seed=seed,
        starts_at=OPENS_AT - timedelta(days=days),
        opens_at=OPENS_AT,
        ends_at=OPENS_AT + timedelta(days=horizon_days),
        people={},
        accounts={},
        agents={},
        events=[],
    )
