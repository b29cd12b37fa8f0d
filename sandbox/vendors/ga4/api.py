"""The GA4 Data API as far as runReport goes, with its token endpoint, quotas, losses and error bodies.

Shapes: the v1beta discovery document. A report is of what analytics has processed by the sandbox's clock, so the
days just past change until all their visits are in."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.vendors.ga4.errors import Refused
from sandbox.vendors.ga4.query import DIMENSIONS, METRICS, parse
from sandbox.vendors.ga4.quota import Limits, Quota
from sandbox.vendors.ga4.report import Losses, answer
from sandbox.vendors.ga4.tokens import TokenError, Tokens
from sandbox.vendors.ga4.visits import Visits
from sandbox.world import World

ROWS_PER_TOKEN = 1_000


def build_app(world: World, *, limits: Limits | None = None, losses: Losses | None = None) -> Starlette:
    """The look-alike. `limits` are the property's quotas, `losses` what it condenses and withholds."""
    return Starlette(routes=_Ga4(world, limits or Limits(), losses or Losses()).routes())


class _Ga4:
    def __init__(self, world: World, limits: Limits, losses: Losses) -> None:
        self._property = world.credentials.ga4.property_id
        self._tokens = Tokens(world.credentials.ga4)
        self._quota, self._losses = Quota(limits), losses
        self._visits = Visits(world)
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        return [
            Route("/token", self._token, methods=["POST"]),
            Route("/v1beta/properties/{property}:runReport", self._answer(self._run_report), methods=["POST"]),
            Route("/v1beta/properties/{property}/metadata", self._answer(self._metadata)),
            Route("/{rest:path}", self._answer(self._nothing), methods=["GET", "POST"]),
        ]

    async def _token(self, request: Request) -> Response:
        try:
            return JSONResponse(self._tokens.exchange(await request.body()))
        except TokenError as error:
            return JSONResponse(error.body, 400)

    def _answer(self, handler: Callable[[Request, bytes], bytes]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                self._tokens.require(request.headers.get("authorization", ""))
                asked = request.path_params.get("property", self._property)
                if asked != self._property:
                    raise Refused(
                        403,
                        "PERMISSION_DENIED",
                        "User does not have sufficient permissions for this property. To learn more about "
                        "Property ID, see "
                        "https://developers.google.com/analytics/devguides/reporting/data/v1/property-id.",
                    )
                body = await run_in_threadpool(handler, request, await request.body())
                return Response(body, media_type="application/json")
            except Refused as error:
                return Response(error.body(), error.code, media_type="application/json")

        return endpoint

    def _run_report(self, request: Request, body: bytes) -> bytes:
        with self._quota.request():
            with self._lock:  # the visits are folded once a clock
                query = parse(body, self._visits.today())
                report, rows = answer(query, self._visits, self._losses)
            quota = self._quota.spend(1 + len(query.dimensions) // 2 + rows // ROWS_PER_TOKEN)
        if query.return_quota:
            report += b',"propertyQuota":' + json.dumps(quota).encode()
        return report + b"}"

    def _metadata(self, request: Request, body: bytes) -> bytes:
        return json.dumps(
            {
                "name": f"properties/{self._property}/metadata",
                "dimensions": [
                    {"apiName": name, "uiName": name, "customDefinition": name.startswith("customUser:")}
                    for name in DIMENSIONS
                ],
                "metrics": [{"apiName": name, "uiName": name, "type": kind} for name, kind in METRICS.items()],
            }
        ).encode()

    def _nothing(self, request: Request, body: bytes) -> bytes:
        raise Refused(404, "NOT_FOUND", f"Method not found: {request.method} {request.url.path}")
