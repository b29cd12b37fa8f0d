"""Typeform's lists, and its refusals, as faults need to know them."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from sandbox.model import SurveyResponseDeleted
from sandbox.vendor_faults import Answer, Asked, Edit, ListPage, VendorFaults
from sandbox.world import World

LIMITED = {"code": "TOO_MANY_REQUESTS", "description": "Rate limit exceeded"}


def _page(asked: Asked) -> str | None:
    return asked.params.get("page") if asked.params.get("page", "1") != "1" else None


def _follows_page(asked: Asked, former: Asked, answer: dict[str, Any]) -> bool:
    return int(asked.params["page"]) == int(former.params.get("page", "1")) + 1


def _follows(asked: Asked, former: Asked, answer: dict[str, Any]) -> bool:
    items = answer.get("items") or [{}]
    return asked.path == former.path and items[-1].get("token") == asked.params.get("before")


def _form(asked: Asked) -> str:
    found = re.fullmatch(r"/forms/([^/]+)/responses", asked.path)
    return found.group(1) if found else ""


def _wrap(asked: Asked, record: bytes) -> bytes:
    return b'{"form_id":' + json.dumps(_form(asked)).encode() + b',"response":' + record + b"}"


def _delete(world: World, asked: Asked, records: list[dict[str, Any]], dice: random.Random) -> Edit | None:
    """A deleted response is served no more; there is no word of it."""
    edited = b"".join(world.extra_records("typeform", "responses"))  # those are served whatever happens
    tokens = [token for record in records if (token := str(record.get("token"))).encode() not in edited]
    if not tokens or world.data_dir_mode:
        return None
    token = dice.choice(tokens)
    event = SurveyResponseDeleted(event_id=0, at=world.now(), response_id=token, form_id=_form(asked))
    return Edit(f"responses {event.form_id}:{token} deleted", event=event)


VENDOR = VendorFaults(
    lists=(
        ListPage("forms", "GET /forms", "items", _page, follows=_follows_page, serves=("responses",)),
        ListPage(
            "responses",
            "GET /forms/[^/]+/responses",
            "items",
            lambda asked: asked.params.get("before"),
            follows=_follows,
            ids=(("token",), ("response_id",), ("landing_id",)),
            times=(("landed_at",), ("staged_at",), ("submitted_at",)),
            text=("metadata", "browser"),
            wrap=_wrap,
            instead={"deleted_during_walk": _delete},
        ),
    ),
    limited=lambda: Answer(429, {"content-type": "application/json"}, json.dumps(LIMITED).encode()),
    unlimited={"requests_per_second": 10**9},
    unfit={
        "token_expired": "the sandbox's connection has a personal access token, which has no end",
        "stuck_cursor": "the token of the next page is its last response's own: duplicate_page is the same",
    },
)
