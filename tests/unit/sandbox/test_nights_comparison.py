"""What the nights' comparison makes of the judgement on the warehouse's customers."""

from __future__ import annotations

from typing import Any

from sandbox.truth.who import judge
from tests.e2e.compare import RECALL_FLOOR, who

# ten records of one person, and one of another
OWNED = {f"zendesk:{n}": "person:1" for n in range(10)} | {"hubspot:7": "person:2"}


def judged(found: dict[str, str]) -> dict[str, Any]:
    return judge(OWNED, set(OWNED), found)


def test_nothing_is_said_of_customers_that_are_the_persons():
    assert who(judged(OWNED)) == []


def test_any_two_strangers_in_one_customer_are_a_difference():
    assert who(judged({**OWNED, "hubspot:7": "person:1"})) == [
        "customers: zendesk:0 and hubspot:7 are strangers to each other"
    ]


def test_record_that_is_in_no_customer_or_nobodys_is_a_difference():
    found = {key: customer for key, customer in OWNED.items() if key != "zendesk:9"} | {"zendesk:99": "agent"}
    said = who(judged(found))
    assert "customers: zendesk:9 is live, and in no customer" in said
    assert "customers: zendesk:99 is no record of anybody" in said


def test_too_few_links_are_a_difference_and_what_nobody_could_know_is_none():
    # one record apart leaves 36 of 45 pairs, two leave 28
    one, two = ({**OWNED, **{f"zendesk:{n}": f"alone {n}" for n in range(apart)}} for apart in (1, 2))
    assert 28 / 45 < RECALL_FLOOR < 36 / 45
    assert who(judged(one)) == []
    assert [line.partition(":")[0] for line in who(judged(two))] == ["customers", "customers"]
    assert "recall of all records is 0.622" in who(judged(two))[0]
