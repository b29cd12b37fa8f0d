"""The parts in which dbt builds a night, and what of the project belongs to each.

dbt is cut into a few parts, not one per model: docs/decisions/0003-dbt-in-a-handful-of-tasks.md has the measurement.
Who is who is decided and comments are scored between them, by what staging and the models tagged evidence say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """What one part builds, as dbt selects it."""

    select: tuple[str, ...]
    exclude: tuple[str, ...] = ()


LAYERS = {
    "build_staging": Layer(("path:seeds", "path:models/staging", "+tag:evidence")),
    "build_intermediate": Layer(("path:models/intermediate",), exclude=("+tag:evidence",)),
    "build_marts": Layer(("path:models/marts",)),
}
