"""The sandbox's commands: python -m sandbox serve | truth | clock | advance | off | on | log | fault."""

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
from sandbox.faults import KINDS
from sandbox.server import HOST, PREFERRED_PORTS, Servers
from sandbox.vendor_faults import unfit
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
            serve(options.home, options.customers, options.days, options.seed, options.data, options.host)
        else:
            _control(options)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or 'sandbox'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def serve(
    home: Path, customers: int | None, days: int | None, seed: int | None, data: Path | None, host: str = HOST
) -> None:
    """Serve until SIGTERM or SIGINT. `home`/state.json (0600) exists exactly while the sandbox answers."""
    state = home / "state.json"
    running = _running_elsewhere(state)
    if running:
        raise SandboxError(f"a sandbox already runs from {home} (process {running}): stop it first")
    world = World(home=home, customers=customers, days=days, seed=seed, data=data)
    servers = Servers(world, PREFERRED_PORTS, host=host)
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
    if options.command == "fault" and options.action == "kinds":
        print(_kinds(options.source))
        return
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
        "purge": lambda: control.purge(options.source, options.stream, options.key),
        "on": lambda: control.on(options.source),
        "log": lambda: "\n".join(
            f"{entry['at']} {entry['source']} {entry['method']} {entry['path']} {entry['status']}"
            for entry in control.log(options.source, options.limit)
        ),
        "fault": lambda: _fault(control, options),
    }
    answer = answers[options.command]()
    if answer:
        print(answer)


def _fault(control: Control, options: argparse.Namespace) -> str:
    """One of the fault commands; returns what to print."""
    if options.action == "add":
        given = {name: getattr(options, name) for name in ("where", "times", "after", "seed", "seconds", "count")}
        number = control.add_fault(options.kind, options.source, **given)
        until = "until it is cleared" if options.times == 0 else f"{options.times} time{'s' * (options.times != 1)}"
        return f"fault {number}: {options.kind} of {options.source}, {until}"
    if options.action == "list":
        return "\n".join(
            f"{one['number']} {one['source']} {one['kind']} {one['spoilt']} of {one['times'] or 'any'} times, "
            f"where {one['where'] or 'anything'}, seed {one['seed']}"
            for one in control.faults(options.source)
        )
    if options.action == "clear":
        ended = control.clear_faults(options.source, options.number)
        return f"{ended} fault{'s' * (ended != 1)} cleared"
    return "\n".join(
        f"{one['at']} {one['source']} {one['kind']} {one['method']} {one['path']}: {one['what']} (seed {one['seed']})"
        for one in control.injected_faults(options.source, options.limit)
    )


def _kinds(source: str | None) -> str:
    """What can be asked for, and why not of this source."""
    without = unfit(source) if source else {}
    return "\n".join(
        f"{name:22}{kind.does}" + (f" (not for {source}: {without[name]})" if name in without else "")
        for name, kind in KINDS.items()
    )


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
    served.add_argument("--host", default=HOST, help=f"address or name of this machine to listen on ({HOST})")
    command("truth", "print the metrics as reckoned from the company's events, as JSON")
    command("clock", "print the sandbox's clock")
    command("advance", "move the clock on").add_argument("--days", type=int, default=1)
    command("off", "answer 503 for a source").add_argument("source", choices=SOURCES)
    purge = command("purge", "remove a record for good, without a trace in any list, archive or export")
    purge.add_argument("source", choices=SOURCES)
    purge.add_argument("stream", help="an object, a user, a ticket, a survey response …")
    purge.add_argument("key", help="its id; of a Typeform response FORM:TOKEN")
    command("on", "serve a source again").add_argument("source", choices=SOURCES)
    _add_fault_commands(commands)
    log = command("log", "print the newest requests")
    log.add_argument("--source", choices=SOURCES)
    log.add_argument("--limit", type=int, default=1_000)
    return parser


def _add_fault_commands(commands: Any) -> None:
    text = "spoil requests of a source: add | list | clear | injected | kinds"
    actions = commands.add_parser("fault", help=text, description=text).add_subparsers(dest="action", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
        added.add_argument("--home", type=Path, default=DEFAULT_HOME, help="where the sandbox keeps its state")
        return added

    add = action("add", "ask for a fault; without options it spoils the next request that it can")
    add.add_argument("kind", choices=KINDS, metavar="KIND", help="what goes wrong: see `fault kinds`")
    add.add_argument("source", choices=SOURCES)
    add.add_argument("--where", default="", help='regular expression, searched in "METHOD path?query"')
    add.add_argument("--times", type=int, default=1, help="how many requests (1); 0: until it is cleared")
    add.add_argument("--after", type=int, default=0, help="let so many matching requests through first")
    add.add_argument("--seed", type=int, default=0, help="another seed spoils another byte or record")
    add.add_argument("--seconds", type=float, help="of Retry-After, of a slow body, of a clock that is off")
    add.add_argument("--count", type=int, help="records of same_timestamp_10k (10001)")
    action("list", "print the faults that are asked for").add_argument("--source", choices=SOURCES)
    clear = action("clear", "end faults; what hangs is answered")
    clear.add_argument("--source", choices=SOURCES)
    clear.add_argument("--number", type=int, help="only this one")
    injected = action("injected", "print what was injected, oldest first")
    injected.add_argument("--source", choices=SOURCES)
    injected.add_argument("--limit", type=int, default=1_000)
    action("kinds", "print the kinds of fault").add_argument("--source", choices=SOURCES, help="and which do not apply")


if __name__ == "__main__":
    raise SystemExit(main())
