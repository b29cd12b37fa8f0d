"""Alerts: one line to the task log always, to Slack and by e-mail where a connection for it exists.

Connections: `cx_alert_slack` (a Slack incoming webhook) and `cx_alert_email` (SMTP; extra field `to`)."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import BaseNotifier

from cx_warehouse.connectors.errors import ConfigError
from cx_warehouse.orchestration.settings import connection

log = logging.getLogger(__name__)


class AlertNotifier(BaseNotifier):
    """Says which task failed, in words an engineer can act on at night."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__()
        self.message = message

    def notify(self, context: Any) -> None:
        """Airflow calls this with the task's context once its last attempt has failed."""
        task, error = context.get("task_instance"), context.get("exception")
        what = f"{task.dag_id}.{task.task_id}" if task else "a task"
        send_alert(self.message or f"{what} failed: {error or 'see its log'}", context)


def send_alert(message: str, context: Any = None) -> None:
    """Send one line to every channel that is set up. A channel that fails is logged and never fails the caller."""
    log.error("ALERT %s", message)
    for name, send in (("cx_alert_slack", _slack), ("cx_alert_email", _email)):
        try:
            connection(name)
        except ConfigError:
            continue
        try:
            send(name, message, context or {})
        except Exception as error:
            log.error("the alert could not be sent through connection %r: %s", name, type(error).__name__)


def _slack(name: str, message: str, context: Any) -> None:
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    SlackWebhookNotifier(slack_webhook_conn_id=name, text=f"CX warehouse: {message}").notify(  # type: ignore[no-untyped-call]
        context
    )


def _email(name: str, message: str, context: Any) -> None:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    extra = connection(name).extra_dejson
    SmtpNotifier(
        smtp_conn_id=name,
        to=extra["to"],
        from_email=extra.get("from_email"),
        subject="CX warehouse alert",
        html_content=message,
    ).notify(context)
