"""A served Zendesk account for the contract tests: its world, its faults, and a way to read it night by night."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.http.account import ProcessTokens
from cx_warehouse.connectors.zendesk.connector import ZendeskConnector
from sandbox.credentials import ZendeskCredentials
from sandbox.model import Company
from sandbox.vendors.zendesk import build_app
from sandbox.vendors.zendesk.limits import Limits
from sandbox.vendors.zendesk.tokens import Tokens
from sandbox.world import World
from tests.contract.harness import Faulty, Landed, hurried, served
from tests.contract.zendesk_company import made_company

STREAMS = tuple(ZendeskConnector.streams)
UNLIMITED = dict.fromkeys(("account", "exports", "user_exports", "guide"), 10**9)


@dataclass
class Account:
    """A served account. `slept` has the seconds of every wait that a connector asked for."""

    world: World
    app: Faulty
    url: str
    slept: list[float] = field(default_factory=list)
    tokens: ProcessTokens = field(default_factory=ProcessTokens)

    @property
    def config(self) -> dict[str, Any]:
        given = self.world.credentials.zendesk
        return {"base_url": self.url, "email": given.email, "token": given.token, "exports_per_minute": 1000}

    def connector(self, **settings: Any) -> ZendeskConnector:
        alone = hurried("zendesk", self.slept, self.tokens)
        return ZendeskConnector.from_config({**self.config, **settings}, alone)

    def landed(self, stream: str) -> Landed:
        return Landed(ZendeskConnector.streams[stream])

    def read(self, landed: Landed, pages: int | None = None, start: datetime | None = None, **settings: Any) -> Landed:
        """One run at the sandbox's clock, ended after `pages` as a kill would."""
        return landed.read(self.connector(**settings), Window(self.world.now(), start), pages)

    def asked(self, path: str) -> list[dict[str, str]]:
        """The parameters of every request whose path holds `path`."""
        found = [seen for seen in self.app.seen if path in seen.partition("?")[0]]
        return [{k: v[0] for k, v in parse_qs(seen.partition("?")[2]).items()} for seen in found]


@contextmanager
def account(
    company: Company | None = None,
    world: World | None = None,
    limits: Limits | None = None,
    tokens: Callable[[ZendeskCredentials], Tokens] = Tokens,
) -> Iterator[Account]:
    """The made company's account, or another's, at its first night."""
    world = world or World(company=company or made_company())
    app = Faulty(build_app(world, limits or Limits(UNLIMITED), tokens(world.credentials.zendesk)))
    with served(app) as url:
        yield Account(world, app, url)


def served_keys(acme: Account, stream: str) -> set[str]:
    """The ids of everything that the look-alike serves in a stream, however it is paged."""
    from sandbox.vendors.zendesk.shelf import Shelf

    rows = Shelf(acme.world).exported(stream) if stream in STREAMS[:6] else Shelf(acme.world).rows(stream)
    return {row.key for row in rows}


def ticket(number: int, at: str, **fields: Any) -> bytes:
    """A ticket's bytes, of the least that its contract takes."""
    return json.dumps({"id": number, "status": "open", "created_at": at, "updated_at": at, **fields}).encode()


def stamps(landed: Landed) -> dict[str, int]:
    """The tickets' ordering times."""
    return {key: record["generated_timestamp"] for key, record in landed.records.items()}


def is_first(path: str) -> bool:
    """Whether a request's path begins an export."""
    return re.search(r"[?&]cursor=", path) is None
