"""The HTTP client of every connector: authenticated, paced, retried, and clear about what went wrong."""

from __future__ import annotations

import contextlib
import email.utils
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec
import requests
import tenacity

from cx_warehouse.connectors.base import Usage
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.http.envelope import Sliced, TruncatedBodyError, salvage_page, slice_page
from cx_warehouse.connectors.http.pacing import Budget

T = TypeVar("T")
BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30)
LONGEST_WAIT = 900.0  # seconds: a vendor that asks for more (a day's limit is used up) is left to the next run


@dataclass(frozen=True)
class Reply:
    """A vendor's answer: the status, the headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str  # without its query: a query may carry tokens


class Renewed(Protocol):
    """Credentials that run out and are renewed."""

    def ready(self) -> None:
        """Renew them if they end soon. Called before each request, while it does not count as sent."""
        ...

    def forget(self) -> None:
        """The vendor refused them: the next `ready` renews them, and the request is sent once more."""
        ...


class HttpClient:
    """One vendor account over HTTP.

    `budgets` are the limits that a request draws on where it names no others; `renewed` are credentials that run out,
    which the vendor then refuses with a status of `run_out`; `setting_for` names the connection setting to mend for a
    refused status (401, 403, 404). Times are in seconds."""

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        auth: requests.auth.AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
        usage: Usage,
        budgets: Sequence[Budget] = (),
        renewed: Renewed | None = None,
        run_out: tuple[int, ...] = (401,),
        setting_for: Mapping[int, str] | None = None,
        timeout: tuple[float, float] = (10.0, 60.0),
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source = source
        self.base_url = base_url.rstrip("/")
        self.usage = usage
        self._session = requests.Session()
        self._session.auth = auth
        self._session.headers.update({"Accept": "application/json", "User-Agent": "cx-warehouse/1", **(headers or {})})
        self._budgets = tuple(budgets)
        self._renewed, self._run_out = renewed, run_out
        self._setting_for = {401: "the credentials", 403: "the scopes", 404: "base_url", **(setting_for or {})}
        self._timeout = timeout
        self._attempts = attempts
        self._sleep = sleep

    def reply(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        budgets: Sequence[Budget] | None = None,
        allow: tuple[int, ...] = (),
    ) -> Reply:
        """Send a request, its body as JSON or as a form; the answer as it is."""
        return self._retried(
            method, path, lambda reply: reply, params=params, json=json, form=form, budgets=budgets, allow=allow
        )[1]

    def json(
        self,
        into: type[T],
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        budgets: Sequence[Budget] | None = None,
        allow: tuple[int, ...] = (),
    ) -> tuple[T, Reply]:
        """Send a request and decode the body into a msgspec type; a broken body is asked for again."""

        def decode(reply: Reply) -> T:
            try:
                return msgspec.json.decode(reply.body, type=into)
            except msgspec.ValidationError as error:
                raise ContractError(f"{self.source} {path}: unexpected shape: {error}") from error
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise RetryableError(f"{self.source} {path}: broken body: {error}") from error

        return self._retried(method, path, decode, params=params, json=json, budgets=budgets, allow=allow)

    def page(
        self,
        envelope: type[T],
        records_field: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        budgets: Sequence[Budget] | None = None,
        allow: tuple[int, ...] = (),
        beside: tuple[str, ...] = (),
    ) -> tuple[Sliced[T], Reply]:
        """Send a request and slice the body's records; `beside` are other lists in it (see `slice_page`).

        A broken body is asked for again. So is one with a broken record, once: the line may have broken it, and the
        walk will not come back for it. What comes broken each time is salvaged as far as it goes."""
        answers = 0

        def decode(reply: Reply) -> Sliced[T]:
            nonlocal answers
            answers += 1
            try:
                sliced = slice_page(reply.body, envelope, records_field, beside)
            except TruncatedBodyError as error:
                if answers == self._attempts:
                    with contextlib.suppress(TruncatedBodyError):
                        return salvage_page(reply.body, envelope, records_field, beside)
                raise RetryableError(f"{self.source} {path}: broken body: {error}") from error
            if sliced.malformed and answers == 1 < self._attempts:
                raise RetryableError(f"{self.source} {path}: broken record: {sliced.malformed[0][1]}")
            return sliced

        return self._retried(method, path, decode, params=params, json=json, budgets=budgets, allow=allow)

    def _retried(
        self,
        method: str,
        path: str,
        decode: Callable[[Reply], T],
        *,
        params: Mapping[str, Any] | None,
        json: Any,
        form: Mapping[str, str] | None = None,
        budgets: Sequence[Budget] | None,
        allow: tuple[int, ...],
    ) -> tuple[T, Reply]:
        drawn_on = self._budgets if budgets is None else tuple(budgets)
        url = self._url(path)

        def once() -> tuple[T, Reply]:
            request = requests.Request(method, url, params=params, json=json, data=form)
            reply = self._send(request, drawn_on, allow)
            return decode(reply), reply

        def pause(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, RetryableError) else None
            if asked is None:
                return BACKOFF(state)
            return 0.0 if drawn_on else asked  # the budgets are held for everybody: the next request waits with them

        def counted_sleep(seconds: float) -> None:
            if seconds > 0:
                self.usage.wait_seconds += seconds
                self._sleep(seconds)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryableError),
            stop=tenacity.stop_any(tenacity.stop_after_attempt(self._attempts), _AskedToWaitTooLong()),
            wait=pause,
            sleep=counted_sleep,
            reraise=True,
        )(once)

    def _url(self, path: str) -> str:
        url = path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"
        if not url.startswith(self.base_url + "/"):
            # A next-page link that leaves the vendor's host would carry our credentials to a stranger.
            raise ContractError(f"{self.source}: a link leads outside {self.base_url}")
        return url

    def _send(self, request: requests.Request, budgets: Sequence[Budget], allow: tuple[int, ...]) -> Reply:
        reply = self._exchange(request, budgets)
        if self._renewed is not None and reply.status in self._run_out and reply.status not in allow:
            self._renewed.forget()
            reply = self._exchange(request, budgets)
        if reply.status not in allow:
            self._raise_for_status(reply)
        return reply

    def _exchange(self, request: requests.Request, budgets: Sequence[Budget]) -> Reply:
        if self._renewed is not None:
            self._renewed.ready()
        waited: list[Budget] = []
        reply = None
        try:
            for budget in budgets:
                self.usage.wait_seconds += budget.pacer.wait()
                waited.append(budget)
            reply = self._request(request)
            return reply
        finally:
            for budget in waited:
                said = budget.read(reply.headers) if reply else None
                pause = said.pause() if said else 0.0
                if reply is not None and (reply.status == 429 or reply.status >= 500):
                    pause = max(pause, retry_after(reply.headers) or 0.0)
                if pause > 0:
                    budget.pacer.hold(min(pause, LONGEST_WAIT))
                budget.pacer.answered(said.limit if said else None)

    def _request(self, request: requests.Request) -> Reply:
        self.usage.requests += 1
        try:
            response = self._session.request(
                request.method or "GET",
                request.url,
                params=request.params,
                json=request.json,
                data=request.data,
                timeout=self._timeout,
                allow_redirects=False,
            )
            body = response.content
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidSchema,
        ) as error:
            raise ConfigError(f"{self.source}: base_url {self.base_url!r} is not an address") from error
        except requests.RequestException as error:
            kind = type(error).__name__
            raise RetryableError(f"{self.source}: cannot reach {self.base_url} ({kind}); check base_url") from error
        self.usage.bytes += len(body)
        return Reply(response.status_code, response.headers, body, request.url.split("?")[0])

    def _raise_for_status(self, reply: Reply) -> None:
        if 200 <= reply.status < 300:
            return
        said = reply.body[:300].decode("utf-8", "replace").replace("\n", " ")
        where = f"{self.source}: {reply.status} from {reply.url}"
        if reply.status == 429 or reply.status >= 500:
            asked = retry_after(reply.headers)
            wait = f" (it asks to wait {asked:.0f} s, too long for a run)" if asked and asked > LONGEST_WAIT else ""
            raise RetryableError(f"{where}: {said}{wait}", asked)
        if reply.status in self._setting_for:
            raise ConfigError(
                f"{where}: check {self._setting_for[reply.status]} of connection {self.source!r}. "
                f"The vendor said: {said}"
            )
        raise ContractError(f"{where}: {said}")


class _AskedToWaitTooLong(tenacity.stop.stop_base):
    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        return isinstance(error, RetryableError) and (error.retry_after or 0.0) > LONGEST_WAIT


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a Retry-After header, given as seconds or as an HTTP date (RFC 9110, 10.2.3); None without one."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
