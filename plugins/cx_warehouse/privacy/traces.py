"""What a person's values look like in text: one regular expression, the same for Postgres and for files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cx_warehouse.landing.erased import BLANK

NEVER = "a^b"  # matches nothing


@dataclass(frozen=True)
class Traces:
    """`values` finds addresses, numbers and names; `keys` the person's keys in texts that name records (evidence of
    a link, lines of a log)."""

    values: str
    keys: str

    @classmethod
    def of(
        cls,
        emails: Iterable[str],
        phones: Iterable[str],
        names: Iterable[str],
        keys: Iterable[str],
    ) -> Traces:
        """The expressions for a person; case does not count."""
        found = [_bounded(email, r"[a-z0-9._%+'-]", r"[a-z0-9-]|\.[a-z0-9]") for email in sorted(emails)]
        found += [_phone(phone) for phone in sorted(phones)]
        found += [_bounded(name, r"\w", r"\w") for name in sorted(names)]
        named = [_bounded(key, r"[\w:]", r"\w") for key in sorted(keys)]
        return cls("|".join(found) or NEVER, "|".join(named) or NEVER)

    @property
    def everything(self) -> str:
        """Both: for logs."""
        return "|".join(part for part in (self.values, self.keys) if part != NEVER) or NEVER

    def clean(self, text: str) -> str:
        """The text without the person's values."""
        return re.sub(self.values, BLANK, text, flags=re.IGNORECASE)


def _bounded(value: str, before: str, after: str) -> str:
    return f"(?<!{before}){re.escape(value)}(?!{after})"


def _phone(digits: str) -> str:
    """With or without the country, and however the digits are set apart."""
    own = digits[-9:]
    joined = r"[ ().-]{0,2}".join(own)
    return rf"(?<![0-9])(?:\+|00)?(?:{digits[:-9]})?[ ().-]{{0,2}}{joined}(?![0-9])" if own else NEVER
