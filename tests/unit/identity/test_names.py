"""Names across languages: which may be one person's, and which are two people's."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cx_warehouse.identity.names import Agreement, Names, PersonName, is_given_name, parse_name, romanised, skeleton

SHORT_FORMS = {"kuba": "jakub", "gosia": "malgorzata", "bill": "william", "sasha": "aleksandr"}
NAMES = Names(SHORT_FORMS)
SAME, COMPATIBLE, DIFFERENT = Agreement.SAME, Agreement.COMPATIBLE, Agreement.DIFFERENT

FULL_NAMES = [
    # Polish
    ("Łukasz Żółć", "Lukasz Zolc", SAME),
    ("Anna Kowalska", "ANNA KOWALSKA", SAME),
    ("Anna Kowalska", "Kowalska Anna", SAME),
    ("Kowalska, Anna", "Anna Kowalska", SAME),
    ("Pani Anna Kowalska", "Anna Kowalska", SAME),
    ("Anna Kowalska-Nowak", "Anna Kowalska", SAME),
    ("Jan Kowalski", "Jan Kowalska", SAME),  # an ending; nobody else is called so
    ("Kuba Nowak", "Jakub Nowak", SAME),
    ("Gosia Wójcik", "Małgorzata Wójcik", SAME),
    ("Anna Kowalska", "Anna Nowak", COMPATIBLE),  # married since
    ("A. Kowalska", "Anna Kowalska", COMPATIBLE),
    ("Anna K.", "Anna Kowalska", COMPATIBLE),
    ("Anna", "Anna Kowalska", COMPATIBLE),
    ("Kowalska", "Anna Kowalska", COMPATIBLE),
    ("Jan Kowalski", "Anna Kowalska", DIFFERENT),  # a household
    ("Marta Nowak", "Maria Nowak", DIFFERENT),
    ("Jan Nowak", "Janina Nowak", DIFFERENT),
    ("B. Kowalska", "Anna Kowalska", DIFFERENT),
    ("Zofia", "Anna Kowalska", DIFFERENT),
    # Russian
    ("Юлия Иванова", "Julia Ivanova", SAME),
    ("Юлия Иванова", "Yulia Ivanova", SAME),
    ("Александр Кузнецов", "Aleksandr Kuznetsov", SAME),
    ("Дмитрий Соколов", "Dmitry Sokolov", SAME),
    ("Саша Кузнецов", "Александр Кузнецов", SAME),
    ("Иванова Юлия", "Julia Ivanova", SAME),
    ("Мария Иванова", "Marta Ivanova", DIFFERENT),
    ("Юлия Иванова", "Ольга Иванова", DIFFERENT),
    ("Сергей Иванов", "Андрей Иванов", DIFFERENT),
    # Persian
    ("محمد رضایی", "Mohammad Rezaei", SAME),
    ("محمد رضایی", "Muhammad Rezai", SAME),
    ("حسین رضایی", "Hossein Rezaei", SAME),
    ("حسین موسوی", "Hossein Mousavi", SAME),  # one letter stands for v and u: mvsvy
    ("فاطمه صادقی", "Fatemeh Sadeghi", SAME),
    ("زهرا احمدی", "Zahra Ahmadi", SAME),
    ("محسن اکبری", "Hasan Akbari", DIFFERENT),  # brothers whose consonants are alike
    ("محمد اکبری", "Mahdi Akbari", DIFFERENT),
    ("علی رضایی", "Maryam Rezaei", DIFFERENT),
    # German
    ("Jörg Müller", "Jorg Muller", SAME),
    ("Hans Schmidt", "Hans Schmitt", SAME),
    ("Dr. Jürgen Weiß", "Jürgen Weiss", SAME),
    ("Elisabeth Huber", "Elizabeth Huber", DIFFERENT),  # two names in use; a person decides
    ("Hans Schmidt", "Heinz Schmidt", DIFFERENT),
    # English
    ("William Smith", "Bill Smith", SAME),
    ("Mr William Smith", "Smith, William", SAME),
    ("Katherine O'Neill", "Katherine ONeill", SAME),
    ("Rebekah Smith", "Rebekahh Smith", SAME),  # a slip
    ("William Smith", "W Smith", COMPATIBLE),
    ("William Smith", "Wendy Smith", DIFFERENT),
    ("John Smith", "Joan Smith", DIFFERENT),
    # nobody told a name
    ("Guest", "Anna Kowalska", COMPATIBLE),
    ("", "Anna Kowalska", COMPATIBLE),
    ("???", "Guest", COMPATIBLE),
]


@pytest.mark.parametrize(("left", "right", "expected"), FULL_NAMES)
def test_full_names_stand_to_each_other_as_their_bearers_do(left: str, right: str, expected: Agreement) -> None:
    one, other = parse_name(left), parse_name(right)
    assert NAMES.agreement(one, other) == NAMES.agreement(other, one) == expected


STRUCTURED = [
    (("Anna", "Kowalska"), ("Anna", "Kowalska"), SAME),
    (("Anna Maria", "Kowalska"), ("Anna", "Kowalska"), SAME),
    (("Anna", "Kowalska"), ("Anna", "Nowak"), COMPATIBLE),
    (("Anna", None), ("Anna", "Nowak"), COMPATIBLE),
    (("Jan", "Anna"), ("Anna", "Jan"), DIFFERENT),  # two sources that keep the fields apart
    (("Nyota", "Kowalska"), ("Nyota", "Nowak"), COMPATIBLE),  # no list knows her name, but the field says what it is
]


@pytest.mark.parametrize(("left", "right", "expected"), STRUCTURED)
def test_names_in_two_fields_are_in_their_order(
    left: tuple[str, str | None], right: tuple[str, str | None], expected: Agreement
) -> None:
    one, other = (parse_name(given=name[0], family=name[1]) for name in (left, right))
    assert NAMES.agreement(one, other) == NAMES.agreement(other, one) == expected


_GIVEN = ["anna", "maria", "mariaa", "marta", "jan", "jana", "kuba", "jakub", "sasha", "aleksandr", "julia", "mhmd"]
_FAMILY = ["nowak", "nowack", "kowalska", "kowalski", "smith", "smyth", "mohammad", "hsyn", "j", "k"]
_PARTS = st.sampled_from([*_GIVEN, *_FAMILY]) | st.text("abjmnoy", min_size=1, max_size=7)
_ANY_NAME = st.none() | st.builds(
    PersonName, _PARTS, st.lists(_PARTS, max_size=2).map(tuple), st.booleans(), st.booleans()
)


@given(_ANY_NAME, _ANY_NAME)
@example(PersonName("maria", ("maria",)), PersonName("mariaa", ("anna",)))
@example(PersonName("jakub", ("smith",)), PersonName("smith", ("kuba",)))
def test_agreement_is_symmetrical(left: PersonName | None, right: PersonName | None) -> None:
    assert NAMES.agreement(left, right) == NAMES.agreement(right, left)


@given(_ANY_NAME)
def test_a_name_is_never_different_from_itself(name: PersonName | None) -> None:
    assert NAMES.agreement(name, name) is not DIFFERENT


@given(st.text(max_size=30))
def test_romanised_text_has_latin_letters_and_spaces_only_and_stays_as_it_is(text: str) -> None:
    plain = romanised(text)
    assert set(plain) <= set("abcdefghijklmnopqrstuvwxyz ") and plain == plain.strip()
    assert romanised(plain) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Żółć-Łęcka", "zolc lecka"),
        ("O'Neill", "oneill"),
        ("Юлия", "yuliya"),
        ("محمد", "mhmd"),
        ("Jörg  Weiß", "jorg weiss"),
        ("12 !?", ""),
    ],
)
def test_text_is_romanised(text: str, plain: str) -> None:
    assert romanised(text) == plain


@pytest.mark.parametrize("text", ["", "Guest", "unknown UNKNOWN", "123", "Mr", "Brak"])
def test_a_placeholder_is_no_name(text: str) -> None:
    assert parse_name(text) is None


def test_parts_are_found_where_a_form_puts_them() -> None:
    assert parse_name("Kowalska, Anna Maria") == PersonName("anna", ("maria", "kowalska"))
    assert parse_name(given="Anna", family="Kowalska-Nowak") == PersonName("anna", ("kowalska", "nowak"), True)
    assert parse_name("Юлия Иванова") == PersonName("yuliya", ("ivanova",), False, True)
    # one field of two: nobody knows which one was filled in
    assert parse_name(given="Kowalska") == PersonName("kowalska")


def test_the_list_of_given_names_knows_common_ones_only() -> None:
    assert is_given_name("anna") and is_given_name("mohammad")
    assert not is_given_name("xqzt")


def test_a_skeleton_is_what_spellings_have_in_common() -> None:
    assert skeleton("mohammad") == skeleton("muhamad") == "mhmd"
    assert skeleton("alexander") == skeleton("aleksandr")
