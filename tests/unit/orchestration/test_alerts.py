"""An alert always reaches the log, and reaches Slack or e-mail where a connection for it exists."""

from __future__ import annotations

import logging

import pytest

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.orchestration import alerts


@pytest.fixture
def channels(monkeypatch):
    """The names of the connections that exist, and what was sent through each."""
    existing: set[str] = set()
    sent: list[tuple[str, str]] = []

    def connection(name):
        if name not in existing:
            raise ConfigError(f"there is no Airflow connection {name!r}")

    monkeypatch.setattr(alerts, "connection", connection)
    monkeypatch.setattr(alerts, "_slack", lambda name, message, context: sent.append((name, message)))
    monkeypatch.setattr(alerts, "_email", lambda name, message, context: sent.append((name, message)))
    return existing, sent


def test_without_channels_the_alert_is_in_the_log(channels, caplog):
    with caplog.at_level(logging.ERROR):
        alerts.send_alert("the night is not published")
    assert "ALERT the night is not published" in caplog.text
    assert channels[1] == []


def test_each_channel_that_is_set_up_gets_the_alert(channels):
    channels[0].update({"cx_alert_slack", "cx_alert_email"})
    alerts.send_alert("late")
    assert channels[1] == [("cx_alert_slack", "late"), ("cx_alert_email", "late")]


def test_a_channel_that_is_down_neither_hides_the_alert_nor_fails_the_task(channels, caplog, monkeypatch):
    def down(name, message, context):
        raise OSError("no route, and the webhook's secret in the text")

    channels[0].update({"cx_alert_slack", "cx_alert_email"})
    monkeypatch.setattr(alerts, "_slack", down)
    alerts.send_alert("late")
    assert channels[1] == [("cx_alert_email", "late")]
    assert "cx_alert_slack" in caplog.text and "secret" not in caplog.text


def test_a_failed_task_is_named_with_its_error(channels):
    class Task:
        dag_id, task_id = "ingest_zendesk", "land"

    channels[0].add("cx_alert_slack")
    alerts.AlertNotifier().notify({"task_instance": Task(), "exception": ConfigError("zendesk: 401")})
    assert channels[1] == [("cx_alert_slack", "ingest_zendesk.land failed: zendesk: 401")]
