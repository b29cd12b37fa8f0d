"""Who may be linked through one identifier: an address or a number that several people use links only namesakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from cx_warehouse.identity.names import Agreement, Names, PersonName


@dataclass(frozen=True)
class Holder:
    """A stub (records that hard evidence holds together) with an identifier. Ranked by age: a lower number is older.

    `is_exclusive`: it has a live record in a source that keeps one record a person. `is_bound`: a decision to keep it
    apart from another names it. `is_current`: it has the identifier now; otherwise it only had it before."""

    stub: int
    name: PersonName | None = None
    birth_date: str | None = None  # ISO
    is_exclusive: bool = False
    is_bound: bool = False
    is_current: bool = True

    @property
    def has_say(self) -> bool:
        """Whether anything about it can stand against a link. Most survey answers say nothing of who gave them."""
        return self.name is not None or self.birth_date is not None or self.is_exclusive or self.is_bound


@dataclass(frozen=True)
class Decision:
    """Groups of stubs that the identifier links, each of two or more; and where it is shared by people who differ,
    two of them and why."""

    groups: tuple[tuple[int, ...], ...]
    conflict: tuple[int, int, str] | None = None


Apart = Callable[[int, int], bool]
DIFFERENT_NAMES = "their names differ"
DIFFERENT_BIRTH_DATES = "their birth dates differ"
TWO_CRM_RECORDS = "both have a live record of their own in the CRM"
DECIDED_APART = "somebody decided that they are not one (link_overrides)"


def are_born_apart(one: str | None, other: str | None) -> bool:
    """Whether two birth dates (ISO) are of two people: both known, and neither one slip nor a swap of day and month
    away from the other. A father and a son of one name are told apart by it."""
    if one is None or other is None or OSA.distance(one, other, score_cutoff=1) <= 1:
        return False
    return one[:4] != other[:4] or (one[5:7], one[8:10]) != (other[8:10], other[5:7])


def _agreement(names: Names, one: Holder, other: Holder) -> Agreement:
    born_apart = are_born_apart(one.birth_date, other.birth_date)
    return Agreement.DIFFERENT if born_apart else names.agreement(one.name, other.name)


def _difference(one: Holder, other: Holder) -> str:
    return DIFFERENT_BIRTH_DATES if are_born_apart(one.birth_date, other.birth_date) else DIFFERENT_NAMES


def decide_email(names: Names, holders: Sequence[Holder], apart: Apart) -> Decision:
    """An address that one person uses links all that have it, also those without a name. One that is shared links only
    holders whose given and family names agree; whoever has no name there could be any of them.

    A former address counts only where the name agrees with everyone who has it now."""
    ordered = sorted(holders, key=lambda holder: holder.stub)
    current = [holder for holder in ordered if holder.is_current]
    conflict = _first_conflict(names, current, apart)
    if conflict is not None:
        return Decision(_namesakes(names, ordered, apart), conflict)
    group = list(current)
    known = [holder for holder in current if holder.name is not None]
    for former in (holder for holder in ordered if not holder.is_current):
        if former.is_bound and any(apart(former.stub, other.stub) for other in group):
            continue
        wanted = Agreement.SAME if known else Agreement.COMPATIBLE
        against = known or [holder for holder in group if holder.name is not None]
        if all(_agreement(names, former, other) >= wanted for other in against):
            group.append(former)
    return Decision(_whole(group))


def decide_phone(names: Names, holders: Sequence[Holder], apart: Apart) -> Decision:
    """A number links only holders whose given and family names agree: households share numbers, and numbers are given
    out again."""
    ordered = sorted((holder for holder in holders if holder.is_current), key=lambda holder: holder.stub)
    conflict = _first_conflict(names, [holder for holder in ordered if holder.name], apart)
    return Decision(_namesakes(names, ordered, apart), conflict)


def may_not_be_one(
    names: Names,
    left: Sequence[Holder],
    right: Sequence[Holder],
    apart: Apart,
    weighed: Set[tuple[int, int]] = frozenset(),
) -> tuple[int, int, str] | None:
    """The first two stubs, one of each group, that may not be one person, and why. The names of pairs in `weighed` (the
    older stub first) were judged with all else that is known of them, and are not judged again."""
    against = [holder for holder in right if holder.has_say]
    for one in (holder for holder in left if holder.has_say):
        for other in against:
            if apart(one.stub, other.stub):
                return one.stub, other.stub, DECIDED_APART
            if one.is_exclusive and other.is_exclusive:
                return one.stub, other.stub, TWO_CRM_RECORDS
            pair = (min(one.stub, other.stub), max(one.stub, other.stub))
            if pair not in weighed and _agreement(names, one, other) == Agreement.DIFFERENT:
                return one.stub, other.stub, _difference(one, other)
    return None


def _first_conflict(names: Names, holders: Sequence[Holder], apart: Apart) -> tuple[int, int, str] | None:
    """Two holders who are not one person as far as anybody can tell. Two CRM records under one name are not taken for
    two people here (one was entered twice, most likely); they are kept apart all the same, later."""
    judged = [holder for holder in holders if holder.has_say]
    for position, one in enumerate(judged):
        for other in judged[position + 1 :]:
            if apart(one.stub, other.stub):
                return one.stub, other.stub, DECIDED_APART
            agreement = _agreement(names, one, other)
            if agreement == Agreement.DIFFERENT:
                return one.stub, other.stub, _difference(one, other)
            if one.is_exclusive and other.is_exclusive and agreement != Agreement.SAME:
                return one.stub, other.stub, TWO_CRM_RECORDS
    return None


def _namesakes(names: Names, holders: Sequence[Holder], apart: Apart) -> tuple[tuple[int, ...], ...]:
    """Holders of one name, each with the oldest of that name."""
    groups: list[list[Holder]] = []
    for holder in holders:
        if holder.name is None:
            continue
        for group in groups:
            if all(
                _agreement(names, holder, other) == Agreement.SAME and not apart(holder.stub, other.stub)
                for other in group
            ):
                group.append(holder)
                break
        else:
            groups.append([holder])
    return tuple(tuple(holder.stub for holder in group) for group in groups if len(group) > 1)


def _whole(group: Sequence[Holder]) -> tuple[tuple[int, ...], ...]:
    return (tuple(sorted(holder.stub for holder in group)),) if len(group) > 1 else ()
