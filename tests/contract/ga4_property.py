"""A served GA4 property made visit by visit, for the contract tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.ga4.connector import Ga4Connector
from sandbox.model import Event, VisitsCounted
from sandbox.vendors.ga4 import build_app
from sandbox.vendors.ga4.quota import Limits
from sandbox.vendors.ga4.report import Losses
from sandbox.world import World
from tests.contract.harness import Faulty, Landed, company_of, served

NIGHT = datetime(2026, 3, 10, 2, tzinfo=UTC)  # 3 o'clock of the same day in Warsaw
TODAY = date(2026, 3, 10)
DAY = timedelta(days=1)
REPORT: Callable[[str], bool] = lambda path: "runReport" in path  # noqa: E731


@dataclass
class Property:
    """A served property, its faults and a way to connect to it."""

    world: World
    app: Faulty
    config: dict[str, Any]

    def connector(self, **settings: Any) -> Ga4Connector:
        connector = Ga4Connector.from_config({**self.config, **settings})
        connector._client.http._sleep = lambda seconds: None
        return connector

    def landed(self, stream: str = "daily_traffic") -> Landed:
        return Landed(Ga4Connector.streams[stream])

    def read(self, landed: Landed, pages: int | None = None, start: datetime | None = None, **settings: Any) -> Landed:
        """One night's run at the sandbox's clock."""
        return landed.read(self.connector(**settings), Window(self.world.now(), start), pages)


@contextmanager
def ga4(
    events: list[Event] | None = None, world: World | None = None, limits: Limits | None = None,
    losses: Losses | None = None,
) -> Iterator[Property]:  # fmt: skip
    world = world or World(company=company_of(events or [], NIGHT))
    app = Faulty(build_app(world, limits=limits, losses=losses))
    with served(app) as url:
        config = {**world.credentials.for_connections({"ga4": url})["ga4"], "history_days": 10}
        yield Property(world, app, config)


def visit(
    number: int,
    day: date,
    *,
    counted_at: datetime | None = None,
    page: str | None = None,
    sessions: int = 1,
    **fields: Any,
) -> VisitsCounted:
    """The visits of browser `number` on `day`, processed at its end unless said otherwise."""
    at = counted_at or datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
    return VisitsCounted(
        event_id=int(at.timestamp()) * 1_000 + number,
        at=at,
        day=day,
        client_id=f"{number}.1",
        landing_page=page or f"/page/{number:03d}",
        sessions=sessions,
        **{
            "user_id": None, "channel": "Direct", "device": "desktop", "engaged_sessions": 1, "page_views": 3,
            "key_events": 0, "engagement_seconds": 61, **fields,
        },
    )  # fmt: skip


def days(count: int, a_day: int = 1) -> list[Event]:
    """`a_day` visits on each of the `count` days before today."""
    return [visit(number, TODAY - (back + 1) * DAY) for back in range(count) for number in range(a_day)]


def by_day(landed: Landed) -> Counter[str]:
    return Counter(key.partition("|")[0] for key in landed.live)


def metric(record: dict[str, Any], name: str) -> str:
    value: str = record["row"]["metricValues"][record["metrics"].index(name)]["value"]
    return value
