"""Makes people up: what they are called, where they live, and by which mailboxes and numbers they can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.company import names, places
from sandbox.company.simulation import Simulation
from sandbox.model import Account, Person, PostalAddress

# to this provider dots and what follows a plus are nothing; to every other one they are part of the mailbox's name
DOTLESS_PROVIDER = "gmail.example"
DOTTED_PROVIDER = "poczta.example"
MAIL_DOMAINS = (DOTLESS_PROVIDER, DOTTED_PROVIDER, "mail.example", "outlook.example", "yandex.example")
_MAILBOXES = ("{given}.{family}",) * 6 + (
    "{given}{family}",
    "{initial}.{family}",
    "{initial}{family}",
    "{family}.{given}",
)


@dataclass(frozen=True)
class Cast:
    """What is settled of a person before they are made up. What is None is drawn."""

    language: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: PostalAddress | None = None
    date_of_birth: date | None = None
    account: Account | None = None


class Population:
    """Knows every mailbox and number that was given out, so that none is by chance anybody else's."""

    def __init__(self, simulation: Simulation) -> None:
        self.sim = simulation
        self._mailboxes: set[str] = set()
        self._phones: set[str] = set()

    def person(self, cast: Cast, contact_id: int | None) -> Person:
        """A new person. Their main mailbox is the employer's, if they are of an account; two others are private."""
        sim, account = self.sim, cast.account
        language = cast.language or sim.pick(names.LANGUAGES)
        of_language = names.NAMES[language]
        given = cast.first_name or sim.pick(of_language.given)
        family = cast.last_name or of_language.family(sim.pick(of_language.families), given)
        mailbox = self._mailbox(given, family)
        main = cast.email or self.mailbox(mailbox, account.domain if account else sim.pick(MAIL_DOMAINS))
        country = cast.address.country if cast.address else places.country_of(sim, language)
        segment = "consumer"
        if account:
            segment = "enterprise" if account.account_id % 4 == 0 else "small business"
        phone = self.phone(country) if sim.chance(0.6) else None
        return Person(
            person_id=sim.new_id("person", 1),
            first_name=given,
            last_name=family,
            email=main,
            other_emails=tuple(self.mailbox(mailbox, sim.pick(MAIL_DOMAINS)) for _ in range(2)),
            phone=cast.phone or phone,
            language=language,
            account_id=account.account_id if account else None,
            segment=segment,  # type: ignore[arg-type]
            joined_at=sim.now,
            web_user_id=str(contact_id) if contact_id is not None else None,
            address=cast.address or places.address(sim, country),
            date_of_birth=cast.date_of_birth or self.birthday(18, 85),
        )

    def mailbox(self, name: str, domain: str) -> str:
        """An address that nobody else has: numbered where the name is taken."""
        address, number = f"{name}@{domain}", 1
        while not self.claim(address):
            number += 1
            address = f"{name}{number}@{domain}"
        return address

    def claim(self, address: str) -> bool:
        """Take an address; False if its mailbox is somebody's."""
        mailbox, _, domain = address.partition("@")
        if domain == DOTLESS_PROVIDER:
            mailbox = mailbox.partition("+")[0].replace(".", "")
        key = f"{mailbox}@{domain}"
        if key in self._mailboxes:
            return False
        self._mailboxes.add(key)
        return True

    def phone(self, country: str) -> str:
        """A number that nobody else has."""
        number = places.phone(self.sim, country)
        while number in self._phones:
            number = places.phone(self.sim, country)
        self._phones.add(number)
        return number

    def birthday(self, youngest: int, oldest: int) -> date:
        """The birth date of somebody whose age in years lies between the two."""
        days = self.sim.rng.randrange(youngest * 366, oldest * 365)
        return self.sim.opens_at.date() - timedelta(days=days)

    def _mailbox(self, given: str, family: str) -> str:
        first, last = names.mailbox_letters(given), names.mailbox_letters(family)
        return self.sim.pick(_MAILBOXES).format(given=first, family=last, initial=first[0])
