"""The control API and its client: moves the clock, switches sources off, adds records and faults, tells the truth."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.errors import SandboxError
from sandbox.faults import Fault
from sandbox.truth import truth
from sandbox.world import World

LARGEST_RECORD_BYTES = 64 * 1024 * 1024


def build_control(world: World) -> Starlette:
    """The control API's application. Errors are {"error": one line} with status 400."""

    async def health(request: Request) -> Response:
        return JSONResponse({"ok": True, **world.status()})

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            days = (await _json(request)).get("advance_days", 1)
            if not isinstance(days, int) or isinstance(days, bool):
                raise SandboxError("advance_days must be a whole number of days")
            await run_in_threadpool(world.advance, days)
        return JSONResponse({"clock": world.now().isoformat()})

    async def source(request: Request) -> Response:
        off = (await _json(request)).get("off")
        if not isinstance(off, bool):
            raise SandboxError('send {"off": true} or {"off": false}')
        world.switch(request.path_params["source"], off)
        return JSONResponse({"off": world.status()["off"]})

    async def record(request: Request) -> Response:
        body = await request.body()
        if len(body) > LARGEST_RECORD_BYTES:
            raise SandboxError(f"the record is larger than {LARGEST_RECORD_BYTES} bytes")
        source, stream = request.path_params["source"], request.path_params["stream"]
        world.add_record(source, stream, body)
        return JSONResponse({"records": len(world.extra_records(source, stream))}, status_code=201)

    async def purge(request: Request) -> Response:
        world.purge(*(request.path_params[name] for name in ("source", "stream", "key")))
        return JSONResponse({"purged": request.path_params["key"]})

    async def tell_truth(request: Request) -> Response:
        if world.data_dir_mode:
            raise SandboxError("there is no known truth: the sandbox serves records from files")
        if request.method == "GET":
            return JSONResponse(await run_in_threadpool(truth, world.company, world.now()))
        asked = await _json(request)
        given = (
            _texts("customers", asked.get("customers")),
            _attributes(asked.get("attributes", {})),
            _texts("organizations", asked.get("organizations", {})),
        )
        return JSONResponse(await run_in_threadpool(truth, world.company, world.now(), *given))

    async def faults(request: Request) -> Response:
        source = request.query_params.get("source")
        if request.method == "POST":
            number = await run_in_threadpool(world.faults.add, Fault.parse(await _json(request)))
            return JSONResponse({"number": number}, status_code=201)
        if request.method == "DELETE":
            number = _whole(request, "number")
            return JSONResponse({"cleared": await run_in_threadpool(world.faults.clear, source, number)})
        return JSONResponse(world.faults.active(source))

    async def injected(request: Request) -> Response:
        source = request.query_params.get("source")
        found = [one for one in world.faults.injected if source in (None, one["source"])]
        return JSONResponse(found[-(_whole(request, "limit") or 1_000) :])

    async def log(request: Request) -> Response:
        limit = _whole(request, "limit") or 1_000
        return JSONResponse(world.requests(request.query_params.get("source"), limit))

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/clock", clock, methods=["GET", "POST"]),
            Route("/sources/{source}", source, methods=["POST"]),
            Route("/records/{source}/{stream}", record, methods=["POST"]),
            Route("/records/{source}/{stream}/{key}", purge, methods=["DELETE"]),
            Route("/truth", tell_truth, methods=["GET", "POST"]),
            Route("/log", log),
            Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
            Route("/faults/injected", injected),
        ],
        exception_handlers={SandboxError: _explain},
    )


