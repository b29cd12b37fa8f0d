"""A client of Superset's REST API: just what checking dashboards needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from cx_warehouse.connectors.errors import ConfigError, RetryableError

TIMEOUT_SECONDS = 120  # the longest that one chart may take


@dataclass(frozen=True)
class Chart:
    """A chart on a dashboard; `form` is its saved settings."""

    name: str
    form: Mapping[str, Any]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard, its charts, and `metadata` with its filters."""

    title: str
    charts: Sequence[Chart]
    metadata: Mapping[str, Any]


class SupersetApi:
    """Superset at `url`, as `user`.

    Raises ConfigError when it refuses the login, RetryableError when it cannot be reached or breaks."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        login = {"username": user, "password": password, "provider": "db"}
        answer = self._send("POST", "/api/v1/security/login", login)
        if answer.status_code != 200:
            raise ConfigError(f"{self._url} refuses the login {user!r}; mend the connection cx_superset")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        # writes by the API carry the token of the session too
        self._session.headers["X-CSRFToken"] = self._get("/api/v1/security/csrf_token/")
        self._session.headers["Referer"] = self._url

    def dashboards(self) -> list[Dashboard]:
        """Every dashboard that this user may see."""
        found = []
        for listed in self._get("/api/v1/dashboard/?q=(page_size:100)"):
            number = listed["id"]
            whole = self._get(f"/api/v1/dashboard/{number}")
            listed_charts = self._get(f"/api/v1/dashboard/{number}/charts")
            charts = [Chart(chart["slice_name"], chart["form_data"]) for chart in listed_charts]
            found.append(Dashboard(whole["dashboard_title"], charts, json.loads(whole.get("json_metadata") or "{}")))
        return found

    def forget_results(self, datasources: Sequence[str]) -> None:
        """Drop cached results of these datasources (as `12__table`)."""
        answer = self._send("POST", "/api/v1/cachekey/invalidate", {"datasource_uids": list(datasources)})
        if answer.status_code not in (200, 201):
            raise ConfigError(f"Superset does not let its cache be emptied: {answer.status_code} {_told(answer)}")

    def run_query(self, body: Mapping[str, Any]) -> str | None:
        """Run a chart's query; what went wrong, or None."""
        answer = self._send("POST", "/api/v1/chart/data", body)
        if answer.status_code != 200:
            return f"{answer.status_code} {_told(answer)}"
        errors = [str(result["error"]) for result in answer.json()["result"] if result.get("error")]
        return errors[0] if errors else None

    def _get(self, path: str) -> Any:
        answer = self._send("GET", path)
        if answer.status_code != 200:
            raise ConfigError(f"Superset refuses {path}: {answer.status_code} {_told(answer)}")
        return answer.json()["result"]

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        try:
            answer = self._session.request(method, self._url + path, json=body, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise RetryableError(f"Superset at {self._url} cannot be reached: {type(error).__name__}") from None
        if answer.status_code in (502, 503, 504):
            raise RetryableError(f"Superset at {self._url} is not up: {answer.status_code}")
        return answer


def _told(answer: requests.Response) -> str:
    """What the answer says, in one short line."""
    try:
        found = answer.json()
        said = found.get("message") or found.get("errors") or found
    except ValueError:
        said = answer.text
    return " ".join(str(said).split())[:200]
