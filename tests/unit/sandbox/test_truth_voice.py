"""Scores of answers told event by event; every expected number is worked out beside it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.company import words
from sandbox.company.surveys import AFTER_TICKET, PRODUCT_FEEDBACK, RELATIONSHIP
from sandbox.model import HelpdeskSurveyAnswered, SurveyResponseDeleted
from tests.unit.sandbox.story import AS_OF, Story, score

NPS, TICKET, ORDER = RELATIONSHIP.form_id, AFTER_TICKET.form_id, PRODUCT_FEEDBACK.form_id


def test_net_promoter_score_at_the_borders_of_its_groups():
    story = Story()
    for number, value in enumerate((0, 6, 7, 8, 9, 10)):
        story.answers(NPS, "10-06 08:00", {"nps": value}, person=number)
    row = score(story.truth(), "nps_responses", "0-10", "relationship")
    # detractors 0, 6; passives 7, 8; promoters 9, 10
    assert (row["value"], row["n"], row["n_customers"]) == (0, 6, 6)
    # adjusted: p = d = 2.75/9 = 0.305556; √((0.611111 − 0)/9) = 0.260579; × 1.959964 = 0.510726
    assert row["ci_low"] == pytest.approx(-51.0726, abs=1e-3)
    assert row["ci_high"] == pytest.approx(51.0726, abs=1e-3)


def test_score_without_answers_is_null_and_never_zero():
    row = score(Story().truth(), "nps_responses", "0-10", "relationship")
    assert (row["value"], row["n"], row["ci_low"], row["ci_high"]) == (None, 0, None, None)
    assert score(Story().truth(), "nps_customers_90d", "0-10", "relationship")["value"] is None
    assert score(Story().truth(), "csat", "1-5", "transactional")["value"] is None


def test_all_promoters_still_have_an_interval():
    story = Story()
    for number in range(5):
        story.answers(NPS, "10-06 08:00", {"nps": 10}, person=number)
    row = score(story.truth(), "nps_responses", "0-10", "relationship")
    assert row["value"] == 100
    # p = 5.75/8 = 0.71875, d = 0.75/8 = 0.09375; net 0.625; √((0.8125 − 0.390625)/8) = 0.229640; × z = 0.450086
    assert row["ci_low"] == pytest.approx(17.4914, abs=1e-3)
    assert row["ci_high"] == 100


def test_value_out_of_scale_is_rejected_and_counted_not_clamped():
    story = Story()
    story.answers(NPS, "10-06 08:00", {"nps": 11}, person=1)
    story.answers(NPS, "10-06 08:00", {"nps": 6}, person=2)
    told = story.truth()
    row = score(told, "nps_responses", "0-10", "relationship")
    assert (row["value"], row["n"], row["n_rejected"]) == (-100, 1, 1)
    assert [answer["rejected"] for answer in told["answers"]] == ["answer is out of scale", None]
    assert told["business"]["person:1"]["last_answers"] == {}


def test_relationship_and_transactional_answers_are_never_pooled():
    story = Story()
    story.answers(NPS, "10-06 08:00", {"nps": 10}, person=1)
    story.answers(ORDER, "10-06 08:00", {"nps": 0}, person=1)
    told = story.truth()
    assert score(told, "nps_responses", "0-10", "relationship")["value"] == 100
    assert score(told, "nps_responses", "0-10", "transactional")["value"] == -100
    assert score(told, "nps_responses", "0-10", "transactional", ORDER)["value"] == -100


def test_five_answers_of_one_customer_count_once_among_customers():
    story = Story()
    for day, value in enumerate((10, 10, 10, 10, 3), start=1):
        story.answers(NPS, f"10-0{day} 08:00", {"nps": value}, person=1)
    story.answers(NPS, "10-06 08:00", {"nps": 9}, person=2)
    told = story.truth()
    everyone = score(told, "nps_responses", "0-10", "relationship")
    assert (everyone["n"], everyone["n_customers"]) == (6, 2)
    assert everyone["value"] == pytest.approx(100 * (5 - 1) / 6)
    latest = score(told, "nps_customers_90d", "0-10", "relationship")
    assert (latest["n"], latest["value"]) == (2, 0)  # the last answer of the first is 3, of the second 9


def test_answers_of_one_customer_widen_the_interval():
    alone, together = Story(), Story()
    for number, value in enumerate((10, 10, 10, 10, 0, 0, 0, 0)):
        alone.answers(NPS, "10-06 08:00", {"nps": value}, person=number)
        together.answers(NPS, "10-06 08:00", {"nps": value}, person=(number // 4))
    single = score(alone.truth(), "nps_responses", "0-10", "relationship")
    clustered = score(together.truth(), "nps_responses", "0-10", "relationship")
    # Two customers of four equal answers: Σ(4·1)² over two = 32 against Σ1² = 8, an effect of 4, so 8 answers weigh 2.
    # p = d = (½·2 + ¾)/5 = 0.35; √(0.7/5) = 0.374166; × z = 0.733352
    assert clustered["ci_high"] == pytest.approx(73.3352, abs=1e-3)
    # eight customers: p = d = 4.75/11 = 0.431818; √(0.863636/11) = 0.280200; × z = 0.549181
    assert single["ci_high"] == pytest.approx(54.9181, abs=1e-3)
    assert clustered["value"] == single["value"] == 0


def test_answer_on_the_edge_of_the_trailing_90_days():
    for offset, n in ((timedelta(0), 0), (timedelta(seconds=1), 1), (timedelta(seconds=-1), 0)):
        story = Story()
        story.answers(NPS, AS_OF - timedelta(days=90) + offset, {"nps": 9}, person=1)
        told = story.truth()
        assert score(told, "nps_customers_90d", "0-10", "relationship")["n"] == n
        assert score(told, "nps_responses", "0-10", "relationship")["n"] == 1


def test_partial_response_counts_for_what_was_answered_then_and_is_dated_so():
    story = Story()
    story.answers(TICKET, "09-30 08:00", {"csat": 4}, person=1, state="partial", response_id="r")
    told = story.truth()
    assert score(told, "csat", "1-5", "transactional")["n"] == 1
    assert score(told, "ces_mean", "1-7", "transactional")["n"] == 0
    story.answers(
        TICKET,
        "10-02 09:00",
        {"csat": 4, "ces": 7, "comment": "👍"},
        person=1,
        response_id="r",
        submitted=AS_OF.replace(month=9, day=30, hour=8),
    )
    told = story.truth()
    assert score(told, "csat", "1-5", "transactional")["n"] == 1
    assert score(told, "ces_mean", "1-7", "transactional")["value"] == 7
    months = {row["period_start"] for row in told["scores"] if row["metric"] == "csat" and row["n"]}
    assert months == {None, "2025-09-01"}  # still dated by its first submission


def test_answer_that_arrives_late_is_unknown_before():
    story = Story()
    story.answers(NPS, "11-05 08:00", {"nps": 9}, person=1, submitted=AS_OF - timedelta(days=1))
    assert score(story.truth(AS_OF), "nps_responses", "0-10", "relationship")["n"] == 0
    next_night = AS_OF + timedelta(days=2)
    assert score(story.truth(next_night), "nps_responses", "0-10", "relationship")["n"] == 1


def test_scales_of_satisfaction_are_never_pooled():
    story = Story()
    for number, value in enumerate((3, 4, 5)):
        story.answers(TICKET, "10-06 08:00", {"csat": value}, person=number)
    for number, value in enumerate((5, 8, 9, 10)):
        story.answers(ORDER, "10-06 08:00", {"csat10": value}, person=number)
    told = story.truth()
    five = score(told, "csat", "1-5", "transactional")
    assert five["value"] == pytest.approx(2 / 3)  # 4 and 5 of three answers
    # Wilson, p = 2/3, n = 3, z² = 3.841459: (0.666667 + 0.640243 ± 1.959964·√(0.074074 + 0.106707))/2.280486
    assert five["ci_low"] == pytest.approx((1.306910 - 1.959964 * 0.425184) / 2.280486, abs=1e-5)
    assert five["ci_high"] == pytest.approx((1.306910 + 1.959964 * 0.425184) / 2.280486, abs=1e-5)
    assert score(told, "csat", "1-10", "transactional")["value"] == 0.5  # 9 and 10 of four


def test_effort_keeps_the_direction_of_its_scale():
    story = Story()
    for number, value in enumerate((4, 5, 7)):
        story.answers(TICKET, "10-06 08:00", {"csat": 5, "ces": value}, person=number)
    for number, value in enumerate((1, 2, 3, 5)):  # 1 is very low effort: 5, 4, 3, 1 when turned round
        story.answers(ORDER, "10-06 08:00", {"effort_old": value}, person=number)
    told = story.truth()
    new = score(told, "ces_mean", "1-7", "transactional")
    assert new["value"] == pytest.approx(16 / 3)
    # deviation √((1.7778 + 0.1111 + 2.7778)/2) = 1.527525; t(2) = 4.302653; half 3.794583: clipped to 7 above
    assert new["ci_low"] == pytest.approx(5.333333 - 3.794583, abs=1e-3)
    assert new["ci_high"] == 7
    assert score(told, "ces_easy_share", "1-7", "transactional")["value"] == pytest.approx(2 / 3)
    assert score(told, "ces_mean", "1-5 reversed", "transactional")["value"] == 3.25
    assert score(told, "ces_easy_share", "1-5 reversed", "transactional")["value"] == 0.5


def test_scored_question_that_nobody_mapped_is_shown():
    story = Story()
    story.answers(ORDER, "10-06 08:00", {"shelf": 2}, person=1)
    assert [answer["rejected"] for answer in story.truth()["answers"]] == ["question is not in survey_scales"]


def test_changed_rating_counts_as_it_was_first_and_as_it_is():
    story = Story()
    for number, ratings in enumerate((("good", "bad"), ("bad", "good"), ("good",), ("bad", "good", "bad"))):
        story.user(number)
        story.ticket(number, "10-06 08:00", user_id=number)
        for hour, rating in enumerate(ratings):
            story.rates(number, f"10-07 {9 + hour:02}:00", rating)
    told = story.truth()
    assert score(told, "csat_helpdesk_first", "good-bad", "transactional")["value"] == 0.5  # good bad good bad
    assert score(told, "csat_helpdesk_latest", "good-bad", "transactional")["value"] == 0.5  # bad good good bad
    assert told["tickets"]["0"]["first_rating"] == "good"
    assert told["tickets"]["0"]["latest_rating"] == "bad"


def test_helpdesk_survey_keeps_the_changed_answer():
    story = Story()
    story.user(1)
    story.ticket(7, "10-06 08:00")
    for when, rating in (("10-07 08:00", 5), ("10-08 08:00", 3)):
        story.tell(HelpdeskSurveyAnswered, when, response_id="s", ticket_id=7, user_id=1, rating=rating, comment=None)
    row = score(story.truth(), "csat_helpdesk_survey", "1-5", "transactional")
    assert (row["n"], row["value"]) == (1, 0)


def test_deleted_response_is_gone():
    story = Story()
    story.answers(NPS, "10-06 08:00", {"nps": 9}, person=1, response_id="r")
    story.tell(SurveyResponseDeleted, "10-07 08:00", response_id="r", form_id=NPS)
    told = story.truth()
    assert told["answers"] == []
    assert told["business"] == {}


def test_comments_have_the_language_and_tone_in_which_they_were_written():
    story = Story()
    polish, persian = words.PRAISE["pl"][0], words.BLAME["fa"][1]
    story.answers(NPS, "10-06 08:00", {"nps": 10, "nps_reason": polish}, person=1)
    story.answers(TICKET, "10-06 08:00", {"csat": 1, "ces": 2, "comment": persian}, person=2)
    story.answers(TICKET, "10-06 08:00", {"ces": 2, "comment": words.EMOJI[0]}, person=3)
    story.answers(TICKET, "10-06 08:00", {"csat": 5, "comment": "  "}, person=4)
    story.answers(NPS, "10-06 08:00", {"nps": 11, "nps_reason": words.MIXED[0]}, person=5)
    found = [
        (one["customer"], one["language"], one["tone"], one["metric"], one["score"], one["nps_group"])
        for one in story.truth()["comments"]
    ]
    assert found == [
        ("person:1", "pl", "praise", "nps", 10, "promoter"),
        ("person:2", "fa", "blame", "csat", 1, None),
        ("person:3", None, "emoji", "ces", 2, None),
        # a recommendation off its scale stands beside nothing
        ("person:5", None, "mixed", None, None, None),
    ]
