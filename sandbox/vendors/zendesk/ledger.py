"""What the helpdesk holds at the clock, stream by stream: also what the exports show only a minute later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.ledger import GONE, Entry, Ledger, readable
from sandbox.vendors.zendesk.shelf import Shelf, purged_keys
from sandbox.world import STREAMS, World

# Deleted records stay in the exports, and say so themselves.
_SAYS_DELETED: Mapping[str, Callable[[dict[str, Any]], bool]] = {
    "users": lambda user: user.get("active") is False,
    "tickets": lambda ticket: ticket.get("status") == "deleted",
    "organizations": lambda organization: organization.get("deleted_at") is not None,
    "groups": lambda group: group.get("deleted") is True,
}


def ledger(world: World) -> Ledger:
    """Every record by stream and id."""
    shelf = Shelf(world)
    found: Ledger = {}
    for stream in STREAMS["zendesk"]:
        says_deleted = _SAYS_DELETED.get(stream, lambda record: False)
        records = (readable(row.body) for row in shelf.rows(stream))
        keyed = ((_key(stream, record), record) for record in records if record)
        found[stream] = dict.fromkeys(purged_keys(world, stream), GONE) | {
            key: Entry(record, says_deleted(record)) for key, record in keyed if key is not None
        }
    return found


def _key(stream: str, record: dict[str, Any]) -> str | None:
    """As the connector keys it; None for a record without an id."""
    if stream == "holidays":  # wrapped: a holiday does not name its schedule, and its id is unique there only
        holiday = record.get("holiday")
        held = holiday.get("id") if isinstance(holiday, dict) else None
        return None if held is None else f"{record.get('schedule_id')}:{held}"
    name = "ticket_id" if stream == "ticket_metrics" else "id"
    return str(record[name]) if name in record else None
