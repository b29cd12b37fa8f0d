"""The sandbox's commands: python -m sandbox serve | truth | clock | advance | off | on | log."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from sandbox.control import Control
from sandbox.credentials import write_private
from sandbox.errors import SandboxError
from sandbox.server import PREFERRED_PORTS, Servers
from sandbox.world import DEFAULT_CUSTOMERS, DEFAULT_DAYS, DEFAULT_SEED, SOURCES, World

DEFAULT_HOME = Path(".cx/sandbox")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage text."""

    def error(self, message: str) -> NoReturn:
        print(f"error: {message} (see python -m sandbox --help)", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "serve":
            serve(options.home, options.customers, options.days, options.seed, options.data)
        else:
            _control(options)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or 'sandbox'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def serve(home: Path, customers: int | None, days: int | None, seed: int | None, data: Path | None) -> None:
    """Serve until SIGTERM or SIGINT. `home`/state.json (0600) exists exactly while the sandbox answers."""
    state = home / "state.json"
    running = _running_elsewhere(state)
    if running:
        raise SandboxError(f"a sandbox already runs from {home} (process {running}): stop it first")
    world = World(home=home, customers=customers, days=days, seed=seed, data=data)
    servers = Servers(world, PREFERRED_PORTS)
    for notice in servers.notices:
        print(notice, flush=True)

    def ready() -> None:
        content = {
            "pid": os.getpid(),
            "control_url": servers.control_url,
            "urls": servers.urls,
            "credentials": world.credentials.for_connections(servers.urls),
            "customers": world.customers,
            "days": world.days,
            "seed": world.seed,
            "data": str(data) if data else None,
        }
        write_private(state, json.dumps(content, indent=1))
        where = ", ".join(f"{source} {url}" for source, url in servers.urls.items())
        print(f"ready: clock {world.now().isoformat()}; control {servers.control_url}; {where}", flush=True)

    try:
        asyncio.run(servers.serve(ready, signals=True))
    finally:
        state.unlink(missing_ok=True)


def _control(options: argparse.Namespace) -> None:
    state = options.home / "state.json"
    try:
        control = Control(json.loads(state.read_text())["control_url"])
    except FileNotFoundError:
        raise SandboxError(
            f"no sandbox runs from {options.home}: start one with python -m sandbox serve --home"
        ) from None
    except (ValueError, KeyError):
        raise SandboxError(f"{state} is damaged: stop the sandbox and start it again") from None
    answers: dict[str, Any] = {
        "truth": lambda: json.dumps(control.truth(), indent=1),
        "clock": control.clock,
        "advance": lambda: control.advance(options.days),
        "off": lambda: control.off(options.source),
        "on": lambda: control.on(options.source),
        "log": lambda: "\n".join(
            f"{entry['at']} {entry['source']} {entry['method']} {entry['path']} {entry['status']}"
            for entry in control.log(options.source, options.limit)
        ),
    }
    answer = answers[options.command]()
    if answer:
        print(answer)


def _running_elsewhere(state: Path) -> int | None:
    """The process that serves from this home, if it answers: a state left by a crash does not count."""
    try:
        stored = json.loads(state.read_text())
        Control(stored["control_url"]).health()
    except (OSError, ValueError, KeyError, SandboxError):
        return None
    return int(stored["pid"])


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--home", type=Path, default=DEFAULT_HOME, help="where the sandbox keeps its state")
        return added

    served = command("serve", "serve the look-alike APIs until stopped")
    served.add_argument("--customers", type=int, help=f"people, about ({DEFAULT_CUSTOMERS})")
    served.add_argument("--days", type=int, help=f"days of history at the first night ({DEFAULT_DAYS})")
    served.add_argument("--seed", type=int, help=f"another seed makes another company ({DEFAULT_SEED})")
    served.add_argument("--data", type=Path, help="serve DATA/<source>/<stream>.jsonl instead of a company")
    command("truth", "print the metrics as reckoned from the company's events, as JSON")
    command("clock", "print the sandbox's clock")
    command("advance", "move the clock on").add_argument("--days", type=int, default=1)
    command("off", "answer 503 for a source").add_argument("source", choices=SOURCES)
    command("on", "serve a source again").add_argument("source", choices=SOURCES)
    log = command("log", "print the newest requests")
    log.add_argument("--source", choices=SOURCES)
    log.add_argument("--limit", type=int, default=1_000)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
