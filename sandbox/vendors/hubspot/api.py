"""HubSpot's CRM API as far as objects, owners and links go: strict about auth, limits, paging and search.

Shapes: the vendor's OpenAPI descriptions (v3 objects and owners, v4 associations) and replies that others recorded.
Search answers from an index that runs behind the records; lists do not."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.oauth import OAuthTokens
from sandbox.vendors.hubspot import wire
from sandbox.vendors.hubspot.extras import Extra, loose, read_extras
from sandbox.vendors.hubspot.limits import Limits
from sandbox.vendors.hubspot.portal import CrmObject, Portal
from sandbox.vendors.hubspot.search import comparable, read_search
from sandbox.vendors.hubspot.tokens import LIFETIME_SECONDS, grant, require
from sandbox.vendors.hubspot.wire import Refused, invalid
from sandbox.world import World

INDEX_LAG = timedelta(seconds=30)
LARGEST_LIST = 100
LARGEST_BATCH = 1_000
LINKS_A_REPLY = 500
SPELLINGS = {
    **dict.fromkeys(("contacts", "contact", "0-1"), "contacts"),
    **dict.fromkeys(("companies", "company", "0-2"), "companies"),
    **dict.fromkeys(("deals", "deal", "0-3"), "deals"),
}
SINGULAR = {"contacts": "contact", "companies": "company", "deals": "deal"}
LINK_STREAMS = {
    ("contacts", "companies"): "contact_companies",
    ("deals", "contacts"): "deal_contacts",
    ("deals", "companies"): "deal_companies",
}


def build_app(
    world: World, *, per_10_seconds: int = 100, searches_per_second: int = 5, oauth: OAuthTokens | None = None
) -> Starlette:
    """The look-alike. The limits are those of the smallest subscription."""
    oauth = oauth or OAuthTokens(world.credentials.hubspot.app, lifetime_seconds=LIFETIME_SECONDS, rotates=False)
    return Starlette(routes=_HubSpot(world, Limits(per_10_seconds, searches_per_second), oauth).routes())


class _HubSpot:
    def __init__(self, world: World, limits: Limits, oauth: OAuthTokens) -> None:
        self._world, self._limits, self._oauth = world, limits, oauth
        self._lock = threading.Lock()
        self._portals: dict[str, tuple[datetime | None, Portal]] = {}
        self._extras: dict[str, tuple[list[bytes], dict[int, Extra]]] = {}

    def routes(self) -> list[Route]:
        objects = "/crm/v3/objects/{kind}"
        return [
            Route("/oauth/v1/token", self._grant, methods=["POST"]),
            Route(objects, self._answer(self._list)),
            Route(objects + "/search", self._answer(self._search, is_search=True), methods=["POST"]),
            Route("/crm/v3/owners", self._answer(self._owners)),
            Route("/crm/v3/owners/", self._answer(self._owners)),
            Route("/crm/v4/associations/{near}/{far}/batch/read", self._answer(self._links), methods=["POST"]),
            Route("/account-info/v3/details", self._answer(self._account)),
            Route("/{rest:path}", self._answer(self._nothing), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def _answer(
        self, handler: Callable[[Request, Any], tuple[int, bytes]], *, is_search: bool = False
    ) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            headers: dict[str, str] = {}
            try:
                self._authenticate(request)
                headers = self._limits.admit(is_search)
                body = _json(await request.body()) if request.method == "POST" else None
                status, reply = await run_in_threadpool(handler, request, body)
            except Refused as refused:
                refused.headers = {**headers, **refused.headers}
                return refused.response()
            return Response(reply, status, headers, media_type="application/json;charset=utf-8")

        return endpoint

    async def _grant(self, request: Request) -> Response:
        return await grant(request, self._oauth)

    def _authenticate(self, request: Request) -> None:
        require(request.headers.get("authorization", ""), self._world.credentials.hubspot.token, self._oauth)

    # --- endpoints ---
    def _list(self, request: Request, body: Any) -> tuple[int, bytes]:
        kind = _kind(request.path_params["kind"])
        limit, start, archived = _list_params(request)
        wanted = [name for value in request.query_params.getlist("properties") for name in value.split(",") if name]
        here, extras = self._portal(), self._extra(kind)
        made = {number for number, item in self._live(here, kind) if (item.archived_at is not None) == archived}
        numbers = sorted(
            made - extras.keys() | {number for number, extra in extras.items() if extra.is_archived == archived}
        )
        first = bisect_left(numbers, start)
        records = [
            extras[number].body if number in extras else wire.object_record(kind, here.objects[kind][number], wanted)
            for number in numbers[first : first + limit]
        ]
        return 200, wire.page(records, paging=_next(request, numbers[first + limit : first + limit + 1]))

    def _search(self, request: Request, body: Any) -> tuple[int, bytes]:
        kind = _kind(request.path_params["kind"])
        search = read_search(body)
        index, extras = self._portal(lagging=True), self._extra(kind)
        found: list[CrmObject | Extra] = [
            item
            for number, item in self._live(index, kind)
            if item.archived_at is None
            and number not in extras
            and search.matches(lambda name, item=item: wire.value_of(kind, item, name))
        ]
        found += [
            extra
            for extra in extras.values()
            if not extra.is_archived
            and (extra.found(search.filtered) or search.matches(lambda name, extra=extra: extra.value(kind, name)))
        ]

        def order(item: CrmObject | Extra) -> tuple[Any, int]:
            extra = isinstance(item, Extra)
            number = item.number if extra else item.id
            if search.sort_by is None or search.sort_by == "hs_object_id":
                return (), number
            held = item.value(kind, search.sort_by) if extra else wire.value_of(kind, item, search.sort_by)
            return comparable(held if held is not None else ""), number

        found.sort(key=order, reverse=search.descending)
        shown = found[search.offset : search.offset + search.limit]
        records = [
            item.body if isinstance(item, Extra) else wire.object_record(kind, item, search.properties)
            for item in shown
        ]
        following = search.offset + len(shown)
        paging = {"next": {"after": str(following)}} if following < len(found) else None
        return 200, wire.page(records, total=len(found), paging=paging)

    def _owners(self, request: Request, body: Any) -> tuple[int, bytes]:
        limit, start, archived = _list_params(request, largest=500)
        world = self._world
        owners = {} if world.data_dir_mode else self._portal().owners(world.company, world.now())
        extras = self._extra("owners")
        records = {
            number: wire.owner_record(number, owner)
            for number, owner in owners.items()
            if (owner.archived_at is not None) == archived and number not in extras
        }
        records |= {number: extra.body for number, extra in extras.items() if extra.is_archived == archived}
        numbers = sorted(records)
        first = bisect_left(numbers, start)
        paging = _next(request, numbers[first + limit : first + limit + 1])
        return 200, wire.page([records[number] for number in numbers[first : first + limit]], paging=paging)

    def _links(self, request: Request, body: Any) -> tuple[int, bytes]:
        near, far = (_kind(request.path_params[end]) for end in ("near", "far"))
        if (near, far) not in wire.LINK_TYPES:
            raise invalid(f"No associations exist between {near} and {far}")
        inputs = body.get("inputs") if isinstance(body, dict) else None
        if not isinstance(inputs, list) or not inputs:
            raise invalid("Some required fields were not set: [inputs]", propertyName="inputs")
        if len(inputs) > LARGEST_BATCH:
            raise invalid(f"Batch size must be at most {LARGEST_BATCH}, but was {len(inputs)}")
        extras = self._extra(LINK_STREAMS.get((near, far), ""), id_of="from")
        results: list[bytes] = [extra.body for extra in loose(extras.values())]
        errors = []
        for one in inputs:
            number, after = _input(one)
            if number in extras:
                results.append(extras[number].body)
                continue
            purged = self._world.purged("hubspot", far)
            others = [other for other in self._portal().linked(near, far, number) if str(other) not in purged]
            if not others:
                errors.append(_no_links(near, far, number))
                continue
            part = others[after : after + LINKS_A_REPLY]
            result: dict[str, Any] = {
                "from": {"id": str(number)},
                "to": [wire.link(near, far, other, is_primary=other == others[0]) for other in part],
            }
            if after + len(part) < len(others):
                result["paging"] = {"next": {"after": str(after + len(part))}}
            results.append(msgspec.json.encode(result))
        stamp = wire.moment(self._world.now())
        more: dict[str, Any] = {"status": "COMPLETE", "startedAt": stamp, "completedAt": stamp}
        if errors:
            more |= {"numErrors": len(errors), "errors": errors}
        tail = msgspec.json.encode(more)[1:]
        return (207 if errors else 200), b'{"results":[' + b",".join(results) + b"]," + tail

    def _account(self, request: Request, body: Any) -> tuple[int, bytes]:
        details = {
            "portalId": 62_515_000 + self._world.company.seed % 1_000,
            "accountType": "STANDARD",
            "timeZone": "Europe/Warsaw",
            "companyCurrency": "EUR",
            "additionalCurrencies": ["PLN", "USD"],
            "utcOffset": "+01:00",
            "utcOffsetMilliseconds": 3_600_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "eu1",
        }
        return 200, msgspec.json.encode(details)

    def _nothing(self, request: Request, body: Any) -> tuple[int, bytes]:
        written = request.url.path.removeprefix("/crm/v3/objects/").split("/")[0]
        if request.method != "GET" and request.url.path.startswith("/crm/v3/objects/") and written in SPELLINGS:
            raise _missing_scope(f"crm.objects.{SPELLINGS[written]}.write")
        raise Refused(404, "OBJECT_NOT_FOUND", "resource not found")

    # --- what is served ---
    def _portal(self, *, lagging: bool = False) -> Portal:
        """The account now, or as the search index has it. Events are folded once as the clock moves on."""
        name = "index" if lagging else "records"
        with self._lock:
            now = self._world.now() - (INDEX_LAG if lagging else timedelta(0))
            at, portal = self._portals.get(name, (None, Portal()))
            if at is None or at > now:
                portal = Portal()
            if at != now and not self._world.data_dir_mode:
                events = self._world.events()
                if lagging:
                    events = events[: bisect_left(events, now, key=lambda event: event.at)]
                portal.fold(self._world.company, events)
            self._portals[name] = (now, portal)
            return portal

    def _live(self, portal: Portal, kind: str) -> list[tuple[int, CrmObject]]:
        purged = self._world.purged("hubspot", kind)
        return [(number, item) for number, item in portal.objects[kind].items() if str(number) not in purged]

    def _extra(self, stream: str, *, id_of: str = "id") -> dict[int, Extra]:
        bodies = self._world.extra_records("hubspot", stream) if stream else []
        with self._lock:
            known = self._extras.get(stream)
            if known is None or known[0] != bodies:
                known = self._extras[stream] = (list(bodies), read_extras(bodies, id_of=id_of))
        here = self._portal()
        return {number: extra for number, extra in known[1].items() if not here.is_merged_away(stream, number)}


def _missing_scope(scope: str) -> Refused:
    """The token may read and nothing else (hubspot-api-nodejs #268 has the body)."""
    scopes = "https://developers.hubspot.com/scopes"
    wanted = {"message": "One or more of the following scopes are required.", "context": {"requiredScopes": [scope]}}
    return Refused(
        403,
        "MISSING_SCOPES",
        f"This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
        f"{scopes}.",
        errors=[wanted],
        links={"scopes": scopes},
    )


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise invalid("Invalid input JSON on line 1, column 1") from None


def _kind(spelling: str) -> str:
    if spelling not in SPELLINGS:
        raise invalid(f"Unable to infer object type from: {spelling}")
    return SPELLINGS[spelling]


def _list_params(request: Request, largest: int = LARGEST_LIST) -> tuple[int, int, bool]:
    """limit, the id to begin at, archived."""
    params: Mapping[str, str] = request.query_params
    limit, after, archived = params.get("limit", "10"), params.get("after", "0"), params.get("archived", "false")
    if not limit.isdigit() or not 1 <= int(limit) <= largest:
        raise invalid(f"limit must be between 1 and {largest}, but was {limit}", propertyName="limit")
    if not (after.isascii() and after.isdigit()):
        raise invalid(f"Invalid paging token: {after}", propertyName="after")
    if archived.lower() not in ("true", "false"):
        raise invalid(f"archived must be true or false, but was {archived}", propertyName="archived")
    return int(limit), int(after), archived.lower() == "true"


def _next(request: Request, following: list[int]) -> dict[str, Any] | None:
    if not following:
        return None
    after = str(following[0])
    return {"next": {"after": after, "link": str(request.url.include_query_params(after=after))}}


def _input(one: Any) -> tuple[int, int]:
    held, after = (one.get("id"), one.get("after", "0")) if isinstance(one, dict) else (None, "0")
    if not isinstance(held, str) or not held.isdigit() or not str(after).isdigit():
        raise invalid("each input must have a numeric id", propertyName="inputs")
    return int(held), int(after)


def _no_links(near: str, far: str, number: int) -> dict[str, Any]:
    """What a batch read says of an object without links; of one that does not exist it says the same."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {SINGULAR[far]} is associated with {SINGULAR[near]} {number}.",
        "context": {
            "fromObjectId": [str(number)],
            "fromObjectType": [SINGULAR[near]],
            "toObjectType": [SINGULAR[far]],
        },
    }
