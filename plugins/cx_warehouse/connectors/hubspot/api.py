"""HubSpot's requests: one method an endpoint, each returning one page and the token of the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from cx_warehouse.connectors.errors import ContractError, RetryableError, TokenExpiredError
from cx_warehouse.connectors.http.client import HttpClient, Reply
from cx_warehouse.connectors.http.envelope import Sliced
from cx_warehouse.connectors.http.pacing import Budget, Remaining
from cx_warehouse.connectors.hubspot.streams import AssociationEndpoint, ObjectEndpoint

LIST_LIMIT = 100  # the vendor's maximum for lists
SEARCH_LIMIT = 200  # and for search
BATCH_LIMIT = 1000  # ids in a batch read of associations (changelog of February 2025)
# What a batch read says of an object that has no links, or that was archived since it was listed.
NO_LINKS = "OBJECT_NOT_FOUND"


class Next(msgspec.Struct, frozen=True):
    """Where the next page begins."""

    after: str


class Paging(msgspec.Struct, frozen=True):
    """Left out, or without `next`, on the last page."""

    next: Next | None = None


class Envelope(msgspec.Struct, frozen=True):
    """A page without its records. `results` is unset in an error's body."""

    results: list[Raw] | UnsetType = UNSET
    paging: Paging | None = None
    total: int | None = None
    errors: list[Any] | None = None


class Account(msgspec.Struct, frozen=True, rename="camel"):
    """The account that a token belongs to."""

    portal_id: int
    time_zone: str | None = None
    company_currency: str | None = None


@dataclass(frozen=True)
class Listed:
    """One page: raw records, bytes that could not be sliced into records, the next page's token."""

    records: Sequence[bytes | Raw]
    malformed: Sequence[tuple[bytes, str]]
    after: str | None
    total: int | None = None


def read_remaining(headers: Mapping[str, str]) -> Remaining | None:
    """The account's budget as the headers tell it; search replies carry none."""
    try:
        return Remaining(
            limit=int(headers["X-HubSpot-RateLimit-Max"]),
            remaining=int(headers["X-HubSpot-RateLimit-Remaining"]),
            reset_seconds=int(headers["X-HubSpot-RateLimit-Interval-Milliseconds"]) / 1000,
        )
    except (KeyError, ValueError):
        return None


class HubSpotApi:
    """The endpoints that the walks use. Search has a limit of its own, so it is paced on its own."""

    def __init__(self, client: HttpClient, search: Budget, page_size: int = SEARCH_LIMIT) -> None:
        self._client = client
        self._page_size = page_size
        self._search_budget = search

    def account(self) -> Account:
        """The account that the token belongs to."""
        account, _ = self._client.json(Account, "GET", "account-info/v3/details")
        return account

    def list(self, path: str, after: str | None, *, archived: bool = False, properties: Sequence[str] = ()) -> Listed:
        """One page of a list, in the vendor's order. Raises TokenExpiredError where it refuses `after`."""
        params: dict[str, Any] = {"limit": min(self._page_size, LIST_LIMIT), "archived": str(archived).lower()}
        if properties:
            params["properties"] = ",".join(properties)
        if after is not None:
            params["after"] = after
        sliced, reply = self._client.page(
            Envelope, "results", "GET", path, params=params, allow=(400,) if after is not None else ()
        )
        if reply.status == 400:
            raise TokenExpiredError(f"hubspot {path}: the paging token was refused: {_said(reply)}")
        listed = _listed(path, sliced)
        if listed.after is not None and listed.after == after:
            raise ContractError(f"hubspot {path}: the paging token does not advance")
        return listed

    def search(self, endpoint: ObjectEndpoint, *, since: datetime | None, above_id: int, after: str | None) -> Listed:
        """Up to 200 records changed at or after `since` whose id is above `above_id`, ids ascending.

        Asking above the last id keeps every query's offset small, so its 10,000 results are never reached,
        however many records share a time (airbyte #10700, #43317)."""
        filters = [{"propertyName": "hs_object_id", "operator": "GT", "value": str(above_id)}]
        if since is not None:
            milliseconds = str(int(since.timestamp() * 1000))
            # at or after: a record of the very same millisecond must not be lost (estuary #5205)
            filters.append({"propertyName": endpoint.modified, "operator": "GTE", "value": milliseconds})
        return self._search(endpoint, filters, min(self._page_size, SEARCH_LIMIT), after, endpoint.properties)

    def count(self, endpoint: ObjectEndpoint) -> int | None:
        """How many records the search index holds."""
        return self._search(endpoint, [], 1, None, ()).total

    def _search(
        self,
        endpoint: ObjectEndpoint,
        filters: Sequence[Mapping[str, str]],
        limit: int,
        after: str | None,
        properties: Sequence[str],
    ) -> Listed:
        path = f"{endpoint.path}/search"
        body = {  # the specification requires all five
            "filterGroups": [{"filters": filters}] if filters else [],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": limit,
            "after": after or "0",
        }
        sliced, _ = self._client.page(Envelope, "results", "POST", path, json=body, budgets=[self._search_budget])
        return _listed(path, sliced)

    def associations(self, endpoint: AssociationEndpoint, inputs: Sequence[Mapping[str, str]]) -> Listed:
        """The links of up to 1,000 objects: a record for each that has any (207 where some have none)."""
        path = f"crm/v4/associations/{endpoint.from_type}/{endpoint.to_type}/batch/read"
        sliced, _ = self._client.page(Envelope, "results", "POST", path, json={"inputs": list(inputs)})
        for error in sliced.envelope.errors or ():
            category = error.get("category") if isinstance(error, dict) else None
            if category != NO_LINKS:
                # Taken for "no links", it would delete links that exist.
                raise RetryableError(f"hubspot {path}: part of the batch failed: {str(category)[:100]}")
        return _listed(path, sliced)


def _listed(path: str, sliced: Sliced[Envelope]) -> Listed:
    envelope = sliced.envelope
    if isinstance(envelope.results, UnsetType):
        raise ContractError(f"hubspot {path}: the reply has no results")
    after = envelope.paging.next.after if envelope.paging and envelope.paging.next else None
    return Listed(sliced.records, sliced.malformed, after, envelope.total)


def _said(reply: Reply) -> str:
    return reply.body[:200].decode("utf-8", "replace").replace("\n", " ")
