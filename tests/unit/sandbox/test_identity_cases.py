"""What keeps the records of one person apart even where nothing is tangled: spellings, numbers, addresses, browsers."""

from __future__ import annotations

import re
from collections import Counter

import phonenumbers
import pytest

from sandbox.company import generate
from sandbox.company.names import NAMES, SHORT, latin_spellings
from sandbox.company.population import MAIL_DOMAINS
from sandbox.company.surveys import FORMS, PRODUCT_FEEDBACK
from sandbox.model import Company, ContactChanged, ContactCreated, Person, VisitsCounted, hex_id
from sandbox.vendors.typeform.records import record
from sandbox.world import World
from tests.unit.sandbox.records import Written, digits, phones, plain, typed, written


@pytest.fixture(scope="module")
def company() -> Company:
    """The default company."""
    return generate(7, 400, 120)


@pytest.fixture(scope="module")
def found(company: Company) -> Written:
    """What is written down at the first night."""
    return written(company, company.opens_at)


# --- the CRM ---
def test_two_of_three_contacts_have_a_postal_address_and_one_of_five_a_birth_date(found: Written):
    contacts = list(found.contacts.values())
    whole = [tuple(contact[name] is not None for name in ("address", "city", "zip", "country")) for contact in contacts]
    assert set(whole) == {(True,) * 4, (False,) * 4}
    assert 0.6 < whole.count((True,) * 4) / len(contacts) < 0.75
    births = [contact["date_of_birth"] for contact in contacts if contact["date_of_birth"]]
    assert 0.15 < len(births) / len(contacts) < 0.35
    iso = [birth for birth in births if re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", birth)]
    typed_otherwise = [birth for birth in births if re.fullmatch(r"\d\d\.\d\d\.(19|20)\d\d", birth)]
    assert len(iso) > len(typed_otherwise) >= 5 and len(iso) + len(typed_otherwise) == len(births)


def test_contact_says_where_its_person_lives_and_when_they_were_born(found: Written):
    for number, contact in found.contacts.items():
        person = found.person_of_contact(number)
        if contact["address"]:
            assert person.address is not None
            assert (contact["city"], contact["zip"]) == (person.address.city, person.address.postal_code)
            assert person.address.street.endswith(contact["address"])
        if contact["date_of_birth"]:
            assert person.date_of_birth is not None
            assert str(person.date_of_birth.year) in contact["date_of_birth"]


def test_consent_is_in_some_contacts_and_opting_out_happens_over_time(company: Company, found: Written):
    bases = Counter(contact["hs_legal_basis"] for contact in found.contacts.values())
    assert bases["Freely given consent from contact"] >= 20 and bases[None] >= 20
    assert any(";" in (basis or "") for basis in bases)
    assert {contact["hs_email_optout"] for contact in found.contacts.values()} == {None, "true"}
    moments = [
        event.at for event in company.events if isinstance(event, ContactChanged) and "email_opt_out" in event.changes
    ]
    assert sum(moment <= company.opens_at for moment in moments) >= 5
    assert sum(moment > company.opens_at for moment in moments) >= 20
    assert not any("email_opt_out" in event.details for event in company.events if isinstance(event, ContactCreated))


def test_some_people_move_to_another_mailbox(company: Company):
    changed = {
        event.contact_id
        for event in company.events
        if isinstance(event, ContactChanged) and "email" in event.changes and event.at <= company.opens_at
    }
    assert len(changed) >= 5


# --- names ---
def test_names_of_other_scripts_have_the_spellings_that_people_use():
    assert latin_spellings("Елена") == ("Elena", "Yelena")
    assert latin_spellings("Сергей") == ("Sergey", "Sergei")
    assert latin_spellings("Иванова") == ("Ivanova",)
    assert latin_spellings("زهرا") + latin_spellings("احمدی") == ("Zahra", "Ahmadi")
    assert "Hossein" in latin_spellings("حسین")
    assert latin_spellings("Łucja") == ("Łucja",)


@pytest.mark.parametrize("language", NAMES)
def test_there_are_names_enough(language: str):
    names = NAMES[language]
    assert len(set(names.given)) == 40 and len(set(names.families)) == 60
    assert set(names.women).isdisjoint(names.men)


def test_full_namesakes_exist_and_are_not_the_rule(company: Company):
    names = Counter((person.first_name, person.last_name) for person in company.people.values())
    namesakes = sum(count for count in names.values() if count > 1)
    assert 10 <= namesakes <= 0.15 * len(company.people)


def spelled(person: Person, name: str) -> str:
    """In which way a helpdesk user's name is the person's."""
    given, family = person.first_name, person.last_name
    if name == f"{given} {family}":
        return "plain"
    if name == f"{family} {given}":
        return "family name first"
    if name in {address.partition("@")[0] for address in (person.email, *person.other_emails)}:
        return "mailbox"
    if name == f"{SHORT.get(given)} {family}":
        return "short"
    latin = {(one, other) for one in latin_spellings(given) for other in latin_spellings(family)}
    if {tuple(name.split()), tuple(reversed(name.split()))} & latin:
        return "Latin"
    return "double" if name.startswith(f"{given} {family}-") else "unknown"


def test_helpdesk_calls_people_in_many_ways(found: Written):
    ways = Counter(spelled(found.person_of_user(number), user.name) for number, user in found.users.items())
    assert ways["unknown"] == 0
    assert all(ways[way] >= 5 for way in ("family name first", "mailbox", "short", "Latin")), ways
    assert ways["plain"] > 0.55 * ways.total()


# --- numbers ---
def test_numbers_are_real_ones_written_in_many_ways(found: Written):
    numbers = {
        "CRM": [contact[name] for contact in found.contacts.values() for name in ("phone", "mobilephone")],
        "helpdesk": [user.phone for user in found.users.values()],
    }
    for system, texts in numbers.items():
        shapes: Counter[str] = Counter()
        for text in filter(None, texts):
            assert phonenumbers.is_valid_number(phonenumbers.parse(text, "PL")), text
            shapes[re.sub(r"\d", "9", text.replace("+48", "+").replace("0048", "00"))] += 1
        assert sum(count >= 5 for count in shapes.values()) >= 7, (system, shapes)


def test_the_same_number_is_often_written_otherwise_in_the_other_system(found: Written):
    in_crm = {number: text for contact in found.contacts.values() for number, text in _numbers(contact)}
    both = [(in_crm[digits(user.phone)], user.phone) for user in found.users.values() if digits(user.phone) in in_crm]
    assert len(both) > 50
    assert sum(one != other for one, other in both) > 0.6 * len(both)


def _numbers(contact: dict[str, str | None]) -> list[tuple[str | None, str | None]]:
    return [(digits(contact[name]), contact[name]) for name in ("phone", "mobilephone") if contact[name]]


def test_strangers_share_a_number_only_where_they_are_tangled(company: Company, found: Written):
    holders: dict[str | None, set[int]] = {}
    for number, contact in found.contacts.items():
        for phone in phones(contact):
            holders.setdefault(phone, set()).add(found.person_of_contact(number).person_id)
    for number, user in found.users.items():
        holders.setdefault(digits(user.phone), set()).add(found.person_of_user(number).person_id)
    holders.pop(None)
    shared = {digits(tangle.shared) for tangle in company.tangles}
    assert {phone for phone, people in holders.items() if len(people) > 1} <= shared


# --- surveys ---
def test_address_is_typed_into_one_form_as_typeform_lets_it_be(found: Written):
    responses = list(found.records.responses.values())
    addresses = typed(responses)
    assert all(re.fullmatch(r"[^\s@]+@[^\s@]+", address) for address in addresses)
    assert sum(address != address.lower() for address in addresses) >= 5
    assert {one.form_id for one in responses if "reply_to" in one.answers} == {PRODUCT_FEEDBACK.form_id}
    people = found.company.people
    others = sum(
        plain(str(one.answers["reply_to"])) in people[one.person_id].other_emails
        for one in responses
        if "reply_to" in one.answers
    )
    assert others >= 5
    assert {address.lower().partition("@")[2] for address in addresses} >= set(MAIL_DOMAINS)


def test_some_answers_are_known_by_a_typed_address_alone(found: Written):
    public = [one for one in found.records.responses.values() if not one.hidden and "reply_to" in one.answers]
    assert len(public) >= 5


def test_typed_address_is_an_answer_of_the_type_email_and_no_score(company: Company, found: Written):
    response = next(one for one in found.records.responses.values() if "reply_to" in one.answers)
    (answer,) = (one for one in record(response)["answers"] if one["type"] == "email")
    assert answer == {
        "field": {"id": "rEp1yToEma1l", "type": "email", "ref": "reply_to"},
        "type": "email",
        "email": response.answers["reply_to"],
    }
    assert [form.name for form in FORMS.values() if form.email_question] == ["product_feedback"]


# --- browsers ---
@pytest.mark.parametrize(("customers", "days", "late"), [(400, 120, 10), (100, 40, 5)])
def test_browsers_are_anonymous_at_first_and_some_until_after_the_first_night(customers: int, days: int, late: int):
    made = generate(7, customers, days)
    visits: dict[str, list[VisitsCounted]] = {}
    for event in made.events:
        if isinstance(event, VisitsCounted):
            visits.setdefault(event.client_id, []).append(event)
    known = [own for own in visits.values() if any(visit.user_id for visit in own)]
    anonymous_first = [own for own in known if own[0].user_id is None]
    assert len(anonymous_first) > 0.25 * len(known)
    until_after = [own for own in known if own[0].at <= made.opens_at < next(v.at for v in own if v.user_id)]
    assert len(until_after) >= late


def test_visits_log_names_a_browser_as_the_truth_does():
    from sandbox.ledger import ledgers

    world = World(customers=5, days=3)
    clients = {event.client_id for event in world.events() if isinstance(event, VisitsCounted)}
    served = {one.record["visit"]["visitorId"] for one in ledgers(world)["matomo"]["visits"].values() if one.record}
    assert served == {hex_id(client) for client in clients}
