"""The walk over a CRM object type: first the list, then what changed by search; each night the archived ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Raw

from cx_warehouse.connectors.base import Page, State, Tombstone, Total, Window
from cx_warehouse.connectors.errors import ContractError, TokenExpiredError
from cx_warehouse.connectors.hubspot.api import HubSpotApi, Listed
from cx_warehouse.connectors.hubspot.glance import Glance, glance
from cx_warehouse.connectors.hubspot.streams import ObjectEndpoint

# A change time further ahead than this is no race with the walk but a broken record: landing's to judge.
IMPLAUSIBLE = timedelta(days=366)
INDEX_SLACK = 10
MOST_LEFT = 1_000  # ids of records left to the next night that a state may hold


class Progress(msgspec.Struct):
    """Where a walk stands; kept in the stream's state as JSON.

    `token` continues a list, or a search among the ids above `last_id`. `total` is the index's count of a list that was
    read to its end. `left` are the records left to the next
    walk because they changed after the window's end, `waited` those that the walk before had left."""

    phase: Literal["list", "search", "archived", "done"]
    started: datetime
    since: datetime | None = None
    repull_from: datetime | None = None
    token: str | None = None
    last_id: int = 0
    seen: int = 0
    total: int | None = None
    left: list[int] = []
    waited: list[int] = []


class ObjectWalk:
    """Reads one object type.

    The watermark is the `as_of` at which the last complete walk began: what changed while it ran is read by
    the next one (tap-hubspot #98). The search goes a lookback further, for the lag of its index."""

    def __init__(self, api: HubSpotApi, name: str, endpoint: ObjectEndpoint, lookback: timedelta) -> None:
        self._api, self._name, self._endpoint, self._lookback = api, name, endpoint, lookback

    def pages(self, window: Window, state: State) -> Iterator[Page]:
        """Finish a walk that was interrupted, if there is one, then walk up to the window's end."""
        saved, restarted = dict(state), False
        while True:
            progress = _resumed(saved, window) or self._begun(saved, window)
            began = progress.started
            try:
                while progress.phase != "done":
                    page = self._page(progress, saved, window)
                    saved = dict(page.state)
                    yield page
            except TokenExpiredError as error:
                if restarted:
                    raise ContractError(str(error)) from error
                restarted = True
                saved.pop("walk", None)
                continue
            if began >= window.end:
                return

    def _begun(self, saved: State, window: Window) -> Progress:
        watermark, waited = _watermark(saved), list(saved.get("left", ()))
        if watermark is None:  # nothing to pull again yet: a re-pull is the first walk
            return Progress("list", window.end, waited=waited)
        since = min(watermark, window.end) - self._lookback
        if window.start is not None:
            # never from after the watermark on: that would leave a hole between them
            since = min(window.start, since)
        return Progress("search", window.end, since, window.start, waited=waited)

    def _page(self, progress: Progress, saved: State, window: Window) -> Page:
        if progress.phase == "list":
            listed = self._list(progress)
        elif progress.phase == "search":
            listed = self._search(progress)
        else:
            listed = self._archived(progress)
        # A resumed walk may have begun after this window's end, and its watermark will say so.
        end = datetime.max.replace(tzinfo=UTC) if window.recheck else max(window.end, progress.started)
        records, tombstones = _kept(listed.records, progress, end)
        state = _state(progress, saved)
        return Page(
            records=records,
            state=state,
            tombstones=tombstones,
            malformed=listed.malformed,
            complete_through=_watermark(state) if progress.phase == "done" else None,
            total=_total(progress) if progress.phase == "done" else None,
        )

    def _list(self, progress: Progress) -> Listed:
        listed = self._api.list(self._endpoint.path, progress.token, properties=self._endpoint.properties)
        progress.seen += len(listed.records) + len(listed.malformed)
        progress.token = listed.after
        if listed.after is None:
            progress.total = self._api.count(self._endpoint)
            self._reconcile(progress.seen, progress.total)
            progress.phase = "archived"
        return listed

    def _search(self, progress: Progress) -> Listed:
        listed = self._api.search(self._endpoint, since=progress.since, above_id=progress.last_id, after=progress.token)
        numbers = [number for record in listed.records if (number := glance(record).number()) is not None]
        if numbers != sorted(set(numbers)) or (numbers and numbers[0] <= progress.last_id):
            # Going on above the last id would skip records (PostHog #63236: newest first taken for it).
            raise ContractError(f"hubspot {self._name}: the search is not in ascending order of hs_object_id")
        if listed.after is None:
            offset = int(progress.token or 0)
            self._reconcile(offset + len(listed.records) + len(listed.malformed), listed.total)
            progress.phase, progress.token = "archived", None
        elif numbers:
            progress.last_id, progress.token = numbers[-1], None
        else:  # a page of records without a readable id: the offset within this query leads past them
            progress.token = listed.after
        return listed

    def _archived(self, progress: Progress) -> Listed:
        # Search never returns archived records (airbyte #35017), and archiving moves no time of change.
        listed = self._api.list(
            self._endpoint.path, progress.token, archived=True, properties=self._endpoint.properties
        )
        progress.token = listed.after
        if listed.after is None:
            progress.phase = "done"
        return listed

    def _reconcile(self, seen: int, total: int | None) -> None:
        """An end that comes far too early is a cap of the endpoint, not the end (airbyte #23630). The index
        lags behind the records, so small differences are nobody's fault."""
        if total is not None and seen < total * 0.99 - 100:
            raise ContractError(f"hubspot {self._name}: the walk ended after {seen} of {total} records")


