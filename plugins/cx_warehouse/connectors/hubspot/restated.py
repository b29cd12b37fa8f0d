"""Streams that are read whole every night, so that what is gone shows: owners, and links between records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from cx_warehouse.connectors.base import Page, State, Window
from cx_warehouse.connectors.errors import ContractError, TokenExpiredError
from cx_warehouse.connectors.hubspot.api import BATCH_LIMIT, LIST_LIMIT, HubSpotApi, Listed, Paging
from cx_warehouse.connectors.hubspot.glance import ids
from cx_warehouse.connectors.hubspot.streams import AssociationEndpoint

WHOLE = "*"  # the scope that is restated: the whole stream


class Progress(msgspec.Struct):
    """Where a walk stands; kept in the stream's state as JSON."""

    started: datetime
    token: str | None = None
    archived: bool = False  # owners: the second pass
    done: bool = False


Pass = Callable[[Progress], Iterator[Listed]]
"""Reads on from `progress` and yields pages; the last of a step moves it, the last of all sets `done`."""


def walk_whole(step: Pass, window: Window, state: State) -> Iterator[Page]:
    """Walk the whole stream, after finishing a walk that was interrupted in an earlier night."""
    saved, restarted = dict(state), False
    while True:
        progress = _resumed(saved) or Progress(window.end)
        began = progress.started
        try:
            while not progress.done:
                begins = progress == Progress(began)
                for listed in step(progress):
                    page = _page(listed, progress, saved, begins)
                    begins = False
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


def _resumed(saved: State) -> Progress | None:
    try:
        return msgspec.convert(saved.get("walk"), Progress)
    except msgspec.ValidationError:
        return None


def _page(listed: Listed, progress: Progress, saved: State, begins: bool) -> Page:
    state: dict[str, Any] = {key: value for key, value in saved.items() if key != "walk"}
    if progress.done:
        state["watermark"] = progress.started.isoformat()
    else:
        state["walk"] = msgspec.to_builtins(progress)
    return Page(
        records=listed.records,
        state=state,
        scope=WHOLE,
        scope_begins=begins,
        scope_complete=progress.done,
        malformed=listed.malformed,
        complete_through=progress.started if progress.done else None,
    )


def owners(api: HubSpotApi) -> Pass:
    """All owners: first those who are here, then those who have left."""

    def step(progress: Progress) -> Iterator[Listed]:
        listed = api.list("crm/v3/owners", progress.token, archived=progress.archived)
        progress.token = listed.after
        if listed.after is None:
            progress.done, progress.archived = progress.archived, True
        yield listed

    return step


def associations(api: HubSpotApi, endpoint: AssociationEndpoint) -> Pass:
    """All links: the ids of one end by list, their links by batches of up to 1,000 ids."""

    def step(progress: Progress) -> Iterator[Listed]:
        found, token = _next_ids(api, endpoint, progress.token)
        inputs: list[dict[str, str]] = [{"id": number} for number in found]
        while inputs:
            # An object with more links than a reply holds is asked for again, with its own token.
            batch, inputs = inputs[:BATCH_LIMIT], inputs[BATCH_LIMIT:]
            links, malformed, more = _links(api.associations(endpoint, batch))
            inputs = [*inputs, *more]
            if inputs:
                yield Listed(links, malformed, None)
            else:
                progress.token, progress.done = token, token is None
                yield Listed(links, malformed, token)
        if not found:
            progress.token, progress.done = token, token is None
            yield Listed((), (), token)

    return step


def _next_ids(api: HubSpotApi, endpoint: AssociationEndpoint, token: str | None) -> tuple[list[str], str | None]:
    found: list[str] = []
    while True:
        listed = api.list(endpoint.path, token, properties=("hs_object_id",))
        found += ids(listed.records)
        token = listed.after
        if token is None or len(found) > BATCH_LIMIT - LIST_LIMIT:
            return found, token


class _End(msgspec.Struct, frozen=True):
    id: str


class _Links(msgspec.Struct, frozen=True, rename={"near": "from"}):
    """The links of one object, in a batch read."""

    near: _End
    to: list[Raw]
    paging: Paging | None = None


def _links(
    listed: Listed,
) -> tuple[list[bytes | Raw], list[tuple[bytes, str]], Sequence[dict[str, str]]]:
    """A record for each link: the near end around the vendor's own bytes; and the inputs that have more."""
    links: list[bytes | Raw] = []
    malformed, more = list(listed.malformed), []
    for record in listed.records:
        try:
            result = msgspec.json.decode(record, type=_Links)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            malformed.append((bytes(record), f"not the links of an object: {error}"))
            continue
        head = b'{"from_id":' + msgspec.json.encode(result.near.id) + b',"association":'
        links += [head + bytes(link) + b"}" for link in result.to]
        if result.paging and result.paging.next:
            more.append({"id": result.near.id, "after": result.paging.next.after})
    return links, malformed, more
