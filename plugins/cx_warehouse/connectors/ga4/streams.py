"""The reports that GA4 is asked for, and the record that each of their rows becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from cx_warehouse.connectors.base import RecordContract, Stream

DEFAULT_RESTATEMENT = timedelta(days=4)
USER_DIMENSION = "{user_dimension}"  # stands for the setting's value
METRICS = ("sessions", "engagedSessions", "screenPageViews", "keyEvents", "userEngagementDuration")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")


@dataclass(frozen=True)
class Report:
    """What one stream asks for. The first dimension is the date: a day is what is read and restated."""

    dimensions: tuple[str, ...]
    metrics: tuple[str, ...] = METRICS

    def named_dimensions(self, user_dimension: str) -> tuple[str, ...]:
        """The dimensions with the property's own name for the customer's id."""
        return tuple(user_dimension if name == USER_DIMENSION else name for name in self.dimensions)


REPORTS: Mapping[str, Report] = {
    "daily_traffic": Report(("date", "sessionDefaultChannelGroup", "deviceCategory", "landingPage")),
    "daily_users": Report(("date", USER_DIMENSION, "sessionDefaultChannelGroup", "deviceCategory")),
}


class Value(msgspec.Struct, frozen=True):
    """One cell. The vendor sends every value as text."""

    value: str = ""


class Row(msgspec.Struct, frozen=True):
    """One row as served."""

    dimensionValues: list[Value]
    metricValues: list[Value]


class Metadata(msgspec.Struct, frozen=True):
    """What the vendor says of a report's truth. Fields are left out where they are false or empty."""

    timeZone: str
    currencyCode: str | None = None
    dataLossFromOtherRow: bool = False
    subjectToThresholding: bool = False
    samplingMetadatas: list[Any] | None = None
    emptyReason: str | None = None


class ReportRow(RecordContract, frozen=True):
    """A row with the names of its columns and the report's metadata, which the vendor sends once a page.

    Its key is its dimension values: a day is restated as a whole, so another value is another row."""

    dimensions: list[str]
    metrics: list[str]
    metadata: Metadata
    row: Row
    property_id: str

    def __post_init__(self) -> None:
        values, metrics = self.row.dimensionValues, self.row.metricValues
        if (len(values), len(metrics)) != (len(self.dimensions), len(self.metrics)):
            raise ValueError(f"{len(values)} dimension and {len(metrics)} metric values in the row")
        day = _DAY.fullmatch(values[0].value) if values else None
        if day is None:
            raise ValueError("the first dimension is not a day (YYYYMMDD)")
        date(*map(int, day.groups()))  # raises for 30 February
        for name, metric in zip(self.metrics, metrics, strict=True):
            if not _NUMBER.fullmatch(metric.value):
                raise ValueError(f"{name} is not a number")

    def key(self) -> str:
        return "|".join(dimension.value for dimension in self.row.dimensionValues)


_RESTATED = (
    "Read by whole days of the property's zone, from restatement_days before the last night; rows of a day "
    "that the vendor no longer reports are deleted versions."
)
STREAMS: Mapping[str, Stream] = {
    stream.name: stream
    for stream in (
        Stream(
            name="daily_traffic",
            contract=ReportRow,
            description=f"Sessions by day, channel, device and landing page. {_RESTATED}",
            lookback=DEFAULT_RESTATEMENT,
            recheck="parts",
        ),
        Stream(
            name="daily_users",
            contract=ReportRow,
            description=f"Sessions by day, customer, channel and device. {_RESTATED}",
            lookback=DEFAULT_RESTATEMENT,
            recheck="parts",
        ),
    )
}
