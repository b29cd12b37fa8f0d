"""Zendesk's paths: who may ask, which list or export answers, and errors in Zendesk's own form."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.vendors.zendesk import paging, records, settings
from sandbox.vendors.zendesk.audits import without_comments
from sandbox.vendors.zendesk.limits import Limits
from sandbox.vendors.zendesk.paging import Page, Refused
from sandbox.vendors.zendesk.shelf import EXCLUDED, Row, Shelf
from sandbox.vendors.zendesk.tokens import TokenError, Tokens
from sandbox.world import World

CURSOR_EXPORTS = {"tickets", "users"}
TIME_EXPORTS = {
    "tickets": "tickets",
    "users": "users",
    "organizations": "organizations",
    "ticket_events": "ticket_events",
    "ticket_metric_events": "metric_events",
}
LISTS = {"users", "tickets", "organizations", "satisfaction_ratings", "groups"}
SINGULAR = {
    "users": "user",
    "tickets": "ticket",
    "organizations": "organization",
    "satisfaction_ratings": "satisfaction_rating",
    "groups": "group",
}


INVALID_TOKEN = {
    "error": "invalid_token",
    "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
}


def build(world: World, limits: Limits, tokens: Tokens) -> Starlette:
    """The application over a world."""
    api = Api(world, limits, tokens)
    return Starlette(
        routes=[
            Route("/oauth/tokens", api.grant, methods=["POST"]),
            Route("/api/v2/{path:path}", api.answer, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]
    )


class Api:
    """Answers requests. Handlers are plain functions: Starlette runs them in worker threads."""

    def __init__(self, world: World, limits: Limits, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._shelf = Shelf(world)
        self._limits = limits

    async def grant(self, request: Request) -> Response:
        """A token for an OAuth client."""
        granted, headers = self._limits.take("account")
        if not granted:
            return _refused(Refused(429, "APIRateLimitExceeded", "Number of allowed API requests exceeded"), headers)
        try:
            given = self._tokens.exchange(request.headers.get("content-type", ""), await request.body())
        except TokenError as error:
            return _json(error.body, headers, error.status)
        return _json(given, {**headers, "Cache-Control": "no-store"})

    def answer(self, request: Request) -> Response:
        """One request: limits first, then credentials, then the path."""
        path = request.path_params["path"].removesuffix(".json").strip("/")
        granted, headers = self._limits.take(_budget(path))
        try:
            if not granted:
                raise Refused(429, "APIRateLimitExceeded", "Number of allowed API requests per minute exceeded")
            authorization = request.headers.get("authorization") or ""
            known = self._knows(authorization)
            if path == "users/me" and known is not False:
                return _json({"user": self._me(bool(known))}, headers)
            if not known:
                is_bearer = authorization.lower().startswith("bearer ")
                return _json(INVALID_TOKEN if is_bearer else {"error": "Couldn't authenticate you"}, headers, 401)
            if request.method not in ("GET", "HEAD"):
                raise Refused(404, "InvalidEndpoint", "Not found")  # what is here can only be read
            return self._dispatch(path, dict(request.query_params), request, headers)
        except Refused as refused:
            return _refused(refused, headers)

    def _knows(self, authorization: str) -> bool | None:
        """True for good credentials, False for a wrong token, None for none at all, or a wrong password:
        those are anonymous. Raises the 403 of a token that may not read."""
        wanted = self._world.credentials.zendesk
        kind, _, value = authorization.partition(" ")
        if kind.lower() == "bearer":
            scopes = self._tokens.scopes(value)
            if scopes is not None and "read" not in scopes:
                raise Refused(403, "Forbidden", "You are missing the following required scopes: read")
            return scopes is not None
        if kind.lower() != "basic":
            return None
        try:
            name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeError):
            return None
        if not name.endswith("/token"):
            return None
        return (name.removesuffix("/token"), secret) == (wanted.email, wanted.token)

    def _me(self, known: bool) -> dict[str, Any]:
        if not known:
            return {
                "id": None,
                "url": None,
                "name": "Anonymous user",
                "email": "invalid@example.com",
                "role": "end-user",
                "active": None,
            }
        return records.user(self._shelf.helpdesk.admin)

    def _dispatch(
        self,
        path: str,
        params: dict[str, str],
        request: Request,
        headers: Mapping[str, str],
    ) -> Response:
        url = f"{request.url.scheme}://{request.url.netloc}{request.url.path}"
        newest = records.epoch(self._world.now() - EXCLUDED)
        if match := re.fullmatch(r"incremental/(\w+)/cursor", path):
            name = match.group(1)
            if name in CURSOR_EXPORTS:
                page = paging.cursor_export(self._shelf.exported(name), params, newest, url)
                wanted = name == "tickets" and "metric_sets" in params.get("include", "").split(",")
                return _page(name, page, headers, beside={"metric_sets": self._metric_sets(page)} if wanted else {})
        elif match := re.fullmatch(r"incremental/(\w+)", path):
            name = match.group(1)
            if name in TIME_EXPORTS:
                page = paging.time_export(self._shelf.exported(TIME_EXPORTS[name]), params, newest, url)
                short = name == "ticket_events" and "comment_events" not in params.get("include", "").split(",")
                return _page(name, page, headers, short=short)
        elif path in LISTS:
            return _page(path, self._list(path, params, url), headers)
        elif path == "ticket_metrics":
            rows = sorted(self._of_listed_tickets(), key=lambda row: (row.created_at, row.order), reverse=True)
            return _page(path, paging.cursor_list(rows, params, url, paging.LARGEST_LIST), headers)
        elif match := re.fullmatch(r"tickets/(\d+)/metrics", path):
            self._one("tickets", match.group(1))
            row = next(row for row in self._shelf.rows("ticket_metrics") if row.key == match.group(1))
            return _body(b'{"ticket_metric":' + row.body + b"}", headers)
        elif path == "guide/survey_responses":
            return _page("survey_responses", self._surveys(params, url), headers)
        elif path == "business_hours/schedules":
            rows = self._shelf.rows("schedules")
            return _page("schedules", (rows, {"url": url}), headers)
        elif match := re.fullmatch(r"business_hours/schedules/(\d+)/holidays", path):
            return _page("holidays", (self._holidays(match.group(1)), {"url": url}), headers)
        elif path == "slas/policies":
            rows = sorted(self._shelf.rows("sla_policies"), key=_position)
            return _page("sla_policies", paging.numbered_list(rows, params, url), headers)
        elif match := re.fullmatch(r"(\w+)/count", path):
            if match.group(1) in LISTS:
                rows = [row for row in self._shelf.rows(match.group(1)) if row.is_listed]
                count = {"value": len(rows), "refreshed_at": records.iso(self._world.now())}
                return _json({"count": count}, headers)
        elif match := re.fullmatch(r"(\w+)/(\d+)", path):
            if match.group(1) in LISTS:
                row = self._one(match.group(1), match.group(2))
                return _body(b'{"' + SINGULAR[match.group(1)].encode() + b'":' + row.body + b"}", headers)
        elif match := re.fullmatch(r"tickets/(\d+)/comments", path):
            self._one("tickets", match.group(1))
            return self._comments(int(match.group(1)), params, url, headers)
        raise Refused(404, "InvalidEndpoint", "Not found")

    def _list(self, name: str, params: Mapping[str, str], url: str) -> Page:
        rows: Sequence[Row] = [row for row in self._shelf.rows(name) if row.is_listed]
        if name == "satisfaction_ratings":
            start, end = paging.whole(params, "start_time", 0), paging.whole(params, "end_time", 10**12)
            rows = [row for row in rows if start <= row.at <= end]
            if score := params.get("score"):
                rows = [row for row in rows if json.loads(row.body).get("score") == score]
            rows = rows[::-1]  # the newest first
        else:
            rows = sorted(rows, key=lambda row: (len(row.key), row.key))
        if any(param.startswith("page[") for param in params):
            return paging.cursor_list(rows, params, url, paging.LARGEST_LIST)
        return paging.numbered_list(rows, params, url)

    def _surveys(self, params: Mapping[str, str], url: str) -> Page:
        """Filtered by when a survey was sent, in milliseconds; the newest first unless sorted. No links."""
        rows = sorted(self._shelf.rows("survey_responses"), key=lambda row: row.key, reverse=True)
        if params.get("sort", "-id") == "id":
            rows.reverse()
        start = paging.whole(params, "filter[created_at_start]", 0) // 1000
        end = paging.whole(params, "filter[created_at_end]", 10**15) // 1000
        rows = [row for row in rows if start <= row.created_at <= end]
        return paging.cursor_list(rows, params, url, paging.LARGEST_SURVEYS, links=False)

    def _metric_sets(self, page: Page) -> Sequence[Row]:
        """The metric sets of a page's tickets. Those put in by hand without a ticket come with the last page."""
        rows, envelope = page
        here, everywhere = ({row.key for row in found} for found in (rows, self._shelf.rows("tickets")))
        return [
            row
            for row in self._shelf.exported("ticket_metrics")
            if row.key in here or (envelope["end_of_stream"] and row.key not in everywhere)
        ]

    def _of_listed_tickets(self) -> Sequence[Row]:
        listed = {row.key for row in self._shelf.rows("tickets") if row.is_listed}
        return [row for row in self._shelf.rows("ticket_metrics") if row.key in listed]

    def _holidays(self, schedule: str) -> Sequence[Row]:
        """A schedule's holidays, all at once."""
        if schedule not in (row.key for row in self._shelf.rows("schedules")):
            raise Refused(404, "RecordNotFound", "Not found")
        found = ((row, *settings.unwrap(row.body)) for row in self._shelf.rows("holidays"))
        return [replace(row, body=body) for row, owner, body in found if str(owner) == schedule]

    def _one(self, name: str, number: str) -> Row:
        for row in self._shelf.rows(name):
            if row.key == number and (row.is_listed or name == "users" or b'"status":"closed"' in row.body):
                return row
        raise Refused(404, "RecordNotFound", "Not found")

    def _comments(self, ticket_id: int, params: Mapping[str, str], url: str, headers: Mapping[str, str]) -> Response:
        rows = []
        for audit in self._shelf.helpdesk.audits:
            for child in audit.children if audit.ticket_id == ticket_id else ():
                if child["event_type"] == "Comment":
                    comment = {name: value for name, value in child.items() if name != "event_type"}
                    rows.append(Row(0, str(child["id"]), json.dumps(comment).encode()))
        if "page[size]" in params:
            return _page("comments", paging.cursor_list(rows, params, url, paging.LARGEST_LIST), headers)
        return _page("comments", paging.numbered_list(rows, params, url), headers)


