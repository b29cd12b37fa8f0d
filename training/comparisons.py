"""What two records can agree on, and how closely: Splink's comparisons, in SQL over the prepared columns.

Given and family name are one comparison, so are the parts of an address: they are not independent of each other, and
Splink adds up what it takes to be independent."""

from __future__ import annotations

from typing import Any

from cx_warehouse.identity.probable import BIRTH_DATES_ALIKE


def _level(label: str, condition: str, rarity_of: str | None = None) -> dict[str, Any]:
    """A level; where `rarity_of` names a column, agreement on a rare value weighs more."""
    level: dict[str, Any] = {"sql_condition": condition, "label_for_charts": label}
    if rarity_of:
        # a name that one in ten million bears proves no more than one that one in a million does
        least = 1e-7 if rarity_of == "full_name" else 1e-4
        level |= {
            "tf_adjustment_column": rarity_of,
            "tf_adjustment_weight": 1.0,
            "tf_minimum_u_value": least,
            "disable_tf_exact_match_detection": True,
        }
    return level


def _comparison(name: str, null: str, *levels: dict[str, Any]) -> dict[str, Any]:
    unknown = {"sql_condition": null, "label_for_charts": "not known", "is_null_level": True}
    return {
        "output_column_name": name,
        "comparison_levels": [unknown, *levels, {"sql_condition": "ELSE", "label_for_charts": "differ"}],
    }


def one_slip(column: str) -> str:
    """One letter too many, too few, another or in its neighbour's place. What is further apart is sorted out
    first, as distances without neighbours are found nine times as fast; an "and" would ask for all of them."""
    left, right = f"{column}_l", f"{column}_r"
    return (
        f"case when abs(length({left}) - length({right})) > 1 then false"
        f" when levenshtein({left}, {right}) > 2 then false else damerau_levenshtein({left}, {right}) = 1 end"
    )


_GIVEN_ALIKE = "(jaro_winkler_similarity(given_l, given_r) >= 0.9 or given_sound_l = given_sound_r)"
_INITIAL = "(least(length(given_l), length(given_r)) = 1 and left(given_l, 1) = left(given_r, 1))"
# names of one word share a word where they are the same, which the others tell sooner
FAMILY_ALIKE = (
    "(jaro_winkler_similarity(family_l, family_r) >= 0.9 or family_sound_l = family_sound_r"
    " or case when contains(family_l, ' ') or contains(family_r, ' ')"
    " then len(list_intersect(string_split(family_l, ' '), string_split(family_r, ' '))) > 0 end)"
)
_SWAPPED_ALIKE = (
    "(jaro_winkler_similarity(given_l, family_r) >= 0.9 and jaro_winkler_similarity(family_l, given_r) >= 0.9)"
)

NAME = _comparison(
    "name",
    "(given_l is null and family_l is null) or (given_r is null and family_r is null)",
    _level("both", "given_l = given_r and family_l = family_r", rarity_of="full_name"),
    _level("both, in each other's place", "given_l = family_r and family_l = given_r"),
    _level("an initial, family name", f"{_INITIAL} and family_l = family_r", rarity_of="family"),
    _level("given name alike, family name", f"{_GIVEN_ALIKE} and family_l = family_r", rarity_of="family"),
    _level("given name, family name alike", f"given_l = given_r and {FAMILY_ALIKE}", rarity_of="given"),
    _level("both alike", f"({_GIVEN_ALIKE} and {FAMILY_ALIKE}) or {_SWAPPED_ALIKE}"),
    _level(
        "family name, the given one not known",
        "family_l = family_r and (given_l is null or given_r is null)",
        rarity_of="family",
    ),
    _level(
        "given name, the family one not known",
        "given_l = given_r and (family_l is null or family_r is null)",
        rarity_of="given",
    ),
    _level("one part, not compared", "given_l is null or given_r is null or family_l is null or family_r is null"),
    _level("given name only", "given_l = given_r", rarity_of="given"),
    _level("family name only", f"family_l = family_r or {FAMILY_ALIKE}"),
)

EMAIL = _comparison(
    "email",
    "email_l is null or email_r is null",
    _level("a mailbox of several people", "email_l = email_r and is_shared_mailbox_l"),
    _level("same", "email_l = email_r"),
    _level("same before the @", "email_local_l = email_local_r and length(email_local_l) > 5"),
    _level("one slip", one_slip("email")),
    _level("alike before the @", "jaro_winkler_similarity(email_local_l, email_local_r) >= 0.92"),
)

PHONE = _comparison(
    "phone",
    "phone_l is null or phone_r is null",
    _level("same", "phone_l = phone_r"),
    _level("one slip", one_slip("phone")),
)

_PLACE = "(postal_code_l = postal_code_r or city_l = city_r)"
_NO_PLACE = "((postal_code_l is null or postal_code_r is null) and (city_l is null or city_r is null))"
_SAME_STREET = "street_words_l = street_words_r and street_numbers_l = street_numbers_r"
_STREET_ALIKE = (
    "((street_numbers_l = street_numbers_r and jaro_winkler_similarity(street_words_l, street_words_r) >= 0.88)"
    " or (street_words_l = street_words_r and damerau_levenshtein(street_numbers_l, street_numbers_r) = 1))"
)
HOME = _comparison(
    "home",
    "coalesce(street_words_l, postal_code_l, city_l) is null or coalesce(street_words_r, postal_code_r, city_r) is null"
    # nothing that both know: a street here, a town there
    " or (coalesce(street_words_l, street_words_r) is not null and (street_words_l is null or street_words_r is null)"
    f" and {_NO_PLACE})",
    _level("same street and number, same place", f"{_SAME_STREET} and {_PLACE}"),
    _level("same street and number", _SAME_STREET),
    _level("street or number alike, same place", f"{_STREET_ALIKE} and {_PLACE}"),
    _level(
        "same postal code, a street not known",
        "postal_code_l = postal_code_r and (street_words_l is null or street_words_r is null)",
    ),
    _level("same postal code, another street", "postal_code_l = postal_code_r"),
    _level("same town", "city_l = city_r or jaro_winkler_similarity(city_l, city_r) >= 0.92"),
)

BIRTH = _comparison(
    "birth",
    "birth_date_l is null or birth_date_r is null",
    _level("same", "birth_date_l = birth_date_r"),
    _level("one slip", BIRTH_DATES_ALIKE),
    _level("same year", "left(birth_date_l, 4) = left(birth_date_r, 4)"),
)

NUMBER = _comparison(
    "number",
    "external_id_l is null or external_id_r is null",
    _level("same", "external_id_l = external_id_r"),
    _level("one slip", one_slip("external_id")),
)

COMPARISONS = (NAME, EMAIL, PHONE, HOME, BIRTH, NUMBER)


def settings(prior: float) -> dict[str, Any]:
    """Splink's settings without weights; `prior` is the share of pairs that are one person, before anything is
    compared."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "identity_key",
        "probability_two_random_records_match": prior,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [],
        "comparisons": [dict(comparison) for comparison in COMPARISONS],
    }
