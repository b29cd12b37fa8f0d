"""What a person's values look like in text: one regular expression, the same for Postgres and for files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from cx_warehouse.landing.erased import BLANK

NEVER = "a^b"  # matches nothing
APART = " ().-"  # what digits are set apart with


@dataclass(frozen=True)
class Pattern:
    """`regex` matches the values, whatever their case. Text that matches has one of `hints` in it once it is in lower
    case and without `APART`; None where that cannot be promised."""

    regex: str
    hints: tuple[str, ...] | None

    @classmethod
    def of(cls, parts: Iterable[tuple[str, str]]) -> Pattern:
        """Of expressions, each with the plain value that it looks for."""
        found = list(parts)
        hints = tuple(_plain(value) for _, value in found)
        keeps_case = all(letter.upper().lower() == letter != "σ" for hint in hints for letter in hint)
        return cls("|".join(regex for regex, _ in found) or NEVER, hints if keeps_case else None)

    def may_be_in(self, text: str) -> bool:
        """False only of text that does not match; told at a fraction of what the expression costs."""
        # beyond ASCII the expression takes more letters for the same than lower() does: a Turkish İ for an i
        if self.hints is None or not text.isascii():
            return True
        plain = _plain(text)
        return any(hint in plain for hint in self.hints)

    def found_in(self, text: sql.Composable) -> sql.Composable:
        """The condition that a text of Postgres matches: of nearly all texts the hints say no, as above."""
        matches = sql.SQL("{} ~* {}").format(text, sql.Literal(self.regex))
        if self.hints is None:
            return matches
        return sql.SQL("case when translate(lower({}), {}, '') like any ({}) then {} else false end").format(
            text,
            sql.Literal(APART),
            sql.Literal(["%" + re.sub(r"([%_\\])", r"\\\1", hint) + "%" for hint in self.hints]),
            matches,
        )


@dataclass(frozen=True)
class Traces:
    """`values` finds addresses, numbers and names; `keys` the person's keys in texts that name records (evidence of
    a link, lines of a log); `everything` both: for logs."""

    values: Pattern
    keys: Pattern
    everything: Pattern

    @classmethod
    def of(
        cls,
        emails: Iterable[str],
        phones: Iterable[str],
        names: Iterable[str],
        keys: Iterable[str],
    ) -> Traces:
        """The expressions for a person; case does not count."""
        values = [(_bounded(email, r"[a-z0-9._%+'-]", r"[a-z0-9-]|\.[a-z0-9]"), email) for email in sorted(emails)]
        values += [(_phone(phone), phone[-9:]) for phone in sorted(phones) if phone]
        values += [(_bounded(name, r"\w", r"\w"), name) for name in sorted(names)]
        named = [(_bounded(key, r"[\w:]", r"\w"), key) for key in sorted(keys)]
        return cls(Pattern.of(values), Pattern.of(named), Pattern.of(values + named))

    def clean(self, text: str) -> str:
        """The text without the person's values."""
        return re.sub(self.values.regex, BLANK, text, flags=re.IGNORECASE)


def _bounded(value: str, before: str, after: str) -> str:
    return f"(?<!{before}){re.escape(value)}(?!{after})"


def _phone(digits: str) -> str:
    """With or without the country, and however the digits are set apart."""
    joined = r"[ ().-]{0,2}".join(digits[-9:])
    return rf"(?<![0-9])(?:\+|00)?(?:{digits[:-9]})?[ ().-]{{0,2}}{joined}(?![0-9])"


def _plain(value: str) -> str:
    return value.lower().translate(str.maketrans("", "", APART))