class _Positioned(msgspec.Struct):
    position: int


def _position(row: Row) -> float:
    """A policy's place in the order in which policies are tried; what was put in by hand may have none."""
    try:
        return msgspec.json.decode(row.body, type=_Positioned).position
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return math.inf


def _budget(path: str) -> str:
    if path == "incremental/users/cursor":
        return "user_exports"
    if path.startswith("incremental/"):
        return "exports"
    return "guide" if path.startswith("guide/") else "account"


def _page(
    name: str,
    page: Page,
    headers: Mapping[str, str],
    *,
    short: bool = False,
    beside: Mapping[str, Sequence[Row]] | None = None,
) -> Response:
    """The envelope with the rows' bytes spliced in: hand-added records are served exactly as given. `beside` are the
    records that were asked for by `include`."""
    rows, envelope = page
    bodies = b",".join(without_comments(row.body) if short else row.body for row in rows)
    lists = b'"' + name.encode() + b'":[' + bodies + b"]"
    for other, sideloaded in (beside or {}).items():
        lists += b',"' + other.encode() + b'":[' + b",".join(row.body for row in sideloaded) + b"]"
    rest = json.dumps(envelope)[1:].encode()
    return _body(b"{" + lists + (b"," if len(rest) > 1 else b"") + rest, headers)


def _json(value: Any, headers: Mapping[str, str], status: int = 200) -> Response:
    return _body(json.dumps(value).encode(), headers, status)


def _body(body: bytes, headers: Mapping[str, str], status: int = 200) -> Response:
    return Response(
        body, status, {**headers, "Content-Type": "application/json; charset=utf-8", "X-Zendesk-API-Version": "v2"}
    )


def _refused(refused: Refused, headers: Mapping[str, str]) -> Response:
    if refused.error.startswith("InvalidPagination"):
        error = {"code": refused.error, "title": refused.description}
        return _json({"errors": [error]}, headers, refused.status)
    return _json({"error": refused.error, "description": refused.description}, headers, refused.status)
