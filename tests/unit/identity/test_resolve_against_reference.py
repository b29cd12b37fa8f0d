"""Random populations: the tables and set-based statements find what a plain loop over claims finds."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.identity import people as build
from tests.identity.people import People, found
from tests.identity.reference import Reference

NAMES = (
    ("Anna", "Nowak"), ("Anna", "Kowalska"), ("Piotr", "Nowak"), ("Jan", "Kowalski"), ("Елена", "Иванова"),
)  # fmt: skip
TEXT_NAMES = ("Anna Nowak", "Nowak Anna", "Piotr Nowak", "Elena Ivanova", "A. Nowak", "Anna", None)
EMAILS = [f"{letter}@x.example" for letter in "abcdef"]
PHONES = [f"+4850000000{number}" for number in range(4)]


def population(seed: int, size: int) -> tuple[People, list]:
    """A crowd in which everything is shared too much."""
    chance = random.Random(seed)
    people = People()

    def some(values, most=1):  # type: ignore[no-untyped-def]
        return chance.sample(values, chance.randint(0, most))

    contacts = [f"hubspot:{number}" for number in range(max(2, size // 3))]
    users = [f"zendesk:{number}" for number in range(max(2, size // 3))]
    for key in contacts:
        people.record(
            key,
            chance.choice((*NAMES, None)),
            day=chance.randint(0, 50),
            is_deleted=chance.random() < 0.3,
            born=chance.choice((None, None, "1980-05-17", "1980-05-18", "1955-02-01")),
            email=some(EMAILS, 2),
            former_email=some(EMAILS),
            phone=some(PHONES),
            crm_merge=some(contacts) if chance.random() < 0.2 else (),
        )
    for key in users:
        people.record(
            key,
            chance.choice(TEXT_NAMES),
            day=chance.randint(0, 50),
            email=some(EMAILS),
            phone=some(PHONES),
            former_email=some(EMAILS) if chance.random() < 0.3 else (),
            helpdesk_merge=some(users) if chance.random() < 0.15 else (),
        )
    for number in range(size // 2):
        people.record(
            f"typeform:{number}",
            day=chance.randint(0, 50),
            survey_email=some(EMAILS),
            survey_contact_id=some(contacts) if chance.random() < 0.4 else (),
            survey_ticket_id=some(users) if chance.random() < 0.3 else (),
            answered_email=some(EMAILS) if chance.random() < 0.3 else (),
        )
    for number in range(size // 4):
        people.record(f"ga4:{number}", day=None, login_id=f"hubspot:{number}")
        people.record(f"matomo:{number}", day=chance.randint(0, 50), browser_login=some(contacts, 2))
    keys = [record[0] for record in people.records]
    overrides = {}
    for _ in range(chance.randint(0, 3)):
        left, right = sorted(chance.sample(keys, 2))
        overrides[left, right] = chance.choice((build.link, build.part))(left, right)
    return people, list(overrides.values())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), size=st.integers(3, 24))
@example(seed=14612191, size=8)  # two browsers of one person, one of them decided not to be theirs
def test_groups_are_those_of_the_reference(seed, size):
    people, overrides = population(seed, size)
    rules = build.settings(*overrides)
    outcome = found(people, rules)
    assert outcome.groups() == Reference(people, rules).groups()
    for member in outcome.members.values():  # each is explained by a record of the same customer
        if member["linked_to"] is not None:
            assert outcome.members[member["linked_to"]]["customer_key"] == member["customer_key"]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), order=st.integers(0, 2**32))
def test_the_order_of_arrival_does_not_matter(seed, order):
    people, overrides = population(seed, 18)
    rules = build.settings(*overrides)
    shuffled = People(people.records[:], people.claims[:], people.pairs[:])
    chance = random.Random(order)
    chance.shuffle(shuffled.records)
    chance.shuffle(shuffled.claims)
    before, after = found(people, rules), found(shuffled, rules)
    assert before.members == after.members
    assert before.suspects == after.suspects
