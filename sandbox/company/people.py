"""How people become known: contacts, accounts and helpdesk users, their duplicates, merges and changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sandbox.company import names, words
from sandbox.company.places import country_of
from sandbox.company.population import Cast, Population
from sandbox.company.simulation import Browser, PersonState, Simulation
from sandbox.company.writing import contact_details, email_as_typed, helpdesk_name, phone_as_written
from sandbox.model import (
    Account,
    AccountCreated,
    ContactArchived,
    ContactChanged,
    ContactCreated,
    ContactLinkedToAccount,
    ContactsMerged,
    HelpdeskUserChanged,
    HelpdeskUserCreated,
    HelpdeskUserDeleted,
    HelpdeskUsersMerged,
)

FIRST_CONTACT_ID = 151_001
FIRST_ACCOUNT_ID = 7_200_001
FIRST_USER_ID = 380_200_000_001
FIRST_ORGANIZATION_ID = 360_500_000_001


class People:
    """Creates people and accounts and lets their records in CRM and helpdesk change."""

    def __init__(self, simulation: Simulation) -> None:
        self.sim = simulation
        self.population = Population(simulation)
        self._links: dict[tuple[int, int], bool] = {}  # (contact, account) → linked now

    # --- joining ---
    def found_account(self) -> Account:
        """A company becomes known to sales."""
        sim = self.sim
        number = sim.new_id("account", 0)
        first, second = sim.pick(words.COMPANY_FIRST), sim.pick(words.COMPANY_SECOND)
        account = Account(
            account_id=FIRST_ACCOUNT_ID + number * 3,
            name=f"{first} {second} {sim.pick(words.COMPANY_FORM)}",
            domain=f"{first}-{second}-{number}.example".lower(),
            industry=sim.pick(words.INDUSTRIES),
            country=sim.pick(words.COUNTRIES),
            created_at=sim.now,
            organization_id=FIRST_ORGANIZATION_ID + number if sim.chance(0.7) else None,
        )
        sim.accounts[account.account_id] = account
        sim.emit(AccountCreated, account_id=account.account_id)
        return account

    def join(self, *, lead: bool = False, cast: Cast | None = None) -> PersonState:
        """A person becomes known: mostly as a CRM contact, sometimes only when they first ask for help. One who is
        cast for a part has a contact that says everything."""
        sim = self.sim
        if cast is None:
            cast = Cast(account=self._employer() if not lead and sim.chance(0.45) else None)
            in_crm, complete = lead or sim.chance(0.9), False
        else:
            in_crm = complete = True
        contact_id = sim.new_id("contact", FIRST_CONTACT_ID) if in_crm else None
        person = self.population.person(cast, contact_id)
        sim.people[person.person_id] = person
        temper = min(1.0, max(0.0, sim.rng.gauss(0.81, 0.17)))
        state = PersonState(
            person=person,
            mood=temper,
            temper=temper,
            buys_every_days=sim.rng.uniform(18, 60) * (1.4 if cast.account else 1.0),
            language=person.language,
            phone=person.phone,
            is_lead=lead,
            answers_often=not lead and sim.chance(0.1),
            browsers=[self._browser() for _ in range(1 if sim.chance(0.7) else 2)],
        )
        sim.states.append(state)
        if contact_id is not None:
            state.is_altered = not complete and sim.chance(0.03)  # entered after a call, without an address
            address = None if state.is_altered else person.email
            self.create_contact(state, contact_id, address, complete=complete)
            if cast.account and sim.chance(0.85):
                self.link(contact_id, cast.account.account_id)
        return state

    def join_lead(self) -> None:
        """Somebody leaves an address and is never heard of again."""
        self.join(lead=True)

    def pretend(self, cast: Cast, *, in_helpdesk: bool) -> PersonState:
        """A customer whom the company's own testers made up: one record, which never does anything."""
        sim = self.sim
        person = self.population.person(cast, None)
        sim.people[person.person_id] = person
        state = PersonState(
            person, 0.5, 0.5, buys_every_days=0, language=person.language, phone=person.phone, is_lead=True
        )
        if in_helpdesk:
            phone = phone_as_written(sim, person.phone) if person.phone else None
            self.enter_helpdesk_user(state, person.email, f"{person.first_name} {person.last_name}", phone)
        else:
            self.create_contact(state, sim.new_id("contact", FIRST_CONTACT_ID), person.email)
        return state

    def _employer(self) -> Account:
        accounts = self.sim.accounts
        if not accounts or self.sim.chance(0.2):
            return self.found_account()
        ids = list(accounts) if len(accounts) < 50 else list(accounts)[-50:]
        return accounts[self.sim.pick(ids)]

    def _browser(self) -> Browser:
        """A new browser. On most its user logs in from the first day or some days or weeks later, on some never."""
        sim = self.sim
        client = f"{sim.rng.randrange(10**9, 2 * 10**9)}.{sim.rng.randrange(10**9, 2 * 10**9)}"
        days, roll = sim.rng.uniform(2, 40), sim.rng.random()
        if roll < 0.6:
            return Browser(client, sim.now)
        return Browser(client, sim.now + timedelta(days=days) if roll < 0.92 else None)

    # --- CRM ---
    def create_contact(
        self, state: PersonState, contact_id: int, address: str | None, *, complete: bool = False
    ) -> None:
        """Enter a person in the CRM, under an address or none."""
        sim = self.sim
        owners = [
            agent.owner_id for agent in sim.agents.values() if agent.owner_id and agent.became_agent_at <= sim.now
        ]
        details = contact_details(sim, state.person, complete=complete)
        if not state.contact_ids:
            state.listed_phone = details.get("phone") or details.get("mobile_phone")
        sim.emit(
            ContactCreated,
            contact_id=contact_id,
            person_id=state.person.person_id,
            email=None if address is None else email_as_typed(sim, address),
            owner_id=sim.pick(owners) if sim.chance(0.8) else None,
            lifecycle_stage="lead" if state.is_lead or sim.chance(0.5) else "subscriber",
            details=details,
        )
        state.contact_ids.append(contact_id)
        if address is not None:
            sim.crm_addresses[address] = contact_id

    def change_contact(self, state: PersonState, changes: dict[str, str | None]) -> None:
        """Change properties of a person's main contact."""
        if state.contact_ids:
            state.is_altered = state.is_altered or not {"phone", "last_name", "email"}.isdisjoint(changes)
            self.sim.emit(ContactChanged, contact_id=state.contact_ids[0], changes=changes)

    def change_contact_somehow(self) -> None:
        """Sales corrects a phone number, a name, a lifecycle stage."""
        state = self.someone(lambda state: bool(state.contact_ids) and not self.is_tangled(state))
        if state is None:
            return
        what = self.sim.pick(("phone", "lifecycle_stage", "last_name", "owner_id"))
        value: dict[str, Callable[[], str | None]] = {
            "phone": lambda: self._new_number(state),
            "lifecycle_stage": lambda: self.sim.pick(("marketingqualifiedlead", "opportunity", "evangelist")),
            "last_name": lambda: self._new_family_name(state),
            "owner_id": lambda: None,
        }
        self.change_contact(state, {what: value[what]()})

    def opt_out(self) -> None:
        """Somebody wants no more e-mail."""
        state = self.someone(lambda state: bool(state.contact_ids) and not state.is_opted_out)
        if state is not None:
            state.is_opted_out = True
            self.change_contact(state, {"email_opt_out": "true"})

    def change_contact_email(self) -> None:
        """A person moves to another mailbox; the CRM learns it, the helpdesk does not."""
        sim = self.sim
        state = self.someone(
            lambda state: (
                any(mail not in sim.crm_addresses for mail in state.person.other_emails)
                and bool(state.contact_ids)
                and not state.is_lead
                and not self.is_tangled(state)
            )
        )
        if state is None:
            return
        address = next(mail for mail in state.person.other_emails if mail not in sim.crm_addresses)
        sim.crm_addresses[address] = state.contact_ids[0]
        self.change_contact(state, {"email": email_as_typed(sim, address)})

    def duplicate_contact(self) -> PersonState | None:
        """The same person is entered a second time, with another address or none; most are merged within days."""
        sim = self.sim
        state = self.someone(
            lambda state: (
                len(state.contact_ids) == 1
                and any(mail not in sim.crm_addresses for mail in state.person.other_emails)
                and not self.is_tangled(state)
            )
        )
        if state is None:
            return None
        free = [mail for mail in state.person.other_emails if mail not in sim.crm_addresses]
        address = None if sim.chance(0.2) else free[0]
        self.create_contact(state, sim.new_id("contact", FIRST_CONTACT_ID), address)
        if sim.chance(0.7):
            sim.after(sim.rng.uniform(0.6, 6) * 86_400, self.merge_contacts, state)
        return state

    def merge_contacts(self, state: PersonState | None = None) -> None:
        """Somebody notices a duplicate and merges it into the main contact."""
        if state is None:
            state = self.someone(lambda state: len(state.contact_ids) > 1 and not self.is_tangled(state))
        if state is None:
            state = self.duplicate_contact()
            if state is not None:
                self.sim.after(3_600, self.merge_contacts, state)
            return
        if len(state.contact_ids) > 1:
            loser = state.contact_ids.pop(1 + int(self.sim.rng.random() * (len(state.contact_ids) - 1)))
            self.sim.emit(ContactsMerged, winner_id=state.contact_ids[0], loser_id=loser)

    def archive_contact(self) -> None:
        """A lead that went nowhere is archived. Contacts with deals stay: an order keeps its customer."""
        state = self.someone(lambda state: state.is_lead and bool(state.contact_ids), newest=False)
        if state is None:
            state = self.join(lead=True)
            self.sim.after(7_200, self.archive_contact)
            return
        self.sim.emit(ContactArchived, contact_id=state.contact_ids.pop())

    def link(self, contact_id: int, account_id: int) -> None:
        """Associate a contact with an account (or take the association away if it is there)."""
        linked = not self._links.get((contact_id, account_id), False)
        self._links[contact_id, account_id] = linked
        self.sim.emit(ContactLinkedToAccount, contact_id=contact_id, account_id=account_id, linked=linked)

    def relink(self) -> None:
        """One association is added and another one removed; neither touches the contact itself."""
        linked = [pair for pair, on in list(self._links.items())[-400:] if on]
        if len(linked) > 3:
            self.link(*self.sim.pick(linked))
        state = self.someone(
            lambda state: (
                state.person.account_id is not None
                and bool(state.contact_ids)
                and not self._links.get((state.contact_ids[0], state.person.account_id), False)
            )
        )
        if state is None:
            state = self.someone(lambda state: bool(state.contact_ids))
            if state is None or not self.sim.accounts:
                return
            account_id = self.sim.pick(list(self.sim.accounts))
        else:
            account_id = state.person.account_id or 0
        if not self._links.get((state.contact_ids[0], account_id), False):
            self.link(state.contact_ids[0], account_id)

    # --- helpdesk ---
    def helpdesk_user(self, state: PersonState) -> int:
        """The helpdesk user as whom a person writes, made when they first ask for help. Now and then somebody writes
        from another address and becomes a second user."""
        sim = self.sim
        writes_elsewhere = len(state.user_ids) < 2 and not state.will_be_staff and sim.chance(0.05)
        if not state.user_ids or writes_elsewhere:
            return self.create_helpdesk_user(state)
        return state.user_ids[0] if sim.chance(0.7) else sim.pick(state.user_ids)

    def create_helpdesk_user(self, state: PersonState) -> int:
        """Make a (further) helpdesk user for a person; a few are known by phone only. One who will be staff writes from
        the address that they will work under."""
        sim = self.sim
        addresses = [state.person.email, *state.person.other_emails]
        if sim.chance(0.1):
            addresses.reverse()
        free = [mail for mail in addresses if mail not in sim.helpdesk_addresses]
        address = free[0] if free and not sim.chance(0.03) else None
        if state.will_be_staff:
            address = state.person.email
        if address is None and state.phone is None:
            state.phone = self.population.phone(country_of(sim, state.language))
        is_told = state.phone is not None and (address is None or sim.chance(0.7))
        phone = phone_as_written(sim, state.phone) if state.phone is not None and is_told else None
        return self.enter_helpdesk_user(state, address, helpdesk_name(sim, state.person, address), phone)

    def enter_helpdesk_user(self, state: PersonState, address: str | None, name: str, phone: str | None) -> int:
        """A helpdesk user of a person, as the helpdesk comes to know them."""
        sim = self.sim
        user_id = sim.new_id("user", FIRST_USER_ID)
        account = sim.accounts.get(state.person.account_id or 0)
        sim.emit(
            HelpdeskUserCreated,
            user_id=user_id,
            person_id=state.person.person_id,
            email=None if address is None else (address if sim.chance(0.8) else address.title()),
            organization_id=account.organization_id if account else None,
            details={"name": name, "phone": phone},
        )
        state.user_ids.append(user_id)
        if address is not None:
            sim.helpdesk_addresses[address] = user_id
        return user_id

    def change_helpdesk_user(self) -> None:
        """A phone number, a name or an address changes in the helpdesk."""
        sim = self.sim
        state = self.someone(
            lambda state: bool(state.user_ids) and not state.will_be_staff and not self.is_tangled(state)
        )
        if state is None:
            return
        user_id = state.user_ids[0]
        free = [mail for mail in state.person.other_emails if mail not in sim.helpdesk_addresses]
        if free and sim.chance(0.35):
            sim.helpdesk_addresses[free[0]] = user_id
            changes: dict[str, str | None] = {"email": free[0]}
        elif sim.chance(0.5):
            changes = {"phone": self._new_number(state)}
        else:
            person = state.person
            changes = {"name": f"{person.first_name} {person.last_name}-{self._new_family_name(state)}"}
        sim.emit(HelpdeskUserChanged, user_id=user_id, changes=changes)

    def merge_helpdesk_users(self, state: PersonState | None = None) -> None:
        """Two helpdesk users of one person become one; the second is made first if nobody has two."""
        sim = self.sim
        if state is None:
            state = self.someone(lambda state: len(state.user_ids) > 1 and self._may_lose_a_user(state))
        if state is None:
            state = self.someone(lambda state: len(state.user_ids) == 1 and self._may_lose_a_user(state))
            if state is not None:
                self.create_helpdesk_user(state)
                sim.after(4_000, self.merge_helpdesk_users, state)
            return
        if len(state.user_ids) > 1:
            loser = state.user_ids.pop()
            sim.emit(HelpdeskUsersMerged, winner_id=state.user_ids[0], loser_id=loser)

    def delete_helpdesk_user(self) -> None:
        """A helpdesk user without open tickets is deleted; their tickets stay."""
        state = self.someone(
            lambda state: len(state.user_ids) == 1 and not state.open_tickets and self._may_lose_a_user(state)
        )
        if state is None:
            state = self.someone(lambda state: not state.user_ids and self._may_lose_a_user(state))
            if state is not None:
                self.create_helpdesk_user(state)
                self.sim.after(7_200, self.delete_helpdesk_user)
            return
        self.sim.emit(HelpdeskUserDeleted, user_id=state.user_ids.pop())

    def _may_lose_a_user(self, state: PersonState) -> bool:
        return not state.will_be_staff and not self.is_tangled(state)

    # --- choosing ---
    def is_tangled(self, state: PersonState) -> bool:
        """Whether a test looks for this person's records as they are."""
        return state.person.person_id in self.sim.tangled

    def _new_number(self, state: PersonState) -> str:
        state.phone = self.population.phone(country_of(self.sim, state.language))
        return phone_as_written(self.sim, state.phone)

    def _new_family_name(self, state: PersonState) -> str:
        of_language = names.NAMES[state.language]
        return of_language.family(self.sim.pick(of_language.families), state.person.first_name)

    def someone(self, suits, *, newest: bool = False, tries: int = 60) -> PersonState | None:  # type: ignore[no-untyped-def]
        """A random known person for whom `suits(state)` holds; None if none is found soon."""
        states = self.sim.states
        for _ in range(min(tries, 3 * len(states))):
            state = self.sim.pick(states[-30:] if newest else states)
            if suits(state):
                return state
        return next((state for state in states if suits(state)), None) if len(states) < 3_000 else None


def season(at: datetime, opens_at: datetime) -> float:
    """How busy the company is: a slow wave of six weeks, busier in the weeks before Christmas."""
    days = (at - opens_at) / timedelta(days=1)
    wave = 1.0 + 0.25 * ((days % 42) / 42)
    return wave * (1.35 if (at.month, at.day) >= (11, 20) and at.month < 13 else 1.0)
