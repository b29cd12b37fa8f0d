"""What the account holds at the sandbox's clock: the company's events folded, and records added by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from sandbox.company.surveys import FORMS
from sandbox.model import SurveyResponse, SurveyResponseDeleted
from sandbox.vendors.typeform.records import RESPONSE_TYPES, definition, record, summary
from sandbox.world import World


@dataclass(frozen=True)
class Listed:
    """One form or response as listed. `rank` is its place in the order of processing."""

    rank: tuple[datetime, int]
    body: bytes
    token: str | None = None
    kind: str = "completed"
    at: datetime | None = None  # what since and until look at


@dataclass(frozen=True)
class Account:
    """Everything that the account holds at one clock."""

    forms: dict[str, Listed]
    definitions: dict[str, bytes]  # by form
    broken_forms: list[Listed]  # listed, but without a readable id
    responses: dict[str, list[Listed]]  # by form, newest first
    ranks: dict[str, dict[str, tuple[datetime, int]]]  # by form and token; deleted ones included


def fold(world: World, extra_forms: list[bytes], extra_responses: list[bytes]) -> Account:
    """The account at the world's clock. Added records stand where their time puts them, the newest
    without one; a change of one that is there keeps its place."""
    start = world.company.starts_at
    account = Account({}, {}, [], {}, {})
    if not world.data_dir_mode:
        for number, survey in enumerate(FORMS.values()):
            body = msgspec.json.encode(summary(survey, start))
            account.forms[survey.form_id] = Listed((start, number), body)
            account.definitions[survey.form_id] = msgspec.json.encode(definition(survey, start))
        _fold_events(world, account)
    last = datetime.max.replace(tzinfo=UTC)
    for number, body in enumerate(extra_forms):
        form_id = _text_field(body, "id")
        listed = Listed((last, number), body)
        if form_id is None:
            account.broken_forms.append(listed)
        else:
            account.forms[form_id] = listed
            account.definitions[form_id] = body
    added: dict[str, list[Listed]] = {}
    for number, given in enumerate(extra_responses):
        form_id, body = _unwrap(given)
        form_id = form_id or next(iter(account.forms), "unnamed1")
        if form_id not in account.forms:
            stub = {"id": form_id, "type": "quiz", "title": form_id, "fields": []}
            account.definitions[form_id] = json.dumps(stub).encode()
            account.forms[form_id] = Listed((last, -1), account.definitions[form_id])
        token = _text_field(body, "token")
        kind = _text_field(body, "response_type") or "completed"
        rank = (_time(body) or last, number)
        if token is not None:  # a response that changes keeps its place
            rank = account.ranks.setdefault(form_id, {}).setdefault(token, rank)
        added.setdefault(form_id, []).append(Listed(rank, body, token, kind if kind in RESPONSE_TYPES else "completed"))
    for form_id, newer in added.items():
        # a later record of the same response replaces the earlier
        kept: list[Listed] = []
        tokens: set[str] = set()
        for listed in [*reversed(newer), *account.responses.get(form_id, ())]:
            if listed.token is None or listed.token not in tokens:
                kept.append(listed)
                tokens.add(listed.token or "")
        account.responses[form_id] = sorted(kept, key=lambda item: item.rank, reverse=True)
    return account


def _fold_events(world: World, account: Account) -> None:
    latest: dict[tuple[str, str], SurveyResponse] = {}  # a response id is unique within its form
    for event in world.events():
        if isinstance(event, SurveyResponse):
            ranks = account.ranks.setdefault(event.form_id, {})
            ranks.setdefault(event.response_id, (event.at, event.event_id))
            latest[event.form_id, event.response_id] = event
        elif isinstance(event, SurveyResponseDeleted):
            latest.pop((event.form_id, event.response_id), None)
    purged = world.purged("typeform", "responses")
    for event in latest.values():
        if f"{event.form_id}:{event.response_id}" in purged:
            continue
        body = msgspec.json.encode(record(event))
        at = event.submitted_at if event.state == "completed" else event.landed_at
        listed = Listed(
            account.ranks[event.form_id][event.response_id],
            body,
            event.response_id,
            event.state,
            at.replace(microsecond=0),
        )
        account.responses.setdefault(event.form_id, []).append(listed)
    for responses in account.responses.values():
        responses.sort(key=lambda item: item.rank, reverse=True)


def _text_field(body: bytes, name: str) -> str | None:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    value = decoded.get(name) if isinstance(decoded, dict) else None
    return value if isinstance(value, str) and value else None


class _Times(msgspec.Struct):
    landed_at: datetime | None = None
    submitted_at: datetime | None = None


def _time(body: bytes) -> datetime | None:
    """When the response was last worked on, which orders a form's responses."""
    try:
        times = msgspec.json.decode(body, type=_Times)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    known = [at for at in (times.landed_at, times.submitted_at) if at is not None and at.tzinfo is not None]
    return max(known, default=None)


class _Wrapped(msgspec.Struct):
    form_id: str | None = None
    response: msgspec.Raw = msgspec.Raw()


def _unwrap(given: bytes) -> tuple[str | None, bytes]:
    """A record put in by hand: a bare response (of the first form), one that names its form, or a wrapped one
    ({"form_id": …, "response": {…}})."""
    try:
        wrapped = msgspec.json.decode(given, type=_Wrapped)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, given
    return wrapped.form_id, bytes(wrapped.response) or given
