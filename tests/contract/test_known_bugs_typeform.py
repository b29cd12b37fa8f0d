"""Bugs that other Typeform connectors had and that test_typeform.py does not meet on its way (tests/known_bugs.py)."""

from __future__ import annotations

from tests.contract.typeform_account import DAY, NIGHT, account, daily, keys, response


def test_responses_of_the_bounds_own_second_all_arrive_when_they_fill_pages_bug_11() -> None:
    """A walk ends at a page that lies wholly before its bound; one that lies on it does not end it."""
    bound = NIGHT - 5 * DAY
    with account([*daily(3), *(response(number, bound) for number in range(100, 107))]) as acme:
        landed = acme.read(acme.landed(), page_size=2)
        landed.records.clear()
        acme.read(landed, start=bound, page_size=2, full_read_up_to=0)
        assert set(landed.records) == keys(*range(3), *range(100, 107))