def _kept(
    records: Sequence[bytes | Raw], progress: Progress, end: datetime
) -> tuple[list[bytes | Raw], list[Tombstone]]:
    """The records that belong to this walk, and the ids that were merged into them."""
    kept: list[bytes | Raw] = []
    tombstones: list[Tombstone] = []
    for record in records:
        seen = glance(record)
        if len(progress.left) < MOST_LEFT and _may_wait(seen, progress, end):
            # What it was at the window's end cannot be known now: the next night reads it (estuary #2210).
            progress.left.append(seen.number() or 0)
            continue
        kept.append(record)
        # A merged-away record is in no list, archived or not: only the winner tells of it (airbyte #27091).
        tombstones += [Tombstone(merged, seen.changed_at()) for merged in seen.merged_ids()]
    return kept, tombstones


def _total(progress: Progress) -> Total | None:
    """What the index counted, as far as it can be relied on: it lags, and some records may be left to the next walk."""
    if progress.total is None:
        return None
    return Total(progress.total, slack=max(INDEX_SLACK, progress.total // 100) + len(progress.left))


def _may_wait(seen: Glance, progress: Progress, end: datetime) -> bool:
    """Whether the record changed after the window's end. It waits once, else one that changes during every walk
    would never land."""
    number, changed = seen.number(), seen.changed_at()
    if number is None or changed is None or number in progress.waited:
        return False
    return end < changed and changed - end < IMPLAUSIBLE


def _resumed(saved: State, window: Window) -> Progress | None:
    """The interrupted walk. An ordinary run takes up any, a re-pull only its own."""
    try:
        progress = msgspec.convert(saved.get("walk"), Progress)
    except msgspec.ValidationError:
        return None
    first = progress.phase == "list" or progress.since is None
    return progress if first or window.start in (None, progress.repull_from) else None


def _watermark(state: State) -> datetime | None:
    value = state.get("watermark")
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _state(progress: Progress, saved: State) -> State:
    """The state to save with the page: the walk goes on, or its end moves the watermark."""
    if progress.phase != "done":
        return {**saved, "walk": msgspec.to_builtins(progress)}
    watermark = max(progress.started, _watermark(saved) or progress.started)
    state: dict[str, Any] = {"watermark": watermark.isoformat()}
    if progress.left:
        state["left"] = progress.left
    return state
