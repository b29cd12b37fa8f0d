"""A whole sandbox in a background thread, for tests: `with running(customers=30) as sandbox: ...`."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.control import Control
from sandbox.credentials import Credentials
from sandbox.model import Company
from sandbox.server import Servers
from sandbox.world import World


@dataclass(frozen=True)
class Running:
    """A running sandbox. `urls` and `connections` are by source; a connection is {"base_url", secrets…}."""

    urls: dict[str, str]
    credentials: Credentials
    connections: dict[str, dict[str, Any]]
    control: Control
    world: World


@contextlib.contextmanager
def running(
    *,
    customers: int = 30,
    days: int = 20,
    seed: int = 7,
    home: Path | None = None,
    data: Path | None = None,
    company: Company | None = None,
    plans: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[Running]:
    """Serve a company on free ports until the block ends. Pass `company` for one made event by event, and `plans`
    (by source, what its build_app takes) for accounts with other limits."""
    world = World(customers=customers, days=days, seed=seed, home=home, data=data, company=company)
    servers = Servers(world, plans=plans)
    started = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(servers.serve(started.set)), name="sandbox", daemon=True)
    thread.start()
    try:
        if not started.wait(timeout=30):
            raise RuntimeError("the sandbox did not start within 30 seconds")
        yield Running(
            urls=servers.urls,
            credentials=world.credentials,
            connections=world.credentials.for_connections(servers.urls),
            control=Control(servers.control_url),
            world=world,
        )
    finally:
        servers.stop()
        thread.join(timeout=10)
