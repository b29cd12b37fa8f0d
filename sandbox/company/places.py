"""Where people live and which numbers they have, country by country."""

from __future__ import annotations

from sandbox.company.simulation import Simulation
from sandbox.model import PostalAddress

# country: streets, cities with the beginning of their postal codes, beginnings of mobile numbers
_STREETS: dict[str, tuple[str, ...]] = {
    "Poland": (
        "ul. Długa", "ul. Polna", "ul. Leśna", "ul. Słoneczna", "ul. Krótka", "ul. Szkolna", "ul. Ogrodowa",
        "ul. Lipowa", "ul. Mickiewicza", "ul. Kościuszki", "al. Niepodległości", "pl. Wolności",
    ),
    "Germany": (
        "Hauptstraße", "Schulstraße", "Gartenstraße", "Bahnhofstraße", "Lindenweg", "Bergstraße", "Ahornweg",
        "Goethestraße", "Am Markt",
    ),
    "Ireland": (
        "Main Street", "Church Road", "Mill Lane", "Harbour View", "Castle Street", "Park Avenue", "Station Road",
        "The Green",
    ),
}  # fmt: skip
_CITIES: dict[str, tuple[tuple[str, str], ...]] = {
    "Poland": (
        ("Warszawa", "00"), ("Kraków", "30"), ("Gdańsk", "80"), ("Wrocław", "50"), ("Poznań", "60"), ("Łódź", "90"),
        ("Lublin", "20"), ("Katowice", "40"),
    ),
    "Germany": (("Berlin", "10"), ("München", "80"), ("Köln", "50"), ("Leipzig", "04"), ("Hamburg", "20")),
    "Ireland": (("Dublin", "D0"), ("Cork", "T1"), ("Galway", "H9"), ("Limerick", "V9")),
}  # fmt: skip
_NUMBERS: dict[str, tuple[str, tuple[str, ...], int]] = {  # country's code, beginnings, digits that follow
    "Poland": ("+48", ("50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88"), 7),
    "Germany": ("+49", ("1511", "1512", "1573", "1577", "1761", "1762"), 7),
    "Ireland": ("+353", ("83", "85", "86", "87", "89"), 7),
}
HOME, HOME_CODE = "Poland", "+48"
_COUNTRY_OF = {"de": "Germany", "en": "Ireland"}
_EIRCODE = "ACDEFHKNPRTVWXY0123456789"


def country_of(sim: Simulation, language: str) -> str:
    """Where somebody of this language lives: most at home, some where the company sits."""
    return _COUNTRY_OF.get(language, HOME) if sim.chance(0.8) else HOME


def address(sim: Simulation, country: str) -> PostalAddress:
    """A home."""
    street, (city, zone) = sim.pick(_STREETS[country]), sim.pick(_CITIES[country])
    number = sim.rng.randrange(1, 120)
    if country == "Ireland":
        rest = "".join(sim.pick(_EIRCODE) for _ in range(4))
        return PostalAddress(f"{number} {street}", city, f"{zone}{sim.rng.randrange(1, 9)} {rest}", country)
    if country == "Germany":
        return PostalAddress(f"{street} {number}", city, f"{zone}{sim.rng.randrange(100, 999)}", country)
    flat = f"/{sim.rng.randrange(1, 60)}" if sim.chance(0.6) else ""
    return PostalAddress(f"{street} {number}{flat}", city, f"{zone}-{sim.rng.randrange(100, 999)}", country)


def phone(sim: Simulation, country: str) -> str:
    """A mobile number with the country's code."""
    code, beginnings, digits = _NUMBERS[country]
    return f"{code}{sim.pick(beginnings)}{sim.rng.randrange(10 ** (digits - 1), 10**digits)}"


def parts_of_phone(number: str) -> tuple[str, str]:
    """The country's code and the national number."""
    code = next(code for code, _, _ in _NUMBERS.values() if number.startswith(code))
    return code, number.removeprefix(code)
