"""Faults of paging: what goes wrong with the order of pages, done to a vendor's own answer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.vendor_faults import Asked, ListPage

EDGE = 3  # rows that come again at the edge of a page


@dataclass
class Page:
    """A page that a fault has taken: the vendor's answer, and the one to the request before. `invented` is set to a
    token that now stands for this very request."""

    listed: ListPage
    asked: Asked
    body: bytes
    before: bytes
    dice: random.Random
    invented: str | None = None


Spoilt = tuple[bytes, str] | None  # the body to send and what was done; None: it cannot be done to this page


def duplicate_page(page: Page) -> Spoilt:
    return page.before, "the page before, again"


def page_edge_duplicates(page: Page) -> Spoilt:
    field = page.listed.records
    envelope, before = _decoded(page.body, field), _decoded(page.before, field)
    if envelope is None or before is None:
        return None
    rows, again = envelope.get(field), before.get(field)
    if not isinstance(rows, list) or not rows or not isinstance(again, list) or not again:
        return None
    again = again[-page.dice.randint(1, EDGE) :]
    envelope[field] = again + rows
    return _encoded(envelope, field), f"{len(again)} rows of the page before, again"


def stuck_cursor(page: Page) -> Spoilt:
    envelope, token = _decoded(page.body, page.listed.records), page.listed.token(page.asked)
    if envelope is None or token is None or page.listed.lead_on is None:
        return None
    page.listed.lead_on(envelope, token)
    return _encoded(envelope, page.listed.records), "leads to itself"


def empty_page_with_more(page: Page) -> Spoilt:
    envelope = _decoded(page.body, page.listed.records)
    if envelope is None or not envelope.get(page.listed.records):
        return None
    envelope[page.listed.records] = []
    if page.listed.lead_on is not None and page.listed.invent is not None:
        page.invented = page.listed.invent(page.asked)
        page.listed.lead_on(envelope, page.invented)
    return _encoded(envelope, page.listed.records), "no records, and more to come"


PAGE_ACTS: dict[str, Callable[[Page], Spoilt]] = {
    "duplicate_page": duplicate_page,
    "page_edge_duplicates": page_edge_duplicates,
    "stuck_cursor": stuck_cursor,
    "empty_page_with_more": empty_page_with_more,
}


def _decoded(body: bytes, field: str) -> dict[str, Any] | None:
    """The answer's JSON; None for one with a broken record in it, which is left alone. A bare array is the records of
    a list whose field has no name."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not field and isinstance(value, list):
        return {field: value}
    return value if isinstance(value, dict) else None


def _encoded(envelope: dict[str, Any], field: str) -> bytes:
    return json.dumps(envelope if field else envelope[field], ensure_ascii=False).encode()
