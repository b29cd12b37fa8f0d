"""Google's own client finds in the look-alike what the connector finds: the look-alike is not bent to suit us."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from cx_warehouse.connectors.base import Window
from cx_warehouse.connectors.ga4.connector import Ga4Connector
from cx_warehouse.connectors.ga4.streams import METRICS, REPORTS
from sandbox.vendors.ga4 import build_app
from sandbox.world import World
from tests.contract.harness import Landed, served

data = pytest.importorskip("google.analytics.data_v1beta")
service_account = pytest.importorskip("google.oauth2.service_account")
exceptions = pytest.importorskip("google.api_core.exceptions")

USER_DIMENSION = "customUser:crm_id"


class Property:
    """A served company with Google's client for it, and our settings for it."""

    def __init__(self, world: World, url: str) -> None:
        from google.analytics.data_v1beta.services.beta_analytics_data.transports.rest import (
            BetaAnalyticsDataRestTransport,
        )

        self.world = world
        self.config = world.credentials.for_connections({"ga4": url})["ga4"]
        credentials = service_account.Credentials.from_service_account_info(
            self.config["service_account"], scopes=["https://www.googleapis.com/auth/analytics.readonly"]
        )
        transport = BetaAnalyticsDataRestTransport(
            host=urlsplit(url).netloc, url_scheme="http", credentials=credentials
        )
        self.client = data.BetaAnalyticsDataClient(transport=transport)

    def rows(self, dimensions: tuple[str, ...], page_size: int) -> dict[str, list[str]]:
        """The whole report as the client's user would page it: metric values by the row's dimension values."""
        found: dict[str, list[str]] = {}
        while True:
            answer = self.client.run_report(
                data.RunReportRequest(
                    property=f"properties/{self.config['property_id']}",
                    dimensions=[data.Dimension(name=name) for name in dimensions],
                    metrics=[data.Metric(name=name) for name in METRICS],
                    date_ranges=[data.DateRange(start_date="60daysAgo", end_date="today")],
                    order_bys=[
                        data.OrderBy(dimension=data.OrderBy.DimensionOrderBy(dimension_name=name))
                        for name in dimensions
                    ],
                    offset=len(found),
                    limit=page_size,
                    return_property_quota=True,
                )
            )
            assert answer.metadata.time_zone == "Europe/Warsaw"
            assert answer.property_quota.tokens_per_day.remaining > 0
            for row in answer.rows:
                key = "|".join(cell.value for cell in row.dimension_values)
                found[key] = [cell.value for cell in row.metric_values]
            if len(found) >= answer.row_count:
                return found


@pytest.fixture(scope="module")
def acme() -> Iterator[Property]:
    world = World(customers=60, days=30)
    with served(build_app(world)) as url:
        yield Property(world, url)


@pytest.mark.parametrize("stream", list(REPORTS))
def test_googles_client_finds_the_rows_that_the_connector_lands(acme: Property, stream: str) -> None:
    connector = Ga4Connector.from_config({**acme.config, "history_days": 60})
    landed = Landed(connector.streams[stream]).read(connector, Window(acme.world.now()))
    ours = {key: [cell["value"] for cell in record["row"]["metricValues"]] for key, record in landed.records.items()}
    assert ours
    assert acme.rows(REPORTS[stream].named_dimensions(USER_DIMENSION), page_size=200) == ours


def test_googles_client_can_filter(acme: Property) -> None:
    answer = acme.client.run_report(
        data.RunReportRequest(
            property=f"properties/{acme.config['property_id']}",
            dimensions=[data.Dimension(name="deviceCategory")],
            metrics=[data.Metric(name="sessions")],
            date_ranges=[data.DateRange(start_date="2025-10-20", end_date="yesterday")],
            dimension_filter=data.FilterExpression(
                filter=data.Filter(field_name="deviceCategory", string_filter=data.Filter.StringFilter(value="mobile"))
            ),
        )
    )
    assert [row.dimension_values[0].value for row in answer.rows] == ["mobile"]
    assert answer.metric_headers[0].type_ == data.MetricType.TYPE_INTEGER


@pytest.mark.parametrize(
    ("property_id", "dimension", "error"),
    [
        ("999", "date", "Forbidden"),
        (None, "nonsense", "BadRequest"),
    ],
)
def test_googles_client_understands_the_errors(
    acme: Property, property_id: str | None, dimension: str, error: str
) -> None:
    with pytest.raises(getattr(exceptions, error)):
        acme.client.run_report(
            data.RunReportRequest(
                property=f"properties/{property_id or acme.config['property_id']}",
                dimensions=[data.Dimension(name=dimension)],
                metrics=[data.Metric(name="sessions")],
                date_ranges=[data.DateRange(start_date="yesterday", end_date="today")],
            )
        )
