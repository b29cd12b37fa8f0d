"""Zendesk's streams as data: the endpoint of each, how it pages, and the contract of its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from cx_warehouse.connectors.base import Stream
from cx_warehouse.connectors.zendesk import contracts


class ExportPage(msgspec.Struct):
    """A page of an incremental export. Cursor form: `after_cursor`; time form: `end_time`. Either ends where
    `end_of_stream` is true and nowhere else: recorded last pages still carry a cursor and a next page."""

    end_of_stream: bool | UnsetType = UNSET
    after_cursor: str | None = None
    end_time: int | None = None


class Meta(msgspec.Struct):
    """Cursor paging of the ordinary lists."""

    has_more: bool
    after_cursor: str | None = None


class ListPage(msgspec.Struct):
    """A page of an ordinary list: cursor-paged (`meta`), page-numbered (`next_page`), or the whole list
    (neither)."""

    meta: Meta | None = None
    next_page: str | None = None


@dataclass(frozen=True)
class Endpoint:
    """Where a stream comes from. `walk`: cursor export, time export, changed list (filtered by `since`),
    whole list, and holidays: a list for each schedule, whose id is put into `path`.

    `order_by` is the record's time that a cursor export is ordered and filtered by. `since` is the filter of
    a changed list, counted in `since_per_second` units."""

    path: str
    records: str
    walk: Literal["cursor_export", "time_export", "changed_list", "whole_list", "holidays"]
    page_size: tuple[str, int]
    params: Mapping[str, str] = field(default_factory=dict)
    budget: Literal["exports", "user_exports", "account"] = "account"
    order_by: str = ""
    since: str = ""
    since_per_second: int = 1
    beside: tuple[str, ...] = ()  # other lists of the page, which another stream reads

    def envelope(self) -> type[msgspec.Struct]:
        """The type of one page of this endpoint."""
        base = ExportPage if self.walk in ("cursor_export", "time_export") else ListPage
        return _ENVELOPES[base, self.records]


RATING_EDITABLE = timedelta(days=30)  # an offered rating keeps its row when it is given; days later is usual
SURVEY_EDITABLE = timedelta(days=29)  # a customer may change the answers for 28 days after the survey was sent

ENDPOINTS: Mapping[str, Endpoint] = {
    "users": Endpoint(
        "api/v2/incremental/users/cursor.json",
        "users",
        "cursor_export",
        ("per_page", 1000),
        budget="user_exports",
        order_by="updated_at",
    ),
    "tickets": Endpoint(
        "api/v2/incremental/tickets/cursor.json",
        "tickets",
        "cursor_export",
        ("per_page", 1000),
        budget="exports",
        order_by="generated_timestamp",
    ),
    "organizations": Endpoint(
        "api/v2/incremental/organizations.json",
        "organizations",
        "time_export",
        ("per_page", 1000),
        budget="exports",
    ),
    # The export holds every ticket's history, archived tickets too; /ticket_audits omits those (airbyte
    # #10613).
    "ticket_events": Endpoint(
        "api/v2/incremental/ticket_events.json",
        "ticket_events",
        "time_export",
        ("per_page", 1000),
        {"include": "comment_events"},
        budget="exports",
    ),
    "metric_events": Endpoint(
        "api/v2/incremental/ticket_metric_events.json",
        "ticket_metric_events",
        "time_export",
        ("per_page", 1000),
        budget="exports",
    ),
    # /ticket_metrics comes by the tickets' creation and leaves the archived out (estuary #1895), so the sets are read
    # beside the tickets that changed.
    "ticket_metrics": Endpoint(
        "api/v2/incremental/tickets/cursor.json",
        "metric_sets",
        "cursor_export",
        ("per_page", 1000),
        {"include": "metric_sets"},
        budget="exports",
        order_by="updated_at",
        beside=("tickets",),
    ),
    "satisfaction_ratings": Endpoint(
        "api/v2/satisfaction_ratings.json",
        "satisfaction_ratings",
        "changed_list",
        ("page[size]", 100),
        since="start_time",
    ),
    "survey_responses": Endpoint(
        "api/v2/guide/survey_responses",
        "survey_responses",
        "changed_list",
        ("page[size]", 50),
        {"sort": "id"},
        since="filter[created_at_start]",
        since_per_second=1000,
    ),
    "groups": Endpoint("api/v2/groups.json", "groups", "whole_list", ("page[size]", 100)),
    "schedules": Endpoint("api/v2/business_hours/schedules.json", "schedules", "whole_list", ("per_page", 100)),
    "holidays": Endpoint(
        "api/v2/business_hours/schedules/{schedule}/holidays.json", "holidays", "holidays", ("per_page", 100)
    ),
    "sla_policies": Endpoint("api/v2/slas/policies.json", "sla_policies", "whole_list", ("per_page", 100)),
}

_ENVELOPES = {
    (base, endpoint.records): msgspec.defstruct(
        f"{base.__name__}_{endpoint.records}",
        [(endpoint.records, list[Raw] | UnsetType, UNSET)],
        bases=(base,),
    )
    for base in (ExportPage, ListPage)
    for endpoint in ENDPOINTS.values()
}

STREAMS: Mapping[str, Stream] = {
    stream.name: stream
    for stream in (
        Stream(
            "users",
            contracts.User,
            "Customers, agents and admins, the deleted and merged ones included.",
            volatile=("last_login_at",),
            recheck="whole",
        ),
        Stream(
            "tickets",
            contracts.Ticket,
            "Tickets as they stand, the archived and the deleted ones included.",
            volatile=("generated_timestamp",),
            recheck="whole",
        ),
        Stream(
            "organizations",
            contracts.Organization,
            "Customers' companies, the deleted ones included.",
            recheck="whole",
        ),
        # The two logs are not read again: an event never changes, and those of a purged ticket stay as they are.
        Stream(
            "ticket_events",
            contracts.TicketEvent,
            "Every update of every ticket, with its changes and comments.",
        ),
        Stream(
            "metric_events",
            contracts.MetricEvent,
            "The ticks of Zendesk's own clocks on each ticket, and its SLAs.",
        ),
        Stream(
            "ticket_metrics",
            contracts.TicketMetrics,
            "Zendesk's own figures of each ticket: reply time, resolutions, waits.",
            recheck="whole",
        ),
        Stream(
            "satisfaction_ratings",
            contracts.SatisfactionRating,
            "Good/bad ratings of tickets, offered ones too.",
            lookback=RATING_EDITABLE,
            recheck="whole",
        ),
        Stream(
            "survey_responses",
            contracts.SurveyResponse,
            "The newer customer-satisfaction surveys with their answers.",
            lookback=SURVEY_EDITABLE,
            recheck="whole",
        ),
        Stream("groups", contracts.Group, "Teams, the deleted ones included; listed whole every night."),
        Stream("schedules", contracts.Schedule, "Calendars of business hours; listed whole every night."),
        Stream("holidays", contracts.WrappedHoliday, "Holidays of every schedule; listed whole every night."),
        Stream("sla_policies", contracts.SlaPolicy, "Service-level policies; listed whole every night."),
    )
}
