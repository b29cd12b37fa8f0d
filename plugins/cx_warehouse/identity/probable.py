"""Pairs of records that are probably one person, where rules have too little to go by.

Splink weighs each pair with the shipped model (`model/`). A pair above the upper threshold is accepted, if nothing in
it speaks of two people; what is left above the lower one is proposed to a person for review. To glue two strangers
together is a data breach, to keep one customer apart is a nuisance: whatever is unclear is proposed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from uuid import uuid4

import duckdb

from cx_warehouse.identity.blocking import blocking_keys, keys_of, prepared
from cx_warehouse.identity.names import Names, PersonName, parse_name
from cx_warehouse.identity.scoring import Model, scored, shipped

__all__ = ["blocking_keys", "probable_pairs"]

# Birth dates (ISO text) that one slip can turn into each other. Not the decade: a son is born then.
BIRTH_DATES_ALIKE = """(
    birth_date_l = birth_date_r
    or (left(birth_date_l, 4) = left(birth_date_r, 4)
        and (substr(birth_date_l, 6, 2) || substr(birth_date_l, 9, 2)
                = substr(birth_date_r, 9, 2) || substr(birth_date_r, 6, 2)
            or damerau_levenshtein(substr(birth_date_l, 6), substr(birth_date_r, 6)) <= 1))
    or (substr(birth_date_l, 6) = substr(birth_date_r, 6) and left(birth_date_l, 3) = left(birth_date_r, 3)))"""

_SAME_BIRTH = "coalesce(birth_date_l = birth_date_r, false)"
_BIRTH_ALIKE = f"coalesce({BIRTH_DATES_ALIKE}, false)"
_SAME_NUMBER = "coalesce(external_id_l = external_id_r, false)"
_SAME_PHONE = "coalesce(phone_l = phone_r, false)"
_SAME_MAILBOX = "coalesce(email_l = email_r and not is_shared_mailbox_l, false)"
# The street as written, spaces aside; one slip in a long one, where the postal code is the same.
_SAME_HOME = """coalesce(
    street_numbers_l = street_numbers_r
    and (replace(street_words_l, ' ', '') = replace(street_words_r, ' ', '')
        or (least(length(street_words_l), length(street_words_r)) > 7 and postal_code_l = postal_code_r
            and damerau_levenshtein(replace(street_words_l, ' ', ''), replace(street_words_r, ' ', '')) = 1)), false)"""
_NUMBER_ALIKE = "coalesce(damerau_levenshtein(external_id_l, external_id_r) <= 1, false)"
# Alike and nobody's neighbour. Relatives who joined together have numbers side by side, and a digit that was left out
# hides how near two are; of numbers further apart, one in a hundred thousand is as like by chance.
_NUMBER_MISREAD = f"""coalesce(
    length(external_id_l) > 5 and length(external_id_l) = length(external_id_r) and {_NUMBER_ALIKE}
    and abs(try_cast(external_id_l as bigint) - try_cast(external_id_r as bigint)) > 99, false)"""
# A town alone is none: half of a country's people live in ten of them.
_SAME_AREA = """coalesce(
    postal_code_l = postal_code_r
    or (city_l = city_r and damerau_levenshtein(postal_code_l, postal_code_r) = 1), false)"""
# Namesakes are told apart by any of these. A birth date alone is not among them: among a million customers, some
# namesakes are born on one day, whatever the name weighs.
_EVIDENCE = (
    f"({_SAME_NUMBER} or {_SAME_PHONE} or {_SAME_MAILBOX}"
    f" or ({_NUMBER_MISREAD} and ({_SAME_BIRTH} or {_SAME_HOME} or {_SAME_AREA}))"
    f" or ({_SAME_BIRTH} and {_SAME_AREA}) or ({_BIRTH_ALIKE} and {_SAME_HOME}))"
)
# "J. Novak" and "Jan Novak" are not: a household shares its phone, its home and its mailbox. Without a given name,
# not even by a birth date: twins.
_STRONG_EVIDENCE = (
    f"({_SAME_NUMBER} or ({_NUMBER_MISREAD} and ({_SAME_BIRTH} or {_SAME_HOME}))"
    f" or ({_SAME_BIRTH} and given_l is not null and given_r is not null"
    f" and ({_NUMBER_ALIKE} or {_SAME_MAILBOX} or {_SAME_PHONE} or {_SAME_HOME})))"
)
# Whatever the names: who was given one number and was born on one day.
_ONE_BY_NUMBER = f"({_SAME_BIRTH} and ({_SAME_NUMBER} or {_NUMBER_MISREAD}))"
# A father and a son: never one person, unless they are one customer.
_TWO_BIRTH_DATES = (
    f"(coalesce(not {BIRTH_DATES_ALIKE}, false) and not {_SAME_NUMBER} and not ({_NUMBER_MISREAD} and {_SAME_HOME}))"
)

_VERDICTS = """
create or replace table {into} as
select
    left_key,
    right_key,
    match_weight,
    probability,
    case
        when match_weight < {accept} or not has_evidence then 'proposed'
        when is_one_by_number then 'accepted'
        when {agreement}(left_name, right_name) >= if(has_strong_evidence, 1, 2) then 'accepted'
        else 'proposed'
    end as verdict,
    '{version}' as model_version
