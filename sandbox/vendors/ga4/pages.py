"""The pages of a GA4 report, and its refusals, as faults need to know them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sandbox.model import VisitsCounted
from sandbox.vendor_faults import Answer, Asked, Edit, ListPage, VendorFaults
from sandbox.vendors.ga4.errors import Refused
from sandbox.vendors.ga4.quota import Limits, Quota
from sandbox.vendors.ga4.tokens import refused_token
from sandbox.world import World

JSON = {"content-type": "application/json"}
STILL_PROCESSED = timedelta(days=3)  # hits that come in later than 72 hours are not counted any more
NO_FIELDS = "a row is made of the dimensions and metrics that were asked for, and has no id"
NO_CURSOR = "a report is asked for by offset, which the client counts itself"


def _offset(asked: Asked) -> str | None:
    offset = str(asked.json.get("offset", "0"))
    return offset if offset != "0" else None


def _follows(asked: Asked, former: Asked, answer: dict[str, Any]) -> bool:
    begins = int(former.json.get("offset", "0")) + len(answer.get("rows", ()))
    return {**former.json, "offset": str(begins)} == asked.json


def _by_day(asked: Asked) -> bool:
    """Whether it is one of the streams' reports, and not a question about the property."""
    return {"name": "date"} in asked.json.get("dimensions", ())


def _visits(world: World, records: Sequence[dict[str, Any]]) -> list[VisitsCounted]:
    """What is known now of the visits that make up these rows' day, if it is one that analytics still works on."""
    oldest = f"{world.now() - STILL_PROCESSED:%Y%m%d}"
    days = {day for row in records if (day := row["dimensionValues"][0]["value"]) >= oldest}
    latest: dict[tuple[object, ...], VisitsCounted] = {}
    for event in world.events():
        if isinstance(event, VisitsCounted) and f"{event.day:%Y%m%d}" in days:
            latest[event.day, event.client_id, event.user_id, event.channel, event.device, event.landing_page] = event
    return [event for event in latest.values() if event.sessions]


def _restate(world: World, asked: Asked, records: list[dict[str, Any]], dice: random.Random) -> Edit | None:
    """Late hits are processed: the day has a row more, wherever it belongs in the report's order."""
    visits = _visits(world, records)
    if not visits:
        return None
    page = f"/late-{dice.randrange(10**6)}"
    event = replace(dice.choice(visits), landing_page=page, client_id=f"late.{dice.randrange(10**9)}")
    return Edit(f"{event.day} has visits of {page} now", event=event)


def _withdraw(world: World, asked: Asked, records: list[dict[str, Any]], dice: random.Random) -> Edit | None:
    """Visits turn out to be spam: the day has fewer, perhaps a row less."""
    visits = _visits(world, records)
    if not visits:
        return None
    none = dict.fromkeys(("sessions", "engaged_sessions", "page_views", "key_events", "engagement_seconds"), 0)
    event = replace(dice.choice(visits), **none)
    return Edit(f"visits of {event.day} withdrawn", event=event)


def _limited() -> Answer:
    """The 429 of a used-up hour."""
    try:
        with Quota(Limits(tokens_per_hour=0)).request():
            raise AssertionError("a quota of nothing grants nothing")
    except Refused as refused:
        return Answer(429, JSON, refused.body().encode())


VENDOR = VendorFaults(
    lists=(
        ListPage(
            "daily_traffic",
            r"POST /v1beta/properties/\d+:runReport",
            "rows",
            _offset,
            follows=_follows,
            serves=("daily_users",),
            whole=_by_day,
            instead={"changed_during_walk": _restate, "deleted_during_walk": _withdraw},
        ),
    ),
    limited=_limited,
    expired=lambda: Answer(401, JSON, refused_token().body().encode()),
    unlimited={"limits": Limits(10**9, 10**9, 10**9, 1_000)},
    unfit={
        "stuck_cursor": NO_CURSOR,
        "page_edge_duplicates": "rows come again only where the day changes under the walk: changed_during_walk",
        **dict.fromkeys(("new_field", "type_flip", "renamed_field", "reused_id", "same_timestamp_10k"), NO_FIELDS),
    },
)
