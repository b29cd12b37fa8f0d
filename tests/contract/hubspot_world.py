"""CRMs made event by event, served by the look-alike HubSpot, and what a walk over them lands."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from cx_warehouse.connectors.base import Page, State, Window
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.hubspot.connector import HubSpotConnector
from cx_warehouse.connectors.hubspot.streams import STREAMS
from sandbox.model import (
    Account,
    AccountCreated,
    Agent,
    ContactArchived,
    ContactChanged,
    ContactCreated,
    ContactLinkedToAccount,
    ContactsMerged,
    DealCreated,
    Event,
    OwnerArchived,
    Person,
)
from sandbox.vendors.hubspot import build_app
from sandbox.world import World
from tests.contract.harness import Faulty, Landed, company_of, served

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
BEFORE = NIGHT - timedelta(days=10)
ADA = Person(1, "Ada", "Byron", "ada@x.example", (), None, "en", None, "consumer", BEFORE, None)
ACME = Account(7_001, "Acme", "acme.example", "RETAIL", "Poland", BEFORE, None)
_ids = count(1)


def contact(number: int, at: datetime = BEFORE, email: str | None = None) -> ContactCreated:
    return ContactCreated(
        event_id=next(_ids),
        at=at,
        contact_id=number,
        person_id=1,
        email=email or f"c{number}@x.example",
        owner_id=None,
        lifecycle_stage="lead",
    )


def contacts(first: int, how_many: int, at: datetime = BEFORE) -> list[Event]:
    return [contact(number, at) for number in range(first, first + how_many)]


def changed(number: int, at: datetime, email: str) -> ContactChanged:
    return ContactChanged(event_id=next(_ids), at=at, contact_id=number, changes={"email": email})


def account(number: int = ACME.account_id) -> AccountCreated:
    return AccountCreated(event_id=next(_ids), at=BEFORE, account_id=number)


def linked(number: int, account_id: int, at: datetime = BEFORE, on: bool = True) -> ContactLinkedToAccount:
    return ContactLinkedToAccount(event_id=next(_ids), at=at, contact_id=number, account_id=account_id, linked=on)


def deal(number: int, at: datetime = BEFORE, contact_id: int | None = None, **fields: Any) -> DealCreated:
    values = {"account_id": None, "name": f"deal {number}", "amount": "10.00", "currency": "EUR"}
    values |= {"owner_id": None, "stage": "closedwon", **fields}
    return DealCreated(event_id=next(_ids), at=at, deal_id=number, contact_id=contact_id, **values)


def event(kind: type[Any], at: datetime, **fields: Any) -> Any:
    return kind(event_id=next(_ids), at=at, **fields)


@dataclass
class Crm:
    """A served CRM. `slept` has every pause that the connector asked for; nothing really sleeps."""

    world: World
    app: Faulty
    url: str
    slept: list[float] = field(default_factory=list)

    def connector(self, token: str | None = None, **options: Any) -> HubSpotConnector:
        """A connector of this account whose pauses are only noted."""
        held = token or self.world.credentials.hubspot.token
        clock = iter(range(0, 10**9, 100))  # every look at the clock is a hundred seconds later: no pacing
        alone = ProcessAccount("hubspot", lambda: float(next(clock)), self.slept.append)
        return HubSpotConnector(held, base_url=self.url, **{"account": alone, **options})

    def land(self, stream: str, landed: Landed | None = None, **options: Any) -> Landed:
        """Run a night's walk of a stream at the sandbox's clock."""
        here = landed or Landed(STREAMS[stream])
        return here.read(self.connector(), Window(options.pop("end", self.world.now()), **options))

    def pages(self, stream: str, state: State | None = None, end: datetime | None = None) -> Iterator[Page]:
        """The pages of one walk."""
        return self.connector().read(stream, Window(end or self.world.now()), state or {})

    def searches(self) -> int:
        """How many searches were sent so far."""
        return sum("/search" in path for path in self.app.seen)


@contextlib.contextmanager
def crm(*events: Event, accounts: tuple[Account, ...] = (ACME,), agents: tuple[Agent, ...] = ()) -> Iterator[Crm]:
    """Serve a CRM in which these events happen, at the first night; without limits."""
    company = replace(
        company_of(events, NIGHT),
        people={1: ADA},
        accounts={one.account_id: one for one in accounts},
        agents={one.agent_id: one for one in agents},
    )
    world = World(company=company)
    app = Faulty(build_app(world, per_10_seconds=10**6, searches_per_second=10**6))
    with served(app) as url:
        yield Crm(world, app, url)


def busy_crm() -> contextlib.AbstractContextManager[Crm]:
    """Several pages in every stream, with archived and merged records."""
    people, deals = contacts(1, 1_250), [deal(n, contact_id=n % 1_000 + 1) for n in range(1, 1_230)]
    gone = [event(ContactArchived, BEFORE, contact_id=n) for n in range(1_101, 1_221)]
    merge = event(ContactsMerged, BEFORE, winner_id=1_230, loser_id=1_231)
    links = [linked(n, ACME.account_id) for n in range(1, 1_100)]
    tomorrow = [changed(n, NIGHT + timedelta(hours=1), f"new{n}@x.example") for n in range(1, 500)]
    agents = tuple(Agent(n, n, f"A {n}", f"a{n}@x.example", "T", BEFORE, BEFORE) for n in range(1, 250))
    left = [event(OwnerArchived, BEFORE, owner_id=n) for n in range(1, 120)]
    happened = [*people, *deals, account(), *gone, merge, *links, *tomorrow, *left]
    return crm(*happened, agents=agents)
