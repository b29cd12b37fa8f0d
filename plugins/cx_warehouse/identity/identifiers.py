"""Addresses and numbers in the one form in which they can be compared, or the reason why they are nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import duckdb
import phonenumbers
from babel import Locale
from phonenumbers import PhoneNumberType

from cx_warehouse.identity.settings import Settings
from cx_warehouse.identity.workspace import append, batches_of, fill

# Numbers of companies and services: many people have them, nobody is reached by them.
_SERVICE_NUMBERS = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)


def normalise(duck: duckdb.DuckDBPyConnection, settings: Settings, stated: str, into: str) -> None:
    """Make `into` of `stated` (identity_key, origin, kind, value, rule, claimed_at, country), which is dropped: the
    same claims with normalised values, and blocked_because for those that link nobody (value is null where it cannot
    be read)."""
    _normalise_emails(duck, settings, stated)
    _normalise_phones(duck, settings, stated)
    duck.execute(
        f"""create or replace table {into} as
            select stated.identity_key, stated.origin, stated.kind,
                   case stated.kind when 'email' then email.normalised when 'phone' then phone.normalised
                        else stated.value end as value,
                   stated.rule, min(stated.claimed_at) as claimed_at,
                   case stated.kind when 'email' then email.blocked_because when 'phone' then phone.blocked_because end
                       as blocked_because
            from {stated} as stated
            left join email_form as email on stated.kind = 'email' and email.value = stated.value
            left join phone_form as phone
                on stated.kind = 'phone' and phone.value = stated.value
                and phone.source = split_part(stated.identity_key, ':', 1)
                and phone.country is not distinct from stated.country
            group by all"""
    )
    for done in (stated, "email_form", "phone_form"):
        duck.execute(f"drop table {done}")


def _normalise_emails(duck: duckdb.DuckDBPyConnection, settings: Settings, stated: str) -> None:
    fill(
        duck,
        "provider",
        {"domain": "text", "canonical_domain": "text", "is_dot_ignored": "boolean", "tag_separator": "text"},
        [(p.domain, p.canonical_domain, p.is_dot_ignored, p.tag_separator) for p in settings.providers],
    )
    duck.execute(
        f"""create or replace table email_form as
            with distinct_values as (select distinct value from {stated} where kind = 'email'),
            parts as (
                select value, split_part(value, '@', 1) as mailbox, split_part(value, '@', 2) as domain
                from distinct_values where regexp_full_match(value, '[^@\\s]+@[^@\\s.]+(\\.[^@\\s.]+)+')
            ),
            untagged as (
                select parts.value, coalesce(provider.canonical_domain, parts.domain) as domain,
                       coalesce(provider.is_dot_ignored, false) as is_dot_ignored,
                       case when instr(parts.mailbox, provider.tag_separator) > 1
                            then split_part(parts.mailbox, provider.tag_separator, 1) else parts.mailbox end as mailbox
                from parts left join provider using (domain)
            ),
            formed as (
                select value,
                       case when is_dot_ignored then replace(mailbox, '.', '') else mailbox end || '@' || domain
                           as normalised
                from untagged
            )
            select distinct_values.value, formed.normalised,
                   case when formed.value is null then 'not an e-mail address'
                        -- x@x.com and none@none.com are what people type who are made to type something
                        when split_part(formed.normalised, '@', 1)
                            = split_part(split_part(formed.normalised, '@', 2), '.', 1) then 'nobody''s address'
                        {_blocked_cases(settings, "email", "distinct_values.value", "formed.normalised")} end
                       as blocked_because
            from distinct_values left join formed using (value)"""
    )


def _normalise_phones(duck: duckdb.DuckDBPyConnection, settings: Settings, stated: str) -> None:
    duck.execute(
        f"""create or replace table stated_phone as
            select distinct value, split_part(identity_key, ':', 1) as source, country from {stated}
            where kind = 'phone'"""
    )
    places = duck.execute("select distinct source, country from stated_phone").fetchall()
    fill(
        duck,
        "phone_region",
        {"source": "text", "country": "text", "region": "text"},
        [(source, country, region_of(country) or settings.phone_regions.get(source)) for source, country in places],
    )
    duck.execute(
        """create or replace table placed_phone as
           select stated_phone.*, phone_region.region
           from stated_phone join phone_region
               on phone_region.source = stated_phone.source
               and phone_region.country is not distinct from stated_phone.country"""
    )
    # many records of several sources have one number: to read it takes longer than anything else here
    distinct_phones = duck.cursor().execute("select distinct value, region from placed_phone")
    columns = {"value": "text", "region": "text", "normalised": "text", "reason": "text"}
    fill(duck, "parsed_phone", columns)
    for rows in batches_of(distinct_phones):
        append(duck, "parsed_phone", columns, [(*row, *normalised_phone(*row)) for row in rows])
    duck.execute(
        f"""create or replace table phone_form as
            select placed.value, placed.source, placed.country, parsed.normalised,
                   case when parsed.reason is not null then parsed.reason
                        {_blocked_cases(settings, "phone", "parsed.normalised")} end as blocked_because
            from placed_phone as placed join parsed_phone as parsed
                on parsed.value = placed.value and parsed.region is not distinct from placed.region"""
    )
    for done in ("stated_phone", "phone_region", "placed_phone", "parsed_phone"):
        duck.execute(f"drop table {done}")


def normalised_phone(text: str, region: str | None) -> tuple[str | None, str | None]:
    """The number as E.164 (+48501234567) and why it is nobody's, if it is. `region` is the country (ISO 3166) whose
    numbers are written without a prefix."""
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None, "not a phone number"
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.UNKNOWN:  # just so is_valid_number finds that a number is none
        return None, "not a phone number"
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return number, "a service's number" if kind in _SERVICE_NUMBERS else None


def region_of(country: str | None) -> str | None:
    """The ISO code of a country given by code or by its English, Polish or German name; None where it is neither."""
    return _regions().get(country.strip().casefold()) if country else None


@lru_cache(maxsize=1)
def _regions() -> Mapping[str, str]:
    known = {}
    for language in ("en", "pl", "de"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                known[name.casefold()] = code
                known[code.casefold()] = code
    return known


def _blocked_cases(settings: Settings, identifier: str, *values: str) -> str:
    """Branches of a case expression: the reason of the first blocklist entry that matches one of the values."""
    reasons: dict[str, list[str]] = {}
    for kind, pattern, reason in settings.blocklist:
        if kind == identifier:
            reasons.setdefault(reason, []).append(like_as_regex(pattern))
    return " ".join(
        f"when {' or '.join(f'regexp_full_match({value}, {_text(_any_of(patterns))})' for value in values)} "
        f"then {_text(reason)}"
        for reason, patterns in sorted(reasons.items())
    )


def like_as_regex(pattern: str) -> str:
    """A LIKE pattern (% any characters, _ one) as a regular expression for the whole text."""
    return "".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern)


def _any_of(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in sorted(patterns))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
