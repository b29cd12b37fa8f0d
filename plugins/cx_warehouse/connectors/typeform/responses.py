"""The responses of every form, newest first: a walk that loses no late answer and freezes no partial one.

A form's responses are paged with `before` tokens, which follow the vendor's order of processing; that order
exists only without `since`, `until` and `sort` (vendor reference; PostHog #63236, airbyte #40176). A response
may keep its place when it changes, so a walk always begins at the newest response and reads down past the
overlap."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from cx_warehouse.connectors.base import Page, State, Total, Window
from cx_warehouse.connectors.errors import ContractError, RetryableError, TokenExpiredError
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.http.envelope import Sliced
from cx_warehouse.connectors.typeform.forms import FormList, ListEnvelope, records_of
from cx_warehouse.connectors.typeform.streams import DEFAULT_OVERLAP, Response

RESPONSE_TYPES = "completed,partial,started"  # the vendor's default is completed only
# The vendor may keep the newest half hour back (vendor reference, "very recent responses").
HELD_BACK = timedelta(minutes=30)


@dataclass(frozen=True)
class Options:
    """How the account is read; INFO explains the settings."""

    overlap: timedelta = DEFAULT_OVERLAP
    full_read_up_to: int = 10_000  # ten requests at the largest page size
    full_read_every: timedelta = timedelta(days=7)
    page_size: int = 1_000


class FormMark(msgspec.Struct):
    """What is known of one form: walked up to `through`, read to its end at `full_at`. Moves after a walk."""

    through: datetime
    full_at: datetime


class Position(msgspec.Struct):
    """Where the walk of one form stands. `before` is the token that the next page follows."""

    before: str | None = None
    seen: int = 0
    total: int = 0
    bound: datetime | None = None  # responses older than this end the walk; None: read to the end


class Walk(msgspec.Struct):
    """A night's walk over all forms, as it is saved with each page."""

    as_of: datetime
    start: datetime | None
    done: list[str] = []
    form: str | None = None
    position: Position | None = None


