"""How one person is written down by different hands: in a CRM form, on the telephone, by a helpdesk that knows a
mailbox only."""

from __future__ import annotations

from sandbox.company import names
from sandbox.company.places import HOME_CODE, parts_of_phone
from sandbox.company.simulation import Simulation
from sandbox.model import Person

LEGAL_BASES = (
    "Freely given consent from contact",
    "Freely given consent from contact",
    "Legitimate interest – existing customer",
    "Performance of a contract",
    "Freely given consent from contact;Performance of a contract",
)
_OWN_NAME = {"Poland": "Polska", "Germany": "Deutschland"}
# the country's code, and the national number in threes or whole
_ABROAD = ("{code}{whole}", "{code} {whole}", "00{digits}{whole}")
_AT_HOME = (
    *(*_ABROAD, "{code} {a} {b} {c}", "{code} {a}-{b}-{c}", "({code}) {a}-{b}-{c}"),
    *("{a} {b} {c}", "{a}-{b}-{c}", "{whole}"),
)
UNLIKE = ("00{digits} {whole}", "({code}) {a}-{b}-{c}", "{a} {b} {c}")  # what no comparison of texts brings together


def email_as_typed(sim: Simulation, address: str) -> str:
    """An e-mail address as a person types it: letter case and stray spaces vary."""
    roll = sim.rng.random()
    if roll < 0.70:
        return address
    if roll < 0.80:
        return address.title()
    if roll < 0.87:
        return address.upper()
    if roll < 0.93:
        return f" {address}"
    return f"{address}  "


def phone_as_written(sim: Simulation, number: str, ways: tuple[str, ...] | None = None) -> str:
    """A number in one of the ways in which people write it; those of home may leave the country's code out."""
    code, whole = parts_of_phone(number)
    way = sim.pick(ways or (_AT_HOME if code == HOME_CODE else _ABROAD))
    return way.format(code=code, digits=code[1:], whole=whole, a=whole[:3], b=whole[3:6], c=whole[6:])


def contact_details(sim: Simulation, person: Person, *, complete: bool = False) -> dict[str, str | None]:
    """What a CRM contact says of a person beside the address of their mailbox; all that there is if `complete`."""
    details: dict[str, str | None] = {"phone": None}
    if person.phone is not None:
        kind = "mobile_phone" if sim.chance(0.15) else "phone"
        details[kind] = phone_as_written(sim, person.phone)
    home = person.address
    if home is not None and (sim.chance(0.65) or complete):
        street = home.street.removeprefix("ul. ") if sim.chance(0.2) else home.street
        country = _OWN_NAME.get(home.country, home.country) if sim.chance(0.15) else home.country
        details |= {"address": street, "city": home.city, "postal_code": home.postal_code, "country": country}
    born = person.date_of_birth
    if born is not None and (sim.chance(0.2) or complete):
        # the CRM keeps it as a text
        details["date_of_birth"] = f"{born:%d.%m.%Y}" if sim.chance(0.1) else born.isoformat()
    if sim.chance(0.5):
        details["legal_basis"] = sim.pick(LEGAL_BASES)
    return details


def helpdesk_name(sim: Simulation, person: Person, address: str | None) -> str:
    """What the helpdesk calls a person: as they sign, as an agent heard it, or the name of their mailbox."""
    given, family = person.first_name, person.last_name
    if names.latin_spellings(family) != (family,) and sim.chance(0.5):
        given, family = (sim.pick(names.latin_spellings(name)) for name in (given, family))
    roll = sim.rng.random()
    if roll < 0.10:
        return f"{family} {given}"
    if roll < 0.20 and address is not None:
        return address.partition("@")[0]
    if roll < 0.28:
        return f"{names.SHORT.get(given, given)} {family}"
    return f"{given} {family}"


def typo(sim: Simulation, address: str) -> str:
    """An address as an agent took it down from the telephone: one letter of the mailbox is wrong."""
    mailbox, _, domain = address.partition("@")
    places = [place for place in range(1, len(mailbox) - 1) if mailbox[place].isalpha()]
    place = sim.pick(places)
    wrong = {"a": "e", "e": "a", "i": "y", "y": "i", "k": "c", "c": "k", "s": "z", "z": "s", "v": "w", "w": "v"}
    letter = wrong.get(mailbox[place], "") if sim.chance(0.7) else mailbox[place] * 2
    return f"{mailbox[:place]}{letter}{mailbox[place + 1 :]}@{domain}"


def lives_at_home(person: Person) -> bool:
    """Whether the person's number may be written without the country's code."""
    return person.phone is not None and parts_of_phone(person.phone)[0] == HOME_CODE
