"""The cases that make one customer hard to find: what strangers share, and what keeps one person's records apart.

Some of each are there before the first night, and from then on one more arises every day. The people in them live and
buy as everybody does; only the records that make the case stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sandbox.company import names, places
from sandbox.company.feedback import Feedback
from sandbox.company.people import FIRST_CONTACT_ID, People
from sandbox.company.population import DOTLESS_PROVIDER, DOTTED_PROVIDER, Cast
from sandbox.company.simulation import Browser, PersonState, Simulation
from sandbox.company.staff import STAFF_DOMAIN
from sandbox.company.support import Support
from sandbox.company.surveys import AFTER_TICKET, PRODUCT_FEEDBACK, RELATIONSHIP, Form
from sandbox.company.web import Web
from sandbox.company.writing import UNLIKE, lives_at_home, phone_as_written, typo
from sandbox.model import PostalAddress, Tangle

HOUR = 3_600
FEWEST_CUSTOMERS = 30  # a smaller company would be nothing but tangles
ROLES = ("biuro", "office", "info", "kontakt", "sklep")
PLACEHOLDERS = (
    "none@none.example", "noreply@mail.example", "brak@brak.example", "no-email@mail.example", "x@x.example",
    "unknown@outlook.example", "klient@poczta.example", "test@test.example",
)  # fmt: skip
PLACEHOLDER_PHONE = "+48123456789"
TESTERS = (("Test", "Test"), ("QA", "Tester"), ("Jan", "Testowy"), ("Test", "Customer"), ("Nie", "Usuwać"))

KINDS: dict[str, str] = {
    "role mailbox": "the office address of an account: a contact of one, a helpdesk user of another, answers of three",
    "shared mailbox": "a couple's one private address: a contact of one, a helpdesk user of the other, answers of both",
    "household": "a family name, an address and a telephone in common; given names and mailboxes of their own",
    "father and son": "one name, one home; other mailboxes and birth dates",
    "recycled phone": "a number that a contact still lists is somebody else's by now",
    "shared device": "two people log in on one browser, which has anonymous visits too",
    "test accounts": "made-up customers of the company's own testers, all with one placeholder for a number",
    "placeholder address": "an address that is none, as helpdesk user of one and typed into surveys by others",
    "typo with phone": "the helpdesk took the address down wrongly; name and number are right",
    "typo without phone": "the helpdesk took the address down wrongly, and has no number",
    "phone only": "a helpdesk user without an address, whose number is written in another way than in the CRM",
    "mailbox spelling": "dots and a +tag in one system, none in the other, at a provider to whom they are nothing",
    "dotted pair": "two mailboxes that differ by a dot, of two people, at a provider to whom it is something",
}


class Tangles:
    """Ties them. `join` lets a person in who then lives as everybody does."""

    def __init__(
        self,
        simulation: Simulation,
        people: People,
        feedback: Feedback,
        support: Support,
        web: Web,
        join: Callable[[Cast], PersonState],
    ) -> None:
        self.sim = simulation
        self.people, self.feedback, self.support, self.web = people, feedback, support, web
        self._join = join
        self._tie: dict[str, Callable[[], None]] = {
            "role mailbox": self._role_mailbox,
            "shared mailbox": self._shared_mailbox,
            "household": self._household,
            "father and son": self._father_and_son,
            "recycled phone": self._recycled_phone,
            "shared device": self._shared_device,
            "test accounts": self._test_accounts,
            "placeholder address": self._placeholder_address,
            "typo with phone": lambda: self._typo(with_phone=True),
            "typo without phone": lambda: self._typo(with_phone=False),
            "phone only": self._phone_only,
            "mailbox spelling": self._mailbox_spelling,
            "dotted pair": self._dotted_pair,
        }

    @property
    def of_each_kind(self) -> int:
        """How many there are before the first night: two in a company of 100, five in one of 400."""
        customers = self.sim.customers
        return 0 if customers < FEWEST_CUSTOMERS else max(1, round(2 * (customers / 100) ** 0.7))

    @property
    def cast(self) -> int:
        """How many people join for their sake before the first night, about."""
        return self.of_each_kind * 11

    def begin(self, early: timedelta) -> None:
        """Plan those before the first night: once the first people are there, and long enough before it to unfold."""
        sim = self.sim
        first, last = sim.starts_at + early, sim.opens_at - timedelta(days=2)
        for kind in KINDS:
            for _ in range(self.of_each_kind):
                sim.at(first + max(last - first, timedelta(0)) * sim.rng.random(), self._tie[kind])

    def tie_another(self, day: int) -> None:
        """One more, `day` days after the first night: of the kind whose turn it is."""
        if self.of_each_kind:
            self._tie[list(KINDS)[day % len(KINDS)]]()

    # --- mailboxes of several ---
    def _role_mailbox(self) -> None:
        account = self.people.found_account()
        box = f"{self.sim.pick(ROLES)}@{account.domain}"
        self.people.population.claim(box)
        owner, writer, third = (self._join(Cast(account=account)) for _ in range(3))
        self.people.create_contact(owner, self.sim.new_id("contact", FIRST_CONTACT_ID), box, complete=True)
        self._user(writer, box, writer.person.phone)
        for state in (owner, writer, third):
            self._answer_soon(RELATIONSHIP, state, hidden={"email": box})
        self._tied("role mailbox", owner, writer, third, shared=box)

    def _shared_mailbox(self) -> None:
        family, home, language = self._family()
        domain = "mail.example" if self.sim.chance(0.5) else DOTTED_PROVIDER
        box = self.people.population.mailbox(_of_family(language, family), domain)
        partner = Cast(language=language, last_name=family, address=home)
        owner, writer = self._relatives([replace(partner, email=box), partner])
        self._user(writer, box, None)
        # an id in the link says who answers, the address alone does not
        by_contact = {"email": box, "contact_id": str(owner.contact_ids[0])}
        self._answer_soon(PRODUCT_FEEDBACK, owner, hidden=by_contact)
        for state in (owner, writer):
            self._answer_soon(RELATIONSHIP, state, hidden={"email": box})
        ticket = self.support.open_ticket(writer)
        by_ticket = {"email": box, "ticket_id": str(ticket.ticket_id)}
        self._answer_soon(AFTER_TICKET, writer, hidden=by_ticket)
        self._tied("shared mailbox", owner, writer, shared=box)

    def _placeholder_address(self) -> None:
        taken = self.sim.helpdesk_addresses
        free = [address for address in PLACEHOLDERS if address not in taken]
        placeholder = free[0] if free else f"noreply{len(taken)}@mail.example"
        self.people.population.claim(placeholder)
        caller = self._bystander(lambda state: not state.user_ids)
        self._user(caller, placeholder, caller.person.phone)
        others = [self._bystander() for _ in range(3)]
        for state in others[:2]:
            self._answer_soon(RELATIONSHIP, state, hidden={"email": placeholder})
        self._answer_soon(PRODUCT_FEEDBACK, others[2], hidden={}, typed=placeholder)
        self._tied("placeholder address", caller, *others, shared=placeholder)

    # --- families ---
    def _household(self) -> None:
        family, home, language = self._family()
        phone = self.people.population.phone(home.country)
        member = Cast(language=language, last_name=family, address=home, phone=phone)
        members = self._relatives([member] * (2 if self.sim.chance(0.6) else 3))
        self._tied("household", *members, shared=phone)

    def _father_and_son(self) -> None:
        family, home, language = self._family()
        given = self.sim.pick(names.NAMES[language].men)
        either = Cast(language=language, first_name=given, last_name=family, address=home)
        birthday = self.people.population.birthday
        father = self._join(replace(either, date_of_birth=birthday(52, 80)))
        son = self._join(replace(either, date_of_birth=birthday(20, 35)))
        self._tied("father and son", father, son)

    def _family(self) -> tuple[str, PostalAddress, str]:
        """A family name (as men bear it), a home and a language."""
        sim = self.sim
        language = sim.pick(names.LANGUAGES)
        return (
            sim.pick(names.NAMES[language].families),
            places.address(sim, places.country_of(sim, language)),
            language,
        )

    def _relatives(self, casts: list[Cast]) -> list[PersonState]:
        """People with given names that differ, each with the family name as they bear it."""
        states, used = [], set[str]()
        for cast in casts:
            of_language = names.NAMES[cast.language or ""]
            given = self.sim.pick([name for name in of_language.given if name not in used])
            used.add(given)
            family = of_language.family(cast.last_name or "", given)
            states.append(self._join(replace(cast, first_name=given, last_name=family)))
        return states

    # --- numbers and browsers ---
    def _recycled_phone(self) -> None:
        former = self._bystander(lambda state: state.listed_phone is not None and not state.user_ids)
        number = former.person.phone or ""
        former.phone = self.people.population.phone(places.HOME)
        self._user(former, former.person.email, former.phone)
        heir = self._bystander(lambda state: not state.user_ids and _unlike(state, former))
        self._user(heir, heir.person.email, number)
        self._tied("recycled phone", former, heir, shared=number)

    def _shared_device(self) -> None:
        one = self._bystander(lambda state: state.person.web_user_id is not None)
        other = self._bystander(lambda state: state.person.web_user_id is not None)
        client = one.browsers[0].client_id
        one.browsers[0].logs_in_from = self.sim.now
        other.browsers.append(Browser(client, self.sim.now))
        for user_id in (one.person.web_user_id, None, other.person.web_user_id):
            self.sim.after(self.sim.rng.uniform(1, 20) * HOUR, self.web.visit_now, client, user_id)
        self._tied("shared device", one, other, shared=client)

    # --- one person, known by another address or none ---
    def _typo(self, *, with_phone: bool) -> None:
        state = self._bystander(
            lambda state: (
                bool(state.contact_ids) and not state.user_ids and not (with_phone and state.listed_phone is None)
            )
        )
        address = typo(self.sim, state.person.email)
        while not self.people.population.claim(address):
            address = typo(self.sim, state.person.email)
        self._user(state, address, state.person.phone if with_phone else None)
        self._tied("typo with phone" if with_phone else "typo without phone", state, shared=address)

    def _phone_only(self) -> None:
        state = self._bystander(
            lambda state: state.listed_phone is not None and lives_at_home(state.person) and not state.user_ids
        )
        number = state.person.phone or ""
        ways = [way for way in UNLIKE if phone_as_written(self.sim, number, (way,)) != state.listed_phone]
        self._user(state, None, number, ways=tuple(ways))
        self._tied("phone only", state, shared=state.person.phone)

    def _mailbox_spelling(self) -> None:
        def suits(state: PersonState) -> bool:
            is_there = state.person.email.endswith(f"@{DOTLESS_PROVIDER}")
            return is_there and bool(state.contact_ids) and not state.user_ids

        def cast() -> Cast:
            given, family = sim.pick(names.NAMES["pl"].men), sim.pick(names.NAMES["pl"].families)
            letters = f"{names.mailbox_letters(given)}.{names.mailbox_letters(family)}"
            email = self.people.population.mailbox(letters, DOTLESS_PROVIDER)
            return Cast(language="pl", first_name=given, last_name=family, email=email)

        sim = self.sim
        state = self._bystander(suits, cast)
        mailbox = state.person.email.partition("@")[0]
        dotted = f"{mailbox[0]}.{mailbox[1:].replace('.', '')}"
        spelled = dotted if dotted != mailbox and sim.chance(0.5) else f"{mailbox}+shop"
        address = f"{spelled}@{DOTLESS_PROVIDER}"
        self._user(state, address, None)
        self._tied("mailbox spelling", state, shared=address)

    def _dotted_pair(self) -> None:
        sim, population = self.sim, self.people.population
        of_language = names.NAMES["pl"]
        while True:
            one, other = (sim.pick(of_language.given) for _ in range(2))
            family = sim.pick(of_language.families)
            initial, letters = names.mailbox_letters(one)[0], names.mailbox_letters(family)
            addresses = [f"{initial}.{letters}@{DOTTED_PROVIDER}", f"{initial}{letters}@{DOTTED_PROVIDER}"]
            if one == other or initial != names.mailbox_letters(other)[0] or not population.claim(addresses[0]):
                continue
            if population.claim(addresses[1]):
                break
        pair = [
            self._join(
                Cast(language="pl", first_name=given, last_name=of_language.family(family, given), email=address)
            )
            for given, address in zip((one, other), addresses, strict=True)
        ]
        self._tied("dotted pair", *pair, shared=addresses[0])

    # --- nobody ---
    def _test_accounts(self) -> None:
        made = []
        for number in range(3):
            given, family = self.sim.pick(TESTERS)
            account = self.sim.new_id("test account", 1)
            address = f"qa+{account}@{STAFF_DOMAIN}" if self.sim.chance(0.6) else f"test{account}@{STAFF_DOMAIN}"
            cast = Cast(language="en", first_name=given, last_name=family, email=address, phone=PLACEHOLDER_PHONE)
            made.append(self.people.pretend(cast, in_helpdesk=number == 2))
        self._tied("test accounts", *made, shared=PLACEHOLDER_PHONE)

    # --- inside ---
    def _bystander(
        self, suits: Callable[[PersonState], bool] = lambda state: True, cast: Callable[[], Cast] | None = None
    ) -> PersonState:
        """Somebody in no other tangle who suits, or somebody new: by default one who has a number of this country."""

        def at_home() -> Cast:
            return Cast(phone=self.people.population.phone(places.HOME))

        def free(state: PersonState) -> bool:
            unfit = state.is_lead or state.will_be_staff or state.is_altered or self.people.is_tangled(state)
            return not unfit and suits(state)

        state = self.people.someone(free) or self._join((cast or at_home)())
        self.sim.tangled.add(state.person.person_id)
        return state

    def _user(
        self, state: PersonState, address: str | None, phone: str | None, ways: tuple[str, ...] | None = None
    ) -> None:
        """A helpdesk user under the person's plain name."""
        person = state.person
        written = phone_as_written(self.sim, phone, ways) if phone is not None else None
        self.people.enter_helpdesk_user(state, address, f"{person.first_name} {person.last_name}", written)

    def _answer_soon(self, form: Form, state: PersonState, *, hidden: dict[str, str], typed: str | None = None) -> None:
        """A whole answer within a day."""

        def answer() -> None:
            self.feedback.answer(form, state, how="whole", hidden=hidden, typed=typed)

        self.sim.after(self.sim.rng.uniform(2, 20) * HOUR, answer)

    def _tied(self, kind: str, *states: PersonState, shared: str | None = None) -> None:
        people = tuple(state.person.person_id for state in states)
        self.sim.tangled.update(people)
        self.sim.tangles.append(Tangle(kind, self.sim.now, people, shared))


def _of_family(language: str, family: str) -> str:
    """What a couple calls the mailbox that they share."""
    letters = names.mailbox_letters(family)
    if language == "pl":
        return letters.removesuffix("ski") + "scy" if letters.endswith("ski") else f"rodzina.{letters}"
    return {"de": f"familie.{letters}", "en": f"the{letters}s"}.get(language, f"{letters}.family")


def _unlike(state: PersonState, other: PersonState) -> bool:
    return {state.person.first_name, state.person.last_name}.isdisjoint(
        {other.person.first_name, other.person.last_name}
    )
