"""From Airflow's connections, variables and parameters to what the warehouse works with."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from airflow.sdk import Connection
from psycopg.conninfo import conninfo_to_dict

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.orchestration import settings


@pytest.fixture
def given(monkeypatch):
    """Sets the connection that Airflow would find."""

    def give(**fields):
        monkeypatch.setattr(settings, "connection", lambda name: Connection(conn_id=name, **fields))

    return give


def test_a_vendors_settings_come_from_the_connections_form(given):
    given(
        conn_type="cx_zendesk",
        host="https://acme.zendesk.com",
        login="ann@acme.example",
        password="t",
        extra='{"page_size": "500"}',
    )
    assert settings.vendor_config("zendesk") == {
        "base_url": "https://acme.zendesk.com",
        "email": "ann@acme.example",
        "token": "t",
        "page_size": "500",
    }


@pytest.mark.parametrize(
    "host, base_url",
    [
        ("acme", "acme"),
        ("acme.zendesk.com", "https://acme.zendesk.com"),
        ("http://127.0.0.1:8601", "http://127.0.0.1:8601"),
    ],
)
def test_a_host_may_be_an_address_a_name_or_a_subdomain(given, host, base_url):
    given(conn_type="cx_zendesk", host=host, password="t")
    assert settings.vendor_config("zendesk")["base_url"] == base_url


def test_the_warehouse_is_reached_as_the_connection_says(given):
    given(
        conn_type="postgres",
        host="/tmp/socket",
        login="cx_loader",
        schema="warehouse",
        extra='{"sslmode": "require", "other": 1}',
    )
    assert conninfo_to_dict(settings.warehouse_dsn("loader")) == {
        "host": "/tmp/socket",
        "user": "cx_loader",
        "dbname": "warehouse",
        "sslmode": "require",
    }


def test_a_cursor_belongs_to_a_host_and_a_property_not_to_a_port():
    config = {"base_url": "http://127.0.0.1:8604", "property_id": "412"}
    assert settings.account_of("ga4", config) == "127.0.0.1/412"
    assert settings.account_of("ga4", {**config, "base_url": "http://127.0.0.1:9999"}) == "127.0.0.1/412"
    assert settings.account_of("ga4", {**config, "property_id": "413"}) != "127.0.0.1/412"


def test_a_clock_is_read_in_utc_and_a_bad_one_is_named():
    assert settings.as_of_from("2026-03-02T03:00:00+01:00") == datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert settings.as_of_from("2026-03-02") == datetime(2026, 3, 2, tzinfo=UTC)
    with pytest.raises(ConfigError, match="'yesterday' is not a time"):
        settings.as_of_from("yesterday")


@pytest.mark.parametrize("named, sources", [("", settings.registry.SOURCES), (" ga4, zendesk", ("zendesk", "ga4"))])
def test_the_enabled_sources_are_a_variable(monkeypatch, named, sources):
    monkeypatch.setattr(settings.Variable, "get", lambda name, default=None: named)
    assert settings.enabled_sources() == sources


def test_an_unknown_source_is_named_with_those_there_are(monkeypatch):
    monkeypatch.setattr(settings.Variable, "get", lambda name, default=None: "zendesk,salesfroce")
    with pytest.raises(ConfigError, match=r"unknown source 'salesfroce'; there are: hubspot"):
        settings.enabled_sources()
