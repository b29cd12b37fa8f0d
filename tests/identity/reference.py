"""Who is one customer, reckoned the slow way: one claim after the other, as docs/identity.md says it in words.

Shares the comparison of names with the product, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from rapidfuzz.distance import OSA

from cx_warehouse.identity.names import Agreement, Names, PersonName, parse_name
from cx_warehouse.identity.settings import Settings
from tests.identity.people import People, crowded

LATE = datetime.max.replace(tzinfo=UTC)


class Reference:
    """Resolves one population."""

    def __init__(self, people: People, given: Settings) -> None:
        self.settings = given
        self.names = Names(given.variants)
        ordered = sorted(people.records, key=lambda record: (record[5] or LATE, record[1], record[2]))
        self.rank = {record[0]: number for number, record in enumerate(ordered)}
        self.kind = {record[0]: record[3] for record in ordered}
        self.exclusive = {record[0] for record in ordered if record[1] in given.exclusive_sources and not record[4]}
        self.name: dict[str, PersonName | None] = {
            record[0]: parse_name(record[6], record[7], record[8])
            if record[3] in ("crm_contact", "helpdesk_user")
            else None
            for record in ordered
        }
        self.birth_date = {record[0]: record[10] for record in ordered}
        full = set(crowded(people, given))
        self.claims = [
            (key, (kind, value), rule)
            for key, kind, value, rule, _, blocked in people.claims
            if key in self.rank and blocked is None and rule in given.rules and (kind, value) not in full
        ]
        for override in given.overrides:
            if override.link:
                for key in (override.left, override.right):
                    if key in self.rank:
                        hub = ("decision", f"{override.left}|{override.right}")
                        self.claims.append((key, hub, "override_link"))
        self.apart = {frozenset((override.left, override.right)) for override in given.overrides if not override.link}
        self.group = {key: {key} for key in self.rank}

    def groups(self) -> set[frozenset[str]]:
        """Who is one customer with whom; browsers that are nobody's are left out."""
        self._join_by_ids()
        self.stub = {key: min(group, key=self.rank.__getitem__) for key, group in self.group.items()}
        self.members = defaultdict(list)
        for key, stub in self.stub.items():
            self.members[stub].append(key)
        links = self._email_links() + self._phone_links() + self._browser_links()
        self._join(links, self._may_be_one)
        groups = {frozenset(key for stub in group for key in self.members[stub]) for group in self.group_of_stubs()}
        return {group for group in groups if any(self.kind[key] != "browser" for key in group)}

    def group_of_stubs(self) -> list[set[str]]:
        """The groups of stubs as they stand."""
        return [group for stub, group in self.group.items() if stub in self.members]

    # --- ids ---
    def _join_by_ids(self) -> None:
        links = [
            (self.settings.rules[rule].weight, key, hub)
            for key, hub, rule in self.claims
            if self.settings.rules[rule].is_hard
        ]
        self.hard_holders = defaultdict(set)
        for _, key, hub in links:
            self.hard_holders[hub].add(key)

        def may(left: set[str], right: set[str]) -> bool:
            return not any(frozenset((a, b)) in self.apart for a in left for b in right)

        self.cut = self._join(links, may)

    def _join(self, links, may) -> set[tuple[str, object]]:  # type: ignore[no-untyped-def]
        """Strongest first; returns the (key, hub) that were refused."""
        first: dict[object, str] = {}
        refused = set()
        strongest: dict[tuple[str, object], float] = {}
        for weight, key, hub in links:
            strongest[key, hub] = max(weight, strongest.get((key, hub), 0))
        for (key, hub), _ in sorted(strongest.items(), key=lambda one: (-one[1], self.rank[one[0][0]], str(one[0][1]))):
            if hub not in first:
                first[hub] = key
                continue
            left, right = self.group[key], self.group[first[hub]]
            if left is right:
                continue
            if not may(left, right):
                refused.add((key, hub))
                continue
            left |= right
            for other in right:
                self.group[other] = left
        return refused

    # --- what stubs are ---
    def _stub_name(self, stub: str) -> PersonName | None:
        named = [key for key in self.members[stub] if self.name[key] is not None]
        if not named:
            return None
        best = min(named, key=lambda key: (self.kind[key] != "crm_contact", self.rank[key]))
        return self.name[best]

    def _is_exclusive(self, stub: str) -> bool:
        return any(key in self.exclusive for key in self.members[stub])

    def _are_apart(self, one: str, other: str) -> bool:
        return any(frozenset((a, b)) in self.apart for a in self.members[one] for b in self.members[other])

    def _birth_date(self, stub: str) -> str | None:
        dated = [key for key in self.members[stub] if self.birth_date[key]]
        best = min(dated, key=lambda key: (self.kind[key] != "crm_contact", self.rank[key]), default=None)
        return best and self.birth_date[best]

    def _agree(self, one: str, other: str) -> Agreement:
        left, right = self._birth_date(one), self._birth_date(other)
        if left and right and OSA.distance(left, right) > 1:
            year, month, day = left.split("-")
            if f"{year}-{day}-{month}" != right:
                return Agreement.DIFFERENT
        return self.names.agreement(self._stub_name(one), self._stub_name(other))

    def _may_be_one(self, left: set[str], right: set[str]) -> bool:
        return not any(
            self._are_apart(a, b)
            or (self._is_exclusive(a) and self._is_exclusive(b))
            or self._agree(a, b) == Agreement.DIFFERENT
            for a in left
            for b in right
        )

    # --- identifiers ---
    def _holders(self, kind: str) -> dict[object, dict[str, tuple[bool, float]]]:
        """By identifier: each stub that has it, whether now, and the weight of its best claim."""
        found: dict[object, dict[str, tuple[bool, float]]] = defaultdict(dict)
        for key, hub, rule in self.claims:
            if hub[0] == kind and not self.settings.rules[rule].is_hard:
                stub = self.stub[key]
                is_current, weight = found[hub].get(stub, (False, 0.0))
                found[hub][stub] = (
                    is_current or rule != "former_email",
                    max(weight, self.settings.rules[rule].weight),
                )
        return found

    def _email_links(self) -> list[tuple[float, str, object]]:
        links = []
        for hub, holders in self._holders("email").items():
            stubs = sorted(holders, key=self.rank.__getitem__)
            now = [stub for stub in stubs if holders[stub][0]]
            if self._is_shared(now):
                links += self._namesakes(hub, stubs, holders)
                continue
            named = [stub for stub in now if self._stub_name(stub)]
            group = list(now)
            for stub in stubs:
                if stub in now:
                    continue
                if any(self._are_apart(stub, other) for other in group):
                    continue
                against = named or [other for other in group if self._stub_name(other)]
                least = Agreement.SAME if named else Agreement.COMPATIBLE
                if all(self._agree(stub, other) >= least for other in against):
                    group.append(stub)
            links += [(holders[stub][1], stub, (hub, 0)) for stub in group]
        return links

    def _is_shared(self, stubs: list[str]) -> bool:
        for position, one in enumerate(stubs):
            for other in stubs[position + 1 :]:
                agreement = self._agree(one, other)
                both = self._is_exclusive(one) and self._is_exclusive(other)
                if self._are_apart(one, other) or agreement == Agreement.DIFFERENT:
                    return True
                if both and agreement != Agreement.SAME:
                    return True
        return False

    def _phone_links(self) -> list[tuple[float, str, object]]:
        links = []
        for hub, holders in self._holders("phone").items():
            links += self._namesakes(hub, sorted(holders, key=self.rank.__getitem__), holders)
        return links

    def _namesakes(self, hub, stubs, holders) -> list[tuple[float, str, object]]:  # type: ignore[no-untyped-def]
        groups: list[list[str]] = []
        for stub in stubs:
            if self._stub_name(stub) is None:
                continue
            fitting = [
                group
                for group in groups
                if all(self._agree(stub, o) == Agreement.SAME and not self._are_apart(stub, o) for o in group)
            ]
            (fitting[0] if fitting else groups.append([]) or groups[-1]).append(stub)
        return [(holders[stub][1], stub, (hub, number)) for number, group in enumerate(groups) for stub in group]

    def _browser_links(self) -> list[tuple[float, str, object]]:
        users = defaultdict(set)
        for browser, hub, rule in self.claims:
            if rule == "browser_login":
                owners = {self.stub[key] for key in self.hard_holders[hub] if (key, hub) not in self.cut}
                users[self.stub[browser]] |= owners - {self.stub[browser]}
        for stub in users:  # one that was decided to be somebody's has that user too
            if users[stub] and any(self.kind[key] != "browser" for key in self.members[stub]):
                users[stub].add(stub)
        return [
            (0.0, stub, ("browser", browser))
            for browser, found in users.items()
            if len(found) == 1
            for stub in (browser, *found)
        ]
