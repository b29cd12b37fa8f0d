"""Which persons are compared at all: those that share a block key, and not too many of them do.

A block key is made from one record alone, so that a night can look its neighbours up instead of keeping pairs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from uuid import uuid4

import duckdb

from cx_warehouse.identity.names import skeleton

# Texts are kept as numbers: shorter than the names and addresses that they are made of, and nobody can read them.
_NUMBER = "(md5_number_lower({text}) >> 1)::bigint"

# A struct as text: what is unknown and what is empty stay two things.
_COMPARED = """row(
    given, family, stated_name, email, phone, street_words, street_numbers, city, postal_code, birth_date, external_id,
    is_romanised)::varchar"""

COLUMNS = (
    "given",
    "family",
    "email",
    "phone",
    "street",
    "city",
    "postal_code",
    "birth_date",
    "external_id",
)
"""What is known of a person, all text, null when unknown; `identity_key` comes before them."""

# The part before the @ of mailboxes that several people read.
_SHARED_MAILBOX = (
    "^(admin|ap|accounts?|billing|biuro|buchhaltung|buero|contact|faktury|family|familie|finance|hello|help|info|"
    "invoices?|kontakt|ksiegowosc|mail|marketing|no.?reply|office|orders?|post|poczta|recepcja|reception|rodzina|"
    "sales|sekretariat|service|shop|sklep|support|team|verwaltung|zakaz)([-._+0-9].*)?@"
)

_PREPARED = """
select
    person_number,
    identity_key,
    given,
    family,
    concat_ws(' ', whole_given, family) as stated_name,
    given || ' ' || family as full_name,
    {sound}(given) as given_sound,
    {sound}(family) as family_sound,
    email,
    regexp_matches(email, '{shared_mailbox}') as is_shared_mailbox,
    split_part(email, '@', 1) as email_local,
    split_part(email, '@', 2) as email_domain,
    phone,
    nullif(trim(regexp_replace(street, '[^a-z]+', ' ', 'g')), '') as street_words,
    nullif(array_to_string(regexp_extract_all(street, '[0-9]+'), ' '), '') as street_numbers,
    city,
    nullif(regexp_replace(postal_code, '[^a-z0-9]+', '', 'g'), '') as postal_code,
    birth_date,
    external_id,
    is_romanised
from (
    select
        cast(rowid as integer) as person_number,
        cast(identity_key as varchar) as identity_key,
        nullif(split_part(trim(given), ' ', 1), '') as given,
        nullif(trim(given), '') as whole_given,
        nullif(trim(family), '') as family,
        nullif(trim(email), '') as email,
        nullif(trim(phone), '') as phone,
        lower(street) as street,
        nullif(trim(lower(city)), '') as city,
        lower(postal_code) as postal_code,
        nullif(trim(birth_date), '') as birth_date,
        nullif(trim(external_id), '') as external_id,
        {is_romanised} as is_romanised
    from {persons}
    {only}
)
"""

# One expression a rule; null where the record does not know enough. Given and family name share a prefix, so that
# records with the two in each other's place meet.
_RULES = (
    "'email ' || email",
    "'mailbox ' || case when length(email_local) > 5 and not is_shared_mailbox then email_local end",
    "'phone ' || phone",
    "'number ' || external_id",
    "case when full_name is not null then 'name ' || least(given, family) || ' ' || greatest(given, family) end",
    "'born ' || birth_date || ' ' || nullif(given_sound, '')",
    "'born ' || birth_date || ' ' || nullif(family_sound, '')",
    "'born ' || birth_date || ' at ' || postal_code",
    "'near ' || postal_code || ' ' || nullif(given_sound, '')",
    "'near ' || postal_code || ' ' || nullif(family_sound, '')",
    "'home ' || street_words || ' ' || street_numbers || ' ' || nullif(given_sound, '')",
    "'home ' || street_words || ' ' || street_numbers || ' ' || nullif(family_sound, '')",
)


def _unique(stem: str) -> str:
    return f"cx_{stem}_{uuid4().hex[:12]}"


@contextmanager
def prepared(connection: duckdb.DuckDBPyConnection, persons: str, only: str | None = None) -> Iterator[str]:
    """Name of a temporary table with one row per row of the table `persons`, in the columns that block keys and the
    model's comparisons are written in. It is gone afterwards. `person_number` is the row's number in `persons` (its
    rowid, the same as long as nobody writes to it); where `only` is given, a query of such numbers, other rows are left
    out.

    `persons` has `identity_key` and the columns of `COLUMNS`. A boolean column `is_romanised` may say that the name was
    written in another script (`PersonName.is_romanised`); without it no name was."""
    known = {column[0] for column in connection.sql(f"select * from {persons} limit 0").description}
    sound, table = _unique("sound"), _unique("prepared")
    connection.create_function(sound, cache(skeleton), ["VARCHAR"], "VARCHAR")
    try:
        query = _PREPARED.format(
            sound=sound,
            shared_mailbox=_SHARED_MAILBOX,
            is_romanised="coalesce(is_romanised, false)" if "is_romanised" in known else "false",
            persons=persons,
            only=f"where rowid in ({only})" if only else "",
        )
        connection.execute(f"create temp table {table} as {query}")
        yield table
    finally:
        connection.execute(f"drop table if exists {table}")
        connection.remove_function(sound)


def keys_of(prepared_table: str) -> str:
    """A query of the block keys of a prepared table: identity_key, block, person_number; each once."""
    rules = ",\n        ".join(_RULES)
    return f"""
    select identity_key, {_NUMBER.format(text="block_key")} as block, person_number
    from (select person_number, identity_key, unnest(list_distinct([{rules}])) as block_key from {prepared_table})
    """


def blocking_keys(connection: duckdb.DuckDBPyConnection, persons: str, into: str, prints: str | None = None) -> None:
    """Write the block keys of `persons` into a new table `into`: identity_key, block (a number in the key's place),
    person_number (as in `prepared`). And if `prints` is given, into it: identity_key, print, a number that is another
    one when anything differs by which persons are compared.

    A key depends on its own record only. Persons who share a key may be compared; whoever calls `probable_pairs` for
    some thin persons hands it all persons that share a key with one of them."""
    with prepared(connection, persons) as table:
        connection.execute(f"create or replace table {into} as {keys_of(table)}")
        if prints:
            print_of = _NUMBER.format(text=_COMPARED)
            connection.execute(
                f"create or replace table {prints} as select identity_key, {print_of} as print from {table}"
            )
