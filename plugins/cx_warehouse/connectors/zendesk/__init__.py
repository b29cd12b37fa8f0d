"""Zendesk Support: people, tickets, every change of a ticket, and what customers said of the help."""

from __future__ import annotations

from cx_warehouse.connectors.base import Setting, VendorInfo

INFO = VendorInfo(
    source="zendesk",
    title="Zendesk Support",
    connector="cx_warehouse.connectors.zendesk.connector.ZendeskConnector",
    settings=(
        Setting("base_url", "the account's address, https://acme.zendesk.com, or just its subdomain: acme"),
        Setting(
            "email",
            "the e-mail of the admin whose API token this is; leave empty for an OAuth access token",
            required=False,
        ),
        Setting("token", "an admin's API token (with email), or an OAuth access token (without)", secret=True),
        Setting(
            "budget_share",
            "the part of the vendor's limit that the warehouse may use, 0 to 1 (0.5)",
            required=False,
        ),
        Setting(
            "exports_per_minute",
            "the account's limit for incremental exports: 10, or 30 with the High Volume API add-on (10)",
            required=False,
        ),
        Setting("page_size", "rows that an incremental export is asked for, at most 1000 (1000)", required=False),
        Setting("streams_off", "streams that the account's plan lacks, separated by commas (none)", required=False),
    ),
    requests_at_once=2,
)
