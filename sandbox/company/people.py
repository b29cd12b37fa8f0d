"""How people become known: contacts, accounts and helpdesk users, their duplicates, merges and changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.company import words
from sandbox.company.simulation import PersonState, Simulation
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
    Person,
)

FIRST_CONTACT_ID = 151_001
FIRST_ACCOUNT_ID = 7_200_001
FIRST_USER_ID = 380_200_000_001
FIRST_ORGANIZATION_ID = 360_500_000_001


class People:
    """Creates people and accounts and lets their records in CRM and helpdesk change."""

    def __init__(self, simulation: Simulation) -> None:
        self.sim = simulation
        self._addresses: set[str] = set()
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

    def join(self, *, lead: bool = False) -> PersonState:
        """A person becomes known: mostly as a CRM contact, sometimes only when they first ask for help."""
        sim = self.sim
        account = self._employer() if not lead and sim.chance(0.45) else None
        in_crm = lead or sim.chance(0.9)
        contact_id = sim.new_id("contact", FIRST_CONTACT_ID) if in_crm else None
        person = self._person(account, contact_id)
        sim.people[person.person_id] = person
        temper = min(1.0, max(0.0, sim.rng.gauss(0.81, 0.17)))
        state = PersonState(
            person=person,
            mood=temper,
            temper=temper,
            buys_every_days=sim.rng.uniform(18, 60) * (1.4 if account else 1.0),
            language=person.language,
            is_lead=lead,
            answers_often=not lead and sim.chance(0.1),
            clients=[self._client() for _ in range(1 if sim.chance(0.7) else 2)],
        )
        sim.states.append(state)
        if contact_id is not None:
            self._create_contact(state, contact_id, person.email)
            if account and sim.chance(0.85):
                self.link(contact_id, account.account_id)
        return state

    def join_lead(self) -> None:
        """Somebody leaves an address and is never heard of again."""
        self.join(lead=True)

    def _person(self, account: Account | None, contact_id: int | None) -> Person:
        sim = self.sim
        language = sim.pick(words.LANGUAGES)
        given, family = (sim.pick(names) for names in words.NAMES[language])
        mailbox = f"{given}.{family}".lower().translate(words.LATIN)
        private = self._address(mailbox, sim.pick(words.MAIL_DOMAINS))
        others = [self._address(mailbox, sim.pick(words.MAIL_DOMAINS)) for _ in range(2)]
        if account:
            others.append(private)
            private = self._address(mailbox, account.domain)
        segment = "consumer"
        if account:
            segment = "enterprise" if account.account_id % 4 == 0 else "small business"
        return Person(
            person_id=sim.new_id("person", 1),
            first_name=given,
            last_name=family,
            email=private,
            other_emails=tuple(others),
            phone=f"+48 {sim.rng.randrange(500_000_000, 899_999_999)}" if sim.chance(0.6) else None,
            language=language,
            account_id=account.account_id if account else None,
            segment=segment,  # type: ignore[arg-type]
            joined_at=sim.now,
            web_user_id=str(contact_id) if contact_id is not None else None,
        )

    def _address(self, mailbox: str, domain: str) -> str:
        address, number = f"{mailbox}@{domain}", 1
        while address in self._addresses:
            number += 1
            address = f"{mailbox}{number}@{domain}"
        self._addresses.add(address)
        return address

    def _employer(self) -> Account:
        accounts = self.sim.accounts
        if not accounts or self.sim.chance(0.2):
            return self.found_account()
        ids = list(accounts) if len(accounts) < 50 else list(accounts)[-50:]
        return accounts[self.sim.pick(ids)]

    def _client(self) -> str:
        return f"{self.sim.rng.randrange(10**9, 2 * 10**9)}.{self.sim.rng.randrange(10**9, 2 * 10**9)}"

    # --- CRM ---
    def typed(self, address: str) -> str:
        """An e-mail address as a person types it: letter case and stray spaces vary."""
        roll = self.sim.rng.random()
        if roll < 0.70:
            return address
        if roll < 0.80:
            return address.title()
        if roll < 0.87:
            return address.upper()
        if roll < 0.93:
            return f" {address}"
        return f"{address}  "

    def _create_contact(self, state: PersonState, contact_id: int, address: str | None) -> None:
        sim = self.sim
        owners = [
            agent.owner_id for agent in sim.agents.values() if agent.owner_id and agent.became_agent_at <= sim.now
        ]
        sim.emit(
            ContactCreated,
            contact_id=contact_id,
            person_id=state.person.person_id,
            email=None if address is None else self.typed(address),
            owner_id=sim.pick(owners) if sim.chance(0.8) else None,
            lifecycle_stage="lead" if state.is_lead or sim.chance(0.5) else "subscriber",
        )
        state.contact_ids.append(contact_id)
        if address is not None:
            sim.crm_addresses[address] = contact_id

    def change_contact(self, state: PersonState, changes: dict[str, str | None]) -> None:
        """Change properties of a person's main contact."""
        if state.contact_ids:
            self.sim.emit(ContactChanged, contact_id=state.contact_ids[0], changes=changes)

    def change_contact_somehow(self) -> None:
        """Sales corrects a phone number, a name, a lifecycle stage."""
        state = self.someone(lambda state: bool(state.contact_ids))
        if state is None:
            return
        what = self.sim.pick(("phone", "lifecycle_stage", "last_name", "owner_id"))
        value = {
            "phone": f"+48 {self.sim.rng.randrange(500_000_000, 899_999_999)}",
            "lifecycle_stage": self.sim.pick(("marketingqualifiedlead", "opportunity", "evangelist")),
            "last_name": self.sim.pick(words.NAMES[state.language][1]),
            "owner_id": None,
        }[what]
        self.change_contact(state, {what: value})

    def change_contact_email(self) -> None:
        """A person moves to another mailbox; the CRM learns it, the helpdesk does not."""
        sim = self.sim
        state = self.someone(
            lambda state: (
                any(mail not in sim.crm_addresses for mail in state.person.other_emails)
                and bool(state.contact_ids)
                and not state.is_lead
            )
        )
        if state is None:
            return
        contact_id = state.contact_ids[0]
        address = next(mail for mail in state.person.other_emails if mail not in sim.crm_addresses)
        sim.crm_addresses[address] = contact_id
        sim.emit(ContactChanged, contact_id=contact_id, changes={"email": self.typed(address)})

    def duplicate_contact(self) -> PersonState | None:
        """The same person is entered a second time, with another address or none; most are merged within days."""
        sim = self.sim
        state = self.someone(
            lambda state: (
                len(state.contact_ids) == 1 and any(mail not in sim.crm_addresses for mail in state.person.other_emails)
            )
        )
        if state is None:
            return None
        free = [mail for mail in state.person.other_emails if mail not in sim.crm_addresses]
        address = None if sim.chance(0.2) else free[0]
        self._create_contact(state, sim.new_id("contact", FIRST_CONTACT_ID), address)
        if sim.chance(0.7):
            sim.after(sim.rng.uniform(0.6, 6) * 86_400, self.merge_contacts, state)
        return state

    def merge_contacts(self, state: PersonState | None = None) -> None:
        """Somebody notices a duplicate and merges it into the main contact."""
        if state is None:
            state = self.someone(lambda state: len(state.contact_ids) > 1)
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
        user_id = sim.new_id("user", FIRST_USER_ID)
        account = sim.accounts.get(state.person.account_id or 0)
        sim.emit(
            HelpdeskUserCreated,
            user_id=user_id,
            person_id=state.person.person_id,
            email=None if address is None else (address if sim.chance(0.8) else address.title()),
            organization_id=account.organization_id if account else None,
        )
        state.user_ids.append(user_id)
        if address is not None:
            sim.helpdesk_addresses[address] = user_id
        return user_id

    def change_helpdesk_user(self) -> None:
        """A phone number, a name or an address changes in the helpdesk."""
        sim = self.sim
        state = self.someone(lambda state: bool(state.user_ids) and not state.will_be_staff)
        if state is None:
            return
        user_id = state.user_ids[0]
        free = [mail for mail in state.person.other_emails if mail not in sim.helpdesk_addresses]
        if free and sim.chance(0.35):
            sim.helpdesk_addresses[free[0]] = user_id
            changes: dict[str, str | None] = {"email": free[0]}
        elif sim.chance(0.5):
            changes = {"phone": f"+48 {sim.rng.randrange(500_000_000, 899_999_999)}"}
        else:
            changes = {"name": f"{state.person.first_name} {state.person.last_name}-{user_id % 97}"}
        sim.emit(HelpdeskUserChanged, user_id=user_id, changes=changes)

    def merge_helpdesk_users(self, state: PersonState | None = None) -> None:
        """Two helpdesk users of one person become one; the second is made first if nobody has two."""
        sim = self.sim
        if state is None:
            state = self.someone(lambda state: len(state.user_ids) > 1 and not state.will_be_staff)
        if state is None:
            state = self.someone(lambda state: len(state.user_ids) == 1 and not state.will_be_staff)
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
            lambda state: len(state.user_ids) == 1 and not state.open_tickets and not state.will_be_staff
        )
        if state is None:
            return
        self.sim.emit(HelpdeskUserDeleted, user_id=state.user_ids.pop())

    # --- choosing ---
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
