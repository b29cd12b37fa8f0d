"""Zendesk's lists, and its refusals, as faults need to know them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from sandbox.vendor_faults import Answer, Asked, ListPage, VendorFaults
from sandbox.vendors.zendesk.limits import PER_MINUTE, Limits

JSON = {"Content-Type": "application/json; charset=utf-8", "X-Zendesk-API-Version": "v2"}
EXPIRED = {
    "error": "invalid_token",
    "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
}


def _cursor(asked: Asked) -> str | None:
    return asked.params.get("cursor")


def _start_time(asked: Asked) -> str | None:
    return asked.params.get("start_time")


def _after(asked: Asked) -> str | None:
    return asked.params.get("page[after]")


def _lead_cursor(envelope: dict[str, Any], token: str) -> None:
    envelope |= {"after_cursor": token, "end_of_stream": False}


def _lead_time(envelope: dict[str, Any], token: str) -> None:
    envelope |= {"end_time": int(token), "end_of_stream": False}


def _lead_after(envelope: dict[str, Any], token: str) -> None:
    envelope["meta"] = {**envelope["meta"], "has_more": True, "after_cursor": token}


def _follows_cursor(asked: Asked, former: Asked, answer: dict[str, Any]) -> bool:
    return answer.get("after_cursor") == _cursor(asked)


def _follows_time(asked: Asked, former: Asked, answer: dict[str, Any]) -> bool:
    return str(answer.get("end_time")) == _start_time(asked) and answer.get("end_of_stream") is False


def _follows_after(asked: Asked, former: Asked, answer: dict[str, Any]) -> bool:
    meta = answer.get("meta")
    return isinstance(meta, dict) and meta.get("after_cursor") == _after(asked)


def _opaque(asked: Asked) -> str:
    """A token of the same make as the vendor's, that no real row has."""
    return base64.urlsafe_b64encode(json.dumps({"skipped": asked.query}).encode()).decode()


def _second_later(asked: Asked) -> str:
    return str(int(asked.params["start_time"]) + 1)


def _mark_deleted(fields: Mapping[str, Any]) -> Any:
    def delete(record: dict[str, Any], now: str) -> None:
        record.update({name: now if value == "now" else value for name, value in fields.items()})

    return delete


def _with_metric_sets(asked: Asked) -> bool:
    return "metric_sets" in asked.params.get("include", "").split(",")


def _export(kind: str, stream: str, records: str | None = None, **more: Any) -> ListPage:
    path = rf"GET /api/v2/incremental/{kind}(\.json)?"
    if kind.endswith("/cursor"):
        return ListPage(stream, path, records or stream, _cursor, _lead_cursor, _follows_cursor, _opaque, **more)
    return ListPage(stream, path, kind, _start_time, _lead_time, _follows_time, _second_later, **more)


def _limited() -> Answer:
    """The 429 of a used-up minute."""
    limits = Limits()
    granted = True
    while granted:
        granted, headers = limits.take("account")
    body = {"error": "APIRateLimitExceeded", "description": "Number of allowed API requests per minute exceeded"}
    return Answer(429, {**headers, **JSON}, json.dumps(body).encode())


VENDOR = VendorFaults(
    lists=(
        _export(
            "tickets/cursor",
            "tickets",
            ids=(("id",),),
            times=(("generated_timestamp",), ("updated_at",)),
            text=("subject",),
            delete=_mark_deleted({"status": "deleted"}),
            is_gone=lambda record: record.get("status") == "deleted",
            whole=lambda asked: not _with_metric_sets(asked),
        ),
        # a metric set changes with its ticket only
        _export("tickets/cursor", "ticket_metrics", "metric_sets", whole=_with_metric_sets),
        _export(
            "users/cursor",
            "users",
            ids=(("id",),),
            times=(("updated_at",),),
            text=("name",),
            delete=_mark_deleted({"active": False}),
            is_gone=lambda record: record.get("active") is False,
        ),
        _export(
            "organizations",
            "organizations",
            ids=(("id",),),
            times=(("updated_at",),),
            text=("name",),
            delete=_mark_deleted({"deleted_at": "now"}),
            is_gone=lambda record: record.get("deleted_at") is not None,
        ),
        _export("ticket_events", "ticket_events"),  # what happened stays as it is
        _export("ticket_metric_events", "metric_events"),
        ListPage(
            "satisfaction_ratings",
            r"GET /api/v2/satisfaction_ratings(\.json)?",
            "satisfaction_ratings",
            _after,
            _lead_after,
            _follows_after,
            _opaque,
            ids=(("id",),),
            times=(("updated_at",),),
            text=("comment",),
        ),
        ListPage(
            "survey_responses",
            r"GET /api/v2/guide/survey_responses(\.json)?",
            "survey_responses",
            _after,
            _lead_after,
            _follows_after,
            _opaque,
        ),
        ListPage(
            "groups",
            r"GET /api/v2/groups(\.json)?",
            "groups",
            _after,
            _lead_after,
            _follows_after,
            _opaque,
            ids=(("id",),),
            times=(("updated_at",),),
            text=("name",),
            delete=_mark_deleted({"deleted": True}),
            is_gone=lambda record: record.get("deleted") is True,
        ),
    ),
    limited=_limited,
    expired=lambda: Answer(401, JSON, json.dumps(EXPIRED).encode()),
    unlimited={"limits": Limits(dict.fromkeys(PER_MINUTE, 10**9))},
)
