"""Typeform's API as far as forms and responses go: strict about paging, tokens and times, as the vendor is.

Shapes: the vendor's reference (create/retrieve-form, responses/retrieve-responses) and traffic that others
recorded. Where the reference is silent: a response keeps its place in the order of processing when it
changes; a token stays usable after its response was deleted; an error has no details."""

from __future__ import annotations

import json
import math
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.oauth import OAuthTokens
from sandbox.vendors.typeform.account import Account, Listed, fold
from sandbox.vendors.typeform.records import RESPONSE_TYPES
from sandbox.vendors.typeform.tokens import LIFETIME_SECONDS, grant
from sandbox.world import World

LARGEST_PAGE = {"forms": 200, "responses": 1_000}
DEFAULT_PAGE = {"forms": 10, "responses": 25}


class Refused(Exception):
    """An answer that is an error in Typeform's form."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status, self.code, self.description = status, code, description


def build_app(world: World, *, requests_per_second: int = 2, oauth: OAuthTokens | None = None) -> Starlette:
    """The look-alike. `requests_per_second` is the account's limit."""
    oauth = oauth or OAuthTokens(world.credentials.typeform.app, lifetime_seconds=LIFETIME_SECONDS, rotates=True)
    return Starlette(routes=_Typeform(world, requests_per_second, oauth).routes())


