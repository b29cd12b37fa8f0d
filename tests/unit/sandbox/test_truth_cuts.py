"""Scores cut, changes, response rates, gaps and staff, told event by event; expected numbers are worked out beside."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.company.surveys import AFTER_TICKET, EXPECTATIONS, RELATIONSHIP, STAFF_PULSE
from sandbox.model import SatisfactionOffered, SurveyResponse, TicketChanged
from sandbox.truth import truth
from sandbox.truth.intervals import Estimate, correlation, difference, held_p_values
from sandbox.truth.members import tier
from sandbox.truth.survival import median
from tests.unit.sandbox.story import ANNA, AS_OF, BEN, Story, at

NPS, TICKET, PULSE, BELIEFS = (form.form_id for form in (RELATIONSHIP, AFTER_TICKET, STAFF_PULSE, EXPECTATIONS))


def rows(told: dict[str, Any], part: str, **wanted: Any) -> list[dict[str, Any]]:
    return [row for row in told[part] if all(row[name] == value for name, value in wanted.items())]


def one(told: dict[str, Any], part: str, **wanted: Any) -> dict[str, Any]:
    [row] = rows(told, part, **wanted)
    return row


def assigned(story: Story, ticket_id: int, when: str, agent: int, team: str) -> None:
    changes = {"assignee_id": (None, str(agent)), "group": (None, team)}
    story.tell(TicketChanged, when, ticket_id=ticket_id, by_user_id=agent, changes=changes)


def test_a_rating_is_of_whoever_had_the_ticket_then():
    story = Story()
    story.user(1)
    story.ticket(1, "10-01 08:00")
    assigned(story, 1, "10-01 09:00", ANNA, "Tier 1")
    story.rates(1, "10-02 09:00", "bad")
    assigned(story, 1, "10-03 09:00", BEN, "Tier 2")
    story.rates(1, "10-04 09:00", "good")
    told = story.truth()
    first = one(told, "scores_by", metric="csat_helpdesk_first", dimension="agent", period="all")
    assert (first["member"], first["value"], first["n"]) == (f"zendesk:{ANNA}", 0, 1)
    latest = one(told, "scores_by", metric="csat_helpdesk_latest", dimension="team", period="all")
    assert (latest["member"], latest["value"], latest["n"]) == ("Tier 2", 1, 1)


def test_difference_is_newcombes_published_one():
    # 56 of 70 against 48 of 80, Wilson intervals; Newcombe (1998), method 10: 0.0524 to 0.3339
    ours = Estimate(0.8, 70, 70, 0.6917716, 0.8768796)
    theirs = Estimate(0.6, 80, 80, 0.4904259, 0.7003900)
    told = difference(ours, theirs)
    assert (told.ci_low, told.ci_high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
    assert told.p_value is not None and told.p_value < 0.05  # as the interval leaves 0 out
    # the same people in both: the two go together, and the difference is surer
    closer = difference(ours, theirs, 0.5)
    assert closer.ci_low is not None and told.ci_low is not None and closer.ci_low > told.ci_low


def test_a_difference_of_nothing_is_no_surprise_at_all():
    assert difference(Estimate(0.5, 9, 9, 0.2, 0.8), Estimate(0.5, 9, 9, 0.3, 0.7)).p_value == 1
    assert difference(Estimate(5.0, 1, 1, None, None), Estimate(4.0, 9, 9, 3.0, 5.0)).p_value is None


def test_discoveries_are_those_of_benjamini_and_hochberg():
    # the fifteen p-values of their paper (1995), of which the first four are discoveries at 0.05
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719]
    p_values += [0.6528, 0.7590, 1.0]
    held = held_p_values(list(reversed(p_values)))[::-1]
    assert [q <= 0.05 for q in held] == [True] * 4 + [False] * 11
    assert held[3] == pytest.approx(0.0095 * 15 / 4)
    assert held[5] == held[6] == pytest.approx(0.0298 * 15 / 7)  # none is surer than one with a smaller p-value


def test_customers_in_both_periods_go_together():
    # of two customers one promotes and one detracts, both times: moves ±1 and ±1
    assert correlation({"a": [1], "b": [-1]}, {"a": [1], "b": [-1]}) == pytest.approx(1)
    assert correlation({"a": [1], "b": [-1]}, {"a": [-1], "b": [1]}) == pytest.approx(-1)
    assert correlation({"a": [1], "b": [-1]}, {"c": [1], "d": [-1]}) == 0
    assert correlation({"a": [1], "b": [1]}, {"a": [1], "b": [-1]}) == 0  # where all agree nothing can go together


def test_three_answers_prove_nothing_and_thirty_may():
    for people, has_moved in ((3, None), (30, True)):
        story = Story()
        for person in range(people):
            story.answers(NPS, "09-10 08:00", {"nps": 10}, person=person)
            story.answers(NPS, "10-10 08:00", {"nps": 0}, person=100 + person)
        row = one(story.truth(), "changes", metric="nps_responses", dimension="all", period="month",
                  period_start="2025-10-01", comparison="previous")  # fmt: skip
        assert (row["difference"], row["has_moved"], row["former_n"]) == (-200, has_moved, people)
        assert (row["p_value"] is None) == (has_moved is None)
        assert row["ci_high"] < 0  # the interval is there in both


def test_days_are_compared_with_their_like():
    story = Story()
    for day, value in (("09-30", 10), ("10-07", 10), ("10-14", 0), ("10-21", 0), ("10-20", 10), ("10-28", 10)):
        story.answers(NPS, f"{day} 08:00", {"nps": value}, person=int(day[:2] + day[3:]))
    found = rows(story.truth(), "changes", metric="nps_responses", dimension="all", period="day")
    by_day = {(row["period_start"], row["comparison"]): row for row in found}
    # the four Tuesdays before the 28th: two promoters and two detractors
    like = by_day["2025-10-28", "like_weekdays"]
    assert (like["former_n"], like["former_value"], like["difference"]) == (4, 0, 100)
    assert by_day["2025-10-21", "previous"]["former_value"] == 100
    assert ("2025-10-28", "previous") not in by_day  # nobody answered on the 27th


def test_cuts_by_customer_follow_what_is_given_of_them():
    story = Story()
    story.answers(NPS, "10-01 08:00", {"nps": 10}, person=1, response_id="r1")
    story.answers(NPS, "10-01 08:00", {"nps": 0}, person=2, response_id="r2")
    story.answers(NPS, "10-01 08:00", {"nps": 9}, person=3, response_id="r3")
    given = {f"typeform:{NPS}:r1": "a", f"typeform:{NPS}:r2": "b"}
    attributes = {"a": {"account_key": "k", "country": None}, "b": {"account_key": None, "country": "Poland"}}
    told = truth(story.company(), AS_OF, given, attributes)
    segments = {row["member"]: row["value"] for row in
                rows(told, "scores_by", metric="nps_responses", dimension="segment", period="all")}  # fmt: skip
    assert segments == {"business": 100, "consumer": -100}  # the third is of nobody who is known
    assert one(told, "scores_by", metric="nps_customers_90d", dimension="account", period="all")["member"] == "k"
    assert one(told, "scores_by", metric="nps_responses", dimension="country", period="all")["value"] == -100


def test_tiers_begin_at_their_border():
    assert [tier(Decimal(amount)) for amount in ("-5", "0", "0.01", "999.99", "1000", "5000")] == [
        "none", "none", "low", "low", "middle", "high"]  # fmt: skip


def test_response_rate_is_of_those_who_were_invited_and_null_where_nobody_knows_them():
    story = Story()
    for number in (1, 2, 3, 4):
        story.user(number, person=number)
        story.ticket(number, "10-01 08:00", user_id=number)
        story.tell(SatisfactionOffered, "10-02 08:00", ticket_id=number, rating_id=900 + number)
    story.rates(1, "10-03 08:00", "good")
    story.rates(1, "10-04 08:00", "bad")  # no second answer
    story.answers(TICKET, "10-02 08:00", {"csat": 5}, person=1)
    story.answers(TICKET, "10-02 08:00", {}, person=2, state="started")
    told = story.truth()
    rating = one(told, "response_rates", survey="satisfaction_ratings", dimension="all", period="all")
    assert (rating["n_invited"], rating["n_answered"], rating["response_rate"]) == (4, 1, 0.25)
    assert rating["n_started"] is None and rating["completion_rate"] is None
    form = one(told, "response_rates", survey=TICKET, dimension="all", period="all")
    assert (form["n_invited"], form["response_rate"], form["share_of_invited"]) == (None, None, None)
    assert (form["n_started"], form["n_answered"], form["completion_rate"]) == (2, 1, 0.5)
    assert {row["dimension"] for row in rows(told, "response_rates", survey=TICKET)} == {"all"}


def test_company_and_customers_count_the_same_tickets():
    story = Story()
    for number in (1, 2, 3, 4):
        story.user(number, person=number)
        story.ticket(number, "10-01 08:00", user_id=number)
        if number < 4:
            story.status(number, "10-02 08:00", "new", "solved")
    story.rates(1, "10-03 08:00", "good")
    story.rates(1, "10-04 08:00", "bad")
    story.rates(2, "10-03 08:00", "good")
    told = story.truth()
    row = one(told, "operational_gap", success="solved", rated_by="csat_helpdesk_latest", dimension="all", period="all")
    assert (row["n"], row["n_success"], row["company_share"]) == (4, 3, 0.75)
    assert (row["n_rated"], row["customer_share"], row["gap"], row["n_success_rated_bad"]) == (2, 0.5, 0.25, 1)
    nobody = one(
        told, "operational_gap", success="solved", rated_by="csat_helpdesk_survey", dimension="all", period="all"
    )
    assert (nobody["n_rated"], nobody["customer_share"], nobody["gap"]) == (0, None, None)


def test_promise_is_kept_when_all_of_the_ticket_s_are_and_undecided_while_one_runs():
    story = Story()
    # the first reply is promised within 480 business minutes, which is a working day
    for number, answered in ((1, "10-01 09:00"), (2, "10-03 08:00"), (3, None)):
        story.user(number, person=number)
        story.ticket(number, "10-01 08:00" if answered else "11-03 20:00", user_id=number)
        if answered:
            story.says(number, answered, "agent")
    story.rates(1, "10-04 08:00", "bad")
    told = story.truth()
    row = one(
        told, "operational_gap", success="sla_met", rated_by="csat_helpdesk_latest", dimension="all", period="all"
    )
    assert (row["n"], row["n_success"], row["company_share"]) == (2, 1, 0.5)
    assert (row["n_rated"], row["customer_share"], row["n_success_rated_bad"]) == (1, 0, 1)


def test_one_channel_has_no_spread():
    story = Story()
    for number, channel in enumerate(("email", "email", "chat", "chat"), start=1):
        story.user(number, person=number)
        story.ticket(number, "10-01 08:00", user_id=number, channel=channel)
        story.rates(number, "10-03 08:00", "good" if channel == "chat" or number == 1 else "bad")
        if channel == "email":
            story.says(number, "10-01 09:00", "agent")
    told = story.truth()
    row = one(told, "channel_consistency", metric="csat_helpdesk_latest", period="all")
    assert (row["highest_channel"], row["lowest_channel"], row["spread"]) == ("chat", "email", 0.5)
    # Wilson of 2 of 2 from 0.342372, of 1 of 2 up to 0.905460: √(0.657628² + 0.405460²) = 0.772573; not below 0
    assert row["ci_low"] == 0 and row["ci_high"] == pytest.approx(0.5 + 0.405460, abs=1e-5)
    waits = one(told, "channel_consistency", metric="first_response_median", period="all")
    assert (waits["channels"], waits["spread"], waits["ci_low"]) == (1, None, None)  # chat was never answered


def test_median_of_waits_counts_those_who_still_wait():
    assert median([10, 20, 30], []) == (20, 10, 30)
    assert median([10], [5, 40, 50])[0] is None
    assert median([60], [30]) == (60, 60, 60)


def test_nine_answers_of_a_team_are_hidden_and_so_is_what_gives_them_away():
    story = Story()
    for team, people, value in (("nine", 9, 10), ("ten", 10, 8), ("twelve", 12, 0)):
        for number in range(people):
            staff_answer(story, "10-08 09:00", PULSE, {"enps": value}, {"team": team}, f"{team}{number}")
    shown = {row["team"]: (row["is_hidden"], row["enps"]) for row in story.truth()["staff"]}
    assert shown["nine"] == (True, None)
    assert shown["ten"] == (True, None)  # 31 in all less 12 and 10 are the nine
    assert shown["twelve"] == (False, -100)
    assert shown["all"][0] is False and shown["all"][1] == pytest.approx(100 * (9 - 12) / 31)


def test_what_managers_expect_less_what_customers_give():
    story = Story()
    expected = {"expected_nps": 40, "expected_csat": 90, "expected_ces": 6}
    staff_answer(story, "10-03 09:00", BELIEFS, expected, {}, "m1")
    staff_answer(story, "10-03 09:00", BELIEFS, {"expected_nps": 60}, {}, "m2")
    story.answers(NPS, "10-05 08:00", {"nps": 10}, person=1)
    story.answers(NPS, "10-05 08:00", {"nps": 7}, person=2)
    story.answers(TICKET, "10-05 08:00", {"csat": 5, "ces": 5}, person=1)
    told = story.truth()
    nps = one(told, "belief_gap", metric="nps_responses", period="month")
    assert (nps["expected_value"], nps["n_expected"], nps["customer_value"], nps["gap"]) == (50, 2, 50, 0)
    csat = one(told, "belief_gap", metric="csat", scale="1-5", period="all")
    assert (csat["expected_value"], csat["gap"]) == (0.9, pytest.approx(-0.1))
    assert [row["scale"] for row in rows(told, "belief_gap", metric="ces_mean", period="all")] == ["1-7"]
    unasked = one(told, "belief_gap", metric="csat", scale="1-10", period="all")
    assert (unasked["customer_value"], unasked["gap"]) == (None, None)


def test_employees_are_nobodys_customers():
    story = Story()
    staff_answer(story, "10-03 09:00", PULSE, {"enps": 0}, {"team": "Tier 1"}, "s1")
    told = story.truth()
    assert told["answers"] == [] and told["persons"] == [] and told["business"] == {}
    assert one(story.truth(), "staff", team="all")["n_staff_answers"] == 1


def staff_answer(
    story: Story, when: str, form_id: str, answers: dict[str, int], hidden: dict[str, str], token: str
) -> None:
    story.tell(
        SurveyResponse,
        when,
        response_id=token,
        form_id=form_id,
        person_id=0,
        state="completed",
        landed_at=at(when) - timedelta(minutes=2),
        submitted_at=at(when),
        answers=dict(answers),
        hidden=hidden,
    )
