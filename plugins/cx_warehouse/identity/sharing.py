"""Who may be linked through one identifier: an address or a number that several people use links only namesakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cx_warehouse.identity.names import Agreement, Names, PersonName


@dataclass(frozen=True)
class Holder:
    """A stub (records that hard evidence holds together) with an identifier. Ranked by age: a lower number is older.

    `is_exclusive`: it has a live record in a source that keeps one record a person. `is_bound`: a decision to keep it
    apart from another names it. `is_current`: it has the identifier now; otherwise it only had it before."""

    stub: int
    name: PersonName | None = None
    is_exclusive: bool = False
    is_bound: bool = False
    is_current: bool = True

    @property
    def has_say(self) -> bool:
        """Whether anything about it can stand against a link. Most survey answers say nothing of who gave them."""
        return self.name is not None or self.is_exclusive or self.is_bound


@dataclass(frozen=True)
class Decision:
    """Groups of stubs that the identifier links, each of two or more; and where it is shared by people who differ,
    two of them and why."""

    groups: tuple[tuple[int, ...], ...]
    conflict: tuple[int, int, str] | None = None


Apart = Callable[[int, int], bool]
DIFFERENT_NAMES = "their names differ"
TWO_CRM_RECORDS = "both have a live record of their own in the CRM"
DECIDED_APART = "somebody decided that they are not one (link_overrides)"


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
        if all(names.agreement(former.name, other.name) >= wanted for other in against):
            group.append(former)
    return Decision(_whole(group))


def decide_phone(names: Names, holders: Sequence[Holder], apart: Apart) -> Decision:
    """A number links only holders whose given and family names agree: households share numbers, and numbers are given
    out again."""
    ordered = sorted((holder for holder in holders if holder.is_current), key=lambda holder: holder.stub)
    conflict = _first_conflict(names, [holder for holder in ordered if holder.name], apart)
    return Decision(_namesakes(names, ordered, apart), conflict)


def may_not_be_one(
    names: Names, left: Sequence[Holder], right: Sequence[Holder], apart: Apart
) -> tuple[int, int, str] | None:
    """The first two stubs, one of each group, that may not be one person, and why."""
    against = [holder for holder in right if holder.has_say]
    for one in (holder for holder in left if holder.has_say):
        for other in against:
            if apart(one.stub, other.stub):
                return one.stub, other.stub, DECIDED_APART
            if one.is_exclusive and other.is_exclusive:
                return one.stub, other.stub, TWO_CRM_RECORDS
            if names.agreement(one.name, other.name) == Agreement.DIFFERENT:
                return one.stub, other.stub, DIFFERENT_NAMES
    return None


def _first_conflict(names: Names, holders: Sequence[Holder], apart: Apart) -> tuple[int, int, str] | None:
    """Two holders who are not one person as far as anybody can tell. Two CRM records under one name are not taken for
    two people here (one was entered twice, most likely); they are kept apart all the same, later."""
    judged = [holder for holder in holders if holder.has_say]
    for position, one in enumerate(judged):
        for other in judged[position + 1 :]:
            if apart(one.stub, other.stub):
                return one.stub, other.stub, DECIDED_APART
            agreement = names.agreement(one.name, other.name)
            if agreement == Agreement.DIFFERENT:
                return one.stub, other.stub, DIFFERENT_NAMES
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
                names.agreement(holder.name, other.name) == Agreement.SAME and not apart(holder.stub, other.stub)
                for other in group
            ):
                group.append(holder)
                break
        else:
            groups.append([holder])
    return tuple(tuple(holder.stub for holder in group) for group in groups if len(group) > 1)


def _whole(group: Sequence[Holder]) -> tuple[tuple[int, ...], ...]:
    return (tuple(sorted(holder.stub for holder in group)),) if len(group) > 1 else ()
