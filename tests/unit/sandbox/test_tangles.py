"""Each tangle is in the company and is what its kind says: as CRM, helpdesk, surveys and web analytics have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from sandbox.company import generate
from sandbox.company.names import NAMES
from sandbox.company.population import DOTLESS_PROVIDER, DOTTED_PROVIDER
from sandbox.company.tangles import KINDS, PLACEHOLDER_PHONE, ROLES
from sandbox.model import Company, Person, Tangle
from tests.unit.sandbox.records import Written, digits, phones, plain, typed, written

DAY = timedelta(days=1)
SIZES = {"default": (400, 120, 5), "nights": (100, 40, 2)}  # customers, days, of each kind before the first night


@pytest.fixture(scope="module", params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def company(size: str) -> Company:
    customers, days, _ = SIZES[size]
    return generate(7, customers, days)


@pytest.fixture(scope="module")
def found(company: Company) -> Written:
    """What is written down at the first night."""
    return written(company, company.opens_at)


def of_kind(company: Company, kind: str) -> Iterator[tuple[Tangle, list[Person]]]:
    """The tangles of a kind that were there before the first night, with their people."""
    for tangle in company.tangles:
        if tangle.kind == kind and tangle.at < company.opens_at:
            yield tangle, [company.people[number] for number in tangle.person_ids]


def named(person: Person) -> str:
    return f"{person.first_name} {person.last_name}"


def family(person: Person) -> str:
    """The family name as men bear it."""
    of_language = NAMES[person.language]
    return next(
        name for name in of_language.families if of_language.family(name, person.first_name) == person.last_name
    )


# --- how many ---
def test_there_are_some_of_each_kind_before_the_first_night(company: Company, size: str):
    counts = Counter(tangle.kind for tangle in company.tangles if tangle.at < company.opens_at - DAY)
    assert counts == dict.fromkeys(KINDS, SIZES[size][2])


def test_one_more_arises_every_day_after_it(company: Company):
    for after in range(2 * len(KINDS)):
        begin = company.opens_at + after * DAY
        kinds = [tangle.kind for tangle in company.tangles if begin <= tangle.at < begin + DAY]
        assert kinds == [list(KINDS)[after % len(KINDS)]], after


def test_nobody_is_in_two(company: Company):
    people = Counter(person for tangle in company.tangles for person in tangle.person_ids)
    assert set(people.values()) == {1}


@pytest.mark.parametrize(("customers", "of_each"), [(1, 0), (29, 0), (30, 1), (60, 1)])
def test_small_companies_have_few_or_none(customers: int, of_each: int):
    made = generate(3, customers, 14, horizon_days=1)
    counts = Counter(tangle.kind for tangle in made.tangles if tangle.at < made.opens_at)
    assert counts == (dict.fromkeys(KINDS, of_each) if of_each else {})


# --- what they are ---
def role_mailbox(found: Written, tangle: Tangle, people: list[Person]) -> None:
    box, (owner, writer, third) = tangle.shared, people
    account = found.company.accounts[owner.account_id or 0]
    assert box in {f"{role}@{account.domain}" for role in ROLES}
    assert {person.account_id for person in people} == {account.account_id}
    assert box in [plain(contact["email"]) for contact in found.contacts_of(owner.person_id)]
    assert [user.name for user in found.users_of(writer.person_id) if plain(user.email) == box] == [named(writer)]
    for person in (owner, writer, third):
        assert box in [plain(answer.hidden.get("email")) for answer in found.answers_of(person.person_id)]


def shared_mailbox(found: Written, tangle: Tangle, people: list[Person]) -> None:
    box, (owner, writer) = tangle.shared, people
    assert owner.first_name != writer.first_name and family(owner) == family(writer) and owner.address == writer.address
    assert [plain(contact["email"]) for contact in found.contacts_of(owner.person_id)] == [box]
    assert box not in [plain(contact["email"]) for contact in found.contacts_of(writer.person_id)]
    assert box in [plain(user.email) for user in found.users_of(writer.person_id)]
    for person, ids in ((owner, "contact_id"), (writer, "ticket_id")):
        links = [one.hidden for one in found.answers_of(person.person_id) if plain(one.hidden.get("email")) == box]
        assert any(ids in hidden for hidden in links) and any(hidden.keys() == {"email"} for hidden in links)


def household(found: Written, tangle: Tangle, people: list[Person]) -> None:
    assert len(people) in (2, 3)
    assert len({person.first_name for person in people}) == len({person.email for person in people}) == len(people)
    assert len({family(person) for person in people}) == len({person.address for person in people}) == 1
    for person in people:
        (contact,) = found.contacts_of(person.person_id)
        assert phones(contact) == {digits(tangle.shared)}
        assert contact["zip"] and contact["city"] and person.address and contact["zip"] == person.address.postal_code


def father_and_son(found: Written, tangle: Tangle, people: list[Person]) -> None:
    father, son = people
    assert named(father) == named(son) and father.address == son.address and father.email != son.email
    births = [found.contacts_of(person.person_id)[0]["date_of_birth"] for person in people]
    assert all(births) and births[0] != births[1]
    assert father.date_of_birth and son.date_of_birth and son.date_of_birth - father.date_of_birth > 15 * 365 * DAY


def recycled_phone(found: Written, tangle: Tangle, people: list[Person]) -> None:
    former, heir = people
    number = digits(tangle.shared)
    assert {former.first_name, former.last_name}.isdisjoint({heir.first_name, heir.last_name})
    assert number in set().union(*map(phones, found.contacts_of(former.person_id)))
    assert number in {digits(user.phone) for user in found.users_of(heir.person_id)}
    assert number not in {digits(user.phone) for user in found.users_of(former.person_id)}


def shared_device(found: Written, tangle: Tangle, people: list[Person]) -> None:
    logged_in = Counter(visit.user_id for visit in found.visits if visit.client_id == tangle.shared)
    assert set(logged_in) == {None, *(person.web_user_id for person in people)}


def accounts_for_tests(found: Written, tangle: Tangle, people: list[Person]) -> None:
    contacts = [contact for person in people for contact in found.contacts_of(person.person_id)]
    users = [user for person in people for user in found.users_of(person.person_id)]
    assert (len(contacts), len(users)) == (2, 1)
    assert all(phones(contact) == {digits(PLACEHOLDER_PHONE)} for contact in contacts)
    assert digits(users[0].phone) == digits(PLACEHOLDER_PHONE)
    addresses = [plain(contact["email"]) for contact in contacts] + [plain(users[0].email)]
    assert len(set(addresses)) == 3 and all((one or "").endswith("@made-company.example") for one in addresses)


def placeholder_address(found: Written, tangle: Tangle, people: list[Person]) -> None:
    caller, *others = people
    assert tangle.shared in [plain(user.email) for user in found.users_of(caller.person_id)]
    assert tangle.shared not in {plain(contact["email"]) for contact in found.contacts.values()}
    hidden, typed_in = 0, 0
    for person in others:
        answers = found.answers_of(person.person_id)
        hidden += any(answer.hidden.get("email") == tangle.shared for answer in answers)
        typed_in += tangle.shared in typed(answers)
    assert (hidden, typed_in) == (2, 1)


def mistaken(found: Written, tangle: Tangle, person: Person) -> tuple[set[str | None], str | None]:
    """The numbers of the contact and of the helpdesk user whose address is off by a letter."""
    own, wrong = person.email, tangle.shared or ""
    assert 0 <= abs(len(own) - len(wrong)) <= 1 and own != wrong
    assert own.partition("@")[2] == wrong.partition("@")[2]
    if len(own) == len(wrong):
        assert sum(one != other for one, other in zip(own, wrong, strict=True)) == 1
    else:
        shorter, longer = sorted((own, wrong), key=len)
        assert any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    assert wrong not in {plain(contact["email"]) for contact in found.contacts.values()}
    contacts = found.contacts_of(person.person_id)
    assert own in [plain(contact["email"]) for contact in contacts]
    (user,) = (user for user in found.users_of(person.person_id) if plain(user.email) == wrong)
    assert user.name == named(person)
    return set().union(*map(phones, contacts)), digits(user.phone)


def typo_with_phone(found: Written, tangle: Tangle, people: list[Person]) -> None:
    in_crm, in_helpdesk = mistaken(found, tangle, people[0])
    assert in_helpdesk in in_crm


def typo_without_phone(found: Written, tangle: Tangle, people: list[Person]) -> None:
    assert mistaken(found, tangle, people[0])[1] is None


def phone_only(found: Written, tangle: Tangle, people: list[Person]) -> None:
    (person,) = people
    contacts = found.contacts_of(person.person_id)
    user = next(user for user in found.users_of(person.person_id) if user.email is None)
    assert digits(user.phone) in set().union(*map(phones, contacts))
    assert user.phone not in {contact[name] for contact in contacts for name in ("phone", "mobilephone")}
    assert (user.phone or "").startswith(("0048 ", "(+48) ")) or (user.phone or "").count(" ") == 2


def mailbox_spelling(found: Written, tangle: Tangle, people: list[Person]) -> None:
    def one_mailbox(address: str | None) -> str:
        name, _, domain = (address or "").partition("@")
        assert domain == DOTLESS_PROVIDER
        return name.partition("+")[0].replace(".", "")

    (person,) = people
    contact = next(one for one in found.contacts_of(person.person_id) if plain(one["email"]) == person.email)
    user = next(one for one in found.users_of(person.person_id) if plain(one.email) == tangle.shared)
    assert plain(contact["email"]) != plain(user.email)
    assert one_mailbox(plain(contact["email"])) == one_mailbox(plain(user.email))


def dotted_pair(found: Written, tangle: Tangle, people: list[Person]) -> None:
    one, other = people
    assert one.email != other.email and one.email.replace(".", "") == other.email.replace(".", "")
    assert one.email.endswith(f"@{DOTTED_PROVIDER}") and one.first_name != other.first_name
    assert all(plain(found.contacts_of(person.person_id)[0]["email"]) == person.email for person in people)


IS_AS_DESCRIBED: dict[str, Callable[[Written, Tangle, list[Person]], None]] = {
    "role mailbox": role_mailbox,
    "shared mailbox": shared_mailbox,
    "household": household,
    "father and son": father_and_son,
    "recycled phone": recycled_phone,
    "shared device": shared_device,
    "test accounts": accounts_for_tests,
    "placeholder address": placeholder_address,
    "typo with phone": typo_with_phone,
    "typo without phone": typo_without_phone,
    "phone only": phone_only,
    "mailbox spelling": mailbox_spelling,
    "dotted pair": dotted_pair,
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_as_described_at_the_first_night(company: Company, found: Written, kind: str):
    tangles = list(of_kind(company, kind))
    assert tangles
    for tangle, people in tangles:
        IS_AS_DESCRIBED[kind](found, tangle, people)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_is_as_described_in_any_company(seed: int):
    made = generate(seed, 100, 40, horizon_days=1)
    found = written(made, made.opens_at)
    for kind, check in IS_AS_DESCRIBED.items():
        for tangle, people in of_kind(made, kind):
            check(found, tangle, people)


def test_strangers_share_no_mailbox_but_where_they_are_tangled(company: Company, found: Written):
    """What a warehouse glues by one address outside the tangles is one person: else its precision could not be 1."""
    holders: dict[str, set[int]] = {}
    for number, contact in found.contacts.items():
        holders.setdefault(plain(contact["email"]) or "", set()).add(found.person_of_contact(number).person_id)
    for number, user in found.users.items():
        holders.setdefault(plain(user.email) or "", set()).add(found.person_of_user(number).person_id)
    holders.pop("")
    shared = {tangle.shared for tangle in company.tangles if tangle.kind in ("role mailbox", "shared mailbox")}
    assert {address for address, people in holders.items() if len(people) > 1} <= shared
