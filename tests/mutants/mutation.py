"""What a mutation is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """`old` occurs once in `path` (below plugins/cx_warehouse) and becomes `new`; each of `tests` must fail."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]
