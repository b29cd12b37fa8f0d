"""Asking GA4 for one page of one day of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from cx_warehouse.connectors.errors import ConfigError, ContractError, RetryableError
from cx_warehouse.connectors.ga4.streams import Metadata
from cx_warehouse.connectors.http.client import HttpClient

LARGEST_METADATA = 20_000  # bytes; a few hundred are usual
# Tokens of a standard property (v1beta discovery document); Analytics 360 has ten times as many.
STANDARD_TOKENS: Mapping[str, int] = {
    "tokensPerDay": 200_000,
    "tokensPerHour": 40_000,
    "tokensPerProjectPerHour": 14_000,
}


class _Header(msgspec.Struct):
    name: str


class _QuotaStatus(msgspec.Struct):
    consumed: int = 0
    remaining: int | None = None  # left out when it is zero


class _Error(msgspec.Struct):
    message: str = ""
    status: str = ""


class _Envelope(msgspec.Struct):
    dimensionHeaders: list[_Header] = []
    metricHeaders: list[_Header] = []
    rows: list[msgspec.Raw] = []  # left out when there are none
    rowCount: int = 0
    metadata: msgspec.Raw = msgspec.Raw(b"{}")
    propertyQuota: dict[str, _QuotaStatus] = {}
    error: _Error | None = None


@dataclass(frozen=True)
class ReportPage:
    """Rows as served, the report's metadata as served, and how many rows the whole report has."""

    rows: Sequence[bytes | msgspec.Raw]
    malformed: Sequence[tuple[bytes, str]]
    metadata: bytes
    row_count: int
    time_zone: ZoneInfo
    out_of_tokens: str | None  # which budget this request used up, if it did


@dataclass(frozen=True)
class Ga4Client:
    """One property. `share` is the part of its tokens that may be used; other tools have the rest."""

    http: HttpClient
    property_id: str
    user_dimension: str
    share: float = 0.5
    quota_multiple: float = 1

    def report(
        self, dimensions: Sequence[str], metrics: Sequence[str], day: date | None, offset: int, limit: int
    ) -> ReportPage:
        """`limit` rows from `offset` of the report of one day (None: today), ordered by the dimensions.

        Without an order of its own the vendor may shuffle rows between pages."""
        asked = day.isoformat() if day else "today"
        body: dict[str, Any] = {
            "dimensions": [{"name": name} for name in dimensions],
            "metrics": [{"name": name} for name in metrics],
            "dateRanges": [{"startDate": asked, "endDate": asked}],
            "orderBys": [{"dimension": {"dimensionName": name}} for name in dimensions],
            "offset": str(offset),
            "limit": str(limit),
            "returnPropertyQuota": True,
        }
        path = f"v1beta/properties/{self.property_id}:runReport"
        sliced, reply = self.http.page(_Envelope, "rows", "POST", path, json=body, allow=(400,))
        envelope = sliced.envelope
        if reply.status == 400:
            raise self._refusal(envelope.error)
        if len(bytes(envelope.metadata)) > LARGEST_METADATA:  # it is kept beside each row
            raise ContractError(f"ga4 {path}: the report's metadata has {len(bytes(envelope.metadata))} bytes")
        headers = [header.name for header in envelope.dimensionHeaders + envelope.metricHeaders]
        if headers != [*dimensions, *metrics]:
            raise ContractError(f"ga4 {path}: asked for {[*dimensions, *metrics]}, got columns {headers}")
        return ReportPage(
            sliced.records,
            sliced.malformed,
            bytes(envelope.metadata),
            envelope.rowCount,
            self._zone(envelope.metadata),
            self._out_of_tokens(envelope.propertyQuota),
        )

    def time_zone(self) -> ZoneInfo:
        """The property's zone: the smallest report tells it."""
        return self.report((), ("sessions",), None, 0, 1).time_zone

    def _refusal(self, error: _Error | None) -> ConfigError | ContractError:
        said = error.message if error else "no reason given"
        if self.user_dimension in said:
            return ConfigError(
                f"ga4: the property has no dimension {self.user_dimension!r}: check user_dimension of "
                f"connection 'ga4', register the dimension, or put daily_users into streams_off. "
                f"The vendor said: {said}"
            )
        return ContractError(f"ga4: the report was refused: {said}")

    @staticmethod
    def _zone(metadata: msgspec.Raw) -> ZoneInfo:
        try:
            name = msgspec.json.decode(metadata, type=Metadata).timeZone
            return ZoneInfo(name)
        except (msgspec.DecodeError, ZoneInfoNotFoundError, ValueError) as error:
            raise ContractError(f"ga4: the report's metadata has no known timeZone: {error}") from error

    def _out_of_tokens(self, quota: Mapping[str, _QuotaStatus]) -> str | None:
        for name, standard in STANDARD_TOKENS.items():
            status = quota.get(name)
            reserved = standard * self.quota_multiple * (1 - self.share)
            if status is not None and (status.remaining or 0) <= reserved:
                return name
        return None


def out_of_tokens(name: str, reached: str) -> RetryableError:
    """The error for a used-up budget: a later attempt goes on from where this one stopped."""
    return RetryableError(
        f"ga4: the warehouse's share of the property's {name} is used up; stopped after {reached}. "
        "It goes on when tokens are back; budget_share and quota_multiple of connection 'ga4' set the share"
    )
