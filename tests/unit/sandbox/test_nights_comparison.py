"""What the nights' comparison makes of the judgement on the warehouse's customers."""

from __future__ import annotations

from typing import Any

from sandbox.truth.who import judge
from tests.e2e.compare import RECALL_FLOOR, comments, who

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


def compared(language: str | None, sentiment: float | None, letters: int = 30, tone: str = "praise") -> list[str]:
    """What is said of twenty comments, of which the first one is as given and the others are right."""
    truth = {"customer": "c", "letters": 30, "language": "pl", "tone": "praise"}
    ours = {"customer_key": "c", "language": "pl", "sentiment": 0.5}
    told = [{**truth, "survey": "s", "response_id": str(n)} for n in range(20)]
    rows = [{**ours, "survey": "s", "response_key": f"s:{n}"} for n in range(20)]
    told[0] |= {"letters": letters, "tone": tone, "language": "pl" if tone == "praise" else None}
    rows[0] |= {"language": language, "sentiment": sentiment}
    counts = [{"survey": "s", "n_comments": 20}, {"survey": "all", "n_comments": 20}]
    return comments(lambda statement: counts if "mart_voice__themes" in statement else rows, {"comments": told})


def test_a_language_is_compared_where_there_are_letters_enough():
    assert compared("pl", 0.5) == []
    assert compared("ru", 0.5) == ["comment ('s', '0'): language is 'ru' here, 'pl' in truth"]
    assert compared(None, None) == ["comment ('s', '0'): language is None here, 'pl' in truth"]
    assert compared(None, None, letters=10) == []
    assert compared("ru", 0.5, letters=10) == ["comment ('s', '0'): language is 'ru' here, 'pl' in truth"]
    assert compared("fa", 0.5, tone="mixed") == []
    assert compared("fa", 0.5, tone="emoji") == ["comment ('s', '0'): language is 'fa' here, None in truth"]


def test_signs_of_sentiments_are_judged_in_sum():
    assert compared("pl", -0.5) == []  # one of twenty
    counts = [{"survey": "s", "n_comments": 20}, {"survey": "all", "n_comments": 20}]
    truth = {"customer": "c", "letters": 30, "language": "pl", "tone": "blame", "survey": "s"}
    told = [{**truth, "response_id": str(n)} for n in range(20)]

    def said(right: int, wrong: int) -> list[str]:
        rows = [
            {
                "customer_key": "c",
                "language": "pl",
                "sentiment": -0.5 if n < right else 0.5 if n < right + wrong else None,
                "survey": "s",
                "response_key": f"s:{n}",
            }
            for n in range(20)
        ]
        return comments(lambda statement: counts if "mart_voice__themes" in statement else rows, {"comments": told})

    assert said(14, 1) == []
    assert said(13, 0) == ["comments: of 20 that praise or blame, 13 have that sign and 0 the other one"]
    assert said(18, 2) == ["comments: of 20 that praise or blame, 18 have that sign and 2 the other one"]


def test_a_comment_that_is_nowhere_is_a_difference():
    counts = [{"survey": "s", "n_comments": 1}, {"survey": "all", "n_comments": 1}]
    told = [{"customer": "c", "letters": 3, "language": None, "tone": "emoji", "survey": "s", "response_id": "1"}]
    found = comments(lambda statement: counts if "mart_voice__themes" in statement else [], {"comments": told})
    assert found == ["comment ('s', '1'): only in truth"]
