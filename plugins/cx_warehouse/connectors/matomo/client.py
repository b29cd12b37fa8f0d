"""Asking a Matomo installation: the visits of a day from a second on, a day's total, the site's zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta, timezone, tzinfo
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import requests

from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.http.client import HttpClient

PATH = "index.php"
_OFFSET = re.compile(r"UTC([+-]\d{1,2}(?:\.\d{1,2})?)")
# What the API says, with the status 200, of things that only somebody can mend.
_REFUSALS = {
    "access for": "token_auth and site_id",
    "logged in": "token_auth",
    "unexpected website": "site_id",
    "log is deactivated": "site_id: the visits log of the site is switched off in Matomo,",
}


class TokenInBody(requests.auth.AuthBase):
    """The token as a form, which no log of addresses keeps. What is asked for stays in the query."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.prepare_body({"token_auth": self._token}, None)
        return request


class _Error(msgspec.Struct):
    result: str = ""
    message: str = ""


class _Visits(_Error):
    may_be_bare: ClassVar[bool] = True

    visits: list[msgspec.Raw] = []


class _Site(_Error):
    name: str = ""
    timezone: str = ""


class _Totals(_Error):
    nb_visits: int | str = 0


@dataclass(frozen=True)
class VisitsPage:
    """Visits as served, oldest last action first."""

    visits: Sequence[bytes | msgspec.Raw]
    malformed: Sequence[tuple[bytes, str]]


@dataclass(frozen=True)
class Site:
    """The site as Matomo names it, and the zone that its days are of."""

    name: str
    time_zone: str
    zone: tzinfo


@dataclass(frozen=True)
class MatomoClient:
    """One site of one installation."""

    http: HttpClient
    site_id: str

    def visits(self, day: date, after: int, offset: int, limit: int) -> VisitsPage:
        """Up to `limit` visits of the day whose last action lies beyond the second `after` (the vendor's bound is a
        strict one), without the first `offset` of them.

        The vendor takes the next midnight in as well, and on a day that has not ended the day before it."""
        params = self._params(
            "Live.getLastVisitsDetails",
            period="day",
            date=day.isoformat(),
            minTimestamp=after,
            filter_sort_order="asc",  # the column cannot be chosen: it is the last action
            filter_limit=limit,
            filter_offset=offset,
        )
        sliced, _ = self.http.page(_Visits, "visits", "POST", PATH, params=params)
        _refuse_errors(sliced.envelope)
        return VisitsPage(sliced.records, sliced.malformed)

    def total(self, day: date) -> int:
        """How many visits the day's report counts. It is made now and then, so it may lag behind the log."""
        params = self._params("VisitsSummary.get", period="day", date=day.isoformat())
        answer, _ = self.http.json(_Totals | list[Any], "POST", PATH, params=params)  # type: ignore[arg-type]
        if not isinstance(answer, _Totals):  # a day without visits may be an empty list
            return 0
        _refuse_errors(answer)
        try:
            return int(answer.nb_visits)
        except ValueError:
            raise ContractError(f"matomo: nb_visits of {day} is not a number") from None

    def site(self) -> Site:
        """The site. Raises ContractError for a zone that nobody knows."""
        site, _ = self.http.json(_Site, "POST", PATH, params=self._params("SitesManager.getSiteFromId"))
        _refuse_errors(site)
        return Site(site.name, site.timezone, _zone(site.timezone))

    def _params(self, method: str, **more: Any) -> dict[str, Any]:
        return {"module": "API", "method": method, "format": "json", "idSite": self.site_id, **more}


def _refuse_errors(answer: _Error) -> None:
    if answer.result != "error":
        return
    said = answer.message[:300]
    for words, setting in _REFUSALS.items():
        if words in said:
            raise ConfigError(f"matomo: check {setting} of connection 'matomo'. The vendor said: {said}")
    raise RetryableError(f"matomo: the vendor answered with an error: {said}")  # its database, most of the time


def _zone(name: str) -> tzinfo:
    """The zone of a site: a place, or a plain offset as UTC+5.5."""
    if offset := _OFFSET.fullmatch(name):
        return timezone(timedelta(hours=float(offset[1])))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ContractError(f"matomo: the site's time zone {name!r} is not known") from error
