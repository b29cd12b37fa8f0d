"""Matomo's reporting API as far as visits go: the visits log, the day's total, the site. One site, one user.

Behaviour: matomo-org/matomo 5.x, plugins/Live, VisitsSummary, SitesManager and core/API. Parameters may come in the
query and in a form; a token is taken from either, as the vendor does unless it was told to insist on POST."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.model import COMPANY_TIME_ZONE
from sandbox.vendors.matomo.errors import Refused, no_access
from sandbox.vendors.matomo.query import Query, parse, pick, read_day
from sandbox.vendors.matomo.records import SITE_ID, SITE_URL
from sandbox.vendors.matomo.visits import ZONE, VisitsLog
from sandbox.world import World

VERSION = "5.1.2"


def build_app(world: World) -> Starlette:
    """The look-alike. It has no rate limit: an installation of one's own has none."""
    return Starlette(routes=_Matomo(world).routes())


class _Matomo:
    def __init__(self, world: World) -> None:
        self._world = world
        self._token = world.credentials.matomo.token_auth
        self._log = VisitsLog(world)
        self._lock = threading.Lock()
        self._methods: Mapping[str, Callable[[Mapping[str, str]], bytes]] = {
            "Live.getLastVisitsDetails": self._visits,
            "VisitsSummary.get": self._summary,
            "SitesManager.getSiteFromId": self._site,
            "API.getMatomoVersion": self._version,
        }

    def routes(self) -> list[Route]:
        return [
            Route("/", self._index, methods=["GET", "POST"]),
            Route("/index.php", self._index, methods=["GET", "POST"]),
        ]

    async def _index(self, request: Request) -> Response:
        posted = (await request.body()).decode("utf-8", "replace") if request.method == "POST" else ""
        given = {**dict(request.query_params), **dict(parse_qsl(posted))}
        if given.get("module") != "API":
            return PlainTextResponse("<!DOCTYPE html><title>Sign in - Matomo</title>", media_type="text/html")
        if given.get("format", "xml").lower() != "json":
            return PlainTextResponse("this look-alike speaks JSON only: format=json", 501)
        try:
            return Response(await run_in_threadpool(self._answer, given), media_type="application/json; charset=utf-8")
        except Refused as error:
            return Response(error.body(), error.status, media_type="application/json; charset=utf-8")

    def _answer(self, given: Mapping[str, str]) -> bytes:
        name = given.get("method", "")
        if name not in self._methods:
            module, _, method = name.partition(".")
            raise Refused(
                f"The method '{method}' does not exist or is not available in the module "
                f"'\\Piwik\\Plugins\\{module}\\API'."
            )
        is_known = compare_digest(given.get("token_auth", ""), self._token)
        if name != "API.getMatomoVersion":
            if "idSite" not in given:
                raise Refused("Please specify a value for 'idSite'.")
            if not is_known or given["idSite"] != str(SITE_ID):
                raise no_access(given["idSite"])
        elif not is_known:
            raise Refused("You can't access this resource as it requires view access for at least one website.", 401)
        with self._lock:  # the log is folded once a clock
            return self._methods[name](given)

    def _visits(self, given: Mapping[str, str]) -> bytes:
        query = parse(given, self._world.now(), ZONE)
        return b"[" + b",".join(row.body for row in pick(query, self._log.rows(), self._world.now())) + b"]"

    def _summary(self, given: Mapping[str, str]) -> bytes:
        """One day's figures, or by day for a range of them."""
        if given.get("period") != "day":
            raise Refused(f"The period '{given.get('period', '')}' is not supported. Try any of the following: day")
        today = self._world.now().astimezone(ZONE).date()
        first, _, last = given.get("date", "").partition(",")
        if not last:
            return json.dumps(self._totals(first)).encode()
        day, totals = read_day(first, today), {}
        while day <= read_day(last, today):
            totals[day.isoformat()] = self._totals(day.isoformat())
            day += timedelta(days=1)
        return json.dumps(totals).encode()

    def _totals(self, day: str) -> dict[str, Any]:
        now = self._world.now()
        start = parse({"period": "range", "date": f"{day},{day}"}, now, ZONE)
        assert start.start is not None
        # an archive ends with the day's last second, where the log's query takes the next midnight in
        last = start.end - 1 if start.end is not None else None
        rows = pick(Query(start.start, last, None, -1, 0, True), self._log.rows(), now)
        return {"nb_visits": len(rows), "nb_users": 0, "nb_visits_converted": 0, "bounce_count": 0}

    def _site(self, given: Mapping[str, str]) -> bytes:
        return json.dumps(
            {
                "idsite": SITE_ID,
                "name": "Made Company",
                "main_url": SITE_URL,
                "ts_created": "2024-01-01 00:00:00",
                "ecommerce": 0,
                "timezone": COMPANY_TIME_ZONE,
                "currency": "EUR",
                "type": "website",
                "timezone_name": "Poland",
                "currency_name": "Euro",
            }
        ).encode()

    def _version(self, given: Mapping[str, str]) -> bytes:
        return json.dumps({"value": VERSION}).encode()