class _Typeform:
    def __init__(self, world: World, requests_per_second: int, oauth: OAuthTokens) -> None:
        self._world, self._limit, self._oauth = world, requests_per_second, oauth
        self._lock = threading.Lock()
        self._sent: deque[float] = deque()
        self._folded: tuple[tuple[datetime, int], Account] | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/token", self._grant, methods=["POST"]),
            Route("/forms", self._answer(self._forms)),
            Route("/forms/{form_id}", self._answer(self._form)),
            Route("/forms/{form_id}/responses", self._answer(self._responses)),
            Route("/{rest:path}", self._answer(self._nothing), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def _answer(self, handler: Callable[[Request], bytes]) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            try:
                self._admit(request)
                return Response(handler(request), media_type="application/json")
            except Refused as error:
                body = json.dumps({"code": error.code, "description": error.description})
                return Response(body, error.status, media_type="application/json")

        return endpoint

    async def _grant(self, request: Request) -> Response:
        return await grant(request, self._oauth)

    def _admit(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Refused(401, "AUTHENTICATION_FAILED", "Authentication credentials not found on the Request Headers")
        is_personal = secrets.compare_digest(token.encode(), self._world.credentials.typeform.token.encode())
        if not is_personal and (self._oauth.seconds_left(token) or 0) <= 0:
            raise Refused(403, "AUTHENTICATION_FAILED", "Authentication failed")
        with self._lock:
            now = time.monotonic()
            while self._sent and now - self._sent[0] >= 1:
                self._sent.popleft()
            if len(self._sent) >= self._limit:
                raise Refused(429, "TOO_MANY_REQUESTS", "Rate limit exceeded")
            self._sent.append(now)

    def _nothing(self, request: Request) -> bytes:
        raise Refused(404, "NOT_FOUND", "Endpoint not found")

    def _forms(self, request: Request) -> bytes:
        page = _whole(request, "page", 1, 1, None)
        size = _whole(request, "page_size", DEFAULT_PAGE["forms"], 1, LARGEST_PAGE["forms"])
        _one_of(request, "sort_by", ("created_at", "last_updated_at"))
        descending = _one_of(request, "order_by", ("asc", "desc")) == "desc"
        account = self._account()
        forms = sorted(account.forms.values(), key=lambda form: form.rank, reverse=descending)
        forms += account.broken_forms
        items = [form.body for form in forms[(page - 1) * size : page * size]]
        return _envelope(len(forms), size, items)

    def _form(self, request: Request) -> bytes:
        form_id = request.path_params["form_id"]
        definition = self._account().definitions.get(form_id)
        if definition is None:
            raise Refused(404, "FORM_NOT_FOUND", f"Non existing form with uid {form_id}")
        return definition

    def _responses(self, request: Request) -> bytes:
        form_id = request.path_params["form_id"]
        account = self._account()
        if form_id not in account.forms:
            raise Refused(404, "FORM_NOT_FOUND", f"Non existing form with uid {form_id}")
        size = _whole(request, "page_size", DEFAULT_PAGE["responses"], 1, LARGEST_PAGE["responses"])
        before, after = request.query_params.get("before"), request.query_params.get("after")
        since, until = _moment(request, "since"), _moment(request, "until")
        sort = request.query_params.get("sort")
        if (before or after) and (sort or since or until):
            raise Refused(400, "VALIDATION_ERROR", "before/after cannot be combined with sort, since or until")
        if before and after:
            raise Refused(400, "VALIDATION_ERROR", "before cannot be combined with after")
        kinds = _kinds(request)
        items = [item for item in account.responses.get(form_id, ()) if item.kind in kinds]
        if since:
            items = [item for item in items if item.at is None or item.at >= since]
        if until:
            items = [item for item in items if item.at is None or item.at <= until]
        if sort:
            items = _sorted(items, sort)
        ranks = account.ranks.get(form_id, {})
        if before:
            items = [item for item in items if item.rank < _rank(ranks, before)]
        if after:
            # the ones processed right after the token, still newest first
            items = [item for item in items if item.rank > _rank(ranks, after)][-size:]
        return _envelope(len(items), size, [item.body for item in items[:size]])

    def _account(self) -> Account:
        with self._lock:
            # reading the added records first: that may raise the revision
            forms = self._world.extra_records("typeform", "forms")
            responses = self._world.extra_records("typeform", "responses")
            key = (self._world.now(), self._world.revision)
            if self._folded is None or self._folded[0] != key:
                self._folded = (key, fold(self._world, forms, responses))
            return self._folded[1]


def _envelope(total: int, size: int, items: list[bytes]) -> bytes:
    head = f'{{"total_items":{total},"page_count":{math.ceil(total / size)},"items":['
    return head.encode() + b",".join(items) + b"]}"


def _whole(request: Request, name: str, default: int, least: int, most: int | None) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
        raise Refused(400, "VALIDATION_ERROR", f"{name} must be a number from {least} to {most or 'any'}")
    return int(text)


def _one_of(request: Request, name: str, allowed: tuple[str, ...]) -> str | None:
    text = request.query_params.get(name)
    if text is not None and text not in allowed:
        raise Refused(400, "VALIDATION_ERROR", f"{name} must be one of {', '.join(allowed)}")
    return text


def _moment(request: Request, name: str) -> datetime | None:
    """Whole seconds since 1970, or ISO 8601 in UTC to the second."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if text.isdecimal():
        return datetime.fromtimestamp(int(text), UTC)
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?", text):
        raise Refused(400, "VALIDATION_ERROR", f"{name} must be a time in UTC, to the second")
    return datetime.fromisoformat(text.rstrip("Z")).replace(tzinfo=UTC)


def _kinds(request: Request) -> set[str]:
    kinds = set(request.query_params.get("response_type", "completed").split(","))
    if not kinds <= set(RESPONSE_TYPES):
        raise Refused(400, "VALIDATION_ERROR", f"response_type must be of {', '.join(RESPONSE_TYPES)}")
    return kinds


def _rank(ranks: dict[str, tuple[datetime, int]], token: str) -> tuple[datetime, int]:
    if token not in ranks:
        raise Refused(400, "VALIDATION_ERROR", f"Non existing token {token}")
    return ranks[token]


def _sorted(items: list[Listed], sort: str) -> list[Listed]:
    field, _, direction = sort.partition(",")
    if field not in ("submitted_at", "landed_at", "staged_at") or direction not in ("asc", "desc"):
        raise Refused(400, "VALIDATION_ERROR", "sort must be {field},{asc|desc}")
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(items, key=lambda item: item.at or oldest, reverse=direction == "desc")