from (
    select
        least(one.identity_key_l, other.identity_key_r) as left_key,
        greatest(one.identity_key_l, other.identity_key_r) as right_key,
        match_weight,
        probability,
        stated_name_l || if(is_romanised_l, '*', '') as left_name,
        stated_name_r || if(is_romanised_r, '*', '') as right_name,
        {strong_evidence} as has_strong_evidence,
        {one_by_number} as is_one_by_number,
        {evidence} and not {two_birth_dates} as has_evidence
    from (
        select
            identity_key_l as left_number,
            identity_key_r as right_number,
            round(match_weight, 6) as match_weight,
            round(match_probability, 9) as probability
        from {scored}
    ) as weight
    join (select columns(*) as '\\0_l' from {prepared}) as one on one.person_number_l = weight.left_number
    join (select columns(*) as '\\0_r' from {prepared}) as other on other.person_number_r = weight.right_number
    where match_weight >= {propose}
)
order by left_key, right_key
"""

_PAIRS = """
create temp table {pairs} as
with crowded as (
    select block from {keys} group by block having count(*) > {cap}
    {known_crowded}
)
, usable as (
    select person_number, block from {keys} anti join crowded using (block)
)
select distinct
    least(one.person_number, other.person_number) as join_key_l,
    greatest(one.person_number, other.person_number) as join_key_r,
    '0' as match_key
from usable as one
join usable as other using (block)
where one.person_number <> other.person_number
    and one.person_number in ({thin})
    and {among}
"""
# Numbers in the place of keys: of a large population there are tens of millions of pairs.
_NUMBERS = "select rowid from {persons} where identity_key in (select identity_key from {some})"


def probable_pairs(
    connection: duckdb.DuckDBPyConnection,
    thin: str,
    persons: str,
    into: str,
    *,
    names: Names | None = None,
    model: Model | None = None,
    keys: str | None = None,
    crowded: str | None = None,
    among: str | None = None,
) -> None:
    """Score the pairs of `persons` that share a block key and have at least one side in `thin`; write those at or
    above the proposal threshold into a new table `into`: left_key < right_key, match_weight (log2 of the odds, 6
    decimals), probability (9 decimals), verdict (accepted or proposed), model_version.

    `persons` holds one row per identity_key, in the columns of `blocking.COLUMNS` and optionally `is_romanised`; `thin`
    is a subset of it. `keys` is what `blocking_keys` made of `persons`, where that is at hand. `persons` must hold
    everyone who shares a block key with somebody thin, but for the keys of the table `crowded` (block), of which the
    caller knows that more than `Model.block_cap` persons share them. Then a pair gets the same row whoever else is
    there: its weight depends on its two records and the model only, and a key that more than `Model.block_cap` persons
    share compares nobody. If the table `among` (identity_key) is given, only pairs with a side in it are scored.

    Accepted means: at or above the accept threshold; names that `Names.agreement` calls the same; the same customer
    number, phone, personal mailbox, or birth date and postal code or home (one slip allowed in some of them); and not
    two birth dates, unless under one customer number. Where one name is only compatible with the other (an initial, a
    missing part, another family name), the same customer number, or birth date and mailbox. Names that are called
    different are accepted only under one customer number and birth date. So a father and a son of one name in one home
    are two people. `names` holds short forms; `model` is the shipped one unless told otherwise.

    Nothing else stays behind: no table, function, file or log line. Table names are put into SQL as they are."""
    model = model or shipped()
    own_keys, pairs = (f"cx_{stem}_{uuid4().hex[:12]}" for stem in ("keys", "pairs"))
    chosen = among and _NUMBERS.format(persons=persons, some=among)
    find_pairs = _PAIRS.format(
        pairs=pairs,
        keys=keys or own_keys,
        cap=model.block_cap,
        thin=_NUMBERS.format(persons=persons, some=thin),
        known_crowded=f"union select block from {crowded}" if crowded else "",
        among=f"(one.person_number in ({chosen}) or other.person_number in ({chosen}))" if chosen else "true",
    )
    with ExitStack() as undo:
        for made in (own_keys, pairs):
            undo.callback(connection.execute, f"drop table if exists {made}")
        if keys is None:
            table = undo.enter_context(prepared(connection, persons))
            connection.execute(f"create temp table {own_keys} as {keys_of(table)}")
            connection.execute(find_pairs)
        else:
            connection.execute(find_pairs)
            only = f"select unnest([join_key_l, join_key_r]) from {pairs}"
            table = undo.enter_context(prepared(connection, persons, only))
        agreement = undo.enter_context(_agreement(connection, names or Names()))
        weights = undo.enter_context(scored(connection, table, pairs, model))
        connection.execute(
            _VERDICTS.format(
                into=into,
                accept=repr(model.accept_weight),
                propose=repr(model.propose_weight),
                version=model.version,
                agreement=agreement,
                evidence=_EVIDENCE,
                strong_evidence=_STRONG_EVIDENCE,
                one_by_number=_ONE_BY_NUMBER,
                two_birth_dates=_TWO_BIRTH_DATES,
                scored=weights,
                prepared=table,
            )
        )


@contextmanager
def _agreement(connection: duckdb.DuckDBPyConnection, names: Names) -> Iterator[str]:
    """Name of an SQL function that compares two names (given name, a space, the rest; a star at the end where another
    script was romanised) as `Names.agreement` does, with -1 where a name is not known."""

    def compare(left: str, right: str) -> int:
        one, other = _parsed(left), _parsed(right)
        return -1 if one is None or other is None else int(names.agreement(one, other))

    function = f"cx_agreement_{uuid4().hex[:12]}"
    connection.create_function(function, compare, ["VARCHAR", "VARCHAR"], "INTEGER")
    try:
        yield function
    finally:
        connection.remove_function(function)


def _parsed(text: str) -> PersonName | None:
    # as one text: people write given and family name into each other's fields, so their order is not certain
    name = parse_name(text.rstrip("*"))
    return replace(name, is_romanised=text.endswith("*")) if name else None
