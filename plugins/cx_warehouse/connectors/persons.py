"""Where each stream's records name people: one table for landing, which keeps erased people out, and for erasure.

A field is one of three things. `about`: the record is about the person that the field names, and goes with them.
`alias`: in a record about a person, one more name of theirs. `mention`: the record is somebody else's, and only what
the field tells of the person goes. Names are e-mail addresses, phone numbers, people's names, and records of a stream
(`zendesk.users`); a record that goes takes those with it that are about it (a ticket its events)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

EMAIL, PHONE, NAME = "email", "phone", "name"
BROWSER = "matomo.visitors"  # no stream: a browser is known by its visits only
CONTACT, USER, TICKET = "hubspot.contacts", "zendesk.users", "zendesk.tickets"


@dataclass(frozen=True)
class PersonField:
    """`path`: names of fields, one object deep each; `*` is every item of a list, a number one item; of a person's name
    the parts are joined by `+`. `names`: what the value is. `splits`: one field holds several values, cut at `;`.
    `words`: fields beside this one that hold what the person said, when the record itself is somebody else's."""

    path: str
    names: str
    role: Literal["about", "alias", "mention"] = "about"
    splits: bool = False
    words: tuple[str, ...] = ()

    @cached_property
    def steps(self) -> tuple[str, ...] | None:
        """The path, where it leads through objects only, at most to the items of a list."""
        steps = tuple(self.path.removesuffix(".*").split("."))
        return None if "+" in self.path or any(step == "*" or step.isdecimal() for step in steps) else steps

    @property
    def sql_path(self) -> str:
        """As SQL/JSON path; lax, so that what is missing is nothing."""
        steps = (f"[{step}]" if step == "*" or step.isdecimal() else f'."{step}"' for step in self.path.split("."))
        return "lax $" + "".join(steps)

    def values(self, record: Any) -> Iterator[str]:
        """The values of the field in a record, in normal form."""
        if self.steps is not None:  # most are: landing reads each of them of every record
            for step in self.steps:
                record = record.get(step) if isinstance(record, dict) else None
            if record is None or record == []:
                return
            for found in record if self.path.endswith("*") and isinstance(record, list) else (record,):
                if isinstance(found, str | int) and not isinstance(found, bool):
                    for part in found.split(";") if self.splits and isinstance(found, str) else (str(found),):
                        if normal := normalised(self.names, part):
                            yield normal
            return
        parts = [list(self._texts(record, path)) for path in self.path.split("+")]
        for found in parts[0] if len(parts) == 1 else (" ".join(text for texts in parts for text in texts),):
            for part in found.split(";") if self.splits else (found,):
                if normal := normalised(self.names, part):
                    yield normal

    @staticmethod
    def _texts(record: Any, path: str) -> Iterator[str]:
        for holder, step in places(record, path.split(".")):
            found = holder[step]
            if isinstance(found, str | int) and not isinstance(found, bool):
                yield str(found)


def _about(names: str, *paths: str) -> tuple[PersonField, ...]:
    return tuple(PersonField(path, names) for path in paths)


def _alias(names: str, *paths: str) -> tuple[PersonField, ...]:
    return tuple(PersonField(path, names, "alias") for path in paths)


def _mention(names: str, *paths: str) -> tuple[PersonField, ...]:
    return tuple(PersonField(path, names, "mention") for path in paths)


# Streams with nobody in them are named too: a new stream has to be thought about (tests/unit/privacy).
PERSONS: Mapping[str, tuple[PersonField, ...]] = {
    "hubspot.contacts": (
        *_about(EMAIL, "properties.email"),
        PersonField("properties.hs_additional_emails", EMAIL, splits=True),
        *_about(PHONE, "properties.phone", "properties.mobilephone"),
        PersonField("properties.hs_merged_object_ids", CONTACT, "alias", splits=True),
        *_alias(NAME, "properties.firstname+properties.lastname"),
    ),
    "hubspot.contact_companies": _about(CONTACT, "from_id"),
    "hubspot.deal_contacts": _about(CONTACT, "association.toObjectId"),
    # what was sold stays, without the buyer (docs/decisions/0012)
    "hubspot.deals": (),
    "hubspot.companies": (),
    "hubspot.owners": (),  # colleagues
    "hubspot.deal_companies": (),
    "zendesk.users": (
        *_about(EMAIL, "email"),
        *_about(PHONE, "phone"),
        *_about(CONTACT, "external_id"),
        *_alias(NAME, "name"),
    ),
    "zendesk.tickets": (
        *_about(USER, "requester_id"),
        *_mention(USER, "submitter_id", "collaborator_ids.*", "follower_ids.*", "email_cc_ids.*"),
    ),
    "zendesk.ticket_events": (
        *_about(TICKET, "ticket_id"),
        *_mention(USER, "updater_id"),
        PersonField("child_events.*.author_id", USER, "mention", words=("body", "html_body", "plain_body", "via")),
    ),
    "zendesk.metric_events": _about(TICKET, "ticket_id"),
    "zendesk.ticket_metrics": _about(TICKET, "ticket_id"),
    "zendesk.satisfaction_ratings": (*_about(TICKET, "ticket_id"), *_about(USER, "requester_id")),
    "zendesk.survey_responses": (*_about(TICKET, "subjects.*.id"), *_about(USER, "responder_id")),
    "zendesk.organizations": (),
    "zendesk.groups": (),
    "zendesk.schedules": (),
    "zendesk.holidays": (),
    "zendesk.sla_policies": (),
    "typeform.responses": (
        *_about(EMAIL, "response.hidden.email", "response.answers.*.email"),
        *_about(CONTACT, "response.hidden.contact_id"),
        *_about(TICKET, "response.hidden.ticket_id"),
    ),
    "typeform.forms": (),
    "ga4.daily_users": _about(CONTACT, "row.dimensionValues.1.value"),
    "ga4.daily_traffic": (),  # sums
    "matomo.visits": (*_about(CONTACT, "visit.userId"), *_about(BROWSER, "visit.visitorId")),
}


def fields_of(source: str, stream: str) -> tuple[PersonField, ...]:
    """Where the stream's records name people; nowhere for a stream that is not registered (a test's)."""
    return PERSONS.get(f"{source}.{stream}", ())


def normalised(kind: str, value: str) -> str:
    """The one form in which values of a kind are compared; empty for what can be nobody's."""
    if kind == PHONE:
        digits = re.sub(r"\D", "", value).removeprefix("00")
        return digits if len(digits) >= 7 else ""
    plain = value.strip()
    return plain.lower() if kind in (EMAIL, NAME) else plain


def places(record: Any, steps: list[str]) -> Iterator[tuple[Any, Any]]:
    """(holder, name or index) of everything that a path leads to."""
    step, further = steps[0], steps[1:]
    if isinstance(record, list):
        indexes = range(len(record)) if step == "*" else [int(step)] if step.isdecimal() else []
        found: list[tuple[Any, Any]] = [(record, index) for index in indexes if index < len(record)]
    elif isinstance(record, dict) and step in record:
        found = [(record, step)]
    else:
        return
    for holder, name in found:
        if further:
            yield from places(holder[name], further)
        else:
            yield holder, name