class ResponseWalk:
    """One run of the responses stream."""

    def __init__(self, client: HttpClient, forms: FormList, options: Options, window: Window, state: State) -> None:
        self._client, self._forms, self._options, self._window = client, forms, options, window
        self._marks = msgspec.convert(state.get("watermark") or {}, dict[str, FormMark])
        walk = msgspec.convert(state["walk"], Walk) if state.get("walk") else None
        if walk is None or (walk.as_of, walk.start) != (window.end, window.start):
            # A walk of another night stands below what has come since: begin at the newest response again.
            walk = Walk(window.end, window.start)
        self._walk = walk

    def pages(self) -> Iterator[Page]:
        """Every form in turn, then a last page that ends the walk."""
        for form_id in self._forms.ids():
            if form_id not in self._walk.done:
                yield from self._form(form_id)
        watermark = msgspec.to_builtins(self._marks)
        yield Page(records=(), state={"watermark": watermark}, complete_through=self._window.end - HELD_BACK)

    def _form(self, form_id: str) -> Iterator[Page]:
        # The position belongs to this form alone: a token must never reach the next form (PostHog #52890).
        position = self._walk.position if self._walk.form == form_id else None
        self._walk.form, self._walk.position = form_id, position
        restarted = False
        while True:
            try:
                page = self._fetch(form_id, position.before if position else None)
            except TokenExpiredError as error:
                if restarted:
                    raise ContractError(str(error)) from error
                position, restarted = None, True
                continue
            if page is None:  # deleted since it was listed; what was answered stays landed
                self._finish(form_id, None)
                return
            position = position or self._begin(form_id, page.envelope.total_items)
            token, reached_end, past_bound = self._judge(form_id, page, position)
            total = Total(position.total, slack=0 if position.before is None else position.total // 1_000)
            begins = position.before is None
            wrapped = self._wrap(form_id, page.records)
            if reached_end or past_bound:
                self._finish(form_id, reached_end)
            else:
                if token is None or token == position.before:
                    raise ContractError(
                        f"typeform responses of form {form_id}: a page of {len(page.records)} responses does "
                        f"not lead on from token {position.before!r}"
                    )
                position = Position(
                    token, position.seen + len(wrapped) + len(page.malformed), position.total, position.bound
                )
                self._walk.form, self._walk.position = form_id, position
            yield Page(
                records=wrapped,
                state=self._state(),
                scope=form_id,
                scope_begins=begins,
                scope_complete=reached_end,
                total=total if reached_end else None,
                malformed=page.malformed,
            )
            if reached_end or past_bound:
                return

    def _fetch(self, form_id: str, before: str | None) -> Sliced[ListEnvelope] | None:
        path = f"forms/{quote(form_id, safe='')}/responses"
        params: dict[str, Any] = {"page_size": self._options.page_size, "response_type": RESPONSE_TYPES}
        if before is not None:
            params["before"] = before
        sliced, reply = self._client.page(ListEnvelope, "items", "GET", path, params=params, allow=(400, 404))
        if reply.status == 404:
            return None
        if reply.status == 400:
            said = f"typeform /{path}: {sliced.envelope.code}: {sliced.envelope.description}"
            if before is not None:
                raise TokenExpiredError(said)
            raise ContractError(said)
        return records_of(sliced, f"/{path}")

    def _begin(self, form_id: str, total: int) -> Position:
        """How far down to read. A form of which little is known, or that costs little, is read to its end."""
        if self._window.start is not None:
            return Position(total=total, bound=self._window.start)
        mark = self._marks.get(form_id)
        if (
            mark is None
            or total <= self._options.full_read_up_to
            or self._window.end - mark.full_at >= self._options.full_read_every
        ):
            return Position(total=total)
        return Position(total=total, bound=min(mark.through, self._window.end) - self._options.overlap)

    def _judge(self, form_id: str, page: Sliced[ListEnvelope], position: Position) -> tuple[str | None, bool, bool]:
        """The token that leads on, whether the form ended, and whether the page lies before the bound."""
        token: str | None = None
        newest: datetime | None = None
        for record in page.records:
            try:
                response = msgspec.json.decode(record, type=Response)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue  # landing quarantines it; the page's other responses lead on
            token = response.token
            at = _aware(response.latest_at())
            newest = at if newest is None else max(newest, at)
        count = len(page.records) + len(page.malformed)
        if count == 0 and page.envelope.total_items > 0 and position.seen < position.total:
            # Taken for the end, it would make every response that was not read yet a deleted one.
            raise RetryableError(f"typeform responses of form {form_id}: an empty page after {position.seen} of more")
        # A short page alone is not the end: a server may serve fewer than were asked for (airbyte #86492).
        reached_end = count == 0 or (count < self._options.page_size and position.seen + count >= position.total)
        past_bound = position.bound is not None and newest is not None and newest < position.bound
        return token, reached_end, past_bound and not reached_end

    def _finish(self, form_id: str, reached_end: bool | None) -> None:
        """The form is walked. `reached_end` None: there was nothing to walk."""
        self._walk.done.append(form_id)
        self._walk.form, self._walk.position = None, None
        if reached_end is None:
            return
        mark = self._marks.get(form_id)
        through = self._window.end
        if reached_end:
            self._marks[form_id] = FormMark(max(through, mark.through) if mark else through, through)
        elif mark is not None and self._window.start is None:
            self._marks[form_id] = FormMark(max(through, mark.through), mark.full_at)

    def _state(self) -> State:
        state: State = msgspec.to_builtins({"watermark": self._marks, "walk": self._walk})
        return state

    @staticmethod
    def _wrap(form_id: str, records: Sequence[bytes | msgspec.Raw]) -> list[bytes]:
        """The form's id beside the response, whose bytes stay as they were served."""
        head = b'{"form_id":' + json.dumps(form_id).encode() + b',"response":'
        return [head + bytes(record) + b"}" for record in records]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
