"""How well a partition of the records into customers agrees with the persons: counted in pairs of records.

A pair is right if both records are of one person and one customer. Precision: of the pairs that were brought together,
the share that is right; recall: of the pairs that belong together, the share that was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from typing import Any

EXAMPLES = 20


def judge(owned: Mapping[str, str], live: Set[str], found: Mapping[str, str]) -> dict[str, Any]:
    """`found` (record → customer) beside `owned` (record → person): over all records, and under `live` over the live
    ones only.

    A live record that `found` does not have stands alone; a deleted one is left out then, since it may have gone
    before anybody looked. `wrong` are strangers brought together, `missed` records of one person kept apart, one pair
    for each customer or person; `absent` live records that were not found at all (a browser need not be), `unknown`
    what was found and is no record of anybody's."""
    all_of = {key: found.get(key, key) for key in owned if key in found or key in live}
    live_of = {key: customer for key, customer in all_of.items() if key in live}
    absent = [key for key in live_of if key not in found and not key.startswith("matomo:")]
    return {
        **agreement(owned, all_of),
        "wrong": examples(all_of, together=all_of, apart=owned),
        "missed": examples(all_of, together=owned, apart=all_of),
        "live": agreement(owned, live_of),
        "absent": absent[:EXAMPLES],
        "unknown": [key for key in found if key not in owned][:EXAMPLES],
    }


def agreement(owned: Mapping[str, str], found: Mapping[str, str]) -> dict[str, Any]:
    """The figures for the records of `found`. They come from the sizes of groups and of their overlaps, so that a
    hundred thousand records take no longer than to count them. A share of nothing is None."""
    true = pairs(Counter(owned[key] for key in found).values())
    together = pairs(Counter(found.values()).values())
    right = pairs(Counter((owned[key], customer) for key, customer in found.items()).values())
    return {
        "pairs_true": true,
        "pairs_found": together,
        "pairs_right": right,
        "precision": right / together if together else None,
        "recall": right / true if true else None,
        "f1": 2 * right / (true + together) if true + together else None,
        "largest_cluster": max(Counter(found.values()).values(), default=0),
    }


def pairs(sizes: Iterable[int]) -> int:
    """How many pairs there are within groups of these sizes."""
    return sum(size * (size - 1) // 2 for size in sizes)


def examples(keys: Iterable[str], *, together: Mapping[str, str], apart: Mapping[str, str]) -> list[list[str]]:
    """Two of the records that are one group by `together` and two by `apart`: one example of each such group."""
    first: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for key in keys:
        group = together[key]
        other = first.setdefault(group, key)
        if apart[other] != apart[key]:
            found.setdefault(group, [other, key])
    return list(found.values())[:EXAMPLES]
