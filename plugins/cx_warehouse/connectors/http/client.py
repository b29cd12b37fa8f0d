"""The HTTP client of every connector: authenticated, paced, retried, and clear about what went wrong."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import requests
import tenacity

from cx_warehouse.connectors.base import Pacer, Usage
from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.http.envelope import Sliced, TruncatedBodyError, slice_page
from cx_warehouse.connectors.http.pacing import Remaining

T = TypeVar("T")
BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30)


@dataclass(frozen=True)
class Reply:
    """A vendor's answer: the status, the headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str  # without its query: a query may carry tokens


class HttpClient:
    """One vendor account over HTTP.

    `read_remaining` reads the vendor's budget headers; `setting_for` names the connection setting to mend for a
    refused status (401, 403, 404). `at_once`: how many clients of the same account work side by side. `renew` drops
    credentials that ran out: it is called when a request is answered 401, which is then sent once more. Times are in
    seconds."""

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        auth: requests.auth.AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
        usage: Usage,
        pacer: Pacer | None = None,
        share: float = 0.5,
        at_once: int = 1,
        renew: Callable[[], None] | None = None,
        read_remaining: Callable[[Mapping[str, str]], Remaining | None] | None = None,
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
        self._pacer = pacer
        self._share, self._at_once = share, at_once
        self._renew = renew
        self._read_remaining = read_remaining
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
        pacer: Pacer | None = None,
        allow: tuple[int, ...] = (),
    ) -> Reply:
        """Send a request; the answer as it is."""
        return self._retried(method, path, lambda reply: reply, params=params, json=json, pacer=pacer, allow=allow)[1]

    def json(
        self,
        into: type[T],
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        pacer: Pacer | None = None,
        allow: tuple[int, ...] = (),
    ) -> tuple[T, Reply]:
        """Send a request and decode the body into a msgspec type; a broken body is asked for again."""

        def decode(reply: Reply) -> T:
            try:
                return msgspec.json.decode(reply.body, type=into)
            except msgspec.ValidationError as error:
                raise ContractError(f"{self.source} {path}: unexpected shape: {error}") from error
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise RetryableError(f"{self.source} {path}: broken body: {error}") from error

        return self._retried(method, path, decode, params=params, json=json, pacer=pacer, allow=allow)

    def page(
        self,
        envelope: type[T],
        records_field: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        pacer: Pacer | None = None,
        allow: tuple[int, ...] = (),
    ) -> tuple[Sliced[T], Reply]:
        """Send a request and slice the body's records (see `slice_page`); a truncated body is asked for again."""

        def decode(reply: Reply) -> Sliced[T]:
            try:
                return slice_page(reply.body, envelope, records_field)
            except TruncatedBodyError as error:
                raise RetryableError(f"{self.source} {path}: broken body: {error}") from error

        return self._retried(method, path, decode, params=params, json=json, pacer=pacer, allow=allow)

    def _retried(
        self,
        method: str,
        path: str,
        decode: Callable[[Reply], T],
        *,
        params: Mapping[str, Any] | None,
        json: Any,
        pacer: Pacer | None,
        allow: tuple[int, ...],
    ) -> tuple[T, Reply]:
        def once() -> tuple[T, Reply]:
            reply = self._send(method, path, params, json, pacer, allow)
            return decode(reply), reply

        def pause(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, RetryableError) else None
            return asked if asked is not None else BACKOFF(state)

        def counted_sleep(seconds: float) -> None:
            self.usage.wait_seconds += seconds
            self._sleep(seconds)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryableError),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=pause,
            sleep=counted_sleep,
            reraise=True,
        )(once)

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        json: Any,
        pacer: Pacer | None,
        allow: tuple[int, ...],
    ) -> Reply:
        url = path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"
        if not url.startswith(self.base_url + "/"):
            # A next-page link that leaves the vendor's host would carry our credentials to a stranger.
            raise ContractError(f"{self.source}: a link leads outside {self.base_url}")
        reply = self._exchange(method, url, params, json, pacer)
        if reply.status == 401 and self._renew is not None and 401 not in allow:
            self._renew()
            reply = self._exchange(method, url, params, json, pacer)
        if reply.status not in allow:
            self._raise_for_status(reply)
        self._hold_back(reply)
        return reply

    def _exchange(
        self, method: str, url: str, params: Mapping[str, Any] | None, json: Any, pacer: Pacer | None
    ) -> Reply:
        holder = pacer or self._pacer
        if holder is not None:
            self.usage.wait_seconds += holder.wait()
        self.usage.requests += 1
        try:
            response = self._session.request(
                method, url, params=params, json=json, timeout=self._timeout, allow_redirects=False
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
        return Reply(response.status_code, response.headers, body, url.split("?")[0])

    def _hold_back(self, reply: Reply) -> None:
        remaining = self._read_remaining(reply.headers) if self._read_remaining else None
        if remaining and (pause := remaining.pause(self._share, self._at_once)) > 0:
            self.usage.wait_seconds += pause
            self._sleep(pause)

    def _raise_for_status(self, reply: Reply) -> None:
        if 200 <= reply.status < 300:
            return
        said = reply.body[:300].decode("utf-8", "replace").replace("\n", " ")
        where = f"{self.source}: {reply.status} from {reply.url}"
        if reply.status == 429 or reply.status >= 500:
            raise RetryableError(f"{where}: {said}", retry_after(reply.headers))
        if reply.status in self._setting_for:
            raise ConfigError(
                f"{where}: check {self._setting_for[reply.status]} of connection {self.source!r}. "
                f"The vendor said: {said}"
            )
        raise ContractError(f"{where}: {said}")


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
