"""One process, one port a vendor: serves the look-alike APIs and the control API, on 127.0.0.1 unless told else."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from sandbox.control import build_control
from sandbox.gate import Gate, VendorWorld
from sandbox.world import SOURCES, World

HOST = "127.0.0.1"
PREFERRED_PORTS = {name: 8600 + number for number, name in enumerate(("control", *SOURCES))}


class _Server(uvicorn.Server):
    """Several servers share one loop, so none of them may take the process's signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Servers:
    """The vendors' servers and the control server, bound when made, answering while `serve` runs.

    `urls` is by source, `control_url` the control API's. `notices` says which preferred ports were taken."""

    def __init__(
        self,
        world: World,
        preferred_ports: dict[str, int] | None = None,
        plans: Mapping[str, Mapping[str, Any]] | None = None,
        host: str = HOST,
    ) -> None:
        """`plans`: by source, what the account's plan allows, as the vendor's build_app takes it. `host`: an address
        or name of this machine, which clients use too."""
        self.world = world
        self.host = host
        self.notices: list[str] = []
        self.urls: dict[str, str] = {}
        self._servers: list[tuple[_Server, socket.socket]] = []
        ports = preferred_ports or {}
        self.control_url = self._bind("control", build_control(world), ports.get("control", 0))
        for source in SOURCES:
            app: ASGIApp = importlib.import_module(f"sandbox.vendors.{source}").build_app(
                VendorWorld(world, source), **(plans or {}).get(source, {})
            )
            self.urls[source] = self._bind(source, Gate(app, world, source), ports.get(source, 0))

    def _bind(self, name: str, app: ASGIApp, preferred: int) -> str:
        listener = _new_socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, preferred))
            listener.listen(256)  # now, not when serving: of two sandboxes only one may have the port
        except OSError:
            listener.close()
            listener = _new_socket()
            listener.bind((self.host, 0))
            listener.listen(256)
            self.notices.append(f"port {preferred} ({name}) is taken: using {listener.getsockname()[1]} instead")
        config = uvicorn.Config(
            app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=2
        )
        self._servers.append((_Server(config), listener))
        return f"http://{self.host}:{listener.getsockname()[1]}"

    async def serve(self, ready: Callable[[], Any], *, signals: bool = False) -> None:
        """Answer until `stop` (or SIGTERM/SIGINT with `signals`). `ready` is called once all answer."""
        if signals:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
        tasks = [asyncio.create_task(server.serve(sockets=[sock])) for server, sock in self._servers]
        while not all(server.started or server.should_exit for server, _ in self._servers):
            await asyncio.sleep(0.005)
        ready()
        await asyncio.gather(*tasks)

    def stop(self) -> None:
        """Let every server finish. Safe to call from another thread."""
        for server, _ in self._servers:
            server.should_exit = True

    def close(self) -> None:
        """Give the ports back without having served."""
        for _, listener in self._servers:
            listener.close()


def _new_socket() -> socket.socket:
    # the protocol is named so that asyncio switches Nagle off: else every answer waits 40 ms for an acknowledgement
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
