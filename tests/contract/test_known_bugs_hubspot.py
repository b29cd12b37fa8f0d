"""Bugs that other HubSpot connectors had and that test_hubspot.py does not meet on its way (tests/known_bugs.py)."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cx_warehouse.connectors.hubspot.streams import STREAMS
from tests.contract.hubspot_world import NIGHT, Landed, contacts, crm

SERVED = 7


class Fewer:
    """The application of a vendor that serves at most SERVED records a page, whatever was asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode())
        if "limit" in query:
            scope = {**scope, "query_string": urlencode({**query, "limit": [str(SERVED)]}, doseq=True).encode()}
        if not scope["path"].endswith("/search"):
            await self.app(scope, receive, send)
            return
        asked = json.loads((await receive())["body"])
        body = json.dumps({**asked, "limit": min(SERVED, asked["limit"])}).encode()
        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))

        async def receive_fewer() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app({**scope, "headers": headers}, receive_fewer, send)


@pytest.mark.parametrize("walk", ["first", "increment"])
def test_a_short_page_is_not_taken_for_the_end_bug_28(walk: str) -> None:
    with crm(*contacts(1, 30), *contacts(31, 30, at=NIGHT + timedelta(hours=1))) as here:
        here.app.app = Fewer(here.app.app)
        landed = Landed(STREAMS["contacts"])
        if walk == "increment":
            here.land("contacts", landed)
        here.world.advance(1)
        pages = landed.pages
        here.land("contacts", landed)
        assert len(landed.live) == 60
        assert landed.pages - pages >= 30 / SERVED
