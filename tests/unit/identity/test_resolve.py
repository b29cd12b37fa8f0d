"""Who is one customer, case by case, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.identity import people as build
from tests.identity.people import START, People, found, link, part

ANNA, PIOTR = ("Anna", "Nowak"), ("Piotr", "Nowak")


def test_one_person_in_every_source_is_one_customer_with_a_reason_for_each_record():
    people = People()
    people.record("hubspot:1", ANNA, day=1, email="anna@x.example", phone="+48501")
    people.record("zendesk:1", "Anna Nowak", day=5, email="anna@x.example")
    people.record("zendesk:2", "Nowak Anna", day=6, phone="+48501")
    people.record("typeform:1", day=7, survey_contact_id="hubspot:1")
    people.record("typeform:2", day=8, survey_email="anna@x.example")
    people.record("typeform:3", day=9, survey_ticket_id="zendesk:2")
    people.record("ga4:1", day=None, login_id="hubspot:1")
    people.record("matomo:a", day=0, browser_login="hubspot:1")
    result = found(people)
    assert len(result.groups()) == 1
    reasons = {key: (row["rule"], row["linked_to"]) for key, row in result.members.items()}
    assert reasons == {
        "hubspot:1": ("oldest", None),  # the browser is older, and nobody is named after a browser
        "zendesk:1": ("email", "hubspot:1"),
        "zendesk:2": ("phone_and_name", "hubspot:1"),
        "typeform:1": ("survey_contact_id", "hubspot:1"),
        "typeform:2": ("survey_email", "hubspot:1"),
        "typeform:3": ("survey_ticket_id", "zendesk:2"),
        "ga4:1": ("login_id", "hubspot:1"),
        "matomo:a": ("browser_login", "hubspot:1"),
    }


def test_a_link_is_as_old_as_the_younger_side_of_its_evidence():
    people = People()
    people.record("hubspot:1", ANNA, day=1)
    people.record("zendesk:1", "Anna Nowak", day=5, email="anna@x.example")
    people.claim("hubspot:1", "email", "anna@x.example", day=40)  # the contact came to the address later
    assert found(people).members["zendesk:1"]["linked_at"] == START + timedelta(days=40)


def test_a_mailbox_that_two_use_links_namesakes_only():
    people = People()
    people.record("hubspot:1", ANNA, email="nowakowie@x.example")
    people.record("zendesk:1", "Piotr Nowak", day=2, email="nowakowie@x.example")
    people.record("zendesk:2", "Anna Nowak", day=3, email="nowakowie@x.example")
    people.record("typeform:1", day=4, survey_email="nowakowie@x.example")
    result = found(people)
    assert result.together("hubspot:1", "zendesk:2")
    assert result.members["zendesk:2"]["rule"] == "email_and_name"
    assert not result.together("hubspot:1", "zendesk:1")
    assert result.members["typeform:1"]["rule"] == "alone", "it could be either of them"
    assert result.kinds() == {"shared_email"}


def test_a_number_links_only_records_of_one_name():
    people = People()
    people.record("hubspot:1", ANNA, phone="+48501")
    people.record("zendesk:1", "Piotr Nowak", day=2, phone="+48501")  # the same home, or the next owner of the number
    people.record("zendesk:2", day=3, phone="+48501")  # nobody told the caller's name
    people.record("zendesk:3", "Anna", day=4, phone="+48501")  # there are many Annas
    result = found(people)
    assert len(result.groups()) == 4
    assert "shared_phone" in result.kinds()


@pytest.mark.parametrize(("born", "one"), [("1985-03-01", True), ("1985-01-03", True), ("1955-07-19", False)])
def test_namesakes_with_two_birth_dates_are_two_and_a_slip_is_no_other_date(born, one):
    people = People()
    people.record("hubspot:1", ("Jan", "Kowalski"), born="1985-03-01", email="jan@x.example", phone="+48501")
    people.record("zendesk:1", "Jan Kowalski", day=2, born=born, email="jan@x.example", phone="+48501")
    result = found(people)
    assert result.together("hubspot:1", "zendesk:1") is one
    assert one or {row["reason"] for row in result.suspects} == {"their birth dates differ"}


def test_two_live_contacts_stay_two_and_are_put_up_for_review():
    people = People()
    people.record("hubspot:1", ANNA, day=1, phone="+48501", email="a@x.example")
    people.record("hubspot:2", ANNA, day=2, phone="+48501", email="b@x.example")
    people.record("zendesk:1", "Anna Nowak", day=3, email="a@x.example", phone="+48501")
    result = found(people)
    assert not result.together("hubspot:1", "hubspot:2")
    assert result.together("hubspot:1", "zendesk:1"), "the surer link stands"
    [case] = result.suspects
    assert (case["review_kind"], case["left_identity"], case["right_identity"]) == (
        "crm_duplicates",
        "hubspot:1",
        "hubspot:2",
    )


def test_a_contact_that_was_archived_stands_in_nobodys_way():
    people = People()
    people.record("hubspot:1", ANNA, day=1, is_deleted=True, phone="+48501")
    people.record("hubspot:2", ANNA, day=2, phone="+48501")
    assert found(people).together("hubspot:1", "hubspot:2")


def test_a_merge_in_the_crm_joins_whatever_the_names():
    people = People()
    people.record("hubspot:1", ANNA, day=5, crm_merge="hubspot:2")
    people.record("hubspot:2", PIOTR, day=1, is_deleted=True)
    people.record("typeform:1", day=9, survey_contact_id="hubspot:2")
    assert found(people).together("hubspot:1", "hubspot:2", "typeform:1")


def test_an_id_that_no_record_has_any_more_still_joins_those_who_carry_it():
    people = People()
    people.record("typeform:1", day=9, survey_contact_id="hubspot:404")
    people.record("ga4:404", day=None, login_id="hubspot:404")
    assert found(people).together("typeform:1", "ga4:404")


def test_a_chain_that_leads_from_one_name_to_another_is_cut_at_its_weakest_link():
    people = People()
    people.record("hubspot:1", ANNA, day=1, email="anna@x.example")
    people.record("zendesk:1", None, day=2, email="anna@x.example", former_email="old@x.example")
    people.record("zendesk:2", "Piotr Nowak", day=3, email="old@x.example")
    result = found(people)
    assert result.together("hubspot:1", "zendesk:1")
    assert not result.together("hubspot:1", "zendesk:2")


def test_a_former_address_links_one_name_and_no_stranger_who_has_it_now():
    people = People()
    people.record("hubspot:1", ANNA, day=1, email="new@x.example", former_email="old@x.example")
    people.record("zendesk:1", "Anna Nowak", day=2, email="old@x.example")
    people.record("hubspot:2", ANNA, day=3, former_email="desk@x.example")
    people.record("zendesk:2", "Ewa Lis", day=4, email="desk@x.example")
    people.record("typeform:1", day=5, survey_email="desk@x.example")
    result = found(people)
    assert result.together("hubspot:1", "zendesk:1")
    assert result.together("zendesk:2", "typeform:1"), "the desk is hers now"
    assert not result.together("hubspot:2", "zendesk:2")


def test_a_computer_that_two_log_in_on_is_nobodys():
    people = People()
    people.record("hubspot:1", ANNA, day=1)
    people.record("hubspot:2", PIOTR, day=2)
    people.record("matomo:both", day=0, browser_login=["hubspot:1", "hubspot:2"])
    people.record("matomo:one", day=0, browser_login="hubspot:1")
    people.record("matomo:stranger", day=0)
    result = found(people)
    assert result.together("hubspot:1", "matomo:one")
    assert result.members["matomo:both"]["customer_key"] is None
    assert result.members["matomo:stranger"]["customer_key"] is None
    assert result.kinds() == {"shared_browser"}


def test_two_contacts_of_one_person_on_one_computer_share_it():
    people = People()
    people.record("hubspot:1", ANNA, day=5, crm_merge="hubspot:2")
    people.record("hubspot:2", ANNA, day=1, is_deleted=True)
    people.record("matomo:a", day=0, browser_login=["hubspot:1", "hubspot:2"])
    assert found(people).together("hubspot:1", "hubspot:2", "matomo:a")


def test_an_address_that_too_many_records_share_links_nobody():
    people = People()
    for number in range(7):
        people.record(f"zendesk:{number}", "Anna Nowak", day=number, email="all@x.example")
    assert len(found(people).groups()) == 7
    people = People()
    for number in range(30):  # one person may give any number of answers
        people.record(f"typeform:{number}", day=number, survey_email="anna@x.example")
    people.record("hubspot:1", ANNA, email="anna@x.example")
    assert len(found(people).groups()) == 1


def test_a_blocked_identifier_links_nobody_and_marks_testers():
    people = People()
    people.record("hubspot:1", ANNA)
    people.record("zendesk:1", "Anna Nowak", day=1)
    people.claim("hubspot:1", "email", "qa+1@x.example", blocked="test account")
    people.claim("zendesk:1", "email", "qa+1@x.example", blocked="test account")
    result = found(people)
    assert not result.together("hubspot:1", "zendesk:1")
    assert result.members["hubspot:1"]["is_test"]


def test_what_somebody_decided_overrules_the_evidence():
    people = People()
    people.record("hubspot:1", ANNA, day=1, email="a@x.example")
    people.record("zendesk:1", "Anna Nowak", day=2, email="a@x.example")
    people.record("zendesk:2", "Ewa Lis", day=3, email="b@x.example")
    people.record("typeform:1", day=4, survey_contact_id="hubspot:1")
    before = found(people)
    after = found(
        people,
        build.settings(
            part("hubspot:1", "zendesk:1"), link("hubspot:1", "zendesk:2", day=70), part("hubspot:1", "typeform:1")
        ),
    )
    assert before.together("hubspot:1", "zendesk:1", "typeform:1")
    assert after.groups() == {
        frozenset({"hubspot:1", "zendesk:2"}),
        frozenset({"zendesk:1"}),
        frozenset({"typeform:1"}),
    }
    assert after.members["zendesk:2"]["rule"] == "override_link"
    assert after.members["zendesk:2"]["linked_at"] == START + timedelta(days=70)
    assert after.members["hubspot:1"]["customer_key"] == before.members["hubspot:1"]["customer_key"]
    assert found(people).members == before.members, "without the decisions all is as it was"


def test_a_rule_that_is_switched_off_links_nobody():
    people = People()
    people.record("hubspot:1", ANNA, phone="+48501")
    people.record("zendesk:1", "Anna Nowak", day=2, phone="+48501")
    rules = {name: rule for name, rule in build.settings().rules.items() if name != "phone_and_name"}
    assert found(people).together("hubspot:1", "zendesk:1")
    assert not found(people, build.settings(rules=rules)).together("hubspot:1", "zendesk:1")


def test_a_probable_pair_links_a_record_that_nothing_else_links():
    people = People()
    people.record("hubspot:1", ANNA, day=1)
    people.record("zendesk:1", "Anna Nowak", day=2)
    people.pair("hubspot:1", "zendesk:1", weight=14.25)
    result = found(people)
    row = result.members["zendesk:1"]
    assert result.thin == {"hubspot:1", "zendesk:1"}
    assert (row["rule"], row["linked_to"], row["match_weight"]) == ("probable", "hubspot:1", 14.25)
    people.pairs = [(*people.pairs[0][:4], "proposed", "test-1")]
    assert not found(people).together("hubspot:1", "zendesk:1")


def test_probable_pairs_that_contradict_each_other_link_nobody():
    people = People()
    people.record("zendesk:1", "Anna Nowak", day=2)
    people.record("hubspot:1", ANNA, day=1)
    people.record("hubspot:2", ANNA, day=1)
    people.pair("hubspot:1", "zendesk:1")
    people.pair("hubspot:2", "zendesk:1", weight=20)
    result = found(people)
    assert len(result.groups()) == 3
    # all three are looked at again when something happens to one: without hubspot:2, the other pair would link
    assert {row["component"] for row in result.members.values()} == {"hubspot:1"}


def test_a_name_that_only_repeats_the_address_says_nothing():
    people = People()
    people.record("hubspot:1", ANNA, email="kontakt1@x.example")
    people.record("zendesk:1", "kontakt1", day=2, email="kontakt1@x.example")
    people.records[-1] = (*people.records[-1][:9], "kontakt1@x.example", None)
    assert found(people).together("hubspot:1", "zendesk:1")


def test_nobody_at_all_is_nobody():
    result = found(People())
    assert result.members == {} and result.suspects == []
