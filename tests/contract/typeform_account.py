"""A served Typeform account made event by event, for the contract tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.typeform.connector import TypeformConnector
from sandbox.company.surveys import AFTER_TICKET, RELATIONSHIP
from sandbox.model import Event, SurveyResponse
from sandbox.vendors.typeform import build_app
from sandbox.world import World
from tests.contract.harness import Faulty, Landed, company_of, hurried, served

NIGHT = datetime(2026, 3, 10, 2, tzinfo=UTC)
DAY = timedelta(days=1)
FORM = RELATIONSHIP.form_id
OTHER_FORM = AFTER_TICKET.form_id


@dataclass
class Account:
    """A served account, its faults and a way to connect to it."""

    world: World
    app: Faulty
    config: dict[str, Any]

    def connector(self, alone: ProcessAccount | None = None, **settings: Any) -> TypeformConnector:
        alone = alone or hurried("typeform")
        return TypeformConnector.from_config({**self.config, **settings}, alone)

    def landed(self, stream: str = "responses") -> Landed:
        return Landed(TypeformConnector.streams[stream])

    def read(self, landed: Landed, pages: int | None = None, start: datetime | None = None, **settings: Any) -> Landed:
        """One night's run at the sandbox's clock."""
        return landed.read(self.connector(**settings), Window(self.world.now(), start), pages)

    def asked(self, form: str = "") -> list[dict[str, list[str]]]:
        """The parameters of every request for responses (of one form)."""
        paths = [path for path in self.app.seen if re.match(f"/forms/{form or '[^/?]+'}/responses", path)]
        return [parse_qs(path.partition("?")[2]) for path in paths]


@contextmanager
def account(events: list[Event] | None = None, world: World | None = None) -> Iterator[Account]:
    world = world or World(company=company_of(events or [], NIGHT))
    app = Faulty(build_app(world, requests_per_second=1_000_000))
    with served(app) as url:
        config = {**world.credentials.for_connections({"typeform": url})["typeform"], "requests_per_second": 1_000_000}
        yield Account(world, app, config)


def response(
    number: int,
    at: datetime,
    *,
    form: str = FORM,
    submitted_at: datetime | None = None,
    state: Any = "completed",
    **answers: int | str,
) -> SurveyResponse:
    """The response `number`, as it stands from `at` on."""
    return SurveyResponse(
        event_id=int(at.timestamp()) * 1_000 + number,
        at=at,
        response_id=f"r{number:04d}",
        form_id=form,
        person_id=number,
        state=state,
        landed_at=(submitted_at or at) - timedelta(minutes=3),
        submitted_at=submitted_at or at,
        answers=answers or {"nps" if form == FORM else "csat": number % 5 + 1},  # type: ignore[arg-type]
        hidden={"email": f"p{number}@example.com"},
    )


def daily(count: int, *, form: str = FORM, first: int = 0, last_day: datetime = NIGHT - DAY) -> list[Event]:
    """`count` responses, one a day, the newest on `last_day`."""
    return [response(first + number, last_day - number * DAY, form=form) for number in range(count)]


def keys(*numbers: int, form: str = FORM) -> set[str]:
    return {f"{form}:r{number:04d}" for number in numbers}
