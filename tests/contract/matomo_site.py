"""A served Matomo site made visit by visit, for the contract tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.matomo.connector import MatomoConnector
from sandbox.model import Event, VisitsCounted
from sandbox.vendors.matomo import build_app
from sandbox.world import World
from tests.contract.ga4_property import NIGHT, TODAY
from tests.contract.harness import Fault, Faulty, Landed, company_of, served

DAY = timedelta(days=1)
VISITS: Callable[[str], bool] = lambda path: "Live.getLastVisitsDetails" in path  # noqa: E731
TOTALS: Callable[[str], bool] = lambda path: "VisitsSummary.get" in path  # noqa: E731


@dataclass
class Site:
    """A served site, its faults and a way to connect to it."""

    world: World
    app: Faulty
    config: dict[str, Any]

    def connector(self, **settings: Any) -> MatomoConnector:
        connector = MatomoConnector.from_config({"requests_per_second": 1_000_000, **self.config, **settings})
        connector._client.http._sleep = lambda seconds: None
        return connector

    def landed(self) -> Landed:
        return Landed(MatomoConnector.streams["visits"])

    def read(
        self, landed: Landed | None = None, pages: int | None = None, start: datetime | None = None, **settings: Any
    ) -> Landed:
        """One night's run at the sandbox's clock."""
        landed = landed or self.landed()
        return landed.read(self.connector(**settings), Window(self.world.now(), start), pages)

    def asked(self, wanted: Callable[[str], bool] = VISITS) -> list[dict[str, str]]:
        """The parameters of the requests so far."""
        return [
            {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
            for path in self.app.seen
            if wanted(path)
        ]


@contextmanager
def matomo(events: list[Event] | None = None, world: World | None = None) -> Iterator[Site]:
    world = world or World(company=company_of(events or [], NIGHT))
    app = Faulty(build_app(world))
    with served(app) as url:
        config = {**world.credentials.for_connections({"matomo": url})["matomo"], "history_days": 10}
        yield Site(world, app, config)


def visit(number: int, at: datetime, *, counted_at: datetime | None = None, **fields: Any) -> VisitsCounted:
    """The visit of browser `number` that ended at `at`, in the night's company zone; recorded then unless said
    otherwise."""
    return VisitsCounted(
        event_id=number,
        at=counted_at or at,
        client_id=f"{number}.1",
        **{
            "day": (at + timedelta(hours=1)).date(), "landing_page": "/", "sessions": 1, "user_id": None,
            "channel": "Direct", "device": "desktop", "engaged_sessions": 0, "page_views": 1, "key_events": 0,
            "engagement_seconds": 0, **fields,
        },
    )  # fmt: skip


def noon(back: int = 1, seconds: float = 0) -> datetime:
    """Noon UTC so many days before the night, and so many seconds later."""
    day = TODAY - back * DAY
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(seconds=seconds)


def days(count: int, a_day: int = 1, apart: float = 60) -> list[Event]:
    """`a_day` visits on each of the `count` days before today, so many seconds apart."""
    return [
        visit(back * 10_000 + number, noon(back + 1, number * apart))
        for back in range(count)
        for number in range(a_day)
    ]


def by_day(landed: Landed) -> Counter[str]:
    return Counter(record["visit_date"] for record in landed.live.values())


def day_of(back: int) -> date:
    return TODAY - back * DAY


def during_the_walk(site: Site, *happenings: Sequence[Event]) -> None:
    """Before each page of the 9th that is answered, the next of these come to pass."""
    waiting = list(happenings)

    def when(path: str) -> bool:
        if VISITS(path) and waiting and "2026-03-09" in path:
            for event in waiting.pop(0):
                site.world.happen(event)
        return False

    site.app.faults = [Fault(when, status=500)]
