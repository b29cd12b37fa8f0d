"""HubSpot's lists, and its refusals, as faults need to know them."""

from __future__ import annotations

from typing import Any

from sandbox.vendor_faults import Answer, Asked, ListPage, VendorFaults
from sandbox.vendors.hubspot.limits import Limits
from sandbox.vendors.hubspot.wire import MODIFIED, Refused

# A walk over links lists the objects at their near end first.
LINKS_OF = {"contacts": ("contact_companies",), "deals": ("deal_contacts", "deal_companies"), "companies": ()}
TEXT = {"contacts": "lastname", "companies": "name", "deals": "dealname"}
BEYOND_ALL_IDS = 9 * 10**16
PER_10_SECONDS = 100


def _after(asked: Asked) -> str | None:
    return asked.params.get("after")


def _search_after(asked: Asked) -> str | None:
    """The offset; a search among the ids above one goes on too, though its offset is 0."""
    after = str(asked.json.get("after", "0"))
    if after != "0":
        return after
    return after if _above(asked) not in (None, "0") else None


def _lead_on(envelope: dict[str, Any], token: str) -> None:
    envelope["paging"] = {"next": {"after": token, "link": ""}}


def _follows(asked: Asked, former: Asked, answer: dict[str, Any]) -> bool:
    return str(_next(answer)) == _after(asked) and asked.params.get("archived") == former.params.get("archived")


def _follows_search(asked: Asked, former: Asked, answer: dict[str, Any]) -> bool:
    results = answer.get("results") or [{}]
    return _above(asked) == results[-1].get("id") or (_above(asked), str(_next(answer))) == (
        _above(former),
        str(asked.json.get("after")),
    )


def _next(answer: dict[str, Any]) -> Any:
    return ((answer.get("paging") or {}).get("next") or {}).get("after")


def _above(asked: Asked) -> str | None:
    """The id above which a search asks."""
    groups = asked.json.get("filterGroups") or [{}]
    return next((one.get("value") for one in groups[0].get("filters", ()) if one.get("operator") == "GT"), None)


def _beyond(asked: Asked) -> str:
    return str(BEYOND_ALL_IDS + int(_after(asked) or "0"))


def _beyond_search(asked: Asked) -> str:
    return str(BEYOND_ALL_IDS + int(_above(asked) or "0"))


def _delete(record: dict[str, Any], now: str) -> None:
    record |= {"archived": True, "archivedAt": now}


def _is_gone(record: dict[str, Any]) -> bool:
    return record.get("archived") is True


def _objects(kind: str) -> tuple[ListPage, ListPage, ListPage]:
    """The list, the same list read for its ids only, and the search."""
    path = rf"/crm/v3/objects/{kind}"
    records: dict[str, Any] = {
        "ids": (("id",), ("properties", "hs_object_id")),
        "times": (("updatedAt",), ("properties", MODIFIED[kind])),
        "text": ("properties", TEXT[kind]),
        "delete": _delete,
        "is_gone": _is_gone,
    }
    return (
        ListPage(
            kind,
            f"GET {path}",
            "results",
            _after,
            _lead_on,
            _follows,
            _beyond,
            whole=lambda asked: TEXT[kind] in asked.params.get("properties", "").split(","),
            **records,
        ),
        ListPage("", f"GET {path}", "results", _after, _lead_on, _follows, _beyond, serves=LINKS_OF[kind]),
        ListPage(
            kind, f"POST {path}/search", "results", _search_after, _lead_on, _follows_search, _beyond_search, **records
        ),
    )


def _limited() -> Answer:
    """The 429 of the ten seconds' limit."""
    limits = Limits(PER_10_SECONDS, 0)
    try:
        for _ in range(PER_10_SECONDS + 1):
            limits.admit(False)
    except Refused as refused:
        response = refused.response()
        return Answer(429, {**refused.headers, "content-type": "application/json"}, bytes(response.body))
    raise AssertionError("the limit is never reached")


VENDOR = VendorFaults(
    lists=(
        *_objects("contacts"),
        *_objects("companies"),
        *_objects("deals"),
        ListPage(
            "owners",
            "GET /crm/v3/owners/?",
            "results",
            _after,
            _lead_on,
            _follows,
            _beyond,
            ids=(("id",),),
            times=(("updatedAt",),),
            text=("lastName",),
            delete=_delete,
            is_gone=_is_gone,
        ),
    ),
    limited=_limited,
    unfit={"token_expired": "the sandbox's connection has a private app's token, which has no end"},
    unlimited={"per_10_seconds": 10**9, "searches_per_second": 10**9},
)
