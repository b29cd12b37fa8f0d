"""How HubSpot writes things: objects, owners, links and errors as JSON."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.responses import Response

from sandbox.vendors.hubspot.portal import CrmObject, OwnerRecord

# What a reply holds where no properties are asked for; the second part is always there.
DEFAULT_PROPERTIES = {
    "contacts": ("email", "firstname", "lastname"),
    "companies": ("name", "domain"),
    "deals": ("dealname", "amount", "closedate", "pipeline", "dealstage"),
}
MODIFIED = {
    "contacts": "lastmodifieddate",
    "companies": "hs_lastmodifieddate",
    "deals": "hs_lastmodifieddate",
}
LINK_TYPES: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("contacts", "companies"): [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}],
    ("companies", "contacts"): [{"category": "HUBSPOT_DEFINED", "typeId": 280, "label": None}],
    ("deals", "contacts"): [{"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}],
    ("contacts", "deals"): [{"category": "HUBSPOT_DEFINED", "typeId": 4, "label": None}],
    ("deals", "companies"): [{"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None}],
    ("companies", "deals"): [{"category": "HUBSPOT_DEFINED", "typeId": 342, "label": None}],
}
PRIMARY_TYPES = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
}


def moment(at: datetime) -> str:
    """ISO 8601 in UTC; milliseconds only where there are any."""
    utc = at.astimezone(UTC)
    text = utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds")
    return text.replace("+00:00", "Z")


def value_of(kind: str, item: CrmObject, name: str) -> str | int | datetime | None:
    """One property as search compares it, those that HubSpot keeps itself included."""
    if name == "hs_object_id":
        return item.id
    if name == "createdate":
        return item.created_at
    if name == MODIFIED[kind]:
        return item.updated_at
    return item.properties.get(name)


def object_record(kind: str, item: CrmObject, wanted: Sequence[str]) -> bytes:
    """One object with the wanted properties. A property that does not exist is left out, without a word."""
    known = {
        **item.properties,
        "hs_object_id": str(item.id),
        "createdate": moment(item.created_at),
        MODIFIED[kind]: moment(item.updated_at),
    }
    names = {*(wanted or DEFAULT_PROPERTIES[kind]), "createdate", "hs_object_id", MODIFIED[kind]}
    record: dict[str, Any] = {
        "id": str(item.id),
        "properties": {name: known[name] for name in sorted(names) if name in known},
        "createdAt": moment(item.created_at),
        "updatedAt": moment(item.updated_at),
        "archived": item.archived_at is not None,
    }
    if item.archived_at is not None:
        record["archivedAt"] = moment(item.archived_at)
    return msgspec.json.encode(record)


def owner_record(owner_id: int, owner: OwnerRecord) -> bytes:
    """One owner. The user id of one who has left is only in `userIdIncludingInactive`."""
    first, _, last = owner.agent.name.partition(" ")
    gone = owner.archived_at is not None
    user_id = 5_000_000 + owner_id
    return msgspec.json.encode(
        {
            "id": str(owner_id),
            "email": owner.agent.email,
            "type": "PERSON",
            "firstName": first,
            "lastName": last,
            "userId": None if gone else user_id,
            "userIdIncludingInactive": user_id,
            "createdAt": moment(owner.created_at),
            "updatedAt": moment(owner.archived_at or owner.created_at),
            "archived": gone,
            "teams": [{"id": str(sum(owner.agent.team.encode())), "name": owner.agent.team, "primary": True}],
        }
    )


def link(near: str, far: str, other: int, *, is_primary: bool) -> dict[str, Any]:
    """The far end of one link. The primary company carries a second type."""
    kinds = LINK_TYPES[near, far]
    if is_primary and (near, far) in PRIMARY_TYPES:
        marked = {"category": "HUBSPOT_DEFINED", "typeId": PRIMARY_TYPES[near, far], "label": "Primary"}
        kinds = [marked, *kinds]
    return {"toObjectId": other, "associationTypes": kinds}


def page(records: Iterable[bytes], *, total: int | None = None, paging: Any = None) -> bytes:
    """A page: the records' bytes as they are, whatever is in them."""
    head = b"{" if total is None else b'{"total":%d,' % total
    tail = b"" if paging is None else b',"paging":' + msgspec.json.encode(paging)
    return head + b'"results":[' + b",".join(records) + b"]" + tail + b"}"


class Refused(Exception):
    """An answer that is an error in HubSpot's form."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.category, self.more = status, category, more
        self.headers: dict[str, str] = {}

    def response(self) -> Response:
        """The error's body: `errors` and `context` where it has any, and an id to quote to support."""
        body = {
            "status": "error",
            "message": str(self),
            "correlationId": str(uuid.uuid4()),
            "category": self.category,
            **self.more,
        }
        return Response(msgspec.json.encode(body), self.status, self.headers, media_type="application/json")


def invalid(message: str, **context: str) -> Refused:
    """A request that breaks the rules."""
    more: dict[str, Any] = {}
    if context:
        named = {name: [value] for name, value in context.items()}
        more = {"errors": [{"message": message, "context": named}], "context": named}
    return Refused(400, "VALIDATION_ERROR", message, **more)
