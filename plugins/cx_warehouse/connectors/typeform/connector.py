"""The Typeform connector: settings, the HTTP client, and which walk reads which stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import requests

from cx_warehouse.connectors.base import Account, Page, State, Stream, Usage, Window
from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.connectors.http.account import ProcessAccount
from cx_warehouse.connectors.http.auth import App, BearerAuth, NoAuth, RenewedAuth, TokenEndpoint, app_or_token
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.http.pacing import Budget
from cx_warehouse.connectors.settings import number_setting, text_setting
from cx_warehouse.connectors.typeform.forms import FormList, walk_forms
from cx_warehouse.connectors.typeform.responses import Options, ResponseWalk
from cx_warehouse.connectors.typeform.streams import DEFAULT_OVERLAP, STREAMS

BASE_URL = "https://api.typeform.com"


SCOPE = "forms:read responses:read offline"
TOKEN_PATH = "oauth/token"  # each use of a refresh token ends it: the answer holds the next
OAUTH = "client_id, client_secret (the password) and refresh_token (authorize the app anew, with the scope offline)"


class TypeformConnector:
    """Reads one Typeform account, whose limit is about two requests a second (vendor's page)."""

    source: ClassVar[str] = "typeform"
    streams: ClassVar[Mapping[str, Stream]] = STREAMS

    def __init__(self, client: HttpClient, usage: Usage, options: Options | None = None) -> None:
        self.usage = usage
        self._client = client
        self._options = options or Options()

    @classmethod
    def from_config(cls, config: Mapping[str, Any], account: Account | None = None) -> TypeformConnector:
        """Build from connection settings (see INFO). Raises ConfigError that names the wrong one."""

        def number(name: str, default: float, least: float, most: float) -> float:
            return number_setting("typeform", config, name, default, least=least, most=most)

        proof = app_or_token("typeform", config)
        share = number("budget_share", 0.5, 0.01, 1)
        per_second = number("requests_per_second", 2, 1, 1_000_000)
        base_url = text_setting("typeform", config, "base_url", BASE_URL)
        usage = Usage()
        account = account or ProcessAccount("typeform")
        budgets = [Budget(account.pacer("requests", int(per_second), 1, share))]
        auth: requests.auth.AuthBase
        tokens: RenewedAuth | None = None
        if isinstance(proof, App):
            # one attempt: the request that needs the token is the one that is tried again
            http = HttpClient("typeform", base_url, auth=NoAuth(), usage=usage, attempts=1)
            endpoint = TokenEndpoint(http, TOKEN_PATH, proof, OAUTH, fields={"scope": SCOPE}, budgets=budgets)
            auth = tokens = RenewedAuth(endpoint, account.tokens)
        else:
            auth = BearerAuth(proof)
        named = OAUTH if tokens else "token"
        client = HttpClient(
            "typeform",
            base_url,
            auth=auth,
            usage=usage,
            budgets=budgets,
            renewed=tokens,
            run_out=(401, 403),  # a token that is no longer good is answered 403
            setting_for={401: named, 403: f"{named} (wrong, or lacks forms:read, responses:read)"},
            sleep=account.sleep,
        )
        return cls(
            client,
            usage,
            Options(
                overlap=timedelta(days=number("overlap_days", DEFAULT_OVERLAP.days, 0, 3_650)),
                full_read_up_to=int(number("full_read_up_to", 10_000, 0, 10_000_000)),
                full_read_every=timedelta(days=number("full_read_days", 7, 1, 3_650)),
                page_size=int(number("page_size", 1_000, 1, 1_000)),
            ),
        )

    def read(self, stream: str, window: Window, state: State) -> Iterator[Page]:
        """Walk `stream` up to `window.end`, page by page."""
        forms = FormList(self._client)
        walks: dict[str, Callable[[], Iterator[Page]]] = {
            "forms": lambda: walk_forms(self._client, forms, window),
            "responses": lambda: ResponseWalk(self._client, forms, self._options, window, state).pages(),
        }
        if stream not in walks:
            raise ConfigError(f"typeform has no stream {stream!r}; there are: {', '.join(walks)}")
        return walks[stream]()

    def check(self) -> str:
        """Ask for the number of forms: proves the token and its scope."""
        total = FormList(self._client).count()
        return f"typeform: {total} form{'' if total == 1 else 's'}"
