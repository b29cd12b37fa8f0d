"""What the site's visits log holds at the clock, and the visits that it held and has no more."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.ledger import GONE, Entry, Ledger, readable
from sandbox.model import COMPANY_TIME_ZONE
from sandbox.vendors.matomo.visits import ZONE, VisitsLog, ids_ever
from sandbox.world import World


def ledger(world: World) -> Ledger:
    """Visits by id, each with the day of its last action in the site's zone."""
    held: dict[str, Entry] = {str(number): GONE for number in ids_ever(world.events())}
    for row in VisitsLog(world).rows():
        visit = readable(row.body)
        if visit is not None and "idVisit" in visit:
            day = datetime.fromtimestamp(row.at, UTC).astimezone(ZONE).date()
            record = {"visit_date": day.isoformat(), "time_zone": COMPANY_TIME_ZONE, "visit": visit}
            held[str(visit["idVisit"])] = Entry(record)
    return {"visits": held}