def _whole(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise SandboxError(f"{name} must be a whole number")
    return int(text)


def _attributes(given: Any) -> dict[str, dict[str, str | None]]:
    """What the body says of each customer: texts by name, or nothing."""
    is_good = isinstance(given, dict) and all(
        isinstance(one, dict) and all(isinstance(value, str | None) for value in one.values()) for one in given.values()
    )
    if not is_good:
        raise SandboxError('attributes must be given as {"attributes": {customer: {"account_key": text or null, …}}}')
    return dict(given)


def _texts(name: str, given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise SandboxError(f'send {{"{name}": {{key: value, …}}}}, all of them texts')
    return given


async def _json(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SandboxError("the request's body must be a JSON object")
    return value


async def _explain(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)


class Control:
    """A client of the control API. Raises SandboxError with the API's one line."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def health(self) -> dict[str, Any]:
        """The world's parameters and clock."""
        return dict(self._call("GET", "/health"))

    def clock(self) -> str:
        """The sandbox's clock, ISO 8601 in UTC: the as_of of the night that runs now."""
        return str(self._call("GET", "/clock")["clock"])

    def advance(self, days: int = 1) -> str:
        """Move the clock on by whole days; returns it."""
        return str(self._call("POST", "/clock", json.dumps({"advance_days": days}).encode())["clock"])

    def off(self, source: str) -> None:
        """Answer 503 to every request of this source."""
        self._call("POST", f"/sources/{source}", b'{"off": true}')

    def on(self, source: str) -> None:
        """Serve the source again."""
        self._call("POST", f"/sources/{source}", b'{"off": false}')

    def add_record(self, source: str, stream: str, record: bytes) -> None:
        """Serve one more raw record, bytes as given."""
        self._call("POST", f"/records/{source}/{stream}", record)

    def purge(self, source: str, stream: str, key: str) -> None:
        """Remove a record for good, so that no list, archive or export tells of it any more."""
        self._call("DELETE", f"/records/{source}/{stream}/{urllib.parse.quote(key, safe='')}")

    def truth(
        self,
        customers: Mapping[str, str] | None = None,
        attributes: Mapping[str, Mapping[str, str | None]] | None = None,
        organizations: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The metrics as reckoned from the company's events at the clock: by person, or by the customers that somebody
        took the records for (record → customer), with the account and country that they took them to have (customer →
        account_key, country), and the accounts that they took the helpdesk's organizations for (id → account_key)."""
        if customers is None:
            return dict(self._call("GET", "/truth"))
        given = {
            "customers": dict(customers),
            "attributes": {key: dict(one) for key, one in (attributes or {}).items()},
            "organizations": dict(organizations or {}),
        }
        return dict(self._call("POST", "/truth", json.dumps(given).encode()))

    def log(self, source: str | None = None, limit: int = 1_000) -> list[dict[str, Any]]:
        """The newest requests that the look-alike APIs answered."""
        return list(self._call("GET", "/log" + _query(limit=limit, source=source)))

    def add_fault(self, kind: str, source: str, **options: Any) -> int:
        """Ask for a fault (`sandbox.faults.Fault` has the options); returns its number."""
        return int(
            self._call("POST", "/faults", json.dumps({"kind": kind, "source": source, **options}).encode())["number"]
        )

    def faults(self, source: str | None = None) -> list[dict[str, Any]]:
        """The faults that are asked for."""
        return list(self._call("GET", "/faults" + _query(source=source)))

    def clear_faults(self, source: str | None = None, number: int | None = None) -> int:
        """End the faults of a source, or of all, or one; returns how many."""
        return int(self._call("DELETE", "/faults" + _query(source=source, number=number))["cleared"])

    def injected_faults(self, source: str | None = None, limit: int = 1_000) -> list[dict[str, Any]]:
        """What was injected, oldest first."""
        return list(self._call("GET", "/faults/injected" + _query(source=source, limit=limit)))

    def _call(self, method: str, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(self.url + path, data=body, method=method)
        # no proxy: the sandbox is always on this machine
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = json.loads(text)["error"]
            except (ValueError, KeyError, TypeError):
                text = f"the sandbox answered {error.code} to {method} {path}"
            raise SandboxError(text) from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            message = f"the sandbox does not answer at {self.url} ({reason}): start it first"
            raise SandboxError(message) from None


def _query(**parameters: Any) -> str:
    given = {name: value for name, value in parameters.items() if value is not None}
    return "?" + urllib.parse.urlencode(given) if given else ""
