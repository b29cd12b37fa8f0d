"""The pages of the visits log, as faults need to know them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sandbox.model import RecordPurged
from sandbox.vendor_faults import Answer, Asked, Edit, ListPage, VendorFaults
from sandbox.vendors.matomo.visits import ZONE, visits
from sandbox.world import World

LATE = timedelta(days=2)


def _place(asked: Asked) -> str | None:
    """Where in its day a page begins; None for a day's first page, which begins with its midnight."""
    after, offset = asked.params.get("minTimestamp", "0"), asked.params.get("filter_offset", "0")
    begins = datetime.fromtimestamp(int(after) + 1, UTC).astimezone(ZONE).time()
    return None if begins == time() and offset == "0" else f"{after}+{offset}"


def _go_on(world: World, asked: Asked, records: list[dict[str, Any]], dice: random.Random) -> Edit | None:
    """A visitor does more: the visit has more actions, and a later last one. Only visits of the last days go on: what
    an app did while it was offline is handed in later."""
    ids, since = {record.get("idVisit") for record in records}, world.now().astimezone(ZONE).date() - LATE
    served = [visit for visit in visits(world.events()) if visit.visit_id in ids and visit.fact.day >= since]
    if not served:
        return None
    visit = dice.choice(served)
    fact = visit.fact
    longer = replace(
        fact,
        engaged_sessions=fact.sessions,
        engagement_seconds=fact.engagement_seconds + 60 * fact.sessions,
        page_views=fact.page_views + fact.sessions,
    )
    return Edit(f"visit {visit.visit_id} goes on", event=longer)


def _erase(world: World, asked: Asked, records: list[dict[str, Any]], dice: random.Random) -> Edit | None:
    """Somebody's visits are erased on request; the day's report is made anew."""
    if not records:
        return None
    key = str(dice.choice(records)["idVisit"])
    event = RecordPurged(event_id=0, at=world.now(), source="matomo", stream="visits", key=key)
    return Edit(f"visit {key} erased", event=event)


VENDOR = VendorFaults(
    lists=(
        ListPage(
            "visits",
            "POST /index.php",
            "",
            _place,
            ids=(("idVisit",),),
            times=(("lastActionTimestamp",),),
            text=("referrerName",),
            whole=lambda asked: asked.params.get("method") == "Live.getLastVisitsDetails",
            instead={"changed_during_walk": _go_on, "deleted_during_walk": _erase},
        ),
    ),
    limited=lambda: Answer(429, {"content-type": "text/html"}, b"<h1>429 Too Many Requests</h1>"),
    unfit={"stuck_cursor": "there is no token: the client asks for a second and an offset that it reckons itself"},
)
