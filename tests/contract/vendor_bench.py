"""A vendor under test: its look-alike with small pages and without limits, and nights run as Airflow runs them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cx_warehouse.connectors import registry
from cx_warehouse.connectors.base import Connector, Window
from cx_warehouse.connectors.errors import ConfigError, CxError
from sandbox.faults import KINDS, Fault
from sandbox.model import Company
from sandbox.testing import Running, running
from sandbox.vendor_faults import vendor_faults
from sandbox.world import SOURCES
from tests.contract.harness import Landed, hurried

RUNS = 4  # of a night: the first and Airflow's retries
CUSTOMERS, DAYS = 25, 12
SETTINGS: Mapping[str, Any] = {"budget_share": 1, "page_size": 5, "history_days": DAYS + 5}


@dataclass
class Bench:
    """One served vendor. `slept` has the seconds of every wait that a connector asked for; none takes any time."""

    source: str
    sandbox: Running
    slept: list[float] = field(default_factory=list)

    @property
    def config(self) -> dict[str, Any]:
        """The connection, with a way to fetch access tokens where the vendor has one."""
        given = {**self.sandbox.connections[self.source], **SETTINGS}
        credentials: Any = getattr(self.sandbox.credentials, self.source)
        if hasattr(credentials, "client_secret") and vendor_faults(self.source).expired is not None:
            given = {name: value for name, value in given.items() if name not in ("email", "token", "oauth_token")}
            given |= {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
        given.pop("access_token", None)
        return given

    @property
    def secrets(self) -> list[str]:
        """Everything in the connection that no message may show."""
        named = {setting.name for setting in registry.vendor(self.source).settings if setting.secret}
        named |= {"token", "client_secret", "oauth_token", "access_token", "service_account"}
        held = {**self.sandbox.connections[self.source], **self.config}
        texts = [
            json.dumps(value) if isinstance(value, dict) else str(value) for n, value in held.items() if n in named
        ]
        texts += [str(value["private_key"]) for value in held.values() if isinstance(value, dict)]
        return [text for text in texts if len(text) > 6]

    def connect(self, **settings: Any) -> Connector:
        return registry.connect(self.source, {**self.config, **settings}, hurried(self.source, self.slept))

    def landed(self, stream: str) -> Landed:
        return Landed(registry.connector_class(self.source).streams[stream])

    def read(self, landed: Landed, pages: int | None = None, **settings: Any) -> Landed:
        """One run, at the sandbox's clock."""
        return landed.read(self.connect(**settings), Window(self.sandbox.world.now()), pages)

    def night(self, landed: Landed) -> list[CxError]:
        """Runs until one ends well; the errors of those that did not. A ConfigError is not tried again."""
        errors: list[CxError] = []
        for _ in range(RUNS):
            try:
                self.read(landed)
                return errors
            except CxError as error:
                errors.append(error)
                if isinstance(error, ConfigError):
                    return errors
        return errors

    def fresh(self, stream: str) -> Landed:
        """What a first night without any fault lands now."""
        return self.read(self.landed(stream))

    def fault(self, kind: str, **options: Any) -> None:
        """Ask the vendor for a fault, and for nothing else."""
        self.sandbox.world.faults.add(Fault(kind, self.source, **options))

    @property
    def injected(self) -> list[dict[str, Any]]:
        return [one for one in self.sandbox.world.faults.injected if one["source"] == self.source]

    def requests(self) -> list[dict[str, Any]]:
        return self.sandbox.world.requests(self.source, 20_000)

    def check_messages(self, errors: list[CxError]) -> None:
        """Each error is one line that names the vendor and shows no secret."""
        for error in errors:
            said = str(error)
            assert said and "\n" not in said and len(said) < 700, said
            assert self.source in said.lower() or any(stream in said for stream in registry.stream_names(self.source))
            assert not any(secret in said for secret in self.secrets)


@contextlib.contextmanager
def benches(company: Company | None = None) -> Iterator[dict[str, Bench]]:
    """Every registered vendor over one small company (or the given one), without limits."""
    plans = {source: vendor_faults(source).unlimited for source in SOURCES}
    with running(customers=CUSTOMERS, days=DAYS, company=company, plans=plans) as sandbox:
        yield {source: Bench(source, sandbox) for source in registry.SOURCES}


def names_a_setting(source: str, message: str) -> bool:
    """Whether a message says which of the connection's settings to mend."""
    return any(setting.name in message for setting in registry.vendor(source).settings)


def is_change(kind: str) -> bool:
    """Whether a kind changes what the vendor holds, so that another night has to follow."""
    return kind in CHANGES


CHANGES = frozenset(
    name
    for name in KINDS
    if name.endswith("_during_walk")
    or name in ("new_field", "type_flip", "renamed_field", "reused_id", "same_timestamp_10k", "clock_skew")
)
